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

const { embedded } = useStages();

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
  (['no-content-update', 'old-entity-update'] as const).map((oddity) => {
    const [what, document, input, after] = change;
    return { what, document, input, after, oddity };
  }),
);

async function run(gateway: TestGateway, document: string, change: object, headers = {}) {
  const input = { id: 'fleet', ...change };
  const { result, root: payload } = await gateway.run(document, { input }, headers);
  expect(result.errors).toBeUndefined();
  return { payload, notices: result.extensions?.notices };
}

const methods = ({ requests }: Emulator): string[] => requests.map(({ method }) => method);
const readsAfterPatch = (graph: Emulator): number => {
  const all = methods(graph);
  return all.slice(all.indexOf('PATCH') + 1).filter((method) => method === 'GET').length;
};
const notVisible = 'CHANGE_NOT_VISIBLE_YET';
const success = { userErrors: [] };

describe('a change that does not show yet', () => {
  it.each(cases)(
    'is read again until it shows: $what, $oddity',
    async ({ document, input, after, oddity }) => {
      const { graph, gateway } = await start({ oddities: [oddity], readLagMs: 3_000 });
      const { payload, notices } = await run(gateway, document, input);
      expect(payload).toMatchObject({ userErrors: [], complianceManagementPartner: after });
      expect(notices).toBeUndefined();
      expect(readsAfterPatch(graph)).toBeGreaterThan(1);
      expect(methods(graph).filter((method) => method === 'PATCH')).toHaveLength(1);
    },
  );

  it.each(cases)(
    'is reported as such when it never shows: $what, $oddity',
    async ({ document, input, oddity }) => {
      const { graph, gateway } = await start({ oddities: [oddity], readLagMs: 60_000 });
      const { payload, notices } = await run(gateway, document, input);
      expect(payload).toMatchObject({
        userErrors: [],
        complianceManagementPartner: { displayName: 'Before', ...shownAs(groupId) },
      });
      const message = expect.stringMatching(/displayName|iosEnrollmentAssignments/);
      expect(notices).toEqual([{ code: notVisible, message, path: [expect.any(String)] }]);
      expect(readsAfterPatch(graph)).toBeLessThanOrEqual(pausesMs.length + 1);
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
    graph.faults.add({ when: { method: 'PATCH' }, execute: true });
    // The read before an assignment's change is answered as usual.
    const times = document === updateMutation ? 0 : 1;
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    const { payload, notices } = await run(gateway, document, input);
    expect(payload).toMatchObject(success);
    expect(notices).toMatchObject([{ code: notVisible }]);
  });

  it.each([
    ['partnerState', 'ENABLED'],
    ['lastHeartbeatDateTime', '2026-02-01T00:00:00Z'],
  ])('is not waited for when Graph may ignore %s', async (name, value) => {
    const { graph, gateway } = await start({ oddities: ['old-entity-update'] });
    const { payload, notices } = await run(gateway, updateMutation, { [name]: value });
    expect(payload).toMatchObject(success);
    const message = expect.stringMatching(new RegExp(`${name}.*ignore`));
    expect(notices).toMatchObject([{ code: notVisible, message }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });

  it('is not waited for when all that Graph may not ignore shows', async () => {
    const { graph, gateway } = await start({});
    const body = { ...before, displayName: 'After' };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const change = { displayName: 'After', partnerState: 'ENABLED' };
    const { payload, notices } = await run(gateway, updateMutation, change);
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'After', partnerState: 'UNKNOWN' },
      userErrors: [],
    });
    const message = expect.stringMatching(/^.* in partnerState\. It may ignore/);
    expect(notices).toMatchObject([{ code: notVisible, message }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });
});

describe('an answer that shows the change in other words', () => {
  it('is a success', async () => {
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
    expect(payload).toMatchObject(success);
    expect(notices).toBeUndefined();
    expect(methods(graph)).toEqual(['PATCH']);
  });
});

describe('a third value', () => {
  const third = { ...before, displayName: 'Third', iosEnrollmentAssignments: [] };

  it.each<[string, string, object, string]>([
    ['a new assignment', addAssignmentMutation, target(otherId), 'target'],
    ['an update with a revision', updateMutation, { displayName: 'After' }, 'displayName'],
  ])('is a conflict after %s', async (_what, document, input, field) => {
    const { graph, gateway } = await start({ oddities: ['no-content-update'] });
    const { result } = await gateway.run(revisionQuery, { id: 'fleet' });
    const ifRevision = document === updateMutation ? revisionIn(result) : null;
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0 });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 200, body: third } });
    const { payload, notices } = await run(gateway, document, { ...input, ifRevision });
    const message = expect.stringContaining('from another change');
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'Third' },
      userErrors: [{ code: 'CONFLICT', field: ['input', field], message }],
    });
    expect(notices).toBeUndefined();
  });
});
