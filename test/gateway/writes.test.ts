import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { type Answer, empty, json, reset, silence } from '../support/scriptedServer.ts';
import { useStages, writeBehind } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { embedded, scripted } = useStages();

const add = (alias: string, input = `displayName: "${alias}"`): string =>
  `${alias}: addComplianceManagementPartner(input: { ${input} }) {
    complianceManagementPartner { id }
    userErrors { code field }
  }`;
const remove = (alias: string): string =>
  `${alias}: deleteComplianceManagementPartner(input: { id: "${alias}" }) {
    deletedComplianceManagementPartnerId
    userErrors { code }
  }`;
const mutation = (...fields: string[]): string => `mutation { ${fields.join(' ')} }`;
const both = mutation(add('a'), add('b'));

const away: Answer = empty(503, { 'retry-after': '120' });
const refusedToken = json(401, intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Old'));
const forbidden = json(403, intuneErrors.jsonInString('Forbidden', 'Not you'));
const created = json(201, { id: 'one' });
const added = { complianceManagementPartner: { id: 'one' }, userErrors: [] };

describe('several mutations in one operation', () => {
  it.each<[string, Answer[], string]>([
    ['one is throttled for a while', [created, away], 'UPSTREAM_UNAVAILABLE'],
    ['one has a token that is too old', [created, refusedToken], 'UNAUTHENTICATED'],
    ['one is left in doubt', [created, reset], 'OUTCOME_UNKNOWN'],
    ['one is rejected, one in doubt', [refusedToken, reset], 'UNAUTHENTICATED OUTCOME_UNKNOWN'],
    ['the token is rejected', [refusedToken], 'UNAUTHENTICATED UNAUTHENTICATED'],
  ])('keep 200, and challenge only for all of them, if %s', async (_what, script, codes) => {
    const { gateway } = await scripted(script);
    const answer = await gateway.run(both);
    const a = script[0] === created ? added : null;
    expect([answer.status, answer.result.data]).toEqual([200, { a, b: null }]);
    expect(answer.codes.join(' ')).toBe(codes);
    expect(answer.result.errors?.at(-1)?.path).toEqual(['b']);
    const challenge = script.length === 1 ? 'Bearer error="invalid_token"' : undefined;
    expect(answer.headers['www-authenticate']).toBe(challenge);
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  it('are executed in order beyond one that fails, or that has user errors', async () => {
    const { gateway, graph } = await scripted([empty(204), forbidden, empty(204)]);
    const bad = add('x', 'displayName: "A", id: "../users"');
    const query = mutation(remove('a'), bad, remove('b'), remove('c'));
    const { status, result } = await gateway.run(query);
    const gone = (id: string) => ({ deletedComplianceManagementPartnerId: id, userErrors: [] });
    const userErrors = [{ code: 'BAD_USER_INPUT', field: ['input', 'id'] }];
    const x = { complianceManagementPartner: null, userErrors };
    expect([status, result.data]).toEqual([200, { a: gone('a'), x, b: null, c: gone('c') }]);
    expect(result.errors).toMatchObject([{ path: ['b'], extensions: { code: 'FORBIDDEN' } }]);
    const calls = graph.requests.map(({ method, url }) => `${method} ${url.at(-1)}`);
    expect(calls).toEqual(['DELETE a', 'DELETE b', 'DELETE c']);
  });

  it('share their time, and send nothing once it is up', async () => {
    const clock = createVirtualClock();
    const { graph, gateway } = await scripted(silence, {}, { clock });
    const query = mutation(add('a'), add('b'), remove('c'));
    const answering = gateway.run(query, {}, { prefer: 'wait=0.3' });
    await until(() => graph.requests.length === 1);
    await clock.advance(300);
    const { result, codes } = await answering;
    expect(result.data).toEqual({ a: null, b: null, c: null });
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT']);
    const writes = graph.requests.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method }) => method)).toEqual(['POST']);
  });
});

const input = { displayName: 'Fleet', iosOnboarded: true };
const lost: Fault = { kill: 'reset' };
const executed: Fault = { kill: 'reset', execute: true };

async function start(dependencies = {}) {
  const { graph, gateway } = await embedded({ seed: [] }, {}, dependencies);
  return {
    graph,
    add: (headers = {}, more = {}) =>
      gateway.run(addMutation, { input: { ...input, ...more } }, headers),
    /** Adds past the gateway, so that it does not see what is added. */
    addUnseen: () => writeBehind(graph, 'POST', '', input),
    async listedIds(): Promise<string[]> {
      const { nodes } = await gateway.ask<{ nodes: { id: string }[] }>(listQuery);
      return nodes.map(({ id }) => id);
    },
    /** From now on, adds meet these faults, one each. */
    meet: (...faults: readonly Fault[]) =>
      faults.map((fault) => graph.faults.add({ when: { method: 'POST' }, ...fault })),
    adds: () => graph.requests.filter(({ method }) => method === 'POST').length,
  };
}
type Stage = Awaited<ReturnType<typeof start>>;

const foundIn = ({ root }: Reply) =>
  (root as { complianceManagementPartner: { id: string } } | null)?.complianceManagementPartner.id;

function expectUnknown({ status, result }: Reply): void {
  const extensions = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true };
  expect([status, result]).toMatchObject([
    200,
    { data: { addComplianceManagementPartner: null }, errors: [{ extensions }] },
  ]);
  expect(result).not.toHaveProperty('extensions');
}

const list = async (stage: Stage) => [await stage.addUnseen(), await stage.listedIds()];

describe('an add whose answer leaves its outcome in doubt', () => {
  it('is answered with the partner that is found, and with a notice', async () => {
    const stage = await start();
    stage.meet(executed);
    const answer = await stage.add();
    expect([answer.status, answer.result.errors]).toEqual([200, undefined]);
    expect(answer.root).toMatchObject({ complianceManagementPartner: input, userErrors: [] });
    const notice = {
      code: 'FOUND_AFTER_UNCLEAR_ANSWER',
      path: ['addComplianceManagementPartner'],
      message: expect.stringMatching(/^[A-Z].* found, not answered, and nothing was sent again\.$/),
    };
    expect(answer.result.extensions?.notices).toMatchObject([notice]);
    expect(stage.adds()).toBe(1);
    expect(await stage.listedIds()).toEqual([foundIn(answer)]);
  });

  it.each<[string, Fault, (stage: Stage) => Promise<unknown>]>([
    ['nothing is found', lost, async () => undefined],
    ['two fit', executed, ({ addUnseen }) => addUnseen()],
    ['the one that fits was listed before', lost, list],
  ])('stays in doubt if %s', async (_what, fault, prepare) => {
    const stage = await start();
    await prepare(stage);
    const before = stage.adds();
    stage.meet(fault);
    expectUnknown(await stage.add());
    expect(stage.adds() - before).toBe(1);
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['was listed', list],
    ['this gateway added', ({ add }) => add()],
  ])('is found beside an equal one that %s before', async (_what, prepare) => {
    const stage = await start();
    await prepare(stage);
    const [old] = await stage.listedIds();
    stage.meet(executed);
    const found = foundIn(await stage.add());
    expect(found).not.toBe(old);
    expect([old, found].sort()).toEqual((await stage.listedIds()).sort());
  });

  const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const ids = [{ id }, { id: id.toUpperCase() }];

  it.each<[string, Fault[], object[], number, number]>([
    ['both were executed', [executed, executed], [{}, {}], 0, 2],
    ['one was executed', [executed, lost], [{}, {}], 1, 1],
    ['none was executed', [lost, lost], [{}, {}], 0, 0],
    ['the first of two with one id was executed', [executed, lost], ids, 1, 1],
    ['the second of two with one id was executed', [lost, executed], ids, 1, 1],
  ])('is never given to two adds at one moment if %s', async (_what, faults, inputs, ...range) => {
    const stage = await start();
    stage.meet(...faults);
    const answers = await Promise.all(inputs.map((one) => stage.add({}, one)));
    const found = answers.map(foundIn).filter((one) => one !== undefined);
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBeGreaterThanOrEqual(range[0]);
    expect(found.length).toBeLessThanOrEqual(range[1]);
    answers.filter((one) => foundIn(one) === undefined).forEach(expectUnknown);
    expect(stage.adds()).toBe(2);
  });

  it('is looked for once, and no longer than the operation lasts', async () => {
    const clock = createVirtualClock();
    const { graph, add, meet } = await start({ clock });
    meet({ kill: 'silence', execute: true });
    graph.faults.add({ kill: 'silence' });
    const answering = add({ prefer: 'wait=8' });
    await until(() => graph.partners().length === 1);
    await clock.advance(5_999);
    expect(graph.requests).toHaveLength(1);
    // A quarter of the time is kept for the look.
    await clock.advance(1);
    await until(() => graph.requests.length === 2);
    expect(graph.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    await clock.advance(2_000);
    const answer = await answering;
    expectUnknown(answer);
    expect(answer.headers['preference-applied']).toBe('wait=8');
    expect([graph.requests.length, clock.pendingTimers]).toEqual([2, 0]);
  });
});

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
