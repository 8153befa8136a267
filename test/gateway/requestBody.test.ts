import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { scripted } = useStages(afterAll);
const { graph, gateway } = await scripted(json(200, { value: [] }));
afterAll(() => expect(graph.requests).toEqual([]));

const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
  gateway.send('POST', '/graphql', { 'content-type': 'application/json', ...headers }, body);
const get = (search: string, headers: Record<string, string> = {}) =>
  gateway.get(`/graphql?${search}`, { 'apollo-require-preflight': '1', ...headers });

const graphql = 'application/graphql-response+json';
const typename = JSON.stringify({ query: '{ __typename }' });
const withVariables = (json: string) => `{"query":"{ __typename }","variables":${json}}`;
const named = 'query Named { __typename }';
const done = { data: { __typename: 'Query' } };

const type = (value: string) => ({ 'content-type': value });
const packed = { 'content-encoding': 'gzip' };
const twoCharsets = type('application/json; charset=utf-8; charset=iso-8859-1');

const malformed: readonly [what: string, string | Buffer, string, Record<string, string>][] = [
  ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'INVALID_UTF8', {}],
  ['that is empty', '', 'BAD_REQUEST', {}],
  ['that is cut off', typename.slice(0, -1), 'BAD_REQUEST', {}],
  ['that is null', 'null', 'BAD_REQUEST', {}],
  ['that is a batch of nothing', '[]', 'BATCHING_NOT_SUPPORTED', {}],
  ['with a prototype', '{"query":"{ __typename }","__proto__":{"a":1}}', 'FORBIDDEN_KEY', {}],
  ['with one inside', withVariables('[{"\\u005f_proto__":{"a":1}}]'), 'FORBIDDEN_KEY', {}],
  ["with a constructor's", withVariables('{"constructor":{"prototype":1}}'), 'FORBIDDEN_KEY', {}],
  ['with two charsets', typename, 'UNSUPPORTED_MEDIA_TYPE', twoCharsets],
  ['of a form', 'query=%7B__typename%7D', 'UNSUPPORTED_MEDIA_TYPE', type('multipart/form-data')],
  ['that is packed', gzipSync(typename), 'UNSUPPORTED_CONTENT_ENCODING', packed],
];

describe('a request body', () => {
  it.each([
    'application/json',
    'application/json;charset="UTF-8"',
    'Application/JSON; Charset=utf8',
  ])('is taken as %s', async (value) => {
    expect((await send(typename, type(value))).result).toEqual(done);
  });

  it('is taken with a byte order mark, with an encoding of identity, and in every script', async () => {
    expect((await send(`\uFEFF${typename}`)).status).toBe(200);
    expect((await send(typename, { 'content-encoding': 'identity' })).status).toBe(200);
    const query = 'query ($id: ID = "Ж漢😀") { __typename @include(if: true) }';
    const { result } = await send(JSON.stringify({ query }));
    expect(result.errors?.[0]?.message).toContain('"$id" is never used');
  });

  it.each(malformed)('%s is rejected in JSON', async (_what, body, code, headers) => {
    const answer = await send(body, headers);
    const status = code.startsWith('UNSUPPORTED') ? 415 : 400;
    expect([answer.status, ...answer.codes]).toEqual([status, code]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'client-request-id': expect.stringMatching(/^id-/),
    });
    expect(answer.result.errors?.[0]?.message).toMatch(/^[A-Z`].*[.`]$/);
  });

  it.each(['{"query":""}', '{}', 'null'])(
    'without a document is rejected with the missing part alone: %s',
    async (body) => {
      const { status, extensions, result } = await send(body);
      expect([status, extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
      expect(result.errors?.[0]?.message).toMatch(/"query"/);
      expect(result.errors?.[0]?.message).not.toMatch(/persisted|POST body/i);
    },
  );

  it('that is rejected is logged with its code, and answered in the type of GraphQL if the caller knows it', async () => {
    const accept = `${graphql}, application/json;q=0.9`;
    const { status, headers } = await send('[]', { accept, 'client-request-id': 'batch' });
    expect([status, headers['content-type']]).toEqual([400, `${graphql}; charset=utf-8`]);
    const line = gateway.logged('Answered').find(({ requestId }) => requestId === 'batch');
    expect(line).toMatchObject({ status: 400, codes: ['BATCHING_NOT_SUPPORTED'] });
  });

  it('may have an empty operation name, and a variable with the name of a constructor', async () => {
    const query = 'query ($constructor: Boolean!) { __typename @include(if: $constructor) }';
    const variables = { constructor: true };
    const { result } = await send(JSON.stringify({ query, variables, operationName: '' }));
    expect(result).toEqual(done);
  });

  it.each(['Other', '__proto__'])(
    'is rejected for the operation name %s that its document lacks',
    async (operationName) => {
      const headers = { authorization: 'Bearer embedded-graph-token' };
      const { status, result } = await gateway.post({ query: named, operationName }, headers);
      const message = `Unknown operation named "${operationName}".`;
      const extensions = { code: 'OPERATION_RESOLUTION_FAILURE' };
      expect([status, result]).toEqual([400, { errors: [{ message, extensions }] }]);
    },
  );
});

describe('a URL', () => {
  it('without a document is rejected with that reason', async () => {
    const { status, extensions, result } = await get('query=&variables=%7B%7D');
    expect([status, extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
    expect(result.errors?.[0]?.message).toMatch(/"query" is missing or empty/);
  });

  it.each([
    'operationName=&variables=&extensions=',
    'variables=null&extensions=null',
    'documentId=',
    'variables=%7B%22a%22%3A%5B1%5D%7D&extensions=%7B%7D',
  ])('may have parameters that are empty or right: %s', async (parameters) => {
    const { status, result } = await get(`query=${encodeURIComponent(named)}&${parameters}`);
    expect([status, result]).toEqual([200, done]);
  });

  it.each<[string, number, string, Record<string, string>]>([
    ['variables=7', 400, 'BAD_REQUEST', {}],
    ['variables=&variables=', 400, 'BAD_REQUEST', {}],
    ['documentId=a&documentId=b', 400, 'BAD_REQUEST', {}],
    ['variables={"a":', 400, 'BAD_REQUEST', {}],
    ['extensions={"__proto__":{}}', 400, 'FORBIDDEN_KEY', {}],
    ['documentId=', 415, 'UNSUPPORTED_MEDIA_TYPE', type('text/plain')],
  ])('is rejected with %s', async (parameters, status, code, headers) => {
    const answer = await get(encodeURI(`query={__typename}&${parameters}`), headers);
    expect([answer.status, answer.codes[0]]).toEqual([status, code]);
  });
});

it('rejects the hash of a document with the error that Apollo Client knows', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const code = 'PERSISTED_QUERY_NOT_SUPPORTED';
  for (const { status, result } of [
    await send(JSON.stringify({ extensions })),
    await send(JSON.stringify({ extensions, query: '{ __typename }' })),
    await get(encodeURI(`extensions=${JSON.stringify(extensions)}`)),
  ]) {
    const error = { message: 'PersistedQueryNotSupported', extensions: { code } };
    expect([status, result.errors]).toEqual([200, [error]]);
  }
});
