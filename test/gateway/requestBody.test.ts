import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: [] }));
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
  expect(graph.requests).toEqual([]);
});

async function send(body: string | Buffer, headers: Record<string, string> = {}) {
  const answer = await request(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, result: JSON.parse(text) };
}

const get = async (parameters: Record<string, string>) => {
  const search = new URLSearchParams(parameters);
  const answer = await gateway.get(`/graphql?${search}`, { 'apollo-require-preflight': '1' });
  return { status: answer.status, result: JSON.parse(answer.text) };
};

const typename = JSON.stringify({ query: '{ __typename }' });
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('a request body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON; Charset=utf8',
    'application/json; x=y',
  ])('is taken as %s', async (type) => {
    expect((await send(typename, { 'content-type': type })).result.data).toBeDefined();
  });

  it('is taken with a byte order mark, with an encoding of identity, and in every script', async () => {
    expect((await send(`\uFEFF${typename}`)).status).toBe(200);
    expect((await send(typename, { 'content-encoding': 'identity' })).status).toBe(200);
    const query = 'query ($id: ID = "Ж漢😀") { __typename @include(if: true) }';
    const { result } = await send(JSON.stringify({ query }));
    expect(result.errors[0].message).toContain('"$id" is never used');
  });

  it.each<[string, string | Buffer, Record<string, string>, number, string]>([
    [
      'in UTF-16',
      Buffer.from(typename, 'utf16le'),
      { 'content-type': 'application/json; charset=utf-16' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'with two charsets',
      typename,
      { 'content-type': 'application/json; charset=utf-8; charset=iso-8859-1' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'of another type',
      'query=%7B__typename%7D',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'of several parts',
      '--x\r\n\r\n--x--',
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'that is compressed',
      gzipSync(typename),
      { 'content-encoding': 'gzip' },
      415,
      'UNSUPPORTED_CONTENT_ENCODING',
    ],
    ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'INVALID_UTF8'],
    [
      'with half a character',
      Buffer.from('{"query":"\u00fc').subarray(0, -1),
      {},
      400,
      'INVALID_UTF8',
    ],
    ['that is empty', '', {}, 400, 'BAD_REQUEST'],
    ['that is cut off', typename.slice(0, -1), {}, 400, 'BAD_REQUEST'],
    ['that is null', 'null', {}, 400, 'BAD_REQUEST'],
    ['that is a text', '"{ __typename }"', {}, 400, 'BAD_REQUEST'],
    ['that is a batch', `[${typename},${typename}]`, {}, 400, 'BATCHING_NOT_SUPPORTED'],
    ['that is a batch of one', `[${typename}]`, {}, 400, 'BATCHING_NOT_SUPPORTED'],
    ['that is a batch of nothing', '[]', {}, 400, 'BATCHING_NOT_SUPPORTED'],
    ['of nothing but depth', nested(32_000), {}, 400, 'JSON_TOO_DEEP'],
    [
      'with variables that are too deep',
      `{"query":"{ __typename }","variables":{"a":${nested(31)}}}`,
      {},
      400,
      'JSON_TOO_DEEP',
    ],
    [
      'with two queries',
      '{"query":"{ __typename }","query":"{ viewer { tenantId } }"}',
      {},
      400,
      'DUPLICATE_KEYS',
    ],
    [
      'with a variable that is there twice in two spellings',
      '{"query":"{ __typename }","variables":{"id":1,"\\u0069d":2}}',
      {},
      400,
      'DUPLICATE_KEYS',
    ],
    [
      'that reaches for the prototype',
      '{"query":"{ __typename }","__proto__":{"admin":true}}',
      {},
      400,
      'FORBIDDEN_KEY',
    ],
    [
      'with variables that reach for the prototype',
      '{"query":"{ __typename }","variables":{"a":[{"\\u005f_proto__":{"admin":true}}]}}',
      {},
      400,
      'FORBIDDEN_KEY',
    ],
    [
      "with variables that reach for the constructor's prototype",
      '{"query":"{ __typename }","variables":{"constructor":{"prototype":{"admin":true}}}}',
      {},
      400,
      'FORBIDDEN_KEY',
    ],
  ])('%s is refused in JSON', async (_what, body, headers, status, code) => {
    const answer = await send(body, headers);
    expect([answer.status, answer.result.errors?.[0].extensions.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['client-request-id']).toMatch(/^id-/);
    expect(answer.result.errors).toHaveLength(1);
    expect(answer.result.errors[0].message).toMatch(/^[A-Z`].*[.`]$/);
    expect(Object.keys({}.constructor.prototype)).toEqual([]);
  });

  it.each<[string, string]>([
    ['no document', '{"variables":{}}'],
    ['an empty document', '{"query":""}'],
    ['a document of null', '{"query":null}'],
    ['no members', '{}'],
    ['no object', 'null'],
  ])(
    'with %s is rejected with the missing part alone, not with unsupported ones',
    async (_what, body) => {
      const { status, result } = await send(body);
      const [{ message, extensions }] = result.errors;
      expect([status, extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
      expect(message).toMatch(/"query"/);
      expect(message).not.toMatch(/persisted|POST body/i);
    },
  );

  it('is refused in the type of GraphQL where the caller knows it', async () => {
    const accept = 'application/graphql-response+json, application/json;q=0.9';
    const { status, headers } = await send('[]', { accept });
    expect([status, headers['content-type']]).toEqual([
      400,
      'application/graphql-response+json; charset=utf-8',
    ]);
  });

  it('is logged with its error code when it is rejected', async () => {
    await send('[]', { 'client-request-id': 'batch' });
    const line = gateway.logLines.find((candidate) => candidate.includes('"batch"'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      message: 'Answered',
      status: 400,
      codes: ['BATCHING_NOT_SUPPORTED'],
    });
  });

  it('may have an operation name that is empty', async () => {
    const query = 'query Named { __typename }';
    const { result } = await send(JSON.stringify({ query, operationName: '' }));
    expect(result).toEqual({ data: { __typename: 'Query' } });
  });

  it.each(['Other', '__proto__', 'constructor'])(
    'is rejected for the operation name %s that its document lacks',
    async (operationName) => {
      const query = 'query Named { __typename }';
      const { status, result } = await send(JSON.stringify({ query, operationName }), {
        authorization: 'Bearer embedded-graph-token',
      });
      expect([status, result]).toEqual([
        400,
        {
          errors: [
            {
              message: `Unknown operation named "${operationName}".`,
              extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
            },
          ],
        },
      ]);
    },
  );

  it('may have a variable with the name of a constructor', async () => {
    const query = 'query ($constructor: Boolean!) { __typename @include(if: $constructor) }';
    const { result } = await send(JSON.stringify({ query, variables: { constructor: true } }));
    expect(result).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('a URL', () => {
  it.each(['/graphql', '/graphql?query=', '/graphql?query=&variables=%7B%7D'])(
    'without a document, %s, is rejected with that reason',
    async (path) => {
      const { status, text } = await gateway.get(path, { 'apollo-require-preflight': '1' });
      expect(status).toBe(400);
      expect(JSON.parse(text).errors).toEqual([
        {
          message:
            'The request has no document: "query" is missing or empty. Send an operation in it.',
          extensions: { code: 'BAD_REQUEST' },
        },
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
    const query = encodeURIComponent('query Named { __typename }');
    const path = `/graphql?query=${query}&${empty}`;
    const { status, text } = await gateway.get(path, { 'apollo-require-preflight': '1' });
    expect([status, JSON.parse(text)]).toEqual([200, { data: { __typename: 'Query' } }]);
  });

  it.each(['variables=7', 'variables=&variables='])('is rejected with %s', async (parameters) => {
    const path = `/graphql?query=%7B__typename%7D&${parameters}`;
    const { status } = await gateway.get(path, {
      'apollo-require-preflight': '1',
      accept: 'application/graphql-response+json',
    });
    expect(status).toBe(400);
  });

  it('with the type of a body that cannot be taken is answered as such a body is', async () => {
    const answer = await gateway.get('/graphql?query=%7B__typename%7D', {
      'apollo-require-preflight': '1',
      'content-type': 'text/plain',
    });
    expect([answer.status, JSON.parse(answer.text).errors[0].extensions.code]).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
  });
});

describe('the JSON in a URL', () => {
  const query = '{ __typename }';

  it.each<[string, string, string]>([
    ['is cut off', '{"a":', 'BAD_REQUEST'],
    ['has two members of one name', '{"a":1,"a":2}', 'DUPLICATE_KEYS'],
    ['is too deep', `{"a":${nested(31)}}`, 'JSON_TOO_DEEP'],
    ['reaches for the prototype', '{"__proto__":{}}', 'FORBIDDEN_KEY'],
  ])('is refused where it %s', async (_what, text, code) => {
    for (const name of ['variables', 'extensions']) {
      const { status, result } = await get({ query, [name]: text });
      expect([status, result.errors[0].extensions.code]).toEqual([400, code]);
    }
  });

  it('is taken where it is right', async () => {
    expect((await get({ query, variables: '{"a":[1]}', extensions: '{}' })).status).toBe(200);
  });
});

describe('a client of automatic persisted queries', () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };

  it('gets the error of its protocol that asks for the document', async () => {
    for (const { result } of [
      await send(JSON.stringify({ extensions })),
      await send(JSON.stringify({ query: '{ __typename }', extensions })),
      await get({ extensions: JSON.stringify(extensions) }),
    ]) {
      expect(result.errors).toEqual([
        {
          message: 'PersistedQueryNotSupported',
          extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
        },
      ]);
    }
  });

  it('gets an error that document ids are not supported', async () => {
    const documentId = `sha256:${'a'.repeat(64)}`;
    for (const { status, result } of [
      await send(JSON.stringify({ documentId })),
      await send(JSON.stringify({ documentId, query: '{ __typename }' })),
      await get({ documentId }),
    ]) {
      expect([status, result.errors[0].extensions.code]).toEqual([400, 'TRUSTED_DOCUMENTS_OFF']);
    }
  });
});
