import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The built program as a process of its own. */
export type Program = ReturnType<typeof startProgram>;

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
) {
  const own = ['--enable-source-maps', 'dist/main.js'];
  const limited = ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', process.execPath, ...own];
  const [command, args] = openFiles === undefined ? [process.execPath, own] : ['/bin/sh', limited];
  const child = spawn(command, args, {
    cwd: root,
    env: { PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const news = new EventEmitter().setMaxListeners(0);
  const onText = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    news.emit('text');
  };
  if (output === 'closed') {
    child.stdout.destroy();
  } else if (output !== 'unread') {
    child.stdout.on('data', onText);
  }
  child.stderr.on('data', onText);
  type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
  const ended = new Promise<Ending>((resolve) => {
    child.on(output === undefined ? 'close' : 'exit', (code, signal) => resolve({ code, signal }));
  });
  /** Waits until the output has something; rejects if the program ends before. */
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text);
        if (match) {
          news.off('text', look);
          resolve(match);
        }
      };
      news.on('text', look);
      look();
      ended.then(() => reject(new Error(`The program ended without ${pattern}:\n${text}`)));
    });
  return {
    /** Everything on standard output and standard error so far. */
    output: () => text,
    until,
    /** Where it takes requests, as it says itself. */
    url: async () => (await until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/))[1] ?? '',
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended,
    /** Ends it at once, if it still runs. */
    end(): Promise<unknown> {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** Posts an operation with a token, over a connection of its own. */
export async function postTo(
  url: string,
  body: string | object,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    reset: true,
    headers: { 'content-type': 'application/json', authorization: 'Bearer embedded-graph-token' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** The status of a path; undefined if there is no answer. */
export async function statusAt(url: string): Promise<number | undefined> {
  const answer = await request(url).catch(() => undefined);
  await answer?.body.dump();
  return answer?.statusCode;
}
