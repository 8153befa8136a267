import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
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
function readBuildContext(): readonly string[] {
  const lines = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n');
  const [first, ...kept] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*' || !kept.every((rule) => /^![\w.-]+$/.test(rule))) {
    throw new Error('.dockerignore is more than a list of what is sent');
  }
  return kept.map((rule) => rule.slice(1));
}

const context = readBuildContext();

/**
 * Fills a folder for each stage by the stage's own steps and gives the last one's: what the image holds beside its base.
 * What a build runs, it runs on this machine.
 */
async function buildImage(folder: string): Promise<string> {
  const rootOf = (name: string): string => join(folder, name || 'image');
  for (const stage of stages) {
    await fill(stage, rootOf(stage.name), (from, source) => {
      if (from === undefined && !context.includes(source.split('/')[0] ?? '')) {
        throw new Error(`${source} is not there to be copied`);
      }
      return join(from === undefined ? repository : rootOf(from), source);
    });
  }
  return rootOf(image.name);
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
      mkdirSync(join(root, workdir), { recursive: true });
    } else if (step.kind === 'run') {
      // What was downloaded before need not be asked for again.
      const env = { ...process.env, npm_config_prefer_offline: 'true', ...stage.environment };
      await run('sh', ['-c', step.command], { cwd: join(root, workdir), env });
    } else {
      const target = join(root, posix.resolve(workdir, step.target));
      for (const name of step.sources) {
        // As COPY does it: the content of a folder into the target, a file into a target that ends in a slash.
        const source = locate(step.from, name);
        const isInto = step.target.endsWith('/') && !statSync(source).isDirectory();
        const place = isInto ? join(target, basename(source)) : target;
        cpSync(source, place, { recursive: true, verbatimSymlinks: true });
      }
    }
  }
}

/** Whether this machine lets a process have a root folder, mounts and process ids of its own. */
const canRunContainers =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'setpriv', '--no-new-privs', 'true'])
    .status === 0;

/** Parts of this machine that stand for the image's base: what Node.js is linked with. */
const baseFolders = ['/lib', '/lib64', '/usr/lib'];

/** Puts this machine's Node.js where the image's base has its own. */
function addNode(root: string): void {
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

/**
 * Runs a program in a root folder that is the image's, read-only, as the image's user, without rights, with the image's
 * environment and what is given beside it, and nothing else.
 */
function runContainer(
  root: string,
  program: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  const [owner = '', group = ''] = image.user.split(':');
  const settings = { ROOT: root, WORKDIR: image.workdir, OWNER: owner, GROUP: group };
  const own = Object.entries({ ...image.environment, ...environment });
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
  const cleared = ['env', '-i', ...own.map(([name, value]) => `${name}=${value}`)];
  // The program is found by its whole path, and `env` is this machine's: so it comes before the root changes.
  const script = enter.replace('exec setpriv', `exec ${cleared.map(quote).join(' ')} setpriv`);
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...program],
    { env: { PATH: process.env['PATH'] ?? '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  /** The process as this machine sees it. */
  const pid = (): number =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return {
    output: () => text,
    pid,
    kill: (signal: NodeJS.Signals) => process.kill(pid(), signal),
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

const describeImage = canRunContainers ? describe : describe.skip;
if (!canRunContainers) {
  process.stderr.write('Not Linux, or not root: the test of the container image is left out.\n');
}

describe('the Dockerfile', () => {
  it('installs what the lockfile says, runs no scripts of packages, and needs no shell to run', () => {
    const installs = stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'run' && step.command.includes('npm ci') ? [step.command] : [],
      ),
    );
    expect(installs).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts']);
    expect(new Set(stages.map((stage) => stage.image))).toEqual(new Set(['node:24-bookworm-slim']));
    const node = '/usr/local/bin/node';
    expect([image.entrypoint, image.healthCheck[0]]).toEqual([[node], node]);
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
  const started: ReturnType<typeof runContainer>[] = [];

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/image-');
    execFileSync('chmod', ['0755', folder]);
    root = await buildImage(folder);
    addNode(root);
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
    const container = runContainer(root, program, environment);
    started.push(container);
    return container;
  }

  async function startReady(environment: Record<string, string> = {}) {
    const port = String(await findFreePort());
    const container = start({ GRAPH_CLOUD: 'emulator', PORT: port, ...environment });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await statusAt(`${url}/readyz`)) === 200);
    return { container, port, url };
  }

  it('holds what runs and nothing else, and all of it belongs to root', () => {
    const runs = ['LICENSE', 'dist', 'node_modules', 'package.json', 'schema'];
    expect(readdirSync(join(root, 'app')).sort()).toEqual(runs);
    const modules = readdirSync(join(root, 'app', 'node_modules'));
    const tools = ['typescript', 'jest', '@biomejs', '@swc'];
    expect(modules.filter((name) => tools.includes(name))).toEqual([]);
    const find = (...conditions: string[]) =>
      execFileSync('find', [join(root, 'app'), ...conditions], { encoding: 'utf8' });
    expect(find('!', '-uid', '0')).toBe('');
    expect(find('!', '-type', 'l', '-perm', '/022')).toBe('');
  });

  it('answers the mutation without rights, in a read-only tree, and drains at SIGTERM', async () => {
    const before = listing(root);
    const { container, url, port } = await startReady({ DRAIN_DELAY_MS: '300' });
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
