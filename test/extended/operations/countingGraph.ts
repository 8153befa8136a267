import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';

/** A Graph that takes its time and counts how often each partner was added. */
export interface CountingGraph {
  readonly url: string;
  /** How often each name was added. */
  readonly adds: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const listed = { id: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c', displayName: 'Listed' };

/** Starts it; each answer takes between half of `delayMs` and all of it. */
export async function startCountingGraph(delayMs: number): Promise<CountingGraph> {
  const adds = new Map<string, number>();
  let turn = 0;
  const server: ScriptedServer = await startScriptedServer((response, { method, body }) => {
    const isAdd = method === 'POST';
    const { displayName = '' } = (isAdd ? JSON.parse(body) : {}) as { displayName?: string };
    if (isAdd) {
      adds.set(displayName, (adds.get(displayName) ?? 0) + 1);
    }
    turn += 1;
    const answer = isAdd ? { id: `id-of-${displayName}`, displayName } : { value: [listed] };
    setTimeout(
      () => {
        response.writeHead(isAdd ? 201 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      },
      delayMs * (0.5 + (turn % 10) / 20),
    );
  });
  return { url: server.url.href, adds, close: () => server.close() };
}
