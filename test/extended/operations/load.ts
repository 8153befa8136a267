import { Pool } from 'undici';
import { addMutation, listQuery } from '../../support/documents.ts';
import { json, startScriptedServer } from '../../support/scriptedServer.ts';

const listed = { id: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c', displayName: 'Listed' };

/**
 * Starts a Graph that counts how often each name was added; each answer takes between half of `delayMs` and all of it.
 */
export async function startCountingGraph(delayMs: number) {
  const adds = new Map<string, number>();
  let turn = 0;
  const server = await startScriptedServer((response, request) => {
    let answer = json(200, { value: [listed] });
    if (request.method === 'POST') {
      const { displayName } = JSON.parse(request.body) as { displayName: string };
      adds.set(displayName, (adds.get(displayName) ?? 0) + 1);
      answer = json(201, { id: `id-of-${displayName}`, displayName });
    }
    turn += 1;
    setTimeout(() => answer(response, request), delayMs * (0.5 + (turn % 10) / 20));
  });
  return { url: server.url.href, adds, close: server.close };
}

/** Budgets that such a load never meets. */
export const noBudget = { GRAPH_WRITE_BUDGET: '100000', GRAPH_REQUEST_BUDGET: '100000' };

/** One request and what became of it. */
interface Outcome {
  /** The name of the partner that was to be added; undefined for a read. */
  readonly added: string | undefined;
  readonly atMs: number;
  /** Undefined where the answer was right. */
  readonly fault: string | undefined;
}

const pauseMs = 10;

/** Sends reads and adds in turns over connections that are kept, and looks at every answer. */
export function startSteadyLoad(url: string, workers: number) {
  const pool = new Pool(url, { connections: workers, pipelining: 1 });
  const outcomes: Outcome[] = [];
  let isOver = false;
  let count = 0;

  async function send(added: string | undefined): Promise<string | undefined> {
    const add = { query: addMutation, variables: { input: { displayName: added } } };
    const answer = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer steady' },
      body: JSON.stringify(added === undefined ? { query: listQuery } : add),
    });
    const text = await answer.body.text();
    const right = added === undefined ? `"nodes":[{"id":"${listed.id}"}]` : `"id":"id-of-${added}"`;
    const isRight = answer.statusCode === 200 && text.includes(right) && !text.includes('"errors"');
    return isRight ? undefined : `${answer.statusCode} ${text.slice(0, 300)}`;
  }

  async function work(): Promise<void> {
    while (!isOver) {
      count += 1;
      const added = count % 2 === 0 ? `partner-${count}` : undefined;
      const atMs = performance.now();
      const fault = await send(added).catch((error: Error) => `${error.name}: ${error.message}`);
      outcomes.push({ added, atMs, fault });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  const working = Promise.all(Array.from({ length: workers }, work));
  return {
    outcomes,
    faults: () => outcomes.filter(({ fault }) => fault !== undefined),
    /** Ends it after the last answer; may be called again. */
    async stop(): Promise<void> {
      isOver = true;
      await working;
      await pool.close().catch(() => undefined);
    },
  };
}
