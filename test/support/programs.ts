import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The built program as a process of its own. */
export interface Program {
  /** Everything on standard output and standard error so far. */
  output(): string;
  /** Waits until the output has something; rejects where the program ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface ProgramOptions {
  /** How many files the process may have open. */
  readonly openFiles?: number;
  /** Whether its output is not read, or cannot be read. */
  readonly output?: 'unread' | 'closed';
}

/** Starts `dist/main.js` with nothing in its environment but what is given. */
export function startProgram(
  environment: Record<string, string>,
  { openFiles, output }: ProgramOptions = {},
): Program {
  const own = [process.execPath, '--enable-source-maps', 'dist/main.js'];
  const [command = '', ...args] =
    openFiles === undefined
      ? own
      : ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...own];
  const child: ChildProcess = spawn(command, args, {
    cwd: root,
    env: { PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const listeners = new Set<() => void>();
  const onText = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    for (const listener of listeners) {
      listener();
    }
  };
  if (output === 'closed') {
    child.stdout?.destroy();
  } else if (output !== 'unread') {
    child.stdout?.on('data', onText);
  }
  child.stderr?.on('data', onText);
  const ended: Program['ended'] = new Promise((resolve) => {
    child.on(output === undefined ? 'close' : 'exit', (code, signal) => resolve({ code, signal }));
  });
  return {
    output: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text);
          if (match) {
            listeners.delete(look);
            resolve(match);
          }
        };
        listeners.add(look);
        look();
        ended.then(() => reject(new Error(`The program ended without ${pattern}:\n${text}`)));
      }),
    kill: (signal) => child.kill(signal),
    ended,
  };
}
