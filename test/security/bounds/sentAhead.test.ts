import { afterEach, describe, expect, it } from '@jest/globals';
import { addMutation, totalCountQuery } from '../../support/documents.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';

const places = 16;

let graph: ScriptedServer;
let gateway: TestGateway;
let clock: VirtualClock;

/** Graph answers only reads of one partner. */
async function start(): Promise<void> {
  clock = createVirtualClock();
  graph = await startScriptedServer((response, request) => {
    if (request.url?.endsWith('/known')) {
      json(200, { id: 'known' })(response, request);
    }
  });
  gateway = await startTestGateway(
    { GRAPH_BASE_URL: graph.url.href, SHED_OPEN_REQUESTS: String(places) },
    { clock },
  );
}

afterEach(async () => {
  const stopped = gateway.stop(0);
  // A write that was sent is waited for until its time is up.
  await clock.advance(60_000);
  await stopped;
  await graph.close();
});

const readKnown = () => gateway.run('{ complianceManagementPartner(id: "known") { id } }');

describe('requests that are sent ahead on a connection that is reset', () => {
  it.each<[string, string]>([
    ['queries', graphqlRequest({ query: totalCountQuery })],
    [
      'mutations',
      graphqlRequest({ query: addMutation, variables: { input: { displayName: 'x' } } }),
    ],
    ['probes', 'GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n'],
    ['rejected documents', graphqlRequest({ query: '{ unknown }' })],
    ['rejected bodies', graphqlRequest(1000)],
  ])('give their places, timers and listeners back: %s', async (what, request) => {
    await start();
    // Three times as many as there are places, so that places that are kept would be used up.
    for (let round = 1; round <= 6; round += 1) {
      const caller = await openConnection(gateway.url);
      caller.send(graphqlRequest({ query: totalCountQuery }));
      await until(() => graph.requests.length >= round);
      caller.send(request.repeat(places / 2));
      await gateway.get('/livez');
      caller.socket.resetAndDestroy();
      await caller.closed;
      await until(async () => (await gateway.get('/livez')).status === 200);
    }
    if (what !== 'mutations') {
      await until(() => clock.pendingTimers === 0);
    }
    const { status, result } = await readKnown();
    expect([status, result.data]).toEqual([200, { complianceManagementPartner: { id: 'known' } }]);
  });

  it('end queries that wait for Graph, and report that the caller left', async () => {
    await start();
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest({ query: totalCountQuery }).repeat(4));
    await until(() => graph.requests.length === 4);
    caller.socket.resetAndDestroy();
    await caller.closed;
    await until(() => clock.pendingTimers === 0);
    await until(() => gateway.logLines.filter((line) => line.includes('CALLER_LEFT')).length === 4);
  });
});
