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
    const { status, result, root } = await ask(asked.map(keyOf));
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(root).toEqual(
      asked.map((id) =>
        id === 'nobody' ? null : { __typename: type, id, displayName: `Name of ${id}` },
      ),
    );
    const calls = graph.requests.slice(before);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array<string>(5).fill('POST /beta/$batch'),
    );
  });

  it('of more than 100, in several fields, are rejected before anything is read', async () => {
    const before = graph.requests.length;
    const entities = '_entities(representations: $representations) { __typename }';
    const document = `query ($representations: [_Any!]!) { a: ${entities} b: ${entities} }`;
    const { status, extensions } = await ask(ids.slice(0, 51).map(keyOf), document);
    expect([status, extensions]).toEqual([
      400,
      { code: 'TOO_MANY_ENTITIES', allowed: 100, seen: 102 },
    ]);
    expect(graph.requests.length).toBe(before);
  });

  it('that are none are an error each, and the others are given', async () => {
    const foreign = /the one entity of this subgraph is/;
    const noId = /no "id" that can be a partner's/;
    const wrong: readonly (readonly [unknown, string, RegExp])[] = [
      [{ __typename: 'Product', id: 'row-1' }, '__typename', foreign],
      [{ id: 'row-1' }, '__typename', foreign],
      ['row-1', '__typename', foreign],
      [{ __typename: type }, 'id', noId],
      [keyOf(1), 'id', noId],
      [keyOf('../me'), 'id', noId],
    ];
    const given = [keyOf('row-1'), ...wrong.map(([representation]) => representation)];
    const { status, result, root } = await ask(given);
    expect([status, root]).toMatchObject([200, [{ id: 'row-1' }, ...wrong.map(() => null)]]);
    expect(result.errors).toEqual(
      wrong.map(([, member, message], index) => ({
        message: expect.stringMatching(message),
        locations: expect.anything(),
        path: ['_entities', index + 1],
        extensions: { code: 'BAD_USER_INPUT', field: ['representations', `${index + 1}`, member] },
      })),
    );
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
    const { status, result } = await closed.post(service, {
      accept: 'application/graphql-response+json',
    });
    expect(status).toBe(400);
    expect(result.errors).toMatchObject([{ message: expect.stringContaining('"_service"') }]);
    const own = await closed.ask('{ complianceManagementPartner(id: "row-1") { id } }');
    expect(own).toEqual({ id: 'row-1' });
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
    expect(() => buildSchema(served.text)).not.toThrow();
  });
});
