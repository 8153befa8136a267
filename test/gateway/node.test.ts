import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { subgraphSdlOf } from '../../src/graphql/schema.ts';
import { useStages } from '../support/stages.ts';

const rows = Array.from({ length: 98 }, (_value, index) => ({
  id: `5b1e0c1a-7d52-4c7e-9a30-${String(index).padStart(12, '0')}`,
  displayName: `Partner ${index}`,
  iosOnboarded: true,
  linuxEnrollmentAssignments: [],
}));
const ids = rows.map(({ id }) => id);
const stranger = '00000000-0000-4000-8000-000000000000';
const type = 'ComplianceManagementPartner';
const keyOf = (id: unknown) => ({ __typename: type, id });

const { embedded, start } = useStages(afterAll);
const FEDERATION = 'subgraph';
const { graph, gateway } = await embedded({ seed: rows });
const GRAPH_BASE_URL = graph.baseUrl;
const subgraph = await start({ GRAPH_BASE_URL, FEDERATION });
const closed = await start({ GRAPH_BASE_URL, FEDERATION, INTROSPECTION: 'false' });

let calls = 0;
beforeEach(() => {
  calls = graph.requests.length;
});
const newCalls = (): readonly string[] =>
  graph.requests.slice(calls).map(({ method, path }) => `${method} ${path}`);

const fields = `{ __typename ... on ${type} { id displayName } }`;
const nodeQuery = `query ($id: ID!) { node(id: $id) ${fields} }`;
const nodesQuery = `query ($ids: [ID!]!) { nodes(ids: $ids) ${fields} }`;
const entities = `_entities(representations: $representations) ${fields}`;
const entitiesQuery = `query ($representations: [_Any!]!) { ${entities} }`;
const askEntities = (representations: readonly unknown[], document = entitiesQuery) =>
  subgraph.run(document, { representations });
const shown = (index: number) => ({ ...keyOf(ids[index]), displayName: `Partner ${index}` });

it('gives the partner with the id, or null if there is none', async () => {
  expect(await gateway.ask(nodeQuery, { id: ids[7] })).toEqual(shown(7));
  expect(await gateway.ask(nodeQuery, { id: stranger })).toBeNull();
});

describe.each([
  ['nodes', (some: readonly unknown[]) => gateway.run(nodesQuery, { ids: some })],
  ['_entities', (some: readonly unknown[]) => askEntities(some.map(keyOf))],
])('%s', (field, ask) => {
  it('are given in their order, in batches of 20, and each id is asked for once', async () => {
    const asked = [stranger, ...ids.slice(3).toReversed(), ids[3]?.toUpperCase(), ids[4]];
    const all = [null, ...ids.slice(3).map((_id, index) => shown(97 - index)), shown(3), shown(4)];
    expect((await ask(asked)).result).toEqual({ data: { [field]: all } });
    expect(newCalls()).toEqual(Array(5).fill('POST /beta/$batch'));
    const batches = graph.requests.slice(calls).map(({ body }) => JSON.parse(body));
    expect(batches.flatMap(({ requests }) => requests)).toHaveLength(ids.length - 3 + 1);
  });

  it('keep the others if one cannot be read', async () => {
    graph.faults.add({ when: { path: String(ids[1]) }, respond: { status: 403, body: {} } });
    const { result, root } = await ask(ids.slice(0, 3));
    expect(root).toEqual([shown(0), null, shown(2)]);
    const error = { path: [field, 1], extensions: { code: 'FORBIDDEN' } };
    expect(result.errors).toMatchObject([error]);
  });
});

const many = { ids: Array(101).fill(ids[0]) };
it.each<[string, object, string, object, RegExp]>([
  ['an id of another form', { id: '../users' }, nodeQuery, ['id'], /cannot be a partner's id/],
  ['one of several', { ids: [ids[0], 'a b', '..'] }, nodesQuery, ['ids', '1'], /"ids\.1" cannot/],
  ['101 ids', many, nodesQuery, ['ids'], /has 101 ids, and 100 are allowed/],
])('rejects %s before any call', async (_what, variables, query, field, message) => {
  const { status, result } = await gateway.run(query, variables);
  const extensions = { code: 'BAD_USER_INPUT', field };
  const error = { message: expect.stringMatching(message), extensions };
  expect([status, result.errors]).toMatchObject([200, [error]]);
  expect(newCalls()).toEqual([]);
});

it('counts ids as rows of pages, and entities of several fields', async () => {
  const fields = [...'abcdefghij'].map((name) => `${name}: nodes(ids: $ids) { id }`);
  const nodes = await gateway.run(`query ($ids: [ID!]!) { ${fields.join(' ')} }`, many);
  expect(nodes.extensions).toMatchObject({ code: 'TOO_MANY_PAGE_ROWS', allowed: 1000 });
  const twice = `query ($representations: [_Any!]!) { a: ${entities} b: ${entities} }`;
  const { status, extensions } = await askEntities(ids.slice(0, 51).map(keyOf), twice);
  const limit = { code: 'TOO_MANY_ENTITIES', allowed: 100, seen: 102 };
  expect([status, extensions]).toEqual([400, limit]);
  expect(newCalls()).toEqual([]);
});

it('gives an error for each entity that is none, but only after a token', async () => {
  const foreign = /the one entity of this subgraph is/;
  const noId = /no "id" that can be a partner's/;
  const wrong: readonly (readonly [unknown, string, RegExp])[] = [
    [{ __typename: 'Product', id: ids[1] }, '__typename', foreign],
    ['row-1', '__typename', foreign],
    [{ __typename: type }, 'id', noId],
    [keyOf(1), 'id', noId],
    [keyOf('../me'), 'id', noId],
  ];
  const { result } = await askEntities([keyOf(ids[1]), ...wrong.map(([given]) => given)]);
  expect(result).toMatchObject({
    data: { _entities: [shown(1), ...wrong.map(() => null)] },
    errors: wrong.map(([, member, message], index) => {
      const field = ['representations', `${index + 1}`, member];
      const extensions = { code: 'BAD_USER_INPUT', field };
      const path = ['_entities', index + 1];
      return { message: expect.stringMatching(message), path, extensions };
    }),
  });
  const body = { query: entitiesQuery, variables: { representations: 1 } };
  const { status, codes } = await subgraph.post(body);
  expect([status, codes]).toEqual([401, ['UNAUTHENTICATED']]);
});

it('gives those platforms that are asked for, each once, in payloads too', async () => {
  const query = `mutation ($id: ID!, $in: [Platform!]) {
    addEnrollmentAssignment(input: { id: $id, platform: LINUX, target: { allDevices: {} } }) {
      complianceManagementPartner {
        some: platforms(in: $in) { platform onboarded enrollmentAssignments { target { __typename } } }
        all: platforms(in: null) { platform }
      }
    }
  }`;
  const target = { __typename: 'AllDevicesAssignmentTarget' };
  const payload = await gateway.ask(query, { id: ids[1], in: ['LINUX', 'IOS', 'LINUX'] });
  expect(payload).toEqual({
    complianceManagementPartner: {
      some: [
        { platform: 'LINUX', onboarded: null, enrollmentAssignments: [{ target }] },
        { platform: 'IOS', onboarded: true, enrollmentAssignments: null },
      ],
      all: ['MAC_OS', 'WINDOWS', 'ANDROID', 'IOS', 'LINUX'].map((platform) => ({ platform })),
    },
  });
});

describe('the SDL for composers', () => {
  const accept = 'application/graphql-response+json';
  const service = { query: '{ _service { sdl } }' };

  it('needs no token, and is what /schema.graphql has', async () => {
    const { status, root } = await subgraph.post(service);
    const { sdl } = root as { readonly sdl: string };
    expect([status, sdl]).toEqual([200, (await subgraph.get('/schema.graphql')).text]);
    expect(() => parse(sdl)).not.toThrow();
    for (const part of [
      'federation/v2.0", import: ["@key", "@shareable"])',
      'directive @oneOf on INPUT_OBJECT',
      `type ${type} @key(fields: "id") {`,
      'type PageInfo @shareable {',
    ]) {
      expect(sdl).toContain(part);
    }
    expect(sdl).not.toMatch(/\bNode\b|^ {2}nodes?\(/m);
  });

  it('follows the introspection switch', async () => {
    const { status, result } = await closed.post(service, { accept });
    const message = expect.stringContaining('"_service"');
    expect([status, result.errors]).toMatchObject([400, [{ message }]]);
    await closed.ask(`{ complianceManagementPartner(id: "${ids[0]}") { id } }`);
  });

  it('has no names that are in other subgraphs too', () => {
    const sdl = subgraphSdlOf(`
      interface Node { id: ID! }
      type ComplianceManagementPartner implements Node & Named { id: ID! name: String node: Int }
      interface Named { name: String }
      type PageInfo { hasNextPage: Boolean! }
      type Query { node(id: ID!): Node nodes(ids: [ID!]!): [Node] viewer: Named }`);
    const rest = sdl.slice(sdl.indexOf('type ComplianceManagementPartner'));
    expect(rest.replace(/\s+/g, ' ').trim()).toBe(
      'type ComplianceManagementPartner implements Named @key(fields: "id") { id: ID! name: String node: Int } ' +
        'interface Named { name: String } type PageInfo @shareable { hasNextPage: Boolean! } ' +
        'type Query { viewer: Named }',
    );
  });

  it('is not there without FEDERATION', async () => {
    const { result } = await gateway.run('{ _service { sdl } }');
    const served = await gateway.get('/schema.graphql');
    expect(result.errors?.[0]?.message).toContain('Cannot query field "_service"');
    expect(served.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(buildSchema(served.text).getMutationType()?.name).toBe('Mutation');
  });
});
