import { afterAll, describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { subgraphSdlOf } from '../../src/graphql/schema.ts';
import { useStages } from '../support/stages.ts';

const ids = Array.from({ length: 101 }, (_value, index) => `row-${index}`);
const type = 'ComplianceManagementPartner';
const keyOf = (id: unknown) => ({ __typename: type, id });

const { embedded, start } = useStages(afterAll);
const FEDERATION = 'subgraph';
const seed = ids.map((id) => ({ id, displayName: `Name of ${id}` }));
const { graph, gateway } = await embedded({ seed }, { FEDERATION });
const GRAPH_BASE_URL = graph.baseUrl;
const closed = await start({ GRAPH_BASE_URL, FEDERATION, INTROSPECTION: 'false' });
const plain = await start({ GRAPH_BASE_URL });

const query = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename ... on ${type} { id displayName }
  }
}`;
const ask = (representations: readonly unknown[], document = query) =>
  gateway.run(document, { representations });

describe('entities', () => {
  it('are read as by id: in order, 100 in five calls of Graph, null where there is none', async () => {
    const before = graph.requests.length;
    const asked = [...ids.slice(0, 98), 'nobody', 'row-3'];
    const rows = asked.map((id) => ({ ...keyOf(id), displayName: `Name of ${id}` }));
    const { status, result } = await ask(asked.map(keyOf));
    expect([status, result]).toEqual([
      200,
      { data: { _entities: rows.map((row) => (row.id === 'nobody' ? null : row)) } },
    ]);
    const calls = graph.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
    expect(calls).toEqual(Array(5).fill('POST /beta/$batch'));
  });

  it('of more than 100, in several fields, are rejected before anything is read', async () => {
    const before = graph.requests.length;
    const entities = '_entities(representations: $representations) { __typename }';
    const document = `query ($representations: [_Any!]!) { a: ${entities} b: ${entities} }`;
    const { status, extensions } = await ask(ids.slice(0, 51).map(keyOf), document);
    const limit = { code: 'TOO_MANY_ENTITIES', allowed: 100, seen: 102 };
    expect([status, extensions]).toEqual([400, limit]);
    expect(graph.requests.length).toBe(before);
  });

  it('that are none are an error each, and the others are given', async () => {
    const foreign = /the one entity of this subgraph is/;
    const noId = /no "id" that can be a partner's/;
    const wrong: readonly (readonly [unknown, string, RegExp])[] = [
      [{ __typename: 'Product', id: 'row-1' }, '__typename', foreign],
      ['row-1', '__typename', foreign],
      [{ __typename: type }, 'id', noId],
      [keyOf(1), 'id', noId],
      [keyOf('../me'), 'id', noId],
    ];
    const given = [keyOf('row-1'), ...wrong.map(([representation]) => representation)];
    const { status, result } = await ask(given);
    expect([status, result]).toEqual([
      200,
      {
        data: { _entities: [expect.objectContaining(keyOf('row-1')), ...wrong.map(() => null)] },
        errors: wrong.map(([, member, message], index) => ({
          message: expect.stringMatching(message),
          locations: expect.anything(),
          path: ['_entities', index + 1],
          extensions: {
            code: 'BAD_USER_INPUT',
            field: ['representations', `${index + 1}`, member],
          },
        })),
      },
    ]);
  });

  it('that fail are null with their error, and the others are given', async () => {
    graph.faults.add({ when: { path: 'row-2' }, respond: { status: 403, body: {} } });
    const { result } = await ask(['row-1', 'row-2'].map(keyOf));
    expect(result).toMatchObject({
      data: { _entities: [{ id: 'row-1' }, null] },
      errors: [{ path: ['_entities', 1], extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('need a token before the representations are looked at', async () => {
    const { status, codes } = await gateway.post({ query, variables: { representations: 1 } });
    expect([status, codes]).toEqual([401, ['UNAUTHENTICATED']]);
  });
});

describe('the SDL for composers', () => {
  const accept = 'application/graphql-response+json';
  const service = { query: '{ _service { sdl } }' };

  it('needs no token, and is what /schema.graphql has', async () => {
    const { status, root } = await gateway.post(service);
    const { sdl } = root as { readonly sdl: string };
    expect([status, sdl]).toEqual([200, (await gateway.get('/schema.graphql')).text]);
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
    await closed.ask('{ complianceManagementPartner(id: "row-1") { id } }');
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
    const { result } = await plain.run('{ _service { sdl } }');
    const served = await plain.get('/schema.graphql');
    expect(result.errors?.[0]?.message).toContain('Cannot query field "_service"');
    expect(served.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(buildSchema(served.text).getMutationType()?.name).toBe('Mutation');
  });
});
