import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { pausesMs } from '../../src/partners/changePartner.ts';
import { ada, grace } from '../support/authority/people.ts';
import { bearerOf, isGenuine } from '../support/bearerTokens.ts';
import {
  addAssignmentMutation,
  deleteMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { useStages, writeBehind } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createLeapingClock, createVirtualClock } from '../support/virtualClock.ts';

const contoso = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const entryOf = (groupId: string) => ({ target: { '@odata.type': groupType, groupId } });
const groups = Array.from(
  { length: 40 },
  (_value, index) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`,
);
const [groupA = '', groupB = '', groupC = ''] = groups;
const listOf = (groupId: string) => ({ target: { group: { groupId } } });

const { embedded, closeLater } = useStages();

const start = (
  options: Partial<EmulatorOptions> = {},
  dependencies = {},
  row: Partial<PartnerResource> = {},
) =>
  embedded(
    { seed: [{ id: 'fleet', ...row }], acceptToken: isGenuine, ...options },
    {},
    dependencies,
  );

const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });
const run = async (gateway: TestGateway, token: string, document: string, input: object) =>
  (await gateway.run(document, { input: { id: 'fleet', ...input } }, headersOf(token))).result;
type Result = Awaited<ReturnType<typeof run>>;
const add = (
  gateway: TestGateway,
  token: string,
  groupId: string,
  more: object = {},
): Promise<Result> =>
  run(gateway, token, addAssignmentMutation, { platform: 'MAC_OS', ...listOf(groupId), ...more });
const payloadOf = ({ errors, data }: Result): unknown => {
  expect(errors).toBeUndefined();
  return Object.values(data ?? {})[0];
};
const codeOf = ({ errors }: Result): unknown => errors?.[0]?.extensions['code'];
const changed = { changed: true, userErrors: [] };
const heldBy = (graph: Emulator): unknown[] =>
  graph.partners()[0]?.macOsEnrollmentAssignments?.map((entry) => entry?.target?.groupId) ?? [];

async function revisionOf(gateway: TestGateway, token: string): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id: 'fleet' }, headersOf(token));
  return revisionIn(result);
}

/** Changes the list as another client of Graph does. */
const listBehind = (graph: Emulator, macOsEnrollmentAssignments: object[]): Promise<void> =>
  writeBehind(
    graph,
    'PATCH',
    '/fleet',
    { macOsEnrollmentAssignments },
    bearerOf(contoso, 'portal'),
  );

describe('40 changes at the same time', () => {
  it.each([
    [1, 0],
    [2, 0],
    [20, 0],
    [1, 3_000],
    [20, 3_000],
  ])(
    'are all kept with %i tokens of one tenant and reads that lag %i ms',
    async (count, readLagMs) => {
      const { graph, gateway } = await start({ readLagMs });
      const answers = await Promise.all(
        groups.map((groupId, index) =>
          add(gateway, bearerOf(contoso, `user ${index % count}`), groupId),
        ),
      );
      for (const answer of answers) {
        expect(payloadOf(answer)).toMatchObject(changed);
      }
      expect(heldBy(graph).sort()).toEqual(groups);
    },
  );

  it('are all kept with two users of an app that calls Graph as itself', async () => {
    const { graph, gateway, authority, close } = await startIdentityStage('app-only');
    closeLater(close);
    const [first] = graph.partners();
    const before = first?.macOsEnrollmentAssignments?.length ?? 0;
    const users = [ada, grace].map((user) => authority.mint({ user, scope: 'Partners.ReadWrite' }));
    const answers = await Promise.all(
      groups.map((groupId, index) =>
        add(gateway, users[index % 2] ?? '', groupId, { id: first?.id }),
      ),
    );
    for (const answer of answers) {
      expect(payloadOf(answer)).toMatchObject(changed);
    }
    expect(heldBy(graph)).toHaveLength(before + groups.length);
  });
});

describe('a token that Graph has not accepted', () => {
  /** A Graph whose first answer does not come before the test says so. */
  async function startHeld() {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    stage.graph.faults.add({ delayMs: 1_000 });
    return { ...stage, release: () => clock.advance(1_000) };
  }
  const forged = bearerOf(contoso, 'mallory', 'forged');

  it('delays no other caller of the tenant that it names', async () => {
    const { graph, gateway, release } = await startHeld();
    const held = add(gateway, forged, groupA);
    await until(() => graph.requests.length === 1);
    expect(payloadOf(await add(gateway, bearerOf(contoso, 'ada'), groupB))).toMatchObject(changed);
    await release();
    expect(codeOf(await held)).toBe('UNAUTHENTICATED');
    expect(heldBy(graph)).toEqual([groupB]);
  });

  it('does not wait for a change of the tenant that it names', async () => {
    const { graph, gateway, release } = await startHeld();
    const held = add(gateway, bearerOf(contoso, 'ada'), groupA);
    await until(() => graph.requests.length === 1);
    expect(codeOf(await add(gateway, forged, groupB))).toBe('UNAUTHENTICATED');
    await release();
    expect(payloadOf(await held)).toMatchObject(changed);
  });

  it('reads again after it has joined the changes of its tenant, and only then', async () => {
    const { graph, gateway } = await start();
    const token = bearerOf(contoso, 'ada');
    await add(gateway, token, groupA);
    await add(gateway, token, groupB);
    const methods = graph.requests.map(({ method }) => method);
    expect(methods).toEqual(['GET', 'GET', 'PATCH', 'GET', 'PATCH']);
  });
});

describe('a change with a revision', () => {
  const [one, two] = [bearerOf(contoso, 'one'), bearerOf(contoso, 'two')];

  it.each<[string, string, object]>([
    ['an update', updateMutation, { displayName: 'Other' }],
    ['a delete', deleteMutation, {}],
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
    const result = await run(gateway, two, updateMutation, { displayName: 'Other', ifRevision });
    expect(payloadOf(result)).toMatchObject({
      userErrors: [{ code: 'CONFLICT' }],
      complianceManagementPartner: {
        macOsEnrollmentAssignments: [{ target: { groupId: groupA } }],
      },
    });
    expect(result).toMatchObject({
      extensions: { notices: [{ code: 'CHANGE_NOT_VISIBLE_YET' }] },
    });
  });
});

describe('what was written last', () => {
  const token = bearerOf(contoso, 'ada');

  it('gives way to what another client of Graph wrote after it', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await listBehind(graph, [entryOf(groupC)]);
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
  });

  it('is written again if no read shows it and the same is asked for again', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await listBehind(graph, []);
    expect(payloadOf(await add(gateway, token, groupA))).toMatchObject(changed);
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('is what the next change starts from when it removes, at a Graph that lags', async () => {
    const row = { macOsEnrollmentAssignments: [entryOf(groupA), entryOf(groupB)] };
    const { graph, gateway } = await start({ readLagMs: 60_000 }, {}, row);
    for (const groupId of [groupA, groupB]) {
      const input = { platform: 'MAC_OS', ...listOf(groupId) };
      const result = await run(gateway, token, removeAssignmentMutation, input);
      expect(payloadOf(result)).toMatchObject(changed);
    }
    expect(heldBy(graph)).toEqual([]);
  });

  /** Replaces the list by an update, which reads nothing. */
  async function startReplaced(readLagMs: number) {
    const clock = createLeapingClock(pausesMs);
    const stage = await start({ readLagMs, clock }, { clock });
    const macOsEnrollmentAssignments = [listOf(groupA)];
    await run(stage.gateway, token, updateMutation, { macOsEnrollmentAssignments });
    return stage;
  }

  it('is kept after an update that replaced a list without a read, at a Graph that lags', async () => {
    const { graph, gateway } = await startReplaced(3_000);
    expect(payloadOf(await add(gateway, token, groupB))).toMatchObject(changed);
    expect(heldBy(graph)).toEqual([groupA, groupB]);
  });

  it('gives way to another client also after an update that read nothing', async () => {
    const { graph, gateway } = await startReplaced(0);
    await listBehind(graph, [entryOf(groupC)]);
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
  });
});
