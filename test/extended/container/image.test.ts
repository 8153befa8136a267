import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useClosing } from '../../support/closing.ts';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { findFreePort } from '../../support/freePort.ts';
import { postTo, statusAt } from '../../support/programs.ts';
import { until } from '../../support/until.ts';
import { imageOf, readDockerfile } from './readDockerfile.ts';

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

/** Everything was installed so before: nothing is installed a second time. */
const installed = 'npm ci --ignore-scripts';

/**
 * Fills a folder for each stage by the stage's own steps and gives the last one's: what the image holds beside its base.
 * What a build runs, it runs on this machine.
 */
async function buildImage(folder: string): Promise<string> {
  const rootOf = (name = ''): string => join(folder, name || 'image');
  for (const { name, steps, environment } of stages) {
    const root = rootOf(name);
    let workdir = '/';
    for (const step of steps) {
      const cwd = join(root, workdir);
      if (step.kind === 'workdir') {
        workdir = posix.resolve(workdir, step.path);
        mkdirSync(join(root, workdir), { recursive: true });
      } else if (step.kind === 'run' && step.command === installed) {
        symlinkSync(join(repository, 'node_modules'), join(cwd, 'node_modules'));
      } else if (step.kind === 'run') {
        // What was downloaded before need not be asked for again.
        const env = { ...process.env, npm_config_prefer_offline: 'true', ...environment };
        await run('sh', ['-c', step.command], { cwd, env });
      } else {
        for (const name of step.sources) {
          if (step.from === undefined && !context.includes(name.split('/')[0] ?? '')) {
            throw new Error(`${name} is not there to be copied`);
          }
          // As COPY does it: the content of a folder into the target, a file into a target that ends in a slash.
          const source = join(step.from === undefined ? repository : rootOf(step.from), name);
          const target = join(root, posix.resolve(workdir, step.target));
          const isInto = step.target.endsWith('/') && !statSync(source).isDirectory();
          const place = isInto ? join(target, basename(source)) : target;
          cpSync(source, place, { recursive: true, verbatimSymlinks: true });
        }
      }
    }
  }
  return rootOf();
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
 * Runs the image's program in a root folder that is the image's, read-only, as the image's user, without rights, with
 * the image's environment and what is given beside it, and nothing else.
 */
function runContainer(
  root: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  const [owner = '', group = ''] = image.user.split(':');
  const settings = { ROOT: root, WORKDIR: image.workdir, OWNER: owner, GROUP: group };
  const own = Object.entries({ ...image.environment, ...environment });
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
  const cleared = ['env', '-i', ...own.map(([name, value]) => `${name}=${value}`)];
  // The program is found by its whole path, and `env` is this machine's: so it comes before the root changes.
  const script = enter.replace('exec setpriv', `exec ${cleared.map(quote).join(' ')} setpriv`);
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  const child = spawn(
    'unshare',
    [...namespaces, 'sh', '-c', script, 'sh', ...image.entrypoint, ...args],
    { env: { PATH: process.env['PATH'] ?? '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  /** The process as this machine sees it. */
  const pid = (): number =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return {
    ended,
    output: () => text,
    readProcess: (file: 'status' | 'environ') => readFileSync(`/proc/${pid()}/${file}`, 'utf8'),
    kill: (signal: NodeJS.Signals) => process.kill(pid(), signal),
    /** Ends it at once, if it still runs. */
    end() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

const describeImage = canRunContainers ? describe : describe.skip;
if (!canRunContainers) {
  process.stderr.write('Not Linux, or not root: the test of the container image is left out.\n');
}

describe('the Dockerfile', () => {
  it('installs what the lockfile says, runs no scripts of packages, and needs no shell to run', () => {
    const steps = stages.flatMap((stage) => stage.steps);
    const commands = steps.flatMap((step) => (step.kind === 'run' ? [step.command] : []));
    const installs = commands.filter((command) => command.includes('npm ci'));
    expect(installs).toEqual([installed, 'npm ci --omit=dev --ignore-scripts']);
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
  const closeLater = useClosing();

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/image-');
    chmodSync(folder, 0o755);
    root = await buildImage(folder);
    addNode(root);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(environment: Record<string, string>, program: readonly string[] = image.command) {
    const container = runContainer(root, program, environment);
    closeLater(container.end);
    return container;
  }

  /** Every file with what would tell that it was written. */
  function listing(): readonly string[] {
    const files = readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' });
    return files.map((file) => {
      const { size, mtimeMs, mode } = statSync(join(root, 'app', file));
      return `${file} ${size} ${mtimeMs} ${mode}`;
    });
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

  it('answers the mutation without rights, in a read-only tree, is healthy, and drains at SIGTERM', async () => {
    const before = listing();
    const PORT = String(await findFreePort());
    const url = `http://127.0.0.1:${PORT}`;
    const container = start({ GRAPH_CLOUD: 'emulator', PORT, DRAIN_DELAY_MS: '300' });
    await until(async () => (await statusAt(`${url}/readyz`)) === 200);
    const status = container.readProcess('status');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Groups:\t\s*$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024).toBeLessThan(120);
    const environment = container.readProcess('environ').split('\0');
    expect(environment.filter((entry) => entry !== '').sort()).toEqual([
      'DRAIN_DELAY_MS=300',
      'GRAPH_CLOUD=emulator',
      'HOST=0.0.0.0',
      'NODE_ENV=production',
      `PORT=${PORT}`,
    ]);

    const answer = await postTo(url, { query: addMutation, variables: { input: pageInput } });
    expect(JSON.parse(answer.text)).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { ...pageAnswer, id: expect.any(String) },
        },
      },
    });
    expect(await start({ PORT }, image.healthCheck.slice(1)).ended).toBe(0);

    container.kill('SIGTERM');
    expect(await container.ended).toBe(0);
    expect(container.output()).toContain('"message":"Stopped"');
    expect(listing()).toEqual(before);
  });

  const write = `for (const place of ['/x', '/app/x', '/tmp/x', '/app/dist/main.js'])
    try { fs.writeFileSync(place, ''); console.log('wrote', place); } catch ({ code }) { console.log(code); }`;

  it.each([
    ['cannot write anywhere', ['--eval', write], /^EROFS\nEROFS\nENOENT\nEROFS\n$/],
    ['brings the doctor', ['dist/doctor.js'], /^ok {7}configuration/],
  ])('%s', async (_what, program, output) => {
    const container = start({ GRAPH_CLOUD: 'emulator' }, program);
    expect(await container.ended).toBe(0);
    expect(container.output()).toMatch(output);
  });
});
