import { Pool } from 'undici';
import { addOperation, listOperation } from './bodies.ts';
import { percentile } from './overload/summary.ts';
import { startProgram } from './processes.ts';

/** More than open a breaker, with what compiles in the meantime. */
const warmUps = 400;
const samples = 1_000;

/** A port without a listener. */
const nowhere = 'http://127.0.0.1:9';

/**
 * Measures how long reads and adds take that are refused because the breaker towards Graph is open, one after the other
 * on one connection; every answer is checked. Gives a line for the report.
 */
export async function measureFailFast(program: string): Promise<string> {
  const gateway = await startProgram(program, [], {
    GRAPH_BASE_URL: nowhere,
    GRAPH_BREAKER_OPEN_MS: '60000',
    GRAPH_WRITE_BUDGET: '100000',
    GRAPH_REQUEST_BUDGET: '100000',
    PORT: '0',
    NODE_ENV: 'production',
  });
  const pool = new Pool(gateway.url, { connections: 1 });
  const ask = async (isAdd: boolean): Promise<string> => {
    const { body } = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer bench-token' },
      body: isAdd ? addOperation : listOperation,
    });
    return body.text();
  };
  try {
    for (let count = 0; count < warmUps; count += 1) {
      await ask(count % 2 === 0);
    }
    const latenciesMs: number[] = [];
    for (let count = 0; count < samples; count += 1) {
      const startedMs = performance.now();
      const answer = await ask(count % 2 === 0);
      latenciesMs.push(performance.now() - startedMs);
      if (!answer.includes('is down as far as this gateway can see')) {
        throw new Error(`A wrong answer: ${answer.slice(0, 500)}`);
      }
    }
    const ms = (share: number): string => `${percentile(latenciesMs, share).toFixed(1)} ms`;
    return `fail fast    p50 ${ms(0.5)}   p99 ${ms(0.99)}   while the breaker is open (10 ms are aimed at)`;
  } finally {
    await pool.close();
    gateway.stop();
  }
}
