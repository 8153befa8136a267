import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { addOperation, listOperation } from './bodies.ts';
import { percentile } from './overload/summary.ts';
import { startProgram } from './processes.ts';

const deadlineMs = 2_000;
/** As many as there may be requests to Graph at the same time. */
const operations = 32;
const rounds = 3;
const warmUps = 400;
/** Half of all ends in doubt, after a look, and half without an answer. */
const codes = /OUTCOME_UNKNOWN|UPSTREAM_TIMEOUT/;

/**
 * Measures how long after its deadline an operation ends whose request Graph never answers; every answer is checked.
 * Each round has a gateway of its own, because so many timeouts open the breaker. Gives a line for the report.
 */
export async function measureLateness(program: string): Promise<string> {
  const silentMs = String(10 * deadlineMs);
  const graph = await startProgram(fileURLToPath(new URL('./mockGraph.js', import.meta.url)), [
    silentMs,
  ]);
  const lateMs: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      lateMs.push(...(await measureRound(program, graph.url)));
    }
  } finally {
    graph.stop();
  }
  const ms = (share: number): string => `${percentile(lateMs, share).toFixed(1)} ms`;
  return `deadline     p50 ${ms(0.5)}   p99 ${ms(0.99)}   late while Graph is silent (250 ms are promised)`;
}

async function measureRound(program: string, graphUrl: string): Promise<readonly number[]> {
  const gateway = await startProgram(program, [], {
    GRAPH_BASE_URL: graphUrl,
    GRAPH_CONNECTIONS: String(operations),
    OPERATION_TIMEOUT_MS: String(deadlineMs),
    PORT: '0',
    NODE_ENV: 'production',
  });
  const pool = new Pool(gateway.url, { connections: operations });
  const ask = async (body: string): Promise<string> => {
    const answer = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer bench-token' },
      body,
    });
    return answer.body.text();
  };
  try {
    for (let count = 0; count < warmUps; count += 1) {
      await ask('{"query":"{ viewer { authMode } }"}');
    }
    return await Promise.all(
      Array.from({ length: operations }, async (_, index) => {
        const startedMs = performance.now();
        const answer = await ask(index % 2 === 0 ? addOperation : listOperation);
        const lateMs = performance.now() - startedMs - deadlineMs;
        if (!codes.test(answer)) {
          throw new Error(`A wrong answer: ${answer.slice(0, 500)}`);
        }
        return lateMs;
      }),
    );
  } finally {
    await pool.close();
    gateway.stop();
  }
}
