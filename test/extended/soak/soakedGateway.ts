import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Footprint } from './footprint.ts';

/** A gateway in a process of its own that can be asked for its footprint. */
export interface SoakedGateway {
  readonly url: string;
  readonly metricsUrl: string;
  takeFootprint(): Promise<Footprint>;
  /** Stops it in order; gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts it with nothing in its environment but what is given. */
export async function startSoakedGateway(
  environment: Readonly<Record<string, string>>,
  execArgv: readonly string[] = [],
): Promise<SoakedGateway> {
  const script = fileURLToPath(new URL('./gatewayProcess.mjs', import.meta.url));
  const child: ChildProcess = fork(script, [], {
    execArgv: ['--expose-gc', ...execArgv],
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`The gateway ended with ${code}`);
  });
  // No caller may be waiting when it ends in order.
  ended.catch(() => undefined);
  const hear = async (): Promise<object> => {
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  };
  const ask = (message: string): Promise<object> => {
    child.send(message);
    return hear();
  };
  const addresses = (await hear()) as { url: string; metricsUrl: string };
  return {
    ...addresses,
    takeFootprint: async () => (await ask('footprint')) as Footprint,
    async stop() {
      child.send('stop');
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}
