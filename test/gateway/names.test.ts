import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import type { AssignmentResource } from '../../src/graph/types.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { embedded } = useStages();

const executives = '9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d';
const deleted = 'dead0000-0000-4000-8000-000000000001';
const filterId = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
const idOf = (number: number): string =>
  `5b1e0c1a-7d52-4c7e-9a30-${String(number).padStart(12, '0')}`;

const groupEntry = (groupId: string, filter?: string, kind = 'group'): AssignmentResource => ({
  target: {
    '@odata.type': `#microsoft.graph.${kind}AssignmentTarget`,
    groupId,
    ...(filter && {
      deviceAndAppManagementAssignmentFilterId: filter,
      deviceAndAppManagementAssignmentFilterType: 'include',
    }),
  },
});

/** Rows of many groups; 400 of them are completed in several turns. */
const rows = (count: number) =>
  Array.from({ length: count }, (_value, index) => ({
    id: idOf(index),
    iosEnrollmentAssignments: [
      groupEntry(executives.toUpperCase(), filterId),
      groupEntry(idOf(1_000 + index)),
      groupEntry(deleted, undefined, 'exclusionGroup'),
      groupEntry('no guid', '../me'),
    ],
  }));
const oneRow = (...entries: AssignmentResource[]) => [
  { id: idOf(0), iosEnrollmentAssignments: entries },
];

const unbounded = { LIMIT_ANSWER_VALUES: '1000000' };
const start = (options: Partial<EmulatorOptions> = {}, environment = {}, dependencies = {}) =>
  embedded({ seed: rows(1), ...options }, { ...unbounded, ...environment }, dependencies);

const targets = `iosEnrollmentAssignments { target {
  filter { id displayName }
  ... on GroupAssignmentTarget { group { id displayName } }
  ... on ExclusionGroupAssignmentTarget { group { id displayName } }
} }`;
const list = `{
  complianceManagementPartners(first: 1000) { nodes { id ${targets} } }
  one: complianceManagementPartner(id: "${idOf(3)}") { ${targets} }
}`;
const read = `query ($id: ID!) { complianceManagementPartner(id: $id) { id ${targets} } }`;
const assign = `mutation ($id: ID!, $group: UUID!) {
  addEnrollmentAssignment(input: { id: $id, platform: IOS, target: { group: { groupId: $group } } }) {
    changed userErrors { code } complianceManagementPartner { id ${targets} }
  }
}`;
const variables = { id: idOf(0), group: idOf(77) };

const callsOf = ({ requests }: Emulator): readonly string[] =>
  requests.map(({ method, path }) => `${method} ${path}`);
const postsOf = (graph: Emulator) => callsOf(graph).filter((call) => call.startsWith('POST'));
const patchesOf = (graph: Emulator) => callsOf(graph).filter((call) => call.startsWith('PATCH'));
const byIds = 'POST /beta/directoryObjects/getByIds?$select=id,displayName';
const byBatch = 'POST /beta/$batch';

const named = (id: string, displayName: unknown) => ({ id, displayName });
const nullFor = (id: string) => named(id, null);
const corporate = named(filterId, 'Corporate-owned Android');
const entries = [
  { target: { filter: corporate, group: named(executives.toUpperCase(), 'Executives') } },
  { target: { filter: null, group: { displayName: expect.any(String) } } },
  { target: { filter: null, group: nullFor(deleted) } },
  { target: { filter: nullFor('../me'), group: nullFor('no guid') } },
];
const allNamed = { iosEnrollmentAssignments: entries };

describe('names behind ids', () => {
  it('are read once for all rows of an operation', async () => {
    const { graph, gateway } = await start({ seed: rows(400) });
    const { result } = await gateway.run(list);
    const nodes = Array(400).fill(allNamed);
    expect(result.data).toMatchObject({ complianceManagementPartners: { nodes }, one: allNamed });
    expect(result.errors).toBeUndefined();
    expect(postsOf(graph).toSorted()).toEqual([byBatch, byIds]);
    const bodyOf = (path: string) =>
      JSON.parse(graph.requests.find((request) => request.path.includes(path))?.body ?? '');
    const { ids, types } = bodyOf('getByIds');
    expect([types, ids.length, new Set(ids).size]).toEqual([['group'], 402, 402]);
    const url = `/deviceManagement/assignmentFilters/${filterId}?$select=id,displayName`;
    expect(bodyOf('$batch')).toMatchObject({ requests: [{ url }] });
  });

  it('cost nothing if none is asked for, or for filters on v1.0, and are read anew for each operation', async () => {
    const { graph, gateway } = await start();
    const first = { filter: { id: filterId }, group: { id: executives.toUpperCase() } };
    expect(await gateway.ask(read.replaceAll(' displayName', ''), variables)).toMatchObject({
      iosEnrollmentAssignments: [{ target: first }, {}, {}, {}],
    });
    expect(callsOf(graph)).toHaveLength(1);
    await gateway.ask(read, variables);
    await gateway.ask(read, variables);
    expect(postsOf(graph).toSorted()).toEqual([byBatch, byBatch, byIds, byIds]);
    const ofV1 = await start({}, { GRAPH_API_VERSION: 'v1.0' });
    await ofV1.gateway.ask(read, variables);
    expect(postsOf(ofV1.graph)).toEqual([byIds.replace('beta', 'v1.0')]);
  });

  it.each([
    ['names-forbidden', 403],
    ['names-withheld', 200],
  ] as const)('are null with one error for each permission with %s', async (oddity, status) => {
    const { gateway } = await start({ seed: rows(30), oddities: [oddity] });
    const answer = await gateway.run(list);
    const target = { filter: nullFor(filterId), group: nullFor(executives.toUpperCase()) };
    const row = { iosEnrollmentAssignments: [{ target }, {}, {}, {}] };
    const nodes = Array(30).fill(row);
    expect(answer.status).toBe(200);
    expect(answer.result.data).toMatchObject({ complianceManagementPartners: { nodes } });
    expect(answer.codes).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    const told = answer.result.errors?.map(
      ({ message, extensions: { requiredScopes, ...more } }) => {
        const [permission = ''] = requiredScopes as string[];
        return [permission, message.includes(permission), more['lacking'], more['graph']];
      },
    );
    const graph = expect.objectContaining({ status });
    const lacking = status === 200 ? 'PERMISSION' : expect.any(String);
    expect(told?.sort()).toEqual([
      ['DeviceManagementConfiguration.Read.All', true, lacking, graph],
      ['GroupMember.Read.All', true, lacking, graph],
    ]);
  });

  it.each([
    ['is repeated after a fault, as reads are', { status: 503 }, 1, []],
    ['leaves the row whole if it is throttled', { status: 429 }, 9, ['THROTTLED']],
    ['is not believed without names', { status: 200, body: {} }, 9, ['UPSTREAM_BAD_RESPONSE']],
  ])('are known in payloads: a look-up after a write %s', async (_what, respond, times, codes) => {
    const { graph, gateway } = await start();
    graph.faults.add({ when: { path: 'getByIds' }, times, respond });
    const written = await gateway.run(assign, variables);
    expect([written.status, written.codes]).toEqual([200, codes]);
    const isNamed = codes.length === 0;
    const group = named(idOf(77), isNamed ? expect.any(String) : null);
    const shown = isNamed ? entries : entries.map(() => ({}));
    const iosEnrollmentAssignments = [...shown, { target: { group } }];
    expect(written.root).toMatchObject({
      changed: true,
      userErrors: [],
      complianceManagementPartner: { id: idOf(0), iosEnrollmentAssignments },
    });
    expect(written.text).not.toContain('mayHaveBeenApplied');
    expect(patchesOf(graph)).toHaveLength(1);
  });

  it('close the way to partners neither by faults nor by throttling', async () => {
    const { graph, gateway } = await start();
    const throttled = { status: 429, headers: { 'retry-after': '3600' } };
    for (const respond of Array(4)
      .fill([{ status: 500 }, throttled])
      .flat()) {
      graph.faults.clear();
      graph.faults.add({ when: { path: 'getByIds' }, times: 3, respond });
      const { root, codes } = await gateway.run(read, variables);
      expect([root, codes.length]).toMatchObject([{ id: idOf(0) }, 1]);
    }
    graph.faults.clear();
    await gateway.ask(read, variables);
  });

  it('are bounded for each operation, and the rest is null with a code', async () => {
    const groups = Array.from({ length: 3_100 }, (_value, index) => groupEntry(idOf(index)));
    const filters = groups.slice(0, 101).map((_group, index) => groupEntry(idOf(1), idOf(index)));
    const { graph, gateway } = await start({ seed: oneRow(...filters, ...groups) });
    const { result } = await gateway.run(read, variables);
    expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'TOO_MANY_NAMES', allowed: 100 },
      { code: 'TOO_MANY_NAMES', allowed: 3000 },
    ]);
    expect(postsOf(graph).toSorted()).toEqual([...Array(5).fill(byBatch), byIds, byIds, byIds]);
  });

  it.each(['group', 'filter'])(
    'of each %s count for the bounds of the answer, and a change that does not fit keeps its id',
    async (kind) => {
      const many = Array.from({ length: 40 }, (_value, index) => groupEntry(idOf(index), filterId));
      const bound = { LIMIT_ANSWER_VALUES: '200' };
      const { graph, gateway } = await start({ seed: oneRow(...many) }, bound);
      const asking = (query: string, names: string) => {
        const target = `target { ... on GroupAssignmentTarget { ${kind} { ${names} } } }`;
        const fields = `platforms(in: IOS) { platform enrollmentAssignments { ${target} } }`;
        return gateway.run(query.replace(targets, fields), variables);
      };
      expect((await asking(read, 'displayName')).codes).toEqual([]);
      const tooMany = 'a: displayName b: displayName';
      expect((await asking(read, tooMany)).codes).toEqual(['TOO_MANY_ANSWER_VALUES']);
      const platforms = [{ platform: 'IOS', enrollmentAssignments: null }];
      expect((await asking(assign, tooMany)).root).toEqual({
        changed: true,
        userErrors: [],
        complianceManagementPartner: { id: idOf(0), platforms },
      });
      expect(patchesOf(graph)).toHaveLength(1);
    },
  );

  it("are inside the budget and the operation's time, and leave the row whole", async () => {
    const seed = rows(20);
    const environment = { GRAPH_REQUEST_BUDGET: '20', GRAPH_WRITE_BUDGET: '1' };
    const { graph, gateway } = await start({ seed }, environment);
    const nodes = `query ($ids: [ID!]!) { nodes(ids: $ids) {
      id ... on ComplianceManagementPartner { ${targets} }
    } }`;
    const ids = seed.map(({ id }) => id);
    const { root, codes } = await gateway.run(nodes, { ids }, { prefer: 'wait=5' });
    expect(root).toMatchObject(ids.map((id) => ({ id })));
    expect(codes).toEqual(['THROTTLED', 'THROTTLED']);
    expect(callsOf(graph)).toEqual([byBatch]);
  });
});

describe('a look-up of names', () => {
  const third = idOf(2);
  const seed = oneRow(
    groupEntry(executives, 'f-1'),
    groupEntry(idOf(1), 'f-2'),
    groupEntry(third, 'f-3'),
    groupEntry(deleted),
  );
  const hang = { kill: 'silence', times: 9 } as const;
  const answering = (body: object) => ({ respond: { status: 200, body } });

  /** Starts a Graph with one partner that answers look-ups like this. */
  async function startLookUps(groups: Omit<Fault, 'when'>, filters: Omit<Fault, 'when'>) {
    const clock = createVirtualClock();
    const stage = await start({ seed }, {}, { clock });
    stage.graph.faults.add({ when: { path: 'getByIds' }, ...groups });
    stage.graph.faults.add({ when: { path: '$batch' }, ...filters });
    return { ...stage, clock };
  }

  it.each([
    ['read', read, 4],
    ['write', assign, 5],
  ])("that the operation's time ends leaves the row of a %s whole", async (_what, query, count) => {
    const { gateway, graph, clock } = await startLookUps(hang, hang);
    const running = gateway.run(query, variables, { prefer: 'wait=3' });
    await until(() => postsOf(graph).length === 2);
    await clock.advance(3_000);
    const { status, text, root, codes } = await running;
    expect([status, codes]).toEqual([200, Array(2).fill('UPSTREAM_TIMEOUT')]);
    const target = { group: { displayName: null } };
    const row = { id: idOf(0), iosEnrollmentAssignments: Array(count).fill({ target }) };
    expect(root).toMatchObject(query === read ? row : { complianceManagementPartner: row });
    expect(text).not.toMatch(/"displayName":"|mayHaveBeenApplied/);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends if the caller leaves', async () => {
    const { gateway, graph, clock } = await startLookUps(hang, hang);
    const caller = await openConnection(gateway.url);
    const headers = { Authorization: 'Bearer embedded-graph-token' };
    caller.send(graphqlRequest({ query: read, variables }, headers));
    await until(() => graph.requests.length === 3);
    caller.socket.resetAndDestroy();
    await until(() => gateway.logged('Answered').length > 0 && clock.pendingTimers === 0);
    expect(graph.requests).toHaveLength(3);
  });

  const responses = ['1', '2', '7'].map((id) => ({ id, status: 200, body: named('f-2', 'Two') }));
  const odd = [null, 5, [], named('x', 'x'), { id: executives, displayName: { a: 1 } }];
  const twice = [
    { ...named(executives.toUpperCase(), 'One'), toString: 1, ['__proto__']: { id: third } },
    named(executives, 'Two'),
    named(deleted, '__proto__'),
    named('__proto__', 'x'),
  ];
  it.each([
    ['names of nothing', odd, [null, null, null, null], ['FORBIDDEN']],
    ['other spellings', twice, ['Two', null, null, '__proto__'], []],
  ])('believes only what it asked for: %s', async (_what, value, names, denied) => {
    const { gateway } = await startLookUps(answering({ value }), answering({ responses }));
    const { root, codes } = await gateway.run(read, variables);
    const filters = [null, 'Two', null].map((displayName) => ({ filter: { displayName } }));
    const iosEnrollmentAssignments = names.map((displayName, index) => ({
      target: { group: { displayName }, ...filters[index] },
    }));
    expect(root).toMatchObject({ iosEnrollmentAssignments });
    // One error for the filters that are not in the batch.
    expect(codes).toEqual(['UPSTREAM_BAD_RESPONSE', ...denied]);
  });
});
