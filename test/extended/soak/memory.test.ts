import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { acceptedToken, hostileRequest } from './hostileRequests.ts';
import { type SoakedGateway, startSoakedGateway } from './soakedGateway.ts';

/** Enough to fill what is kept of documents. */
const warmUp = 20_000;
/** With `VOLUME=3` 200,000 in all. */
const requests = warmUp + volumeOf(60_000);
const callers = 16;
const mostGrowth = 1.2;
/** What Graph is asked is counted by token for 20 s. */
const longestSettleMs = 60_000;

/** The heap after garbage collection, once what is kept for seconds has gone or is less than a bound. */
async function heapOf(gateway: SoakedGateway, isEnough: (bytes: number) => boolean) {
  const untilMs = performance.now() + longestSettleMs;
  let { heapUsedBytes } = await gateway.takeFootprint();
  while (!isEnough(heapUsedBytes) && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    ({ heapUsedBytes } = await gateway.takeFootprint());
  }
  return heapUsedBytes;
}

it(
  `a gateway with 256 MB of heap holds no more after ${requests} hostile requests`,
  async () => {
    const graph = await startTestGraph({
      acceptToken: (token) => token === acceptedToken,
      recordRequests: false,
    });
    const gateway = await startSoakedGateway(
      {
        PORT: '0',
        LOG_LEVEL: 'info',
        GRAPH_BASE_URL: graph.baseUrl,
        GRAPH_WRITE_BUDGET: '100000',
        GRAPH_REQUEST_BUDGET: '100000',
      },
      ['--max-old-space-size=256'],
    );
    const pool = new Pool(gateway.url, { connections: callers });
    const statuses = new Map<number, number>();
    let sent = 0;
    const send = async (until: number): Promise<void> => {
      while (sent < until) {
        const { method, path, headers, body } = hostileRequest(sent++);
        const answer = await pool.request({ method, path, headers, body: body ?? null });
        await answer.body.dump();
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
      }
    };
    const sendAll = (until: number) =>
      Promise.all(Array.from({ length: callers }, () => send(until)));

    await sendAll(warmUp);
    const before = await heapOf(gateway, () => true);
    await sendAll(requests);
    const after = await heapOf(gateway, (bytes) => bytes <= before * mostGrowth);

    await pool.destroy();
    const exitCode = await gateway.stop();
    await graph.close();

    const megabytes = [before, after].map((bytes) => Math.round(bytes / 1024 / 1024));
    process.stderr.write(
      `heap after ${warmUp}: ${megabytes[0]} MB, after ${requests}: ${megabytes[1]} MB; ` +
        `${JSON.stringify(Object.fromEntries(statuses))}\n`,
    );
    expect(after / before).toBeLessThanOrEqual(mostGrowth);
    for (const status of [200, 400, 401, 404, 413, 415]) {
      expect(statuses.get(status)).toBeGreaterThan(0);
    }
    expect(exitCode).toBe(0);
  },
  timeLimitMs(requests),
);
