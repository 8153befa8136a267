import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import type { Emulator } from '../../src/emulator/server.ts';
import { subgraphSdlOf } from '../../src/graphql/schema.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const ids = Array.from({ length: 101 }, (_value, index) => `row-${index}`);
const type = 'ComplianceManagementPartner';
const keyOf = (id: unknown) => ({ __typename: type, id });

let graph: Emulator;
let gateway: TestGateway;
let closed: TestGateway;

beforeAll(async () => {
  const seed = ids.map((id) => ({ id, displayName: `Name of ${id}` }));
  graph = await startTestGraph({ seed });
  const environment = { GRAPH_BASE_URL: graph.baseUrl, FEDERATION: 'subgraph' };
  gateway = await startTestGateway(environment);
  closed = await startTestGateway({ ...environment, INTROSPECTION: 'false' });
});

afterAll(async () => {
  await Promise.all([gateway.stop(0), closed.stop(0)]);
  await graph.close();
});

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
    const { status, result } = await ask(asked.map(keyOf));
    expect(status).toBe(200);
    expect(result.errors).toBeUndefined();
    expect(result.data?.['_entities']).toEqual(
      asked.map((id) =>
        id === 'nobody' ? null : { __typename: type, id, displayName: `Name of ${id}` },
      ),
    );
    const calls = graph.requests.slice(before);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array<string>(5).fill('POST /beta/$batch'),
    );
  });

  it.each([
    [
      'one field',
      (variables: string) => `_entities(representations: ${variables}) { __typename }`,
      1,
    ],
    [
      'several fields',
      (variables: string) =>
        `a: _entities(representations: ${variables}) { __typename }
         b: _entities(representations: ${variables}) { __typename }`,
      2,
    ],
  ])('of more than 100 are rejected before anything is read: %s', async (_name, fields, times) => {
    const before = graph.requests.length;
    const document = `query ($representations: [_Any!]!) { ${fields('$representations')} }`;
    const { status, result } = await ask(ids.slice(0, 102 / times).map(keyOf), document);
    const seen = times * Math.min(ids.length, 102 / times);
    expect(status).toBe(400);
    expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
      expect.objectContaining({ code: 'TOO_MANY_ENTITIES', allowed: 100, seen }),
    ]);
    expect(graph.requests.length).toBe(before);
  });

  it.each<[string, unknown, string, RegExp]>([
    [
      'a foreign type',
      { __typename: 'Product', id: 'row-1' },
      '__typename',
      /the one entity of this subgraph is/,
    ],
    ['no type', { id: 'row-1' }, '__typename', /the one entity of this subgraph is/],
    ['no object', 'row-1', '__typename', /the one entity of this subgraph is/],
    ['no id', { __typename: type }, 'id', /no "id" that can be a partner's/],
    ['a number for an id', keyOf(1), 'id', /no "id" that can be a partner's/],
    ["an id that is not a partner's", keyOf('../me'), 'id', /no "id" that can be a partner's/],
  ])('with %s are an error, and the others are given', async (_name, wrong, member, message) => {
    const { status, result } = await ask([keyOf('row-1'), wrong]);
    expect(status).toBe(200);
    expect(result.data?.['_entities']).toEqual([expect.objectContaining({ id: 'row-1' }), null]);
    expect(result.errors).toEqual([
      {
        message: expect.stringMatching(message),
        locations: expect.anything(),
        path: ['_entities', 1],
        extensions: { code: 'BAD_USER_INPUT', field: ['representations', '1', member] },
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
    const { status, text } = await gateway.post({ query, variables: { representations: 1 } });
    expect([status, JSON.parse(text)]).toMatchObject([
      401,
      { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    ]);
  });
});

it('keeps the other limits for entities', async () => {
  const before = graph.requests.length;
  const fields = Array.from(
    { length: 21 },
    (_value, index) => `a${index}: _entities(representations: $representations) { __typename }`,
  );
  const document = `query ($representations: [_Any!]!) { ${fields.join(' ')} }`;
  const { status, result } = await ask([keyOf('row-1')], document);
  expect([status, result.errors?.[0]?.extensions['code']]).toEqual([400, 'TOO_MANY_ALIASES']);
  expect(graph.requests.length).toBe(before);
});

describe('the SDL for composers', () => {
  const service = { query: '{ _service { sdl } }' };

  it('needs no token, and is what /schema.graphql has', async () => {
    const { status, text } = await gateway.post(service);
    const { data } = JSON.parse(text) as { data: { _service: { sdl: string } } };
    expect(status).toBe(200);
    expect(data._service.sdl).toBe((await gateway.get('/schema.graphql')).text);
    expect(() => parse(data._service.sdl)).not.toThrow();
    for (const part of [
      'federation/v2.0", import: ["@key", "@shareable"])',
      'directive @oneOf on INPUT_OBJECT',
      `type ${type} @key(fields: "id") {`,
      'type PageInfo @shareable {',
    ]) {
      expect(data._service.sdl).toContain(part);
    }
    expect(data._service.sdl).not.toMatch(/\bNode\b|^ {2}nodes?\(/m);
  });

  it('opens no other field without a token', async () => {
    const { status, text } = await gateway.post({
      query: '{ _service { sdl } complianceManagementPartner(id: "row-1") { id } }',
    });
    expect([status, text]).toEqual([401, expect.not.stringContaining('sdl')]);
  });

  it('follows the introspection switch', async () => {
    const { status, text } = await closed.post(service, {
      accept: 'application/graphql-response+json',
    });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      errors: [{ message: expect.stringContaining('"_service"') }],
    });
    const own = await closed.run('{ complianceManagementPartner(id: "row-1") { id } }');
    expect(own.result.data).toEqual({ complianceManagementPartner: { id: 'row-1' } });
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
    const plain = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
    const { result } = await plain.run('{ _service { sdl } }');
    const served = await plain.get('/schema.graphql');
    await plain.stop(0);
    expect(result.errors?.[0]?.message).toContain('Cannot query field "_service"');
    expect(() => buildSchema(served.text)).not.toThrow();
  });
});
