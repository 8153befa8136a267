import { afterEach, describe, expect, it } from '@jest/globals';
import { listQuery } from '../../support/documents.ts';
import { recordingMeasurements } from '../../support/measurements.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import {
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';

let graph: ScriptedServer;
let gateway: TestGateway;
const measurements = recordingMeasurements();

async function start(environment: Record<string, string>, answer = silence): Promise<void> {
  graph = await startScriptedServer(answer);
  gateway = await startTestGateway(
    { GRAPH_BASE_URL: graph.url.href, DRAIN_TIMEOUT_MS: '0', ...environment },
    { measurements },
  );
}

afterEach(async () => {
  await gateway.stop(0);
  await graph.close();
});

/** Opens one request that Graph does not answer. */
async function holdOne(): Promise<void> {
  const before = graph.requests.length;
  gateway.run(listQuery);
  await until(() => graph.requests.length > before);
}

const refusal = {
  errors: [
    {
      message: 'The gateway is overloaded. The request was not processed; retry later.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 },
    },
  ],
};

describe('shedding', () => {
  it('refuses what is too much as a GraphQL client can read it, with the time to wait', async () => {
    await start({ SHED_OPEN_REQUESTS: '1' });
    await holdOne();
    const answer = await gateway.run(listQuery, {}, { 'client-request-id': 'too-much' });
    expect([answer.status, answer.headers['retry-after'], answer.result]).toEqual([
      503,
      '1',
      refusal,
    ]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['client-request-id']).toBe('too-much');
    expect(graph.requests).toHaveLength(1);
    expect(measurements.events.at(-1)).toBe('shed for open-requests');
  });

  it('refuses before the body is there', async () => {
    await start({ SHED_OPEN_REQUESTS: '1' });
    await holdOne();
    const caller = await openConnection(gateway.url);
    caller.send(
      'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n',
    );
    await caller.until(/"OVERLOADED"/);
    caller.socket.destroy();
    expect(caller.received()).toMatch(/^HTTP\/1.1 503 /);
  });

  it('never refuses those who ask whether the gateway is well', async () => {
    await start({ SHED_OPEN_REQUESTS: '1' });
    await holdOne();
    expect((await gateway.get('/schema.graphql')).status).toBe(503);
    expect((await gateway.get('/livez')).status).toBe(200);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  it('lets the next one in once one is answered, and once a caller has left', async () => {
    await start({ SHED_OPEN_REQUESTS: '1' }, (response, request) => {
      const isHeld = request.headers['client-request-id'] === 'held';
      (isHeld ? silence : json(200, { value: [] }))(response, request);
    });
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await gateway.run(listQuery)).status).toBe(200);
      const leaver = await openConnection(gateway.url);
      leaver.send(graphqlRequest({ query: listQuery }, { 'client-request-id': 'held' }));
      await untilRefused();
      leaver.socket.resetAndDestroy();
      await untilLetIn();
    }
  });

  it('sheds while the heap is fuller than it may be', async () => {
    await start({ SHED_HEAP_PERCENT: '1' });
    await holdOne();
    await untilRefused();
    expect((await gateway.run(listQuery)).status).toBe(503);
    expect(measurements.events.at(-1)).toBe('shed for heap');
  });

  it('sheds behind a blocked event loop, and is itself again soon after', async () => {
    // Far from what a busy machine does to the event loop by itself.
    await start({ SHED_EVENT_LOOP_DELAY_MS: '200' }, json(200, { value: [] }));
    await untilLetIn();
    const callers = await Promise.all(
      Array.from({ length: 60 }, () => openConnection(gateway.url)),
    );
    for (const caller of callers) {
      caller.send('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n');
      await caller.until(/alive/);
    }
    // The bytes of all of them lie in the gateway's sockets when the loop comes back.
    for (const caller of callers) {
      caller.send(graphqlRequest({ query: listQuery }));
    }
    await new Promise((resolve) => setImmediate(resolve));
    const untilMs = performance.now() + 1500;
    while (performance.now() < untilMs) {
      // Only time passes.
    }
    const answers = await Promise.all(
      callers.map(async (caller) => {
        await caller.until(/"nodes"|"OVERLOADED"/);
        caller.socket.destroy();
        return /"nodes"/.test(caller.received()) ? 'answered' : 'refused';
      }),
    );
    expect(new Set(answers)).toEqual(new Set(['answered', 'refused']));
    expect(measurements.events.at(-1)).toBe('shed for event-loop');
    await untilLetIn();
  });

  it('tells it once, and not for each that is refused', async () => {
    await start({ SHED_OPEN_REQUESTS: '1' });
    await holdOne();
    for (let count = 0; count < 5; count += 1) {
      await gateway.run(listQuery);
    }
    const told = gateway.logLines.filter((line) => line.includes('too much to do'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ level: 'warn', reason: 'open-requests' });
  });
});

const untilStatus = (status: number): Promise<void> =>
  until(async () => (await gateway.get('/schema.graphql')).status === status);
const untilRefused = (): Promise<void> => untilStatus(503);
const untilLetIn = (): Promise<void> => untilStatus(200);
