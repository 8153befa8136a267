import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Pool } from 'undici';
import { addOperation, bearer } from './bodies.ts';
import { startProgram } from './processes.ts';

/**
 * Prints which of the gateway's own files and functions one add passes, by V8's precise coverage, and who makes how many
 * promises on the way. The gateway runs in this thread, its caller in another.
 */
const warmUps = 200;

/** Sends an add for each message, and answers when it is done. */
function sendAdds(url: string): void {
  const pool = new Pool(url, { connections: 1 });
  parentPort?.on('message', async () => {
    const { body } = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: bearer },
      body: addOperation,
    });
    parentPort?.postMessage(await body.text());
  });
}

/** Whose code a stack comes from: this gateway's own, a package's, or Node.js' if there is no other. */
function ownerOf(stack: string): string {
  const frame = stack.split('\n').find((line) => /\/dist\/|node_modules\//.test(line)) ?? '';
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(frame)?.[1] ?? (frame ? 'own' : 'node');
}

/** As much of the built package's entry as is used here. */
interface BuiltPackage {
  readonly readConfig: (environment: Readonly<Record<string, string>>) => object;
  readonly createGateway: (config: object) => {
    start(): Promise<{ readonly url: string }>;
    stop(): Promise<void>;
  };
}

interface Way {
  readonly files: ReadonlyMap<string, number>;
  readonly promises: ReadonlyMap<string, number>;
}

async function follow(add: () => Promise<void>): Promise<Way> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await add();
  await session.post('Profiler.takePreciseCoverage');
  await add();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const files = new Map<string, number>();
  for (const { url, functions } of result) {
    const name = /\/dist\/(.*)\.js$/.exec(url)?.[1];
    const called = functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).length;
    if (name !== undefined && !url.includes('node_modules') && called > 0) {
      files.set(name, called);
    }
  }
  const promises = new Map<string, number>();
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') {
        const owner = ownerOf(new Error('where').stack ?? '');
        promises.set(owner, (promises.get(owner) ?? 0) + 1);
      }
    },
  });
  Error.stackTraceLimit = 30;
  hook.enable();
  await add();
  hook.disable();
  return { files, promises };
}

function print(title: string, counts: ReadonlyMap<string, number>): void {
  const rows = [...counts].sort(([, left], [, right]) => right - left);
  const sum = rows.reduce((total, [, count]) => total + count, 0);
  process.stdout.write(`${title}: ${rows.length} (${sum})\n`);
  for (const [name, count] of rows) {
    process.stdout.write(`  ${String(count).padStart(4)} ${name}\n`);
  }
}

async function main(): Promise<void> {
  const mock = await startProgram(fileURLToPath(new URL('./mockGraph.js', import.meta.url)));
  const entry: string = new URL('../../dist/createGateway.js', import.meta.url).href;
  const { createGateway, readConfig }: BuiltPackage = await import(entry);
  const gateway = createGateway(
    readConfig({
      GRAPH_BASE_URL: mock.url,
      PORT: '0',
      GRAPH_WRITE_BUDGET: '100000',
      LOG_LEVEL: 'warn',
    }),
  );
  const { url } = await gateway.start();
  const caller = new Worker(new URL(import.meta.url), { workerData: url });
  const add = async (): Promise<void> => {
    const answering = once(caller, 'message');
    caller.postMessage('add');
    const [answer] = await answering;
    if (!String(answer).includes('"userErrors":[]')) {
      throw new Error(`A wrong answer: ${answer}`);
    }
  };
  for (let count = 0; count < warmUps; count += 1) {
    await add();
  }
  const { files, promises } = await follow(add);
  print('Own files of an add (functions)', files);
  print('Makers of promises (promises)', promises);
  await caller.terminate();
  await gateway.stop();
  mock.stop();
}

if (isMainThread) {
  await main();
} else {
  sendAdds(String(workerData));
}
