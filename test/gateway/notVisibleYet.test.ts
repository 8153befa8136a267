import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { pausesMs } from '../../src/partners/untilShown.ts';
import { useClosing } from '../support/closing.ts';
import {
  addAssignmentMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { createLeapingClock } from '../support/leapingClock.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

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

const closeLater = useClosing();

async function start(options: Partial<EmulatorOptions>) {
  const clock = createLeapingClock(pausesMs);
  const graph = await startTestGraph({ seed: [before], clock, ...options });
  const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl }, { clock });
  closeLater(() => gateway.stop(0), graph.close);
  return { graph, gateway };
}

interface Change {
  readonly what: string;
  readonly document: string;
  readonly input: object;
  /** What the payload shows once Graph shows it, and as long as it does not. */
  readonly after: object;
}

const target = (id: string) => ({ platform: 'IOS', target: { group: { groupId: id } } });
const shownAs = (...ids: string[]) => ({
  iosEnrollmentAssignments: ids.map((id) => ({ target: { groupId: id } })),
});
const changes: readonly Change[] = [
  {
    what: 'an update of a name',
    document: updateMutation,
    input: { displayName: 'After' },
    after: { displayName: 'After' },
  },
  {
    what: 'an update of a list',
    document: updateMutation,
    input: { iosEnrollmentAssignments: [] },
    after: { iosEnrollmentAssignments: [] },
  },
  {
    what: 'a new assignment',
    document: addAssignmentMutation,
    input: target(otherId),
    after: shownAs(groupId, otherId),
  },
  {
    what: 'an assignment less',
    document: removeAssignmentMutation,
    input: target(groupId),
    after: shownAs(),
  },
];
const answers = [
  ['204', 'no-content-update'],
  ['the partner as it was', 'old-entity-update'],
] as const;
const cases = changes.flatMap((change) =>
  answers.map(([answer, oddity]) => ({ ...change, answer, oddity })),
);

async function run(gateway: TestGateway, document: string, input: object) {
  const { result } = await gateway.run(document, { input: { id: 'fleet', ...input } });
  expect(result.errors).toBeUndefined();
  const payload = Object.values(result.data ?? {})[0] as Readonly<Record<string, unknown>>;
  const { notices } = (result as { extensions?: { notices?: readonly object[] } }).extensions ?? {};
  return { payload, notices };
}

const methods = ({ requests }: Emulator): string[] => requests.map(({ method }) => method);
const readsAfterPatch = (graph: Emulator): number => {
  const all = methods(graph);
  return all.slice(all.indexOf('PATCH') + 1).filter((method) => method === 'GET').length;
};

describe('a change that does not show yet', () => {
  it.each(cases)(
    'is read again until it shows: $what, answered $answer',
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
    'is reported as such when it never shows: $what, answered $answer',
    async ({ document, input, oddity }) => {
      const { graph, gateway } = await start({ oddities: [oddity], readLagMs: 60_000 });
      const { payload, notices } = await run(gateway, document, input);
      expect(payload).toMatchObject({
        userErrors: [],
        complianceManagementPartner: { displayName: 'Before', ...shownAs(groupId) },
      });
      expect(notices).toEqual([
        {
          code: 'CHANGE_NOT_VISIBLE_YET',
          message: expect.stringMatching(/displayName|iosEnrollmentAssignments/),
          path: [expect.any(String)],
        },
      ]);
      expect(readsAfterPatch(graph)).toBeLessThanOrEqual(pausesMs.length + 1);
    },
  );

  it('is read again only within the time that the caller gives', async () => {
    const { graph, gateway } = await start({ oddities: ['old-entity-update'], readLagMs: 60_000 });
    const { result } = await gateway.run(
      addAssignmentMutation,
      { input: { id: 'fleet', ...target(otherId) } },
      { prefer: 'wait=4' },
    );
    expect(result).toHaveProperty('extensions.notices.0.code', 'CHANGE_NOT_VISIBLE_YET');
    expect(readsAfterPatch(graph)).toBeLessThan(pausesMs.length);
  });

  it.each(cases.filter(({ oddity }) => oddity === 'old-entity-update'))(
    'is no failure when it cannot be read again: $what',
    async ({ document, input }) => {
      const { graph, gateway } = await start({ oddities: ['old-entity-update'] });
      graph.faults.add({ when: { method: 'PATCH' }, execute: true });
      const isChange = document !== updateMutation;
      // The read before an assignment's change is answered as usual.
      graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times: isChange ? 1 : 0 });
      graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
      const { payload, notices } = await run(gateway, document, input);
      expect(payload).toMatchObject({ userErrors: [] });
      expect(notices).toMatchObject([{ code: 'CHANGE_NOT_VISIBLE_YET' }]);
    },
  );

  it.each([
    ['a state', { partnerState: 'ENABLED' }, /partnerState/],
    ['a heartbeat', { lastHeartbeatDateTime: '2026-02-01T00:00:00Z' }, /lastHeartbeatDateTime/],
  ])('is not waited for when Graph may ignore %s', async (_what, input, name) => {
    const { graph, gateway } = await start({ oddities: ['old-entity-update'] });
    const { payload, notices } = await run(gateway, updateMutation, input);
    expect(payload).toMatchObject({ userErrors: [] });
    expect(notices).toMatchObject([
      { code: 'CHANGE_NOT_VISIBLE_YET', message: expect.stringMatching(name) },
    ]);
    expect(notices).toMatchObject([{ message: expect.stringContaining('ignore') }]);
    expect(methods(graph)).toEqual(['PATCH']);
  });

  it('is not waited for when all that Graph may not ignore shows', async () => {
    const { graph, gateway } = await start({});
    const body = { ...before, displayName: 'After' };
    graph.faults.add({ when: { method: 'PATCH' }, respond: { status: 200, body } });
    const { payload, notices } = await run(gateway, updateMutation, {
      displayName: 'After',
      partnerState: 'ENABLED',
    });
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'After', partnerState: 'UNKNOWN' },
      userErrors: [],
    });
    expect(notices).toEqual([
      expect.objectContaining({
        code: 'CHANGE_NOT_VISIBLE_YET',
        message: expect.stringMatching(/^.* in partnerState\. It may ignore/),
      }),
    ]);
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
    expect(payload).toMatchObject({ userErrors: [] });
    expect(notices).toBeUndefined();
    expect(methods(graph)).toEqual(['PATCH']);
  });
});

describe('a third value', () => {
  const third = { ...before, displayName: 'Third', iosEnrollmentAssignments: [] };

  it.each([
    ['a new assignment', addAssignmentMutation, target(otherId), ['input', 'target']],
    [
      'an update with a revision',
      updateMutation,
      { displayName: 'After', ifRevision: 'as it is' },
      ['input', 'displayName'],
    ],
  ])('is a conflict after %s', async (_what, document, input, field) => {
    const { graph, gateway } = await start({ oddities: ['no-content-update'] });
    const { result } = await gateway.run(revisionQuery, { id: 'fleet' });
    const revision = revisionIn(result);
    graph.faults.add({ when: { method: 'GET' }, delayMs: 0 });
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 200, body: third } });
    const given = 'ifRevision' in input ? { ...input, ifRevision: revision } : input;
    const { payload, notices } = await run(gateway, document, given);
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'Third' },
      userErrors: [
        { code: 'CONFLICT', field, message: expect.stringContaining('from another change') },
      ],
    });
    expect(notices).toBeUndefined();
  });
});
