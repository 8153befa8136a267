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

/** Starts `dist/main.js` with nothing in its environment but what is given. */
export function startProgram(environment: Record<string, string>): Program {
  const child: ChildProcess = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
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
  child.stdout?.on('data', onText);
  child.stderr?.on('data', onText);
  const ended: Program['ended'] = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
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
