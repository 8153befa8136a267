import { describe, expect, it } from '@jest/globals';
import { addMutation } from '../support/documents.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { type Answer, json, silence } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { scripted } = useStages();

/** Sends an add to a Graph that answers so, whose caller leaves once Graph has it. */
async function leaveAdd(answer: Answer) {
  const clock = createVirtualClock();
  const { graph, gateway } = await scripted(answer, {}, { clock });
  const caller = await openConnection(gateway.url);
  const variables = { input: { displayName: 'Fleet' } };
  caller.send(graphqlRequest({ query: addMutation, variables }));
  await until(() => graph.requests.length === 1);
  // RST: after a FIN alone the caller may wait for its answer.
  caller.socket.resetAndDestroy();
  await caller.closed;
  // A round trip, after which the gateway has noticed.
  await gateway.get('/livez');
  return { graph, gateway, clock, logged: gateway.logged };
}

const unanswered = 'Microsoft Graph gave no answer';

// Where each operation can be left is in the matrix of faults; here is what of it is worth a closer look.
describe('a caller that leaves', () => {
  it('does not take the deadline from a write that was sent', async () => {
    const { graph, clock, logged } = await leaveAdd(silence);
    await clock.advance(20_000);
    await until(() => logged(unanswered).length === 1);
    expect(logged(unanswered)).toMatchObject([
      { operation: 'add', code: 'timeout', mayHaveBeenApplied: true, hasCallerLeft: true },
    ]);
    expect([graph.requests.length, clock.pendingTimers]).toEqual([1, 0]);
  });

  it('lets a write that was sent be finished and told in the log, before the gateway stops', async () => {
    let answer = (): void => undefined;
    const hold: Answer = (response, request) => {
      answer = () => json(201, { id: 'abc', displayName: 'Fleet' })(response, request);
    };
    const { gateway, clock, logged } = await leaveAdd(hold);
    const stopped = Promise.all([gateway.stop(0), clock.advance(0)]);
    await until(() => logged('Draining').length === 1);
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    answer();
    await stopped;
    expect(logged(unanswered)).toEqual([]);
    expect(logged('Microsoft Graph answered')).toMatchObject([
      { operation: 'add', status: 201, hasCallerLeft: true, requestId: 'id-1' },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});
