import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from '@jest/globals';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { scripted } = useStages(afterAll);
const { graph, gateway } = await scripted(json(200, { value: [] }));
afterAll(() => expect(graph.requests).toEqual([]));

type Headers = Record<string, string>;
const send = (body: string | Buffer, headers: Headers = {}) =>
  gateway.send('POST', '/graphql', { 'content-type': 'application/json', ...headers }, body);
const get = (search: string, headers: Headers = {}) =>
  gateway.get(encodeURI(`/graphql?${search}`), { 'apollo-require-preflight': '1', ...headers });

const notedCodes = () => gateway.logged('Answered').at(-1)?.['codes'];

const graphql = 'application/graphql-response+json';
const query = '{ __typename }';
const typename = JSON.stringify({ query });
const done = { data: { __typename: 'Query' } };
const type = (value: string) => ({ 'content-type': value });
const twoCharsets = type('application/json; charset=utf-8; charset=iso-8859-1');
const ofConstructor = JSON.stringify({
  query: 'query ($constructor: Boolean!) { __typename @include(if: $constructor) }',
  variables: { constructor: true },
  operationName: '',
});

it.each<[string, string, Headers]>([
  ['in quotes', typename, type('application/json;charset="UTF-8"')],
  ['in another spelling', typename, type('Application/JSON; Charset=utf8')],
  ['with a byte order mark', `\uFEFF${typename}`, {}],
  ['with an encoding of identity', typename, { 'content-encoding': 'identity' }],
  ['in every script', '{"query":"{ __typename } # Ж漢😀"}', {}],
  ['with an empty operation name and the name of a constructor', ofConstructor, {}],
])('takes a body %s', async (_what, body, headers) => {
  expect((await send(body, headers)).result).toEqual(done);
});

it.each<[string, string | Buffer, string, Headers]>([
  ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'INVALID_UTF8', {}],
  ['that is empty', '', 'BAD_REQUEST', {}],
  ['that is cut off', typename.slice(0, -1), 'BAD_REQUEST', {}],
  ['that is null', 'null', 'BAD_REQUEST', {}],
  ['without a document', '{}', 'BAD_REQUEST', {}],
  ['with an empty document', '{"query":""}', 'BAD_REQUEST', {}],
  ['that is a batch of nothing', '[]', 'BATCHING_NOT_SUPPORTED', {}],
  ['with a prototype', '{"query":"{ __typename }","__proto__":{"a":1}}', 'FORBIDDEN_KEY', {}],
  ['with one inside', '{"variables":[{"\\u005f_proto__":{"a":1}}]}', 'FORBIDDEN_KEY', {}],
  ["with a constructor's", '{"variables":{"constructor":{"prototype":1}}}', 'FORBIDDEN_KEY', {}],
  ['with two charsets', typename, 'UNSUPPORTED_MEDIA_TYPE', twoCharsets],
  ['of a form', 'query=%7B%7D', 'UNSUPPORTED_MEDIA_TYPE', type('multipart/form-data')],
  ['packed', gzipSync(typename), 'UNSUPPORTED_CONTENT_ENCODING', { 'content-encoding': 'gzip' }],
])('rejects a body %s, in the type that the caller knows', async (_what, body, code, headers) => {
  const status = code.startsWith('UNSUPPORTED') ? 415 : 400;
  const message = expect.stringMatching(/^[A-Z`](?!.*(persisted|POST body)).*[.`]$/);
  for (const accept of ['application/json', `${graphql}, application/json;q=0.9`]) {
    const answer = await send(body, { ...headers, accept });
    expect([answer.status, answer.result]).toEqual([
      status,
      { errors: [{ message, extensions: expect.objectContaining({ code }) }] },
    ]);
    expect(answer.headers).toMatchObject({
      'content-type': `${accept.split(',')[0]}; charset=utf-8`,
      'client-request-id': expect.stringMatching(/^id-/),
    });
    expect(notedCodes()).toEqual([code]);
  }
});

it.each(['Other', '__proto__'])(
  'rejects the operation name %s that its document lacks',
  async (operationName) => {
    const headers = { authorization: 'Bearer embedded-graph-token' };
    const { status, result } = await gateway.post({ query, operationName }, headers);
    const message = `Unknown operation named "${operationName}".`;
    const extensions = { code: 'OPERATION_RESOLUTION_FAILURE' };
    expect([status, result]).toEqual([400, { errors: [{ message, extensions }] }]);
  },
);

it.each([
  'operationName=&variables=&extensions=',
  'variables=null&extensions=null',
  'documentId=',
  'variables={"a":[1]}&extensions={}',
])('takes a URL with parameters that are empty or right: %s', async (parameters) => {
  const { status, result } = await get(`query=query Named {__typename}&${parameters}`);
  expect([status, result]).toEqual([200, done]);
});

it.each<[string, number, string, Headers]>([
  ['query=&variables={}', 400, 'BAD_REQUEST', {}],
  ['query={__typename}&variables=7', 400, 'BAD_REQUEST', {}],
  ['query={__typename}&variables=&variables=', 400, 'BAD_REQUEST', {}],
  ['query={__typename}&documentId=a&documentId=b', 400, 'BAD_REQUEST', {}],
  ['query={__typename}&variables={"a":', 400, 'BAD_REQUEST', {}],
  ['query={__typename}&extensions={"__proto__":{}}', 400, 'FORBIDDEN_KEY', {}],
  ['query={__typename}', 415, 'UNSUPPORTED_MEDIA_TYPE', type('text/plain')],
])('rejects the URL %s', async (parameters, status, code, headers) => {
  const answer = await get(parameters, headers);
  expect([answer.status, answer.codes[0], notedCodes()]).toEqual([status, code, [code]]);
});

it('rejects the hash of a document with the error that Apollo Client knows', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const code = 'PERSISTED_QUERY_NOT_SUPPORTED';
  for (const { status, result } of [
    await send(JSON.stringify({ extensions })),
    await send(JSON.stringify({ extensions, query })),
    await get(`extensions=${JSON.stringify(extensions)}`),
  ]) {
    const error = { message: 'PersistedQueryNotSupported', extensions: { code } };
    expect([status, result.errors, notedCodes()]).toEqual([200, [error], [code]]);
  }
});
