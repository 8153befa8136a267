import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { useStages } from '../support/stages.ts';

const rows = Array.from({ length: 45 }, (_value, index) => ({
  id: `5b1e0c1a-7d52-4c7e-9a30-${String(index).padStart(12, '0')}`,
  displayName: `Partner ${index}`,
  iosOnboarded: true,
  linuxEnrollmentAssignments: [],
}));
const ids = rows.map(({ id }) => id);
const stranger = '00000000-0000-4000-8000-000000000000';

const { graph, gateway } = await useStages(afterAll).embedded({ seed: rows });

let calls = 0;
beforeEach(() => {
  calls = graph.requests.length;
});

const newCalls = (): readonly string[] =>
  graph.requests.slice(calls).map(({ method, path }) => `${method} ${path}`);

const nodeQuery = `query ($id: ID!) {
  node(id: $id) { __typename id ... on ComplianceManagementPartner { displayName } }
}`;
const nodesQuery = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';

describe('node', () => {
  it('gives the partner with the id, or null if there is none', async () => {
    const partner = { __typename: 'ComplianceManagementPartner', displayName: 'Partner 7' };
    expect(await gateway.ask(nodeQuery, { id: ids[7] })).toEqual({ ...partner, id: ids[7] });
    expect(await gateway.ask(nodeQuery, { id: stranger })).toBeNull();
  });

  it('gives several in their order, one batch for 20, and asks for an id once', async () => {
    const asked = [stranger, ...ids.toReversed(), ids[0]?.toUpperCase(), ids[3]];
    const expected = asked.map((id) => (id === stranger ? null : { id: id?.toLowerCase() }));
    expect(await gateway.ask(nodesQuery, { ids: asked })).toEqual(expected);
    expect(newCalls()).toEqual(Array(3).fill('POST /beta/$batch'));
    const batches = graph.requests.slice(calls).map(({ body }) => JSON.parse(body));
    expect(batches.flatMap(({ requests }) => requests)).toHaveLength(ids.length + 1);
  });

  it('keeps the others if one cannot be read', async () => {
    graph.faults.add({ when: { path: String(ids[1]) }, respond: { status: 403, body: {} } });
    const { result, root } = await gateway.run(nodesQuery, { ids: ids.slice(0, 3) });
    expect(root).toEqual([{ id: ids[0] }, null, { id: ids[2] }]);
    const error = { path: ['nodes', 1], extensions: { code: 'FORBIDDEN' } };
    expect(result.errors).toMatchObject([error]);
  });

  const many = { ids: Array(101).fill(ids[0]) };
  it.each<[string, object, string, object, RegExp]>([
    ['an id of another form', { id: '../users' }, nodeQuery, ['id'], /cannot be a partner's id/],
    ['one of several', { ids: [ids[0], 'a b', '..'] }, nodesQuery, ['ids', '1'], /"ids\.1" cannot/],
    ['101 ids', many, nodesQuery, ['ids'], /has 101 ids, and 100 are allowed/],
  ])('rejects %s before any call', async (_what, variables, query, field, message) => {
    const { status, result } = await gateway.run(query, variables);
    const extensions = { code: 'BAD_USER_INPUT', field };
    expect([status, result.errors]).toMatchObject([
      200,
      [{ message: expect.stringMatching(message), extensions }],
    ]);
    expect(newCalls()).toEqual([]);
  });

  it('counts ids as rows of pages', async () => {
    const fields = [...'abcdefghij'].map((name) => `${name}: nodes(ids: $ids) { id }`);
    const { extensions } = await gateway.run(`query ($ids: [ID!]!) { ${fields.join(' ')} }`, many);
    expect(extensions).toMatchObject({ code: 'TOO_MANY_PAGE_ROWS', allowed: 1000 });
    expect(newCalls()).toEqual([]);
  });
});

describe('platforms', () => {
  const fields = 'platform onboarded enrollmentAssignments { target { __typename } }';
  const names = ['MAC_OS', 'WINDOWS', 'ANDROID', 'IOS', 'LINUX'];
  const silent = { onboarded: null, enrollmentAssignments: null };
  const ios = { platform: 'IOS', onboarded: true, enrollmentAssignments: null };

  it('are all of them in their order, null for what Graph does not say', async () => {
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) { platforms { ${fields} } } }`;
    expect(await gateway.ask(query, { id: ids[0] })).toEqual({
      platforms: [
        ...names.slice(0, 3).map((platform) => ({ platform, ...silent })),
        ios,
        { platform: 'LINUX', onboarded: null, enrollmentAssignments: [] },
      ],
    });
  });

  it('are those that are asked for, each once, in payloads too', async () => {
    const query = `mutation ($id: ID!, $in: [Platform!]) {
      addEnrollmentAssignment(input: { id: $id, platform: LINUX, target: { allDevices: {} } }) {
        complianceManagementPartner {
          some: platforms(in: $in) { ${fields} }
          none: platforms(in: []) { platform }
          all: platforms(in: null) { platform }
        }
      }
    }`;
    const payload = await gateway.ask(query, { id: ids[1], in: ['LINUX', 'IOS', 'LINUX'] });
    const enrollmentAssignments = [{ target: { __typename: 'AllDevicesAssignmentTarget' } }];
    expect(payload).toEqual({
      complianceManagementPartner: {
        some: [{ platform: 'LINUX', onboarded: null, enrollmentAssignments }, ios],
        none: [],
        all: names.map((platform) => ({ platform })),
      },
    });
  });
});
