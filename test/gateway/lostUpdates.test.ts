import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { pausesMs } from '../../src/partners/changePartner.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { ada, grace } from '../support/authority/people.ts';
import { bearerOf, isGenuine } from '../support/bearerTokens.ts';
import { revisionIn, revisionQuery } from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { empty, json } from '../support/scriptedServer.ts';
import { mutations, useStages, writeBehind } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createLeapingClock, createVirtualClock } from '../support/virtualClock.ts';

const contoso = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groupOf = (index: number) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`;
const groups = Array.from({ length: 40 }, (_value, index) => groupOf(index));
const [groupA = '', groupB = '', groupC = ''] = groups;
const entryOf = (groupId: string) => ({
  target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId },
});
const before = {
  id: 'fleet',
  displayName: 'Before',
  partnerState: 'unknown',
  lastHeartbeatDateTime: '2026-01-01T00:00:00Z',
};
const holding = (...ids: string[]) => ({ ...before, iosEnrollmentAssignments: ids.map(entryOf) });
const shownAs = (...ids: string[]) => ({
  iosEnrollmentAssignments: ids.map((groupId) => ({ target: { groupId } })),
});
const change = (groupId: string) => ({ platform: 'IOS', target: { group: { groupId } } });

const { embedded, scripted, closeLater } = useStages();

const start = (options: Partial<EmulatorOptions> = {}, clock?: Clock) =>
  embedded(
    { seed: [before], acceptToken: isGenuine, ...(clock && { clock }), ...options },
    {},
    clock && { clock },
  );
const startLeaping = (options: Partial<EmulatorOptions>) =>
  start({ seed: [holding(groupA)], ...options }, createLeapingClock(pausesMs));

const token = bearerOf(contoso, 'ada');
const other = bearerOf(contoso, 'grace');
const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
async function run(gateway: TestGateway, document: string, change: object, headers = {}) {
  const input = { id: 'fleet', ...change };
  const answer = await gateway.run(document, { input }, { ...as(token), ...headers });
  return { payload: answer.root, notices: answer.result.extensions?.notices, codes: answer.codes };
}
const add = (gateway: TestGateway, bearer: string, groupId: string, more = {}) =>
  run(gateway, mutations.assign, { ...change(groupId), ...more }, as(bearer));
const changed = { payload: { changed: true, userErrors: [] }, codes: [] };

const methods = ({ requests }: { requests: readonly { method: string }[] }): string[] =>
  requests.map(({ method }) => method);
const heldBy = (graph: Emulator): unknown[] =>
  graph.partners()[0]?.iosEnrollmentAssignments?.map((entry) => entry?.target?.groupId) ?? [];
const revisionOf = async (gateway: TestGateway, bearer = token): Promise<string> =>
  revisionIn((await gateway.run(revisionQuery, { id: 'fleet' }, as(bearer))).result);
/** Changes the list as another client of Graph does. */
const listBehind = (graph: Emulator, ...ids: string[]): Promise<void> =>
  writeBehind(graph, 'PATCH', '/fleet', holding(...ids), bearerOf(contoso, 'portal'));

describe('40 changes at the same time', () => {
  /** Adds all groups at the same time, with these tokens in turn. */
  async function addAll(gateway: TestGateway, tokens: readonly string[], more = {}): Promise<void> {
    const tokenOf = (index: number) => tokens[index % tokens.length] ?? '';
    const adding = groups.map((groupId, index) => add(gateway, tokenOf(index), groupId, more));
    expect(await Promise.all(adding)).toMatchObject(groups.map(() => changed));
  }

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
    const held = heldBy(graph).length;
    const users = [ada, grace].map((user) => authority.mint({ user, scope: 'Partners.ReadWrite' }));
    await addAll(gateway, users, { id: graph.partners()[0]?.id });
    expect(heldBy(graph)).toHaveLength(held + groups.length);
  });
});

describe('a token that Graph has not accepted', () => {
  const forged = bearerOf(contoso, 'mallory', 'forged');

  it.each([
    ['delays no other caller of the tenant that it names', forged, token],
    ['does not wait for a change of the tenant that it names', token, forged],
  ])('%s', async (_what, held, next) => {
    const clock = createVirtualClock();
    const { graph, gateway } = await start({}, clock);
    graph.faults.add({ delayMs: 1_000 });
    const first = add(gateway, held, groupA);
    await until(() => graph.requests.length === 1);
    const second = await add(gateway, next, groupB);
    await clock.advance(1_000);
    const both = [await first, second];
    const [ofForged, ofGenuine] = held === forged ? both : both.reverse();
    expect(ofForged?.codes).toEqual(['UNAUTHENTICATED']);
    expect(ofGenuine).toMatchObject(changed);
    expect(heldBy(graph)).toHaveLength(1);
  });

  it('reads again after it has joined the changes of its tenant, and only then', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await add(gateway, token, groupB);
    expect(methods(graph)).toEqual(['GET', 'GET', 'PATCH', 'GET', 'PATCH']);
  });
});

describe('a change with a revision', () => {
  const name = { displayName: 'Other' };

  it.each([
    ['an update', mutations.update, name],
    ['a delete', mutations.delete, {}],
  ])('waits for one of another token: %s', async (_what, document, input) => {
    const clock = createVirtualClock();
    const { graph, gateway } = await start({}, clock);
    const ifRevision = await revisionOf(gateway);
    await revisionOf(gateway, other);
    graph.faults.add({ when: { method: 'PATCH' }, delayMs: 1_000 });
    const adding = add(gateway, token, groupA);
    await until(() => methods(graph).includes('PATCH'));
    const changing = run(gateway, document, { ...input, ifRevision }, as(other));
    await clock.advance(1_000);
    expect(await adding).toMatchObject(changed);
    expect((await changing).payload).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] });
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('does not pass because a read lags', async () => {
    const { gateway } = await start({ readLagMs: 60_000 });
    const ifRevision = await revisionOf(gateway);
    await add(gateway, token, groupA);
    const input = { ...name, ifRevision };
    expect(await run(gateway, mutations.update, input, as(other))).toMatchObject({
      payload: { userErrors: [{ code: 'CONFLICT' }], complianceManagementPartner: shownAs(groupA) },
      notices: [{ code: 'CHANGE_NOT_VISIBLE_YET' }],
    });
  });

  const third = { ...before, displayName: 'Third' };
  it.each([
    ['without an added target', mutations.assign, change(groupB), holding(), 'target'],
    ['with a removed one', mutations.unassign, change(groupA), holding(groupA, groupB), 'target'],
    ['with another name', mutations.update, name, third, 'displayName'],
  ])('conflicts if the read after it shows a third value: %s', async (...row) => {
    const [, document, input, after, field] = row;
    const first = json(200, holding(groupA));
    const { graph, gateway } = await scripted([first, first, empty(204), json(200, after)]);
    const ifRevision = await revisionOf(gateway);
    const { payload, notices } = await run(gateway, document, { ...input, ifRevision });
    const message = expect.stringContaining('from another change');
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: after.displayName },
      userErrors: [{ code: 'CONFLICT', field: ['input', field], message }],
    });
    expect(notices).toBeUndefined();
    expect(methods(graph)).toEqual(['GET', 'GET', 'PATCH', 'GET']);
  });
});

describe('what was written last', () => {
  it('gives way to what another client of Graph wrote after it, and is written again on demand', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await listBehind(graph, groupC);
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
    await listBehind(graph);
    expect(await add(gateway, token, groupB)).toMatchObject(changed);
    expect(heldBy(graph)).toContain(groupB);
  });

  it('is what the next change starts from when it removes, at a Graph that lags', async () => {
    const { graph, gateway } = await start({ readLagMs: 60_000, seed: [holding(groupA, groupB)] });
    for (const groupId of [groupA, groupB]) {
      expect(await run(gateway, mutations.unassign, change(groupId))).toMatchObject(changed);
    }
    expect(heldBy(graph)).toEqual([]);
  });

  it('is kept at a Graph that lags, also after an update that replaced a list without a read', async () => {
    const { graph, gateway } = await startLeaping({ seed: [before], readLagMs: 3_000 });
    const { target } = change(groupA);
    await run(gateway, mutations.update, { iosEnrollmentAssignments: [{ target }] });
    expect(await add(gateway, token, groupB)).toMatchObject(changed);
    expect(heldBy(graph)).toEqual([groupA, groupB]);
  });
});

describe('a change that does not show yet', () => {
  const readsAfterPatch = (graph: Emulator): number =>
    methods(graph).join().split('PATCH')[1]?.match(/GET/g)?.length ?? 0;
  const code = 'CHANGE_NOT_VISIBLE_YET';
  const after = { displayName: 'After' };
  const emptied = { iosEnrollmentAssignments: [] };
  /** A change, and what the payload shows once Graph shows it. */
  const changes = [
    ['an update of a name', mutations.update, after, after],
    ['an update of a list', mutations.update, emptied, emptied],
    ['a new assignment', mutations.assign, change(groupB), shownAs(groupA, groupB)],
    ['an assignment less', mutations.unassign, change(groupA), shownAs()],
  ] as const;

  it.each(changes)('is read again until it shows, or is reported: %s', async (...row) => {
    const [, document, input, shown] = row;
    for (const oddity of ['no-content-update', 'old-entity-update'] as const) {
      for (const readLagMs of [3_000, 60_000]) {
        const isShown = readLagMs === 3_000;
        const { graph, gateway } = await startLeaping({ oddities: [oddity], readLagMs });
        const { payload, notices } = await run(gateway, document, input);
        const partner = isShown ? shown : { displayName: 'Before', ...shownAs(groupA) };
        expect(payload).toMatchObject({ userErrors: [], complianceManagementPartner: partner });
        const message = expect.stringMatching(/displayName|iosEnrollmentAssignments/);
        const notice = { code, message, path: [expect.any(String)] };
        expect(notices).toEqual(isShown ? undefined : [notice]);
        expect(readsAfterPatch(graph)).toBeGreaterThan(1);
        expect(readsAfterPatch(graph)).toBeLessThanOrEqual(pausesMs.length + 1);
        expect(methods(graph).filter((method) => method === 'PATCH')).toHaveLength(1);
      }
    }
  });

  it('is read again only within the time that the caller gives', async () => {
    const stale = await startLeaping({ oddities: ['old-entity-update'], readLagMs: 60_000 });
    const prefer = { prefer: 'wait=4' };
    const { notices } = await run(stale.gateway, mutations.assign, change(groupB), prefer);
    expect(notices).toMatchObject([{ code }]);
    expect(readsAfterPatch(stale.graph)).toBeLessThan(pausesMs.length);
  });

  it.each(changes)('is no failure when it cannot be read again: %s', async (...row) => {
    const [, document, input] = row;
    const { graph, gateway } = await startLeaping({ oddities: ['old-entity-update'] });
    await revisionOf(gateway);
    // The read before an assignment's change is answered as usual.
    const times = document === mutations.update ? 0 : 1;
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    expect(await run(gateway, document, input)).toMatchObject({
      payload: { userErrors: [] },
      notices: [{ code }],
    });
  });

  it.each([
    ['partnerState', { partnerState: 'ENABLED' }, {}],
    ['lastHeartbeatDateTime', { lastHeartbeatDateTime: '2026-02-01T00:00:00Z' }, {}],
    ['partnerState', { ...after, partnerState: 'ENABLED' }, after],
  ])('is not waited for when Graph may ignore it: %s of %j', async (name, input, applied) => {
    const { graph, gateway } = await startLeaping({});
    const body = { ...before, ...applied };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const { payload, notices } = await run(gateway, mutations.update, input);
    const complianceManagementPartner = { partnerState: 'UNKNOWN', ...applied };
    expect(payload).toMatchObject({ complianceManagementPartner, userErrors: [] });
    const message = expect.stringMatching(new RegExp(`^.* in ${name}\\. It may ignore`));
    expect(notices).toMatchObject([{ code, message }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });
});
