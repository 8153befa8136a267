import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Quirk } from '../../src/emulator/quirks.ts';
import type { Emulator } from '../../src/emulator/server.ts';
import type { AssignmentResource, PartnerResource } from '../../src/graph/types.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { type Answer, json, silence } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { embedded, scripted } = useStages();

const executives = '9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d';
const deleted = 'dead0000-0000-4000-8000-000000000001';
const filterId = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
const idOf = (number: number): string =>
  `5b1e0c1a-7d52-4c7e-9a30-${String(number).padStart(12, '0')}`;

function groupEntry(groupId: string, filter?: string, kind = 'group'): AssignmentResource {
  return {
    target: {
      '@odata.type': `#microsoft.graph.${kind}AssignmentTarget`,
      groupId,
      ...(filter && {
        deviceAndAppManagementAssignmentFilterId: filter,
        deviceAndAppManagementAssignmentFilterType: 'include',
      }),
    },
  };
}

/** Many rows of many groups, so that they are completed in several turns. */
const many: readonly PartnerResource[] = Array.from({ length: 400 }, (_value, index) => ({
  id: idOf(index),
  iosEnrollmentAssignments: [
    groupEntry(executives.toUpperCase(), filterId),
    groupEntry(idOf(1_000 + index)),
    groupEntry(deleted, undefined, 'exclusionGroup'),
    groupEntry('no guid', '../me'),
  ],
}));
const one: readonly PartnerResource[] = many.slice(0, 1);

interface Start {
  readonly seed?: readonly PartnerResource[];
  readonly oddities?: readonly Quirk[];
  readonly environment?: Record<string, string>;
}

const start = ({ seed = one, oddities = [], environment = {} }: Start = {}) =>
  embedded({ seed, oddities }, { LIMIT_ANSWER_VALUES: '1000000', ...environment });

const targets = `iosEnrollmentAssignments { target {
  filter { id displayName }
  ... on GroupAssignmentTarget { group { id displayName } }
  ... on ExclusionGroupAssignmentTarget { group { id displayName } }
} }`;
const list = `{ complianceManagementPartners(first: 1000) { nodes { id ${targets} } } }`;
const read = `query ($id: ID!) { complianceManagementPartner(id: $id) { id ${targets} } }`;
const assign = `mutation ($id: ID!, $group: UUID!) {
  addEnrollmentAssignment(input: { id: $id, platform: IOS, target: { group: { groupId: $group } } }) {
    changed userErrors { code } complianceManagementPartner { id ${targets} }
  }
}`;

function nodesOf({ data }: Reply['result']): readonly object[] {
  const list = data?.['complianceManagementPartners'] as { nodes: object[] } | undefined;
  return list?.nodes ?? [];
}

const callsOf = ({ requests }: Emulator): readonly string[] =>
  requests.map(({ method, path }) => `${method} ${path}`);
const byIds = 'POST /beta/directoryObjects/getByIds?$select=id,displayName';
const byBatch = 'POST /beta/$batch';

const allNamed = {
  iosEnrollmentAssignments: [
    {
      target: {
        filter: { id: filterId, displayName: 'Corporate-owned Android' },
        group: { id: executives.toUpperCase(), displayName: 'Executives' },
      },
    },
    { target: { filter: null, group: { displayName: expect.any(String) } } },
    { target: { filter: null, group: { id: deleted, displayName: null } } },
    {
      target: {
        filter: { id: '../me', displayName: null },
        group: { id: 'no guid', displayName: null },
      },
    },
  ],
};

describe('names behind ids', () => {
  it('are read once for all rows of an operation', async () => {
    const { graph, gateway } = await start({ seed: many });
    const { result } = await gateway.run(
      list.replace(
        '{ comp',
        `{ one: complianceManagementPartner(id: "${idOf(3)}") { ${targets} } comp`,
      ),
    );
    expect(result.errors).toBeUndefined();
    expect(result.data).toMatchObject({ one: allNamed });
    const nodes = nodesOf(result);
    expect(nodes).toHaveLength(400);
    expect(nodes.at(-1)).toMatchObject(allNamed);
    const names = callsOf(graph).filter((call) => !call.startsWith('GET'));
    expect(names.toSorted()).toEqual([byBatch, byIds]);
    const asked = graph.requests.find(({ path }) => path.includes('getByIds'));
    const { ids, types } = JSON.parse(asked?.body ?? '') as { ids: string[]; types: string[] };
    expect([types, ids.length, new Set(ids).size]).toEqual([['group'], 402, 402]);
    const batch = graph.requests.find(({ path }) => path.endsWith('$batch'));
    expect(JSON.parse(batch?.body ?? '')).toMatchObject({
      requests: [{ url: `/deviceManagement/assignmentFilters/${filterId}?$select=id,displayName` }],
    });
  });

  it('cost nothing if none is asked for, and are read anew for each operation', async () => {
    const { graph, gateway } = await start();
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) {
      iosEnrollmentAssignments { target { filter { id } ... on GroupAssignmentTarget { group { id } } } }
    } }`;
    const first = { filter: { id: filterId }, group: { id: executives.toUpperCase() } };
    expect(await gateway.ask(query, { id: idOf(0) })).toMatchObject({
      iosEnrollmentAssignments: [{ target: first }, {}, {}, {}],
    });
    expect(callsOf(graph)).toEqual([
      expect.stringMatching(/^GET .*\/complianceManagementPartners\//),
    ]);
    await gateway.run(read, { id: idOf(0) });
    await gateway.run(read, { id: idOf(0) });
    const names = callsOf(graph).filter((call) => call.startsWith('POST'));
    expect(names.toSorted()).toEqual([byBatch, byBatch, byIds, byIds]);
  });

  it('are known in payloads, and no write is sent for them', async () => {
    const { graph, gateway } = await start();
    const { result } = await gateway.run(assign, { id: idOf(0), group: idOf(77) });
    expect(result.errors).toBeUndefined();
    expect(result.data?.['addEnrollmentAssignment']).toMatchObject({
      changed: true,
      complianceManagementPartner: {
        iosEnrollmentAssignments: [
          ...allNamed.iosEnrollmentAssignments,
          { target: { group: { id: idOf(77), displayName: expect.any(String) } } },
        ],
      },
    });
    const calls = callsOf(graph).filter((call) => /^(PATCH|POST)/.test(call));
    expect(calls.toSorted()).toEqual([expect.stringMatching(/^PATCH/), byBatch, byIds]);
  });

  it('of filters are null on v1.0 without a call', async () => {
    const { graph, gateway } = await start({ environment: { GRAPH_API_VERSION: 'v1.0' } });
    const { result } = await gateway.run(read, { id: idOf(0) });
    expect(result.errors).toBeUndefined();
    expect(callsOf(graph)).toEqual([expect.stringMatching(/^GET/), byIds.replace('beta', 'v1.0')]);
  });

  it.each<[Quirk, number]>([
    ['names-forbidden', 403],
    ['names-withheld', 200],
  ])('are null with one error for each permission with %s', async (oddity, status) => {
    const { gateway } = await start({ seed: many.slice(0, 30), oddities: [oddity] });
    const answer = await gateway.run(list);
    expect(answer.status).toBe(200);
    const nodes = nodesOf(answer.result);
    expect(nodes).toHaveLength(30);
    const filter = { id: filterId, displayName: null };
    const group = { id: executives.toUpperCase(), displayName: null };
    expect(nodes.at(-1)).toMatchObject({
      iosEnrollmentAssignments: [{ target: { filter, group } }, {}, {}, {}],
    });
    const { errors } = answer.result;
    expect(errors).toHaveLength(2);
    for (const [field, permission] of [
      ['group', 'GroupMember.Read.All'],
      ['filter', 'DeviceManagementConfiguration.Read.All'],
    ] as const) {
      const error = errors?.find(({ path }) => path?.includes(field));
      expect(error?.message).toContain(permission);
      expect(error?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        lacking: status === 200 ? 'PERMISSION' : expect.any(String),
        graph: { status },
      });
      expect(error?.extensions['requiredScopes']).toEqual(expect.arrayContaining([permission]));
    }
  });

  it.each<[string, Fault['respond'], number, string | undefined]>([
    ['is repeated after a fault, as reads are', { status: 503 }, 1, undefined],
    ['leaves the row whole if it is throttled', { status: 429 }, 9, 'THROTTLED'],
    [
      'leaves the row whole if it has no names',
      { status: 200, body: {} },
      9,
      'UPSTREAM_BAD_RESPONSE',
    ],
  ])('a look-up %s, after a write too', async (_what, respond, times, code) => {
    const { graph, gateway } = await start();
    graph.faults.add({ when: { path: 'getByIds' }, times, ...(respond && { respond }) });
    const { status, result, root, codes } = await gateway.run(assign, {
      id: idOf(0),
      group: idOf(77),
    });
    expect([status, codes]).toEqual([200, code === undefined ? [] : [code]]);
    expect(root).toMatchObject({
      changed: true,
      userErrors: [],
      complianceManagementPartner: { id: idOf(0) },
    });
    expect(JSON.stringify(result)).not.toContain('mayHaveBeenApplied');
    expect(graph.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it('close the way to partners neither by faults nor by throttling', async () => {
    const { graph, gateway } = await start();
    const respond = [{ status: 500 }, { status: 429, headers: { 'retry-after': '3600' } }];
    for (const answer of [...respond, ...respond, ...respond, ...respond]) {
      graph.faults.clear();
      graph.faults.add({ when: { path: 'getByIds' }, times: 3, respond: answer });
      const { result } = await gateway.run(read, { id: idOf(0) });
      expect(result.data).toMatchObject({ complianceManagementPartner: { id: idOf(0) } });
      expect(result.errors).toHaveLength(1);
    }
    graph.faults.clear();
    const { result } = await gateway.run(read, { id: idOf(0) });
    expect(result.errors).toBeUndefined();
  });

  it('are bounded for each operation, and the rest is null with a code', async () => {
    const groups = Array.from({ length: 3_100 }, (_value, index) => groupEntry(idOf(index)));
    const filters = groups.slice(0, 101).map((_group, index) => groupEntry(idOf(1), idOf(index)));
    const seed = [{ id: idOf(0), iosEnrollmentAssignments: [...filters, ...groups] }];
    const { graph, gateway } = await start({ seed });
    const { result } = await gateway.run(read, { id: idOf(0) });
    expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'TOO_MANY_NAMES', allowed: 100 },
      { code: 'TOO_MANY_NAMES', allowed: 3000 },
    ]);
    const calls = callsOf(graph);
    expect(calls.filter((call) => call === byIds)).toHaveLength(3);
    expect(calls.filter((call) => call === byBatch)).toHaveLength(5);
  });

  it.each(['group', 'filter'])(
    'of each %s count for the bounds of the answer, and a change that does not fit keeps its id',
    async (kind) => {
      const entries = Array.from({ length: 40 }, (_value, index) =>
        groupEntry(idOf(index), filterId),
      );
      const seed = [{ id: idOf(0), iosEnrollmentAssignments: entries }];
      const { graph, gateway } = await start({ seed, environment: { LIMIT_ANSWER_VALUES: '200' } });
      const named = (names: string) => `platforms(in: IOS) { platform enrollmentAssignments {
        target { ... on GroupAssignmentTarget { ${kind} { ${names} } } } } }`;
      const variables = { id: idOf(0), group: idOf(77) };
      await gateway.ask(read.replace(targets, named('displayName')), variables);
      const tooMany = named('a: displayName b: displayName');
      const { codes } = await gateway.run(read.replace(targets, tooMany), variables);
      expect(codes).toEqual(['TOO_MANY_ANSWER_VALUES']);
      const { root } = await gateway.run(assign.replace(targets, tooMany), variables);
      const platforms = [{ platform: 'IOS', enrollmentAssignments: null }];
      expect(root).toEqual({
        changed: true,
        userErrors: [],
        complianceManagementPartner: { id: idOf(0), platforms },
      });
      expect(graph.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
    },
  );

  it("are inside the budget and the operation's time, and leave the row whole", async () => {
    const seed = many.slice(0, 20);
    const environment = { GRAPH_REQUEST_BUDGET: '20', GRAPH_WRITE_BUDGET: '1' };
    const { graph, gateway } = await start({ seed, environment });
    const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) {
      id ... on ComplianceManagementPartner { ${targets} }
    } }`;
    const ids = seed.map(({ id }) => id);
    const { result, codes } = await gateway.run(nodes, { ids }, { prefer: 'wait=5' });
    expect(result.data).toMatchObject({ nodes: ids.map((id) => ({ id })) });
    expect(codes).toEqual(['THROTTLED', 'THROTTLED']);
    expect(callsOf(graph)).toEqual([byBatch]);
  });
});

/** A Graph with one partner whose look-ups a test answers. */
const groupIds = ['a', 'b', 'c', 'd'].map((digit) => `0c65e46a-e46a-4c65-8ae4-65${digit}c6ae4650c`);
const [first = ''] = groupIds;
const filterIds = ['f-1', 'f-2', 'f-3'];
const partner = {
  id: 'partner-1',
  iosEnrollmentAssignments: groupIds.map((groupId, index) => ({
    target: {
      '@odata.type': '#microsoft.graph.groupAssignmentTarget',
      groupId,
      deviceAndAppManagementAssignmentFilterId: filterIds[index],
      deviceAndAppManagementAssignmentFilterType: index < filterIds.length ? 'include' : 'none',
    },
  })),
};
const nameFields = `iosEnrollmentAssignments { target {
  ... on GroupAssignmentTarget { group { displayName } filter { displayName } }
} }`;
const readOne = `{ complianceManagementPartner(id: "partner-1") { id ${nameFields} } }`;
const update = `mutation {
  updateComplianceManagementPartner(input: { id: "partner-1", iosOnboarded: true }) {
    complianceManagementPartner { id ${nameFields} } userErrors { code }
  }
}`;

interface LookUps {
  readonly groups?: Answer;
  readonly filters?: Answer;
}

const noNames = json(200, { value: [] });
const noFilters = json(200, { responses: [] });

/** Starts a Graph with one partner that answers look-ups like this. */
function startLookUps(
  { groups = noNames, filters = noFilters }: LookUps,
  clock = createVirtualClock(),
) {
  const answer: Answer = (response, request) => {
    const isLookUp = request.url.includes('getByIds');
    const row = json(200, { ...partner, iosOnboarded: true });
    const rest = request.url.endsWith('$batch') ? filters : row;
    (isLookUp ? groups : rest)(response, request);
  };
  return scripted(answer, {}, { clock });
}

/** The names in the answer, groups before filters. */
function namesIn(data: unknown): readonly (readonly unknown[])[] {
  const { iosEnrollmentAssignments: entries } = data as {
    readonly iosEnrollmentAssignments: readonly {
      readonly target: Readonly<Record<'group' | 'filter', { readonly displayName: unknown }>>;
    }[];
  };
  return (['group', 'filter'] as const).map((kind) =>
    entries.map(({ target }) => target[kind]?.displayName),
  );
}

describe('a look-up of names', () => {
  it.each([
    ['read', readOne],
    ['write', update],
  ])("that the operation's time ends leaves the row of a %s whole", async (_what, query) => {
    const clock = createVirtualClock();
    const { gateway, graph } = await startLookUps({ groups: silence, filters: silence }, clock);
    const answering = gateway.run(query, {}, { prefer: 'wait=3' });
    await until(() => graph.requests.filter(({ method }) => method === 'POST').length === 2);
    await clock.advance(3_000);
    const { status, result, root, codes } = await answering;
    expect([status, codes]).toEqual([200, Array(2).fill('UPSTREAM_TIMEOUT')]);
    const row = query === readOne ? root : Object.values(root ?? {})[0];
    expect(row).toMatchObject({ id: 'partner-1' });
    expect(namesIn(row)).toEqual([Array(4).fill(null), [null, null, null, undefined]]);
    expect(JSON.stringify(result)).not.toContain('mayHaveBeenApplied');
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends if the caller leaves', async () => {
    const clock = createVirtualClock();
    const { gateway, graph } = await startLookUps({ groups: silence, filters: silence }, clock);
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest({ query: readOne }));
    await until(() => graph.requests.length === 3);
    caller.socket.resetAndDestroy();
    await until(() => gateway.logged('Answered').length > 0 && clock.pendingTimers === 0);
    expect(graph.requests).toHaveLength(3);
  });

  it.each<[string, unknown, readonly unknown[]]>([
    [
      'rows that are none, of other ids, and names that are none',
      [null, 5, [], { id: 'x', displayName: 'x' }, { id: first, displayName: { a: 1 } }],
      Array(4).fill(null),
    ],
    [
      'ids in another spelling, twice, with members of prototypes',
      [
        { id: first.toUpperCase(), displayName: 'One', toString: 1, ['__proto__']: { id: first } },
        { id: first, displayName: 'Two' },
        { id: groupIds[3], displayName: '__proto__' },
        { id: '__proto__', displayName: 'x' },
      ],
      ['Two', null, null, '__proto__'],
    ],
  ])('believes only what it asked for: %s', async (_what, value, names) => {
    const { gateway } = await startLookUps({ groups: json(200, { value }) });
    const { status, root } = await gateway.run(readOne);
    expect([status, namesIn(root)[0]]).toEqual([200, names]);
  });

  it('gives the filters that are in a batch, and one error for those that are not', async () => {
    const body = { id: 'f-2', displayName: 'Two' };
    const responses = ['1', '2', '7'].map((id) => ({ id, status: 200, body }));
    const { gateway } = await startLookUps({ filters: json(200, { responses }) });
    const { root, codes } = await gateway.run(readOne);
    expect(namesIn(root)[1]).toEqual([null, 'Two', null, undefined]);
    expect(codes).toEqual(['UPSTREAM_BAD_RESPONSE']);
  });
});
