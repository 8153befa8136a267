import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { pausesMs } from '../../src/partners/changePartner.ts';
import {
  addAssignmentMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { empty, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
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
  ['an update of a name', updateMutation, { displayName: 'After' }, { displayName: 'After' }],
  ['an update of a list', updateMutation, { iosEnrollmentAssignments: [] }, shownAs()],
  ['a new assignment', addAssignmentMutation, target(otherId), shownAs(groupId, otherId)],
  ['an assignment less', removeAssignmentMutation, target(groupId), shownAs()],
];
const cases = changes.flatMap((change) =>
  (['no-content-update', 'old-entity-update'] as const).map(
    (oddity) => [...change, oddity] as const,
  ),
);

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
  it.each(cases)(
    'is read again until it shows, and is reported if it never does: %s',
    async (_what, document, input, after, oddity) => {
      const slow = await start({ oddities: [oddity], readLagMs: 3_000 });
      const shown = await run(slow.gateway, document, input);
      expect(shown.payload).toMatchObject({ userErrors: [], complianceManagementPartner: after });
      expect(shown.notices).toBeUndefined();
      expect(readsAfterPatch(slow.graph)).toBeGreaterThan(1);
      expect(methods(slow.graph).filter((method) => method === 'PATCH')).toHaveLength(1);

      const stale = await start({ oddities: [oddity], readLagMs: 60_000 });
      const { payload, notices } = await run(stale.gateway, document, input);
      expect(payload).toMatchObject({
        userErrors: [],
        complianceManagementPartner: { displayName: 'Before', ...shownAs(groupId) },
      });
      const message = expect.stringMatching(/displayName|iosEnrollmentAssignments/);
      expect(notices).toEqual([{ code: notVisible, message, path: [expect.any(String)] }]);
      expect(readsAfterPatch(stale.graph)).toBeLessThanOrEqual(pausesMs.length + 1);
    },
  );

  it('is read again only within the time that the caller gives', async () => {
    const { graph, gateway } = await start({ oddities: ['old-entity-update'], readLagMs: 60_000 });
    const headers = { prefer: 'wait=4' };
    const { notices } = await run(gateway, addAssignmentMutation, target(otherId), headers);
    expect(notices).toMatchObject([{ code: notVisible }]);
    expect(readsAfterPatch(graph)).toBeLessThan(pausesMs.length);
  });

  it.each(changes)('is no failure when it cannot be read again: %s', async (...change) => {
    const [, document, input] = change;
    const { graph, gateway } = await start({ oddities: ['old-entity-update'] });
    // The read before an assignment's change is answered as usual.
    const times = document === updateMutation ? 0 : 1;
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    const { payload, notices } = await run(gateway, document, input);
    expect(payload).toMatchObject({ userErrors: [] });
    expect(notices).toMatchObject([{ code: notVisible }]);
  });

  it.each<[string, Record<string, string>]>([
    ['partnerState', { partnerState: 'ENABLED' }],
    ['lastHeartbeatDateTime', { lastHeartbeatDateTime: '2026-02-01T00:00:00Z' }],
    ['partnerState', { displayName: 'After', partnerState: 'ENABLED' }],
  ])('is not waited for when Graph may ignore it: %s of %j', async (name, change) => {
    const { graph, gateway } = await start({});
    const body = { ...before, displayName: change['displayName'] ?? before.displayName };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const { payload, notices } = await run(gateway, updateMutation, change);
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: body.displayName, partnerState: 'UNKNOWN' },
      userErrors: [],
    });
    const message = expect.stringMatching(new RegExp(`^.* in ${name}\\. It may ignore`));
    expect(notices).toMatchObject([{ code: notVisible, message }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });

  it('shows also in other words for the same', async () => {
    const { graph, gateway } = await start({});
    const body = {
      id: 'fleet',
      lastHeartbeatDateTime: '2026-02-11T05:30:05.12Z',
      iosEnrollmentAssignments: [
        { target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' } },
        entryOf(otherId.toUpperCase()),
      ],
    };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const { payload, notices } = await run(gateway, updateMutation, {
      lastHeartbeatDateTime: '2026-02-11T08:30:05.120+03:00',
      androidOnboarded: false,
      iosEnrollmentAssignments: [
        { target: { group: { groupId: otherId } } },
        { target: { allDevices: {} } },
      ],
    });
    expect(payload).toMatchObject({ userErrors: [] });
    expect(notices).toBeUndefined();
    expect(methods(graph)).toEqual(['PATCH']);
  });
});

describe('a third value that the read after a change shows', () => {
  const showing = (...ids: string[]) => ({ ...before, iosEnrollmentAssignments: ids.map(entryOf) });
  const third = { ...before, displayName: 'Third' };
  const oneMore = showing(groupId, otherId);

  it.each<[string, string, object, typeof before, string]>([
    ['without an added target', addAssignmentMutation, target(otherId), showing(), 'target'],
    ['with a removed target', removeAssignmentMutation, target(groupId), oneMore, 'target'],
    ['with another name', updateMutation, { displayName: 'After' }, third, 'displayName'],
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
