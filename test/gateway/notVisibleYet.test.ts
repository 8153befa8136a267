import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { pausesMs } from '../../src/partners/changePartner.ts';
import { revisionIn, revisionQuery } from '../support/documents.ts';
import { empty, json } from '../support/scriptedServer.ts';
import { mutations, useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { createLeapingClock } from '../support/virtualClock.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const otherId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
const entryOf = (id: string) => ({
  target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: id },
});
const before = {
  id: 'fleet',
  displayName: 'Before',
  partnerState: 'unknown',
  lastHeartbeatDateTime: '2026-01-01T00:00:00Z',
  iosEnrollmentAssignments: [entryOf(groupId)],
};

const { embedded, scripted } = useStages();

function start(options: Partial<EmulatorOptions>) {
  const clock = createLeapingClock(pausesMs);
  return embedded({ seed: [before], clock, ...options }, {}, { clock });
}

const target = (id: string) => ({ platform: 'IOS', target: { group: { groupId: id } } });
const shownAs = (...ids: string[]) => ({
  iosEnrollmentAssignments: ids.map((id) => ({ target: { groupId: id } })),
});
/** A change, and what the payload shows once Graph shows it. */
const changes: readonly (readonly [string, string, object, object])[] = [
  ['an update of a name', mutations.update, { displayName: 'After' }, { displayName: 'After' }],
  ['an update of a list', mutations.update, { iosEnrollmentAssignments: [] }, shownAs()],
  ['a new assignment', mutations.assign, target(otherId), shownAs(groupId, otherId)],
  ['an assignment less', mutations.unassign, target(groupId), shownAs()],
];
async function run(gateway: TestGateway, document: string, change: object, headers = {}) {
  const input = { id: 'fleet', ...change };
  const { result, root: payload } = await gateway.run(document, { input }, headers);
  expect(result.errors).toBeUndefined();
  return { payload, notices: result.extensions?.notices };
}

const methods = ({ requests }: { requests: readonly { method: string }[] }): string[] =>
  requests.map(({ method }) => method);
const readsAfterPatch = (graph: Emulator): number => {
  const all = methods(graph);
  return all.slice(all.indexOf('PATCH') + 1).filter((method) => method === 'GET').length;
};
const notVisible = 'CHANGE_NOT_VISIBLE_YET';

describe('a change that does not show yet', () => {
  it.each(changes)('is read again until it shows, or is reported: %s', async (...change) => {
    const [, document, input, after] = change;
    for (const oddity of ['no-content-update', 'old-entity-update'] as const) {
      for (const readLagMs of [3_000, 60_000]) {
        const isShown = readLagMs === 3_000;
        const { graph, gateway } = await start({ oddities: [oddity], readLagMs });
        const { payload, notices } = await run(gateway, document, input);
        const partner = isShown ? after : { displayName: 'Before', ...shownAs(groupId) };
        expect(payload).toMatchObject({ userErrors: [], complianceManagementPartner: partner });
        const message = expect.stringMatching(/displayName|iosEnrollmentAssignments/);
        const notice = { code: notVisible, message, path: [expect.any(String)] };
        expect(notices).toEqual(isShown ? undefined : [notice]);
        expect(readsAfterPatch(graph)).toBeGreaterThan(1);
        expect(readsAfterPatch(graph)).toBeLessThanOrEqual(pausesMs.length + 1);
        expect(methods(graph).filter((method) => method === 'PATCH')).toHaveLength(1);
      }
    }
  });

  it('is read again only within the time that the caller gives', async () => {
    const { graph, gateway } = await start({ oddities: ['old-entity-update'], readLagMs: 60_000 });
    const headers = { prefer: 'wait=4' };
    const { notices } = await run(gateway, mutations.assign, target(otherId), headers);
    expect(notices).toMatchObject([{ code: notVisible }]);
    expect(readsAfterPatch(graph)).toBeLessThan(pausesMs.length);
  });

  it.each(changes)('is no failure when it cannot be read again: %s', async (...change) => {
    const [, document, input] = change;
    const { graph, gateway } = await start({ oddities: ['old-entity-update'] });
    // The read before an assignment's change is answered as usual.
    const times = document === mutations.update ? 0 : 1;
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    const { payload, notices } = await run(gateway, document, input);
    expect(payload).toMatchObject({ userErrors: [] });
    expect(notices).toMatchObject([{ code: notVisible }]);
  });

  it.each<[string, object, object]>([
    ['partnerState', { partnerState: 'ENABLED' }, {}],
    ['lastHeartbeatDateTime', { lastHeartbeatDateTime: '2026-02-01T00:00:00Z' }, {}],
    ['partnerState', { displayName: 'After', partnerState: 'ENABLED' }, { displayName: 'After' }],
  ])('is not waited for when Graph may ignore it: %s of %j', async (name, change, applied) => {
    const { graph, gateway } = await start({});
    const body = { ...before, ...applied };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const { payload, notices } = await run(gateway, mutations.update, change);
    const complianceManagementPartner = { partnerState: 'UNKNOWN', ...applied };
    expect(payload).toMatchObject({ complianceManagementPartner, userErrors: [] });
    const message = expect.stringMatching(new RegExp(`^.* in ${name}\\. It may ignore`));
    expect(notices).toMatchObject([{ code: notVisible, message }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });
});

describe('a third value that the read after a change shows', () => {
  const showing = (...ids: string[]) => ({ ...before, iosEnrollmentAssignments: ids.map(entryOf) });
  const third = { ...before, displayName: 'Third' };
  const oneMore = showing(groupId, otherId);

  it.each<[string, string, object, typeof before, string]>([
    ['without an added target', mutations.assign, target(otherId), showing(), 'target'],
    ['with a removed target', mutations.unassign, target(groupId), oneMore, 'target'],
    ['with another name', mutations.update, { displayName: 'After' }, third, 'displayName'],
  ])('is a conflict %s', async (_what, document, change, after, field) => {
    const answers = [json(200, before), json(200, before), empty(204), json(200, after)];
    const { graph, gateway } = await scripted(answers);
    const ifRevision = revisionIn((await gateway.run(revisionQuery, { id: 'fleet' })).result);
    const { payload, notices } = await run(gateway, document, { ...change, ifRevision });
    const message = expect.stringContaining('from another change');
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: after.displayName },
      userErrors: [{ code: 'CONFLICT', field: ['input', field], message }],
    });
    expect(notices).toBeUndefined();
    expect(methods(graph)).toEqual(['GET', 'GET', 'PATCH', 'GET']);
  });
});
