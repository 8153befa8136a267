import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process holds at one moment, right after garbage was collected. */
export interface Footprint {
  readonly heapUsedBytes: number;
  /** Open files and sockets, by the system's count. */
  readonly descriptors: number;
  /** What keeps the event loop alive, by kind: sockets, servers, timers. */
  readonly resources: Readonly<Record<string, number>>;
}

/** Starts a gateway in a process of its own, which has nothing in its environment but what is given. */
export async function startSoakedGateway(
  environment: Readonly<Record<string, string>>,
  execArgv: readonly string[] = [],
) {
  const child = fork(fileURLToPath(new URL('./gatewayProcess.mjs', import.meta.url)), [], {
    execArgv: ['--expose-gc', ...execArgv],
    env: {
      ...{ PORT: '0', LOG_LEVEL: 'info' },
      ...{ GRAPH_WRITE_BUDGET: '100000', GRAPH_REQUEST_BUDGET: '100000' },
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`The gateway ended with ${code}`);
  });
  // No caller may be waiting when it ends in order.
  ended.catch(() => undefined);
  const hear = async (): Promise<unknown> => {
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  };
  const takeFootprint = async (): Promise<Footprint> => {
    child.send('footprint');
    return (await hear()) as Footprint;
  };
  return {
    ...((await hear()) as { readonly url: string; readonly metricsUrl: string }),
    takeFootprint,

    /** Takes footprints until one is as wanted; gives the last one if none is in time. */
    async settle(isSettled: (footprint: Footprint) => boolean, longestMs: number) {
      const untilMs = performance.now() + longestMs;
      let footprint = await takeFootprint();
      while (!isSettled(footprint) && performance.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        footprint = await takeFootprint();
      }
      return footprint;
    },

    /** Stops it in order; gives its exit code. */
    async stop(): Promise<number | null> {
      child.send('stop');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}
