import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Stage } from './readDockerfile.ts';

/** Whether this machine lets a process have a root folder, mounts and process ids of its own. */
export const canRunContainers =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'setpriv', '--no-new-privs', 'true'])
    .status === 0;

/** A process in a root folder that is the image's, read-only, as the image's user, without rights. */
export interface Container {
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
export function addNode(image: Stage, root: string): void {
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
export function runContainer(
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
