import { describe, expect, it } from '@jest/globals';
import { addMutation, totalCountQuery } from '../../support/documents.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import { type Answer, json } from '../../support/scriptedServer.ts';
import { headOf, useStages } from '../../support/stages.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const places = 16;

const { scripted } = useStages();

/** Graph answers only reads of one partner. */
async function start() {
  const clock = createVirtualClock();
  const answer: Answer = (response, request) => {
    if (request.url.endsWith('/known')) {
      json(200, { id: 'known' })(response, request);
    }
  };
  return { clock, ...(await scripted(answer, { SHED_OPEN_REQUESTS: String(places) }, { clock })) };
}

describe('requests that are sent ahead on a connection that is reset', () => {
  it.each<[string, string]>([
    ['queries', graphqlRequest({ query: totalCountQuery })],
    [
      'mutations',
      graphqlRequest({ query: addMutation, variables: { input: { displayName: 'x' } } }),
    ],
    ['probes', headOf('GET /livez')],
    ['rejected documents', graphqlRequest({ query: '{ unknown }' })],
    ['rejected bodies', graphqlRequest(1000)],
  ])('give their places, timers and listeners back: %s', async (what, request) => {
    const { graph, gateway, clock } = await start();
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
    const known = await gateway.ask('{ complianceManagementPartner(id: "known") { id } }');
    expect(known).toEqual({ id: 'known' });
    // A write that was sent is waited for until its time is up.
    await Promise.all([gateway.stop(0), clock.advance(60_000)]);
  });

  it('end queries that wait for Graph, and report that the caller left', async () => {
    const { graph, gateway, clock } = await start();
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest({ query: totalCountQuery }).repeat(4));
    await until(() => graph.requests.length === 4);
    caller.socket.resetAndDestroy();
    await caller.closed;
    await until(() => clock.pendingTimers === 0);
    await until(() => gateway.logLines.filter((line) => line.includes('CALLER_LEFT')).length === 4);
  });
});
