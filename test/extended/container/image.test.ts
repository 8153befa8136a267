import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { findFreePort } from '../../support/freePort.ts';
import { postTo, statusAt } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { imageOf, readDockerfile, type Stage } from './readDockerfile.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const stages = readDockerfile(new URL('../../../Dockerfile', import.meta.url));
const image = imageOf(stages);

/** The names at the repository's top that are sent to a build; everything else is left out. */
async function readBuildContext(): Promise<readonly string[]> {
  const lines = (await readFile(join(repository, '.dockerignore'), 'utf8')).split('\n');
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const [first, ...kept] = rules;
  if (first !== '*' || !kept.every((rule) => /^![\w.-]+$/.test(rule))) {
    throw new Error('.dockerignore is more than a list of what is sent');
  }
  return kept.map((rule) => rule.slice(1));
}

/**
 * Fills a folder for each stage by the stage's own steps and gives the last one's: what the image holds beside its base.
 * What a build runs, it runs on this machine.
 */
async function buildImage(stages: readonly Stage[], folder: string): Promise<string> {
  const context = await readBuildContext();
  const roots = new Map<string, string>();
  let last = '';
  for (const [index, stage] of stages.entries()) {
    last = join(folder, stage.name ?? `stage-${index}`);
    roots.set(stage.name ?? '', last);
    await fill(stage, last, (from, source) => {
      const root = from === undefined ? repository : roots.get(from);
      const isSent = from !== undefined || context.includes(source.split('/')[0] ?? '');
      if (root === undefined || !isSent) {
        throw new Error(`${source} is not there to be copied`);
      }
      return join(root, source);
    });
  }
  return last;
}

async function fill(
  stage: Stage,
  root: string,
  locate: (from: string | undefined, source: string) => string,
): Promise<void> {
  let workdir = '/';
  for (const step of stage.steps) {
    if (step.kind === 'workdir') {
      workdir = posix.resolve(workdir, step.path);
      await mkdir(join(root, workdir), { recursive: true });
    } else if (step.kind === 'run') {
      // What was downloaded before need not be asked for again.
      const env = { ...process.env, npm_config_prefer_offline: 'true', ...stage.environment };
      await run('sh', ['-c', step.command], { cwd: join(root, workdir), env });
    } else {
      const target = join(root, posix.resolve(workdir, step.target));
      for (const source of step.sources) {
        await copy(locate(step.from, source), target, step.target.endsWith('/'));
      }
    }
  }
}

/** As COPY does it: the content of a folder into the target, a file into a target that ends in a slash. */
async function copy(source: string, target: string, isIntoFolder: boolean): Promise<void> {
  const isFolder = (await stat(source)).isDirectory();
  const place = !isFolder && isIntoFolder ? join(target, basename(source)) : target;
  await cp(source, place, { recursive: true, verbatimSymlinks: true });
}

/** Whether this machine lets a process have a root folder, mounts and process ids of its own. */
const canRunContainers =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'setpriv', '--no-new-privs', 'true'])
    .status === 0;

/** A process in a root folder that is the image's, read-only, as the image's user, without rights. */
interface Container {
  /** Everything on standard output and standard error so far. */
  output(): string;
  /** The process as this machine sees it. */
  pid(): number;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

/** Parts of this machine that stand for the image's base: what Node.js is linked with. */
const baseFolders = ['/lib', '/lib64', '/usr/lib'];

/** Puts this machine's Node.js where the image's base has its own. */
function addNode(image: Stage, root: string): void {
  const place = join(root, image.entrypoint[0] ?? '');
  mkdirSync(dirname(place), { recursive: true });
  copyFileSync(process.execPath, place);
  for (const folder of [...baseFolders, '/proc']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
}

/** Everything is mounted read-only, /proc is its own, and the program is process 1, as in a container. */
const enter = `
  set -e
  mount --make-rprivate /
  mount --bind "$ROOT" "$ROOT"
  for folder in ${baseFolders.join(' ')}; do
    mount --bind "$folder" "$ROOT$folder"
    mount -o remount,ro,bind "$ROOT$folder"
  done
  mount -t proc proc "$ROOT/proc"
  mount -o remount,ro,bind "$ROOT"
  exec setpriv --no-new-privs --inh-caps=-all \\
    unshare --root="$ROOT" --wd="$WORKDIR" --setgid="$GROUP" --setuid="$OWNER" \\
    "$@"
`;

/** Runs a program of the image with the image's environment and what is given beside it, and nothing else. */
function runContainer(
  image: Stage,
  root: string,
  program: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Container {
  const [owner = '', group = ''] = image.user.split(':');
  const settings = { ROOT: root, WORKDIR: image.workdir, OWNER: owner, GROUP: group };
  const own = Object.entries({ ...image.environment, ...environment });
  const cleared = ['env', '-i', ...own.map(([name, value]) => `${name}=${value}`)];
  // The program is found by its whole path, and `env` is this machine's: so it comes before the root changes.
  const script = enter.replace('exec setpriv', `exec ${cleared.map(quote).join(' ')} setpriv`);
  const child: ChildProcess = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...program],
    { env: { PATH: process.env['PATH'] ?? '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const onText = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
  };
  child.stdout?.on('data', onText);
  child.stderr?.on('data', onText);
  const pid = (): number =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return {
    output: () => text,
    pid,
    kill: (signal) => process.kill(pid(), signal),
    ended: once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null)),
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

const describeImage = canRunContainers ? describe : describe.skip;
if (!canRunContainers) {
  process.stderr.write('Not Linux, or not root: the test of the container image is left out.\n');
}

const context = await readBuildContext();
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly license: string;
  readonly description: string;
};

describe('the Dockerfile', () => {
  it('names the Node.js major of every stage, and no stage runs on another', () => {
    const bases = stages.map(({ image }) => image);
    expect(new Set(bases)).toEqual(new Set(['node:24-bookworm-slim']));
  });

  it('needs no shell: every program is a list that begins with the Node.js of its base', () => {
    expect(image.entrypoint).toEqual(['/usr/local/bin/node']);
    expect(image.healthCheck[0]).toBe('/usr/local/bin/node');
    expect(image.command.at(-1)).toBe('dist/main.js');
    expect(image.steps.filter(({ kind }) => kind === 'run')).toEqual([]);
  });

  it('stops with SIGTERM, and listens on all interfaces', () => {
    expect(image.stopSignal).toBe('SIGTERM');
    expect(image.environment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0' });
    expect(image.ports).toEqual(['4000', '9464']);
  });

  it('says what it is in the words of the package', () => {
    expect(image.labels).toEqual({
      'org.opencontainers.image.title': manifest.name,
      'org.opencontainers.image.description': expect.stringContaining(
        'A GraphQL gateway over Microsoft Graph',
      ),
      'org.opencontainers.image.licenses': manifest.license,
    });
  });

  it('runs no scripts of packages, and takes what the lockfile says', () => {
    const installs = stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'run' && step.command.includes('npm ci') ? [step.command] : [],
      ),
    );
    expect(installs).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts']);
  });

  it('copies only what is sent to the build, and what is sent is there and needed', () => {
    const copied = stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'copy' && step.from === undefined ? step.sources : [],
      ),
    );
    expect([...new Set(copied)].sort()).toEqual([...context].sort());
    expect(context.filter((name) => !existsSync(join(repository, name)))).toEqual([]);
  });
});

describeImage('the container image', () => {
  let folder: string;
  let root: string;
  const started: Container[] = [];

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/image-');
    execFileSync('chmod', ['0755', folder]);
    root = await buildImage(stages, folder);
    process.stderr.write(`Image beside its base: ${mebibytesOf(root)} MiB\n`);
    addNode(image, root);
  }, 600_000);

  afterEach(async () => {
    for (const container of started.splice(0)) {
      try {
        container.kill('SIGKILL');
      } catch {
        // It has ended by itself.
      }
      await container.ended;
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(
    environment: Record<string, string>,
    program: readonly string[] = [...image.entrypoint, ...image.command],
  ) {
    const container = runContainer(image, root, program, environment);
    started.push(container);
    return container;
  }

  async function startReady(environment: Record<string, string> = {}) {
    const port = String(await findFreePort());
    const startedAtMs = performance.now();
    const container = start({ GRAPH_CLOUD: 'emulator', PORT: port, ...environment });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await statusAt(`${url}/readyz`)) === 200);
    return { container, port, url, readyMs: Math.round(performance.now() - startedAtMs) };
  }

  it('holds what runs and nothing else', () => {
    const runs = ['LICENSE', 'dist', 'node_modules', 'package.json', 'schema'];
    expect(readdirSync(join(root, 'app')).sort()).toEqual(runs);
    const modules = readdirSync(join(root, 'app', 'node_modules'));
    expect(modules).toEqual(expect.arrayContaining(['@apollo', 'fastify', 'undici']));
    expect(
      modules.filter((name) => ['typescript', 'jest', '@biomejs', '@swc'].includes(name)),
    ).toEqual([]);
  });

  it('belongs to root, and no other user may write into it', () => {
    const find = (...conditions: string[]) =>
      execFileSync('find', [join(root, 'app'), ...conditions], { encoding: 'utf8' });
    expect(find('!', '-uid', '0')).toBe('');
    expect(find('!', '-type', 'l', '-perm', '/022')).toBe('');
  });

  it('answers the mutation without rights, in a read-only tree, and drains at SIGTERM', async () => {
    const before = listing(root);
    const { container, url, port, readyMs } = await startReady({ DRAIN_DELAY_MS: '300' });
    const status = readFileSync(`/proc/${container.pid()}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Groups:\t\s*$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const environment = readFileSync(`/proc/${container.pid()}/environ`, 'utf8').split('\0');
    expect(environment.filter((entry) => entry !== '').sort()).toEqual([
      ...['DRAIN_DELAY_MS=300', 'GRAPH_CLOUD=emulator', 'HOST=0.0.0.0', 'NODE_ENV=production'],
      `PORT=${port}`,
    ]);

    const body = { query: addMutation, variables: { input: pageInput } };
    const answer = await postTo(url, body);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { ...pageAnswer, id: expect.any(String) },
        },
      },
    });
    const residentMiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    process.stderr.write(`Ready after ${readyMs} ms, idle with ${residentMiB.toFixed(1)} MiB\n`);
    expect(residentMiB).toBeLessThan(120);

    container.kill('SIGTERM');
    expect(await container.ended).toBe(0);
    expect(container.output()).toContain('"message":"Stopped"');
    expect(listing(root)).toEqual(before);
  });

  it('cannot write anywhere', async () => {
    const script =
      "for (const place of ['/x', '/app/x', '/tmp/x', '/app/dist/main.js']) try { fs.writeFileSync(place, ''); console.log('wrote', place); } catch ({ code }) { console.log(code); }";
    const container = start({}, ['/usr/local/bin/node', '--eval', script]);
    expect(await container.ended).toBe(0);
    expect(container.output().trim().split('\n')).toEqual(['EROFS', 'EROFS', 'ENOENT', 'EROFS']);
  });

  it('is found healthy while it lives, and unhealthy where nothing listens', async () => {
    const { port } = await startReady();
    const [healthy, lost] = [port, '1'].map((PORT) => start({ PORT }, image.healthCheck));
    expect(await healthy?.ended).toBe(0);
    expect(await lost?.ended).toBe(1);
  });

  it('does not invent data by itself: without a cloud it ends with 78', async () => {
    const container = start({});
    expect(await container.ended).toBe(78);
    expect(container.output()).toContain('GRAPH_CLOUD is missing');
  });

  it('brings the doctor', async () => {
    const container = start({ GRAPH_CLOUD: 'emulator' }, [...image.entrypoint, 'dist/doctor.js']);
    expect(await container.ended).toBe(0);
    expect(container.output()).toMatch(/^ok {7}configuration/);
  });
});

/** Every file with what would tell that it was written. */
function listing(root: string): readonly string[] {
  const files = readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' });
  return files.map((file) => {
    const { size, mtimeMs, mode } = statSync(join(root, 'app', file));
    return `${file} ${size} ${mtimeMs} ${mode}`;
  });
}

function mebibytesOf(path: string): number {
  const [kibibytes] = execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t');
  return Math.round(Number(kibibytes) / 1024);
}
