import { afterEach, describe, expect, it } from '@jest/globals';
import { addMutation, totalCountQuery } from '../../support/documents.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';

let graph: ScriptedServer;
let gateway: TestGateway;
let clock: VirtualClock;
let answerGraph = (): void => undefined;

/** Graph answers when the test says so. */
async function start(status: number, body: unknown): Promise<void> {
  const hold: Answer = (response, request) => {
    answerGraph = () => json(status, body)(response, request);
  };
  clock = createVirtualClock();
  graph = await startScriptedServer(hold);
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href }, { clock });
}

afterEach(async () => {
  const stopped = gateway.stop(0);
  await clock.advance(0);
  await stopped;
  await graph.close();
});

/** Sends an operation and then FIN, and waits until Graph is asked. */
async function askAndEnd(query: string, variables: object = {}) {
  const caller = await openConnection(gateway.url);
  caller.send(graphqlRequest({ query, variables }));
  caller.socket.end();
  await until(() => graph.requests.length === 1);
  // A round trip on another connection, after which the gateway has seen the FIN.
  await gateway.get('/livez');
  return caller;
}

const input = { displayName: 'Fleet' };

describe('a caller that sends FIN after a whole request', () => {
  it('gets the answer to its mutation, however long that takes', async () => {
    await start(201, { id: 'abc', displayName: 'Fleet' });
    const caller = await askAndEnd(addMutation, { input });
    await clock.advance(10_000);
    answerGraph();
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toContain('"id":"abc"');
    expect(clock.pendingTimers).toBe(0);
  });

  it('gets the answer to its query within a second', async () => {
    await start(200, { value: [] });
    const caller = await askAndEnd(totalCountQuery);
    await clock.advance(999);
    answerGraph();
    expect(await caller.closed).toContain('"totalCount":0');
    expect(clock.pendingTimers).toBe(0);
  });

  it('has left if its query takes longer than that', async () => {
    await start(200, { value: [] });
    const caller = await askAndEnd(totalCountQuery);
    await clock.advance(1_000);
    await caller.closed;
    const lines = gateway.logLines.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'Microsoft Graph gave no answer', code: 'callerLeft' }),
    );
    expect(clock.pendingTimers).toBe(0);
  });

  it('gets the answers to all requests that it sent ahead', async () => {
    await start(200, { value: [] });
    const caller = await openConnection(gateway.url);
    caller.send('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n'.repeat(20));
    caller.send(graphqlRequest({ query: totalCountQuery }));
    caller.socket.end();
    await until(() => graph.requests.length === 1);
    answerGraph();
    expect((await caller.closed).split('HTTP/1.1 200 OK')).toHaveLength(22);
    expect(gateway.logLines.filter((line) => line.includes('Node.js warns'))).toEqual([]);
  });

  it('is not waited for after its answer', async () => {
    await start(200, { value: [] });
    const caller = await openConnection(gateway.url);
    caller.send('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await caller.until(/alive/);
    caller.socket.end();
    await caller.closed;
  });
});

describe('a caller that sends FIN in the middle of its request', () => {
  it.each([
    ['headers', 0.3],
    ['body', 0.95],
  ])('gets an error that its request ended in its %s', async (_what, share) => {
    await start(200, { value: [] });
    const caller = await openConnection(gateway.url);
    const request = graphqlRequest({ query: totalCountQuery });
    caller.send(request.slice(0, request.length * share));
    caller.socket.end();
    expect(await caller.closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(graph.requests).toHaveLength(0);
  });
});
