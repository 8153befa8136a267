import { expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { acceptedToken, hostileRequest } from './hostileRequests.ts';
import { startSoakedGateway } from './soakedGateway.ts';

/** Enough to fill what is kept of documents. */
const warmUp = 20_000;
/** With `VOLUME=3` 200,000 in all. */
const requests = warmUp + volumeOf(60_000);
const callers = 16;
const mostGrowth = 1.2;
/** What Graph is asked is counted by token for 20 s. */
const longestSettleMs = 60_000;

it(
  `a gateway with 256 MB of heap holds no more after ${requests} hostile requests`,
  async () => {
    const graph = await startTestGraph({
      acceptToken: (token) => token === acceptedToken,
      recordRequests: false,
    });
    const environment = { GRAPH_BASE_URL: graph.baseUrl };
    const gateway = await startSoakedGateway(environment, ['--max-old-space-size=256']);
    const pool = new Pool(gateway.url, { connections: callers });
    const statuses = new Set<number>();
    let sent = 0;
    const send = async (until: number): Promise<void> => {
      while (sent < until) {
        const { body = null, ...hostile } = hostileRequest(sent++);
        const answer = await pool.request({ ...hostile, body });
        await answer.body.dump();
        statuses.add(answer.statusCode);
      }
    };
    const sendAll = (until: number) =>
      Promise.all(Array.from({ length: callers }, () => send(until)));

    await sendAll(warmUp);
    const before = await gateway.takeFootprint();
    await sendAll(requests);
    const most = before.heapUsedBytes * mostGrowth;
    const after = await gateway.settle(
      ({ heapUsedBytes }) => heapUsedBytes <= most,
      longestSettleMs,
    );

    await pool.destroy();
    const exitCode = await gateway.stop();
    await graph.close();
    expect(after.heapUsedBytes).toBeLessThanOrEqual(most);
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 404, 413, 415]));
    expect(exitCode).toBe(0);
  },
  timeLimitMs(requests),
);
