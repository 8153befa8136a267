import { describe, expect, it } from '@jest/globals';
import type { Dependencies } from '../../src/dependencies.ts';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { pausesMs } from '../../src/partners/untilShown.ts';
import { ada, grace } from '../support/authority/people.ts';
import { bearerOf, isGenuine } from '../support/bearerTokens.ts';
import { useClosing } from '../support/closing.ts';
import {
  addAssignmentMutation,
  deleteMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { createLeapingClock } from '../support/leapingClock.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const contoso = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const entryOf = (groupId: string) => ({ target: { '@odata.type': groupType, groupId } });
const groupsOf = (count: number): string[] =>
  Array.from(
    { length: count },
    (_value, index) => `2b4f3f0e-1f5d-4c7a-9a0b-${String(index).padStart(12, '0')}`,
  );
const [groupA = '', groupB = '', groupC = ''] = groupsOf(3);

const closeLater = useClosing();

interface Stage {
  readonly graph: Emulator;
  readonly gateway: TestGateway;
}

async function start(
  options: Partial<EmulatorOptions> = {},
  surroundings: Partial<Dependencies> = {},
  row: Partial<PartnerResource> = {},
): Promise<Stage> {
  const graph = await startTestGraph({
    seed: [{ id: 'fleet', ...row }],
    acceptToken: isGenuine,
    ...options,
  });
  const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl }, surroundings);
  closeLater(() => gateway.stop(0), graph.close);
  return { graph, gateway };
}

type Answer = Awaited<ReturnType<TestGateway['run']>>;

const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });
const run = (gateway: TestGateway, token: string, document: string, input: object) =>
  gateway.run(document, { input: { id: 'fleet', ...input } }, headersOf(token));
const add = (gateway: TestGateway, token: string, groupId: string, more: object = {}) =>
  run(gateway, token, addAssignmentMutation, {
    platform: 'MAC_OS',
    target: { group: { groupId } },
    ...more,
  });
const payloadOf = ({ result }: Answer): unknown => {
  expect(result.errors).toBeUndefined();
  return Object.values(result.data ?? {})[0];
};
const heldBy = (graph: Emulator): unknown[] =>
  graph.partners()[0]?.macOsEnrollmentAssignments?.map((entry) => entry?.target?.groupId) ?? [];

async function revisionOf(gateway: TestGateway, token: string): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id: 'fleet' }, headersOf(token));
  return revisionIn(result);
}

/** Changes the partner as another client of Graph does. */
async function behind(graph: Emulator, body: object): Promise<void> {
  const answer = await fetch(
    `${graph.baseUrl}/beta/deviceManagement/complianceManagementPartners/fleet`,
    {
      method: 'PATCH',
      headers: { ...headersOf(bearerOf(contoso, 'portal')), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
  );
  expect(answer.status).toBe(200);
}

describe('40 changes at the same time', () => {
  const groups = groupsOf(40);

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
      const tokens = Array.from({ length: count }, (_value, index) =>
        bearerOf(contoso, `user ${index}`),
      );
      const answers = await Promise.all(
        groups.map((groupId, index) => add(gateway, tokens[index % count] ?? '', groupId)),
      );
      for (const answer of answers) {
        expect(payloadOf(answer)).toMatchObject({ changed: true, userErrors: [] });
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
      expect(payloadOf(answer)).toMatchObject({ changed: true });
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
    expect(payloadOf(await add(gateway, bearerOf(contoso, 'ada'), groupB))).toMatchObject({
      changed: true,
    });
    await release();
    expect((await held).result.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    expect(heldBy(graph)).toEqual([groupB]);
  });

  it('does not wait for a change of the tenant that it names', async () => {
    const { graph, gateway, release } = await startHeld();
    const held = add(gateway, bearerOf(contoso, 'ada'), groupA);
    await until(() => graph.requests.length === 1);
    const { result } = await add(gateway, forged, groupB);
    expect(result.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    await release();
    expect(payloadOf(await held)).toMatchObject({ changed: true });
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

  async function startWithRevision() {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    const revisions = [];
    for (const token of [one, two]) {
      revisions.push(await revisionOf(stage.gateway, token));
    }
    return { ...stage, clock, ifRevision: revisions[0] };
  }

  it.each<[string, string, object]>([
    ['an update', updateMutation, { displayName: 'Other' }],
    ['a delete', deleteMutation, {}],
  ])('waits for one of another token: %s', async (_what, document, input) => {
    const { graph, gateway, clock, ifRevision } = await startWithRevision();
    graph.faults.add({ when: { method: 'PATCH' }, delayMs: 1_000 });
    const adding = add(gateway, one, groupA);
    await until(() => graph.requests.some(({ method }) => method === 'PATCH'));
    const changing = run(gateway, two, document, { ...input, ifRevision });
    await clock.advance(1_000);
    expect(payloadOf(await adding)).toMatchObject({ changed: true });
    expect(payloadOf(await changing)).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] });
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('does not pass because a read lags', async () => {
    const { gateway } = await start({ readLagMs: 60_000 });
    const before = await revisionOf(gateway, one);
    await add(gateway, one, groupA);
    const changed = await run(gateway, two, updateMutation, {
      displayName: 'Other',
      ifRevision: before,
    });
    expect(payloadOf(changed)).toMatchObject({
      userErrors: [{ code: 'CONFLICT' }],
      complianceManagementPartner: {
        macOsEnrollmentAssignments: [{ target: { groupId: groupA } }],
      },
    });
    expect(changed.result).toMatchObject({
      extensions: { notices: [{ code: 'CHANGE_NOT_VISIBLE_YET' }] },
    });
  });
});

describe('what was written last', () => {
  const token = bearerOf(contoso, 'ada');

  it('gives way to what another client of Graph wrote after it', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await behind(graph, { macOsEnrollmentAssignments: [entryOf(groupC)] });
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
  });

  it('is written again if no read shows it and the same is asked for again', async () => {
    const { graph, gateway } = await start();
    await add(gateway, token, groupA);
    await behind(graph, { macOsEnrollmentAssignments: [] });
    expect(payloadOf(await add(gateway, token, groupA))).toMatchObject({ changed: true });
    expect(heldBy(graph)).toEqual([groupA]);
  });

  it('is what the next change starts from when it removes, at a Graph that lags', async () => {
    const row = { macOsEnrollmentAssignments: [entryOf(groupA), entryOf(groupB)] };
    const { graph, gateway } = await start({ readLagMs: 60_000 }, {}, row);
    for (const groupId of [groupA, groupB]) {
      const input = { platform: 'MAC_OS', target: { group: { groupId } } };
      expect(payloadOf(await run(gateway, token, removeAssignmentMutation, input))).toMatchObject({
        changed: true,
        userErrors: [],
      });
    }
    expect(heldBy(graph)).toEqual([]);
  });

  it('is kept after an update that replaced a list without a read, at a Graph that lags', async () => {
    const clock = createLeapingClock(pausesMs);
    const { graph, gateway } = await start({ readLagMs: 3_000, clock }, { clock });
    await run(gateway, token, updateMutation, {
      macOsEnrollmentAssignments: [{ target: { group: { groupId: groupA } } }],
    });
    expect(payloadOf(await add(gateway, token, groupB))).toMatchObject({ changed: true });
    expect(heldBy(graph)).toEqual([groupA, groupB]);
  });

  it('gives way to another client also after an update that read nothing', async () => {
    const clock = createLeapingClock(pausesMs);
    const { graph, gateway } = await start({ clock }, { clock });
    await run(gateway, token, updateMutation, {
      macOsEnrollmentAssignments: [{ target: { group: { groupId: groupA } } }],
    });
    await behind(graph, { macOsEnrollmentAssignments: [entryOf(groupC)] });
    await add(gateway, token, groupB);
    expect(heldBy(graph)).toEqual([groupC, groupB]);
  });
});
