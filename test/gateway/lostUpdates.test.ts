import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { pausesMs } from '../../src/partners/changePartner.ts';
import { ada, grace } from '../support/authority/people.ts';
import { bearerOf, isGenuine } from '../support/bearerTokens.ts';
import { revisionIn, revisionQuery } from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { mutations, useStages, writeBehind } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createLeapingClock, createVirtualClock } from '../support/virtualClock.ts';

const contoso = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const entryOf = (groupId: string) => ({ target: { '@odata.type': groupType, groupId } });
const groupOf = (index: number) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`;
const groups = Array.from({ length: 40 }, (_value, index) => groupOf(index));
const [groupA = '', groupB = '', groupC = ''] = groups;
const listOf = (groupId: string) => ({ target: { group: { groupId } } });

const { embedded, closeLater } = useStages();

const start = (options: Partial<EmulatorOptions> = {}, dependencies = {}) =>
  embedded({ seed: [{ id: 'fleet' }], acceptToken: isGenuine, ...options }, {}, dependencies);

const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });
const run = async (gateway: TestGateway, token: string, document: string, input: object) =>
  (await gateway.run(document, { input: { id: 'fleet', ...input } }, headersOf(token))).result;
type Result = Awaited<ReturnType<typeof run>>;
const change = (groupId: string, more = {}) => ({
  platform: 'MAC_OS',
  ...listOf(groupId),
  ...more,
});
const add = (gateway: TestGateway, token: string, groupId: string, more = {}): Promise<Result> =>
  run(gateway, token, mutations.assign, change(groupId, more));
/** Adds all groups at the same time, with these tokens in turn. */
async function addAll(gateway: TestGateway, tokens: readonly string[], more = {}): Promise<void> {
  const tokenOf = (index: number) => tokens[index % tokens.length] ?? '';
  const adding = groups.map((groupId, index) => add(gateway, tokenOf(index), groupId, more));
  for (const answer of await Promise.all(adding)) {
    expect(payloadOf(answer)).toMatchObject(changed);
  }
}
const payloadOf = ({ errors, data }: Result): unknown => {
  expect(errors).toBeUndefined();
  return Object.values(data ?? {})[0];
};
const changed = { changed: true, userErrors: [] };
const heldBy = (graph: Emulator): unknown[] =>
  graph.partners()[0]?.macOsEnrollmentAssignments?.map((entry) => entry?.target?.groupId) ?? [];

async function revisionOf(gateway: TestGateway, token: string): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id: 'fleet' }, headersOf(token));
  return revisionIn(result);
}

/** Changes the list as another client of Graph does. */
function listBehind(graph: Emulator, ...macOsEnrollmentAssignments: object[]): Promise<void> {
  const body = { macOsEnrollmentAssignments };
  return writeBehind(graph, 'PATCH', '/fleet', body, bearerOf(contoso, 'portal'));
}

describe('40 changes at the same time', () => {
  it.each([
    [1, 0],
    [20, 3_000],
  ])('are all kept with %i tokens of a tenant and reads that lag %i ms', async (...row) => {
    const [count, readLagMs] = row;
    const { graph, gateway } = await start({ readLagMs });
    const users = Array.from({ length: count }, (_user, index) => bearerOf(contoso, `u${index}`));
    await addAll(gateway, users);
    expect(heldBy(graph).sort()).toEqual(groups);
  });

  it('are all kept with two users of an app that calls Graph as itself', async () => {
    const { graph, gateway, authority, close } = await startIdentityStage('app-only');
    closeLater(close);
    const [first] = graph.partners();
    const before = first?.macOsEnrollmentAssignments?.length ?? 0;
    const users = [ada, grace].map((user) => authority.mint({ user, scope: 'Partners.ReadWrite' }));
    await addAll(gateway, users, { id: first?.id });
    expect(heldBy(graph)).toHaveLength(before + groups.length);
  });
});

describe('a token that Graph has not accepted', () => {
  const forged = bearerOf(contoso, 'mallory', 'forged');
  const genuine = bearerOf(contoso, 'ada');

  it.each([
    ['delays no other caller of the tenant that it names', forged, genuine],
    ['does not wait for a change of the tenant that it names', genuine, forged],
  ])('%s', async (_what, held, other) => {
    const clock = createVirtualClock();
    const { graph, gateway } = await start({ clock });
    graph.faults.add({ delayMs: 1_000 });
    const first = add(gateway, held, groupA);
    await until(() => graph.requests.length === 1);
    const second = await add(gateway, other, groupB);
    await clock.advance(1_000);
    const [ofForged, ofGenuine] = held === forged ? [await first, second] : [second, await first];
    expect(ofForged.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(payloadOf(ofGenuine)).toMatchObject(changed);
    expect(heldBy(graph)).toHaveLength(1);
  });

  it('reads again after it has joined the changes of its tenant, and only then', async () => {
    const { graph, gateway } = await start();
    await add(gateway, genuine, groupA);
    await add(gateway, genuine, groupB);
    const methods = graph.requests.map(({ method }) => method);
    expect(methods).toEqual(['GET', 'GET', 'PATCH', 'GET', 'PATCH']);
  });
});

describe('a change with a revision', () => {
  const [one, two] = [bearerOf(contoso, 'one'), bearerOf(contoso, 'two')];

  it.each<[string, string, object]>([
    ['an update', mutations.update, { displayName: 'Other' }],
    ['a delete', mutations.delete, {}],
  ])('waits for one of another token: %s', async (_what, document, input) => {
    const clock = createVirtualClock();
    const { graph, gateway } = await start({ clock });
    const ifRevision = await revisionOf(gateway, one);
    await revisionOf(gateway, two);
    graph.faults.add({ when: { method: 'PATCH' }, delayMs: 1_000 });
    const adding = add(gateway, one, groupA);
    await until(() => graph.requests.some(({ method }) => method === 'PATCH'));
    const changing = run(gateway, two, document, { ...input, ifRevision });
    await clock.advance(1_000);
    expect(payloadOf(await adding)).toMatchObject(changed);
    expect(payloadOf(await changing)).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] });
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('does not pass because a read lags', async () => {
    const { gateway } = await start({ readLagMs: 60_000 });
    const ifRevision = await revisionOf(gateway, one);
    await add(gateway, one, groupA);
    const result = await run(gateway, two, mutations.update, { displayName: 'Other', ifRevision });
    const macOsEnrollmentAssignments = [{ target: { groupId: groupA } }];
    expect(payloadOf(result)).toMatchObject({
      userErrors: [{ code: 'CONFLICT' }],
      complianceManagementPartner: { macOsEnrollmentAssignments },
    });
    const notices = [{ code: 'CHANGE_NOT_VISIBLE_YET' }];
    expect(result.extensions).toMatchObject({ notices });
  });
});

describe('what was written last', () => {
  const token = bearerOf(contoso, 'ada');

  it('gives way to what another client of Graph wrote after it, and is written again on demand', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await listBehind(graph, entryOf(groupC));
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
    await listBehind(graph);
    expect(payloadOf(await add(gateway, token, groupB))).toMatchObject(changed);
    expect(heldBy(graph)).toContain(groupB);
  });

  it('is what the next change starts from when it removes, at a Graph that lags', async () => {
    const row = { id: 'fleet', macOsEnrollmentAssignments: [entryOf(groupA), entryOf(groupB)] };
    const { graph, gateway } = await start({ readLagMs: 60_000, seed: [row] });
    for (const groupId of [groupA, groupB]) {
      const result = await run(gateway, token, mutations.unassign, change(groupId));
      expect(payloadOf(result)).toMatchObject(changed);
    }
    expect(heldBy(graph)).toEqual([]);
  });

  it('is kept at a Graph that lags, also after an update that replaced a list without a read', async () => {
    const clock = createLeapingClock(pausesMs);
    const { graph, gateway } = await start({ readLagMs: 3_000, clock }, { clock });
    const macOsEnrollmentAssignments = [listOf(groupA)];
    await run(gateway, token, mutations.update, { macOsEnrollmentAssignments });
    expect(payloadOf(await add(gateway, token, groupB))).toMatchObject(changed);
    expect(heldBy(graph)).toEqual([groupA, groupB]);
  });
});
