import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Quirk } from '../../src/emulator/quirks.ts';
import type { Emulator } from '../../src/emulator/server.ts';
import type { AssignmentResource, PartnerResource } from '../../src/graph/types.ts';
import { useStages } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';

const { embedded } = useStages();

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

  it('cost nothing if none is asked for', async () => {
    const { graph, gateway } = await start();
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) {
      iosEnrollmentAssignments { target { filter { id } ... on GroupAssignmentTarget { group { id } } } }
    } }`;
    const { result } = await gateway.run(query, { id: idOf(0) });
    expect(result.data).toMatchObject({
      complianceManagementPartner: {
        iosEnrollmentAssignments: [
          { target: { filter: { id: filterId }, group: { id: executives.toUpperCase() } } },
          {},
          {},
          {},
        ],
      },
    });
    expect(callsOf(graph)).toEqual([
      expect.stringMatching(/^GET .*\/complianceManagementPartners\//),
    ]);
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

  it('are read anew for each operation', async () => {
    const { graph, gateway } = await start();
    await gateway.run(read, { id: idOf(0) });
    await gateway.run(read, { id: idOf(0) });
    const names = callsOf(graph).filter((call) => call.startsWith('POST'));
    expect(names.toSorted()).toEqual([byBatch, byBatch, byIds, byIds]);
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
    expect(nodes.at(-1)).toMatchObject({
      iosEnrollmentAssignments: [
        {
          target: {
            filter: { id: filterId, displayName: null },
            group: { id: executives.toUpperCase(), displayName: null },
          },
        },
        {},
        {},
        {},
      ],
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
    ['leaves the row whole if it fails', { status: 500 }, 9, 'UPSTREAM_UNAVAILABLE'],
    ['leaves the row whole if it is throttled', { status: 429 }, 9, 'THROTTLED'],
    [
      'leaves the row whole if nothing is understood',
      { status: 200, body: {} },
      9,
      'UPSTREAM_BAD_RESPONSE',
    ],
  ])('a look-up %s, after a write too', async (_what, respond, times, code) => {
    const { graph, gateway } = await start();
    graph.faults.add({ when: { path: 'getByIds' }, times, ...(respond && { respond }) });
    const { status, result } = await gateway.run(assign, { id: idOf(0), group: idOf(77) });
    expect(status).toBe(200);
    expect(result.data?.['addEnrollmentAssignment']).toMatchObject({
      changed: true,
      userErrors: [],
      complianceManagementPartner: { id: idOf(0) },
    });
    expect(result.errors?.map(({ extensions }) => extensions['code'])).toEqual(code && [code]);
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

  it('are bounded for each operation, and the rest is null with a code', async () => {
    const entries = Array.from({ length: 3_100 }, (_value, index) =>
      groupEntry(idOf(5_000 + index)),
    );
    const filters = Array.from({ length: 101 }, (_value, index) =>
      groupEntry(idOf(1), idOf(index)),
    );
    const seed = [{ id: idOf(0), iosEnrollmentAssignments: [...filters, ...entries] }];
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

  it('count for the bounds of the answer, and an add that does not fit keeps its id', async () => {
    const entries = Array.from({ length: 40 }, (_value, index) => groupEntry(idOf(index)));
    const seed = [{ id: idOf(0), iosEnrollmentAssignments: entries }];
    const { graph, gateway } = await start({ seed, environment: { LIMIT_ANSWER_VALUES: '100' } });
    const tooMany = await gateway.run(read, { id: idOf(0) });
    expect(tooMany.codes[0]).toBe('TOO_MANY_ANSWER_VALUES');
    const platforms = `platforms(in: IOS) { platform enrollmentAssignments { target {
      ... on GroupAssignmentTarget { group { a: displayName b: displayName c: displayName } }
    } } }`;
    const variables = { id: idOf(0), group: idOf(77) };
    const { result, root } = await gateway.run(assign.replace(targets, platforms), variables);
    expect(root).toEqual({
      changed: true,
      userErrors: [],
      complianceManagementPartner: {
        id: idOf(0),
        platforms: [{ platform: 'IOS', enrollmentAssignments: null }],
      },
    });
    expect(result.errors).toMatchObject([
      { path: expect.arrayContaining(['platforms', 0, 'enrollmentAssignments']) },
    ]);
    expect(graph.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });
});
