import { describe, expect, it } from '@jest/globals';
import { addMutation, totalCountQuery } from '../../support/documents.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import { type Answer, json } from '../../support/scriptedServer.ts';
import { headOf, useStages } from '../../support/stages.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const { scripted } = useStages();
const places = 16;
const livez = headOf('GET /livez');
const list = { query: totalCountQuery };

async function start(status = 200, body: object = { value: [] }) {
  let answerGraph = (): void => undefined;
  const hold: Answer = (...parts) => {
    answerGraph = () => json(status, body)(...parts);
  };
  const clock = createVirtualClock();
  const { graph, gateway } = await scripted(hold, {}, { clock });
  return {
    gateway,
    clock,
    graph,
    answerGraph: () => answerGraph(),
    /** Sends bytes and then FIN. */
    async sendAndEnd(bytes: string) {
      const caller = await openConnection(gateway.url);
      caller.send(bytes);
      caller.socket.end();
      return caller;
    },
    /** Waits until Graph is asked, and the gateway has seen the FIN. */
    async untilAsked() {
      await until(() => graph.requests.length === 1);
      // A round trip on another connection.
      await gateway.get('/livez');
    },
  };
}

describe('a caller that sends FIN after a whole request', () => {
  it('gets the answer to its mutation, however long that takes', async () => {
    const stage = await start(201, { id: 'abc', displayName: 'Fleet' });
    const variables = { input: { displayName: 'Fleet' } };
    const caller = await stage.sendAndEnd(graphqlRequest({ query: addMutation, variables }));
    await stage.untilAsked();
    await stage.clock.advance(10_000);
    stage.answerGraph();
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toContain('"id":"abc"');
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('gets the answer to its query within a second', async () => {
    const stage = await start();
    const caller = await stage.sendAndEnd(graphqlRequest(list));
    await stage.untilAsked();
    await stage.clock.advance(999);
    stage.answerGraph();
    expect(await caller.closed).toContain('"totalCount":0');
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('has left if its query takes longer than that', async () => {
    const stage = await start();
    const caller = await stage.sendAndEnd(graphqlRequest(list));
    await stage.untilAsked();
    await stage.clock.advance(1_000);
    await caller.closed;
    const unanswered = stage.gateway.logged('Microsoft Graph gave no answer');
    expect(unanswered).toMatchObject([{ code: 'callerLeft' }]);
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('gets the answers to all requests that it sent ahead', async () => {
    const stage = await start();
    const caller = await stage.sendAndEnd(livez.repeat(20) + graphqlRequest(list));
    await until(() => stage.graph.requests.length === 1);
    stage.answerGraph();
    expect((await caller.closed).split('HTTP/1.1 200 OK')).toHaveLength(22);
    expect(stage.gateway.logLines.join()).not.toContain('Node.js warns');
  });

  it('is not waited for after its answer', async () => {
    const { gateway } = await start();
    const caller = await openConnection(gateway.url);
    caller.send(livez);
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
    const { graph, sendAndEnd } = await start();
    const request = graphqlRequest(list);
    const caller = await sendAndEnd(request.slice(0, request.length * share));
    expect(await caller.closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(graph.requests).toHaveLength(0);
  });
});

/** Graph answers only reads of one partner. */
async function startSilent() {
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
    ['queries', graphqlRequest(list)],
    [
      'mutations',
      graphqlRequest({ query: addMutation, variables: { input: { displayName: 'x' } } }),
    ],
    ['probes', livez],
    ['rejected bodies', graphqlRequest(1000)],
  ])('give their places, timers and listeners back: %s', async (what, request) => {
    const { graph, gateway, clock } = await startSilent();
    // Three times as many as there are places, so that places that are kept would be used up.
    for (let round = 1; round <= 6; round += 1) {
      const caller = await openConnection(gateway.url);
      caller.send(graphqlRequest(list));
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
    const { graph, gateway, clock } = await startSilent();
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest(list).repeat(4));
    await until(() => graph.requests.length === 4);
    caller.socket.resetAndDestroy();
    await caller.closed;
    await until(() => clock.pendingTimers === 0);
    await until(() => gateway.logLines.filter((line) => line.includes('CALLER_LEFT')).length === 4);
  });
});
