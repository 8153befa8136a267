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
const getWith = (parameters: Record<string, string>) =>
  get(String(new URLSearchParams(parameters)));

const graphql = 'application/graphql-response+json';
const typename = JSON.stringify({ query: '{ __typename }' });
const withVariables = (json: string) => `{"query":"{ __typename }","variables":${json}}`;
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const named = 'query Named { __typename }';
const done = { data: { __typename: 'Query' } };

type Case = readonly [what: string, body: string | Buffer, code: string];
const malformed: readonly Case[] = [
  ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'INVALID_UTF8'],
  ['with half a character', Buffer.from('{"query":"\u00fc').subarray(0, -1), 'INVALID_UTF8'],
  ['that is empty', '', 'BAD_REQUEST'],
  ['that is cut off', typename.slice(0, -1), 'BAD_REQUEST'],
  ['that is null', 'null', 'BAD_REQUEST'],
  ['that is a text', '"{ __typename }"', 'BAD_REQUEST'],
  ['that is a batch', `[${typename},${typename}]`, 'BATCHING_NOT_SUPPORTED'],
  ['that is a batch of one', `[${typename}]`, 'BATCHING_NOT_SUPPORTED'],
  ['that is a batch of nothing', '[]', 'BATCHING_NOT_SUPPORTED'],
  ['of nothing but depth', nested(32_000), 'JSON_TOO_DEEP'],
  ['with variables that are too deep', withVariables(`{"a":${nested(31)}}`), 'JSON_TOO_DEEP'],
  [
    'with two queries',
    '{"query":"{ __typename }","query":"{ viewer { kind } }"}',
    'DUPLICATE_KEYS',
  ],
  ['with a variable in two spellings', withVariables('{"id":1,"\\u0069d":2}'), 'DUPLICATE_KEYS'],
  ['with a prototype', '{"query":"{ __typename }","__proto__":{"admin":1}}', 'FORBIDDEN_KEY'],
  ['with one in variables', withVariables('{"a":[{"\\u005f_proto__":{"a":1}}]}'), 'FORBIDDEN_KEY'],
  ["with a constructor's", withVariables('{"constructor":{"prototype":{"a":1}}}'), 'FORBIDDEN_KEY'],
];
const type = (value: string) => ({ 'content-type': value });
const form = type('application/x-www-form-urlencoded');
const unsupported: readonly (readonly [string, string | Buffer, Record<string, string>])[] = [
  ['in UTF-16', Buffer.from(typename, 'utf16le'), type('application/json; charset=utf-16')],
  ['with two charsets', typename, type('application/json; charset=utf-8; charset=iso-8859-1')],
  ['of another type', 'query=%7B__typename%7D', form],
  ['of several parts', '--x\r\n\r\n--x--', type('multipart/form-data; boundary=x')],
  ['that is compressed', gzipSync(typename), { 'content-encoding': 'gzip' }],
];

describe('a request body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON; Charset=utf8',
    'application/json; x=y',
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

  it.each([
    ...malformed.map(
      ([what, body, code]) => [what, { body, headers: {}, status: 400, code }] as const,
    ),
    ...unsupported.map(([what, body, headers]) => {
      const isPacked = 'content-encoding' in headers;
      const code = isPacked ? 'UNSUPPORTED_CONTENT_ENCODING' : 'UNSUPPORTED_MEDIA_TYPE';
      return [what, { body, headers, status: 415, code }] as const;
    }),
  ])('%s is rejected in JSON', async (_what, { body, headers, status, code }) => {
    const answer = await send(body, headers);
    expect([answer.status, ...answer.codes]).toEqual([status, code]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'client-request-id': expect.stringMatching(/^id-/),
    });
    expect(answer.result.errors?.[0]?.message).toMatch(/^[A-Z`].*[.`]$/);
    expect(Object.keys({}.constructor.prototype)).toEqual([]);
  });

  it.each(['{"variables":{}}', '{"query":""}', '{"query":null}', '{}', 'null'])(
    'without a document is rejected with the missing part alone: %s',
    async (body) => {
      const { status, extensions, result } = await send(body);
      expect([status, extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
      expect(result.errors?.[0]?.message).toMatch(/"query"/);
      expect(result.errors?.[0]?.message).not.toMatch(/persisted|POST body/i);
    },
  );

  it('is rejected in the type of GraphQL where the caller knows it', async () => {
    const { status, headers } = await send('[]', { accept: `${graphql}, application/json;q=0.9` });
    expect([status, headers['content-type']]).toEqual([400, `${graphql}; charset=utf-8`]);
  });

  it('is logged with its error code when it is rejected', async () => {
    await send('[]', { 'client-request-id': 'batch' });
    const line = gateway.logged('Answered').find(({ requestId }) => requestId === 'batch');
    expect(line).toMatchObject({ status: 400, codes: ['BATCHING_NOT_SUPPORTED'] });
  });

  it('may have an operation name that is empty', async () => {
    const { result } = await send(JSON.stringify({ query: named, operationName: '' }));
    expect(result).toEqual(done);
  });

  it.each(['Other', '__proto__', 'constructor'])(
    'is rejected for the operation name %s that its document lacks',
    async (operationName) => {
      const headers = { authorization: 'Bearer embedded-graph-token' };
      const { status, result } = await gateway.post({ query: named, operationName }, headers);
      const message = `Unknown operation named "${operationName}".`;
      const extensions = { code: 'OPERATION_RESOLUTION_FAILURE' };
      expect([status, result]).toEqual([400, { errors: [{ message, extensions }] }]);
    },
  );

  it('may have a variable with the name of a constructor', async () => {
    const query = 'query ($constructor: Boolean!) { __typename @include(if: $constructor) }';
    const { result } = await send(JSON.stringify({ query, variables: { constructor: true } }));
    expect(result).toEqual(done);
  });
});

describe('a URL', () => {
  it.each(['', 'query=', 'query=&variables=%7B%7D'])(
    'without a document, ?%s, is rejected with that reason',
    async (search) => {
      const { status, result } = await get(search);
      const message =
        'The request has no document: "query" is missing or empty. Send an operation in it.';
      expect([status, result.errors]).toEqual([
        400,
        [{ message, extensions: { code: 'BAD_REQUEST' } }],
      ]);
    },
  );

  it.each([
    'operationName=',
    'variables=',
    'extensions=',
    'variables=null&extensions=null',
    'documentId=',
    'operationName=&variables=&extensions=',
  ])('may have parameters that are empty: %s', async (empty) => {
    const { status, result } = await get(`query=${encodeURIComponent(named)}&${empty}`);
    expect([status, result]).toEqual([200, done]);
  });

  it.each(['variables=7', 'variables=&variables='])('is rejected with %s', async (parameters) => {
    const { status } = await get(`query=%7B__typename%7D&${parameters}`, { accept: graphql });
    expect(status).toBe(400);
  });

  it('with the type of a body that cannot be taken is answered as such a body is', async () => {
    const { status, codes } = await get('query=%7B__typename%7D', type('text/plain'));
    expect([status, codes]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
  });

  it.each<[string, string, string]>([
    ['is cut off', '{"a":', 'BAD_REQUEST'],
    ['has two members of one name', '{"a":1,"a":2}', 'DUPLICATE_KEYS'],
    ['is too deep', `{"a":${nested(31)}}`, 'JSON_TOO_DEEP'],
    ['reaches for the prototype', '{"__proto__":{}}', 'FORBIDDEN_KEY'],
  ])('is rejected if JSON in it %s', async (_what, text, code) => {
    for (const name of ['variables', 'extensions']) {
      const { status, codes } = await getWith({ query: '{ __typename }', [name]: text });
      expect([status, codes[0]]).toEqual([400, code]);
    }
  });

  it('is taken if the JSON in it is right', async () => {
    const parameters = { query: '{ __typename }', variables: '{"a":[1]}', extensions: '{}' };
    expect((await getWith(parameters)).status).toBe(200);
  });
});

describe('a client of persisted queries', () => {
  const hash = 'a'.repeat(64);
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
  const documentId = `sha256:${hash}`;
  const query = '{ __typename }';

  it.each<[string, object, Record<string, string>, string, RegExp, number]>([
    [
      "Apollo's protocol",
      { extensions },
      { extensions: JSON.stringify(extensions) },
      'PERSISTED_QUERY_NOT_SUPPORTED',
      /^PersistedQueryNotSupported$/,
      200,
    ],
    ['document ids', { documentId }, { documentId }, 'TRUSTED_DOCUMENTS_OFF', /./, 400],
  ])('gets the error of %s', async (_what, body, parameters, code, message, expected) => {
    for (const { status, extensions: told, result } of [
      await send(JSON.stringify(body)),
      await send(JSON.stringify({ ...body, query })),
      await getWith(parameters),
    ]) {
      expect(status).toBe(expected);
      expect(told).toEqual({ code });
      expect(result.errors).toEqual([
        expect.objectContaining({ message: expect.stringMatching(message) }),
      ]);
    }
  });
});
