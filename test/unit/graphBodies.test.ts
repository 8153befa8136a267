import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { getEach } from '../../src/graph/batch.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { readBody, readRefused } from '../../src/graph/readAnswer.ts';
import {
  createRoutes,
  type GraphOperation,
  type GraphRequest,
  type GraphResponse,
} from '../../src/graph/request.ts';
import { maximumBodyBytes } from '../../src/graph/transport.ts';
import { endableCall, testCall, testClientParts } from '../support/graphClients.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: GraphResponse['headers'];
  readonly body: string | Buffer;
  readonly operation?: GraphOperation;
}

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const encoded = (encoding: string | string[] | undefined) => ({
  ...json,
  'content-encoding': encoding,
});
const maximumJsonValues = 75_000;
const text = JSON.stringify({ id: 'abc', displayName: 'Flotte für alle' });

async function read(
  { status = 200, headers = json, body, operation = 'get' }: Answer,
  call = testCall(),
): Promise<GraphResponse> {
  return readBody({ operation, call }, { status, headers, body: Buffer.from(body) });
}

/** An array with so many values, itself included. */
const valued = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;
const bomb = Buffer.alloc(maximumBodyBytes + 1, ' ');

/** What no success may be. Only what is cut off lets a read be repeated. */
const unbelievable: readonly [string, Answer, string][] = [
  ['truncated JSON', { body: '{"id":"abc","displayN' }, 'JSON is broken'],
  ['HTML that says it is JSON', { body: '<html>' }, 'JSON is broken'],
  ['broken JSON of many bytes', { body: `${valued(60_000)}x` }, 'JSON is broken'],
  [
    'invalid UTF-8',
    { body: Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]) },
    'JSON is broken',
  ],
  ['two members of one name', { body: '{"id":"a","id":"b"}' }, 'two members'],
  ['JSON that is too deep', { body: '['.repeat(100) + ']'.repeat(100) }, 'too deeply'],
  ['more values than allowed', { body: valued(maximumJsonValues + 1) }, 'too many values'],
  ['an unknown encoding', { body: 'x', headers: encoded('x') }, 'not supported'],
  ['two encodings', { body: 'x', headers: encoded('br, gzip') }, 'not supported'],
  ['two on two lines', { body: 'x', headers: encoded(['gzip', 'gzip']) }, 'not supported'],
  [
    'one on the second line',
    { body: 'x', headers: encoded(['identity', 'gzip']) },
    'not supported',
  ],
  ['no gzip', { body: text, headers: encoded('gzip') }, 'encoding is broken'],
  [
    'half of a gzip',
    { body: gzipSync(text).subarray(0, 20), headers: encoded('gzip') },
    'encoding is broken',
  ],
  [
    'a deflate without its frame',
    { body: deflateRawSync(text), headers: encoded('deflate') },
    'encoding is broken',
  ],
  ['no brotli', { body: text, headers: encoded('br') }, 'encoding is broken'],
  ['a gzip bomb', { body: gzipSync(bomb), headers: encoded('gzip') }, 'too large'],
  ['a deflate bomb', { body: deflateSync(bomb), headers: encoded('deflate') }, 'too large'],
  ['a brotli bomb', { body: brotliCompressSync(bomb), headers: encoded('br') }, 'too large'],
];

describe('readBody', () => {
  it.each<[string, Answer]>([
    ['JSON', { body: text }],
    ['JSON behind a byte order mark', { body: `\uFEFF${text}` }],
    ['JSON of another type', { body: text, headers: { 'content-type': 'application/a+json' } }],
    ['the JSON of a refusal', { status: 400, body: text }],
    ['an empty encoding', { body: text, headers: encoded('') }],
    ['identity', { body: text, headers: encoded('identity') }],
    ['gzip', { body: gzipSync(text), headers: encoded('gzip') }],
    ['GZIP', { body: gzipSync(text), headers: encoded('GZIP') }],
    [' gzip ', { body: gzipSync(text), headers: encoded(' gzip ') }],
    ['x-gzip', { body: gzipSync(text), headers: encoded('x-gzip') }],
    ['deflate', { body: deflateSync(text), headers: encoded('deflate') }],
    ['br', { body: brotliCompressSync(text), headers: encoded('br') }],
  ])('gives the JSON and the body of %s', async (_what, answer) => {
    const { json: parsed, body } = await read(answer);
    expect(parsed).toEqual(JSON.parse(text));
    expect(body.toString().replace('\uFEFF', '')).toBe(text);
  });

  it('unpacks as much as allowed', async () => {
    const body = gzipSync(`${text}${' '.repeat(maximumBodyBytes - Buffer.byteLength(text))}`);
    await expect(read({ body, headers: encoded('gzip') })).resolves.toHaveProperty('json');
  });

  it.each([maximumJsonValues - 1, maximumJsonValues])(
    'reads a body of %d values',
    async (count) => {
      await expect(read({ body: valued(count) })).resolves.toMatchObject({ jsonValues: count });
    },
  );

  it.each<[string, Answer]>([
    ['what does not say that it is JSON', { body: '{}', headers: { 'content-type': 'text/html' } }],
    ['what says nothing of itself', { body: '{}', headers: {} }],
    ['an empty body', { body: '' }],
    ['an empty body of an encoding', { body: '', headers: encoded('gzip') }],
    ['an empty body of an unknown encoding', { body: '', headers: encoded('x') }],
  ])('makes no JSON of %s', async (_what, answer) => {
    const response = await read(answer);
    expect(response).not.toHaveProperty('json');
    expect(response.body.toString()).toBe(answer.body);
  });

  it.each(unbelievable)(
    'believes no success with %s, and leaves writes in doubt',
    async (_what, answer, why) => {
      for (const operation of ['get', 'add', 'update', 'delete'] as const) {
        const error = await read({ ...answer, operation }).catch((reason: GraphError) => reason);
        expect(error).toMatchObject({
          code: 'badResponse',
          message: expect.stringContaining(why),
          mayHaveBeenApplied: operation !== 'get',
          details: { answer: { status: 200 } },
        });
        const fault = why === 'JSON is broken' ? 'broken' : undefined;
        expect((error as GraphError).details.fault).toBe(fault);
      }
    },
  );

  it.each(unbelievable)('keeps a refusal with %s for its status', async (_what, answer) => {
    const headers = { ...json, ...answer.headers, 'retry-after': '7' };
    for (const status of [302, 400, 429, 503]) {
      await expect(read({ ...answer, status, headers, operation: 'add' })).resolves.toMatchObject({
        status,
        headers: { 'retry-after': '7' },
      });
    }
  });

  const packed = { body: gzipSync(text), headers: encoded('gzip') };

  it.each<[GraphOperation, boolean]>([
    ['get', false],
    ['add', true],
  ])('unpacks no longer than the operation lasts: %s', async (operation, mayHaveBeenApplied) => {
    const { call, end } = endableCall();
    const reading = read({ ...packed, operation }, call);
    // The answer is there, and what unpacks it has its first turn only after this one.
    await Promise.resolve();
    end('deadline');
    await expect(reading).rejects.toMatchObject({ code: 'timeout', mayHaveBeenApplied });
  });

  it('finishes unpacking the answer to a write whose caller has left', async () => {
    const { call, end } = endableCall();
    const reading = read({ ...packed, operation: 'add' }, call);
    end('callerLeft');
    await expect(reading).resolves.toHaveProperty('json');
  });
});

describe('readRefused', () => {
  const token = 'opaque-token';
  const body = JSON.stringify({ error: { code: 'Bad', message: `No ${token}` } });
  const response = {
    status: 400,
    headers: { ...json, 'request-id': token, 'set-cookie': [token, 'a'], via: undefined },
    body: Buffer.from(body),
    json: JSON.parse(body),
  };

  it('takes the token out of headers, text and JSON before it reads them', () => {
    const refused = readRefused(response, token, 0);
    expect(refused).toMatchObject({
      headers: { 'request-id': '[redacted]', 'set-cookie': ['[redacted]', 'a'] },
      refusal: { error: { message: 'No [redacted]' } },
    });
    expect(JSON.stringify([refused.body.toString(), refused])).not.toContain(token);
    const torn = { ...response, body: Buffer.from(`<${token}>`), json: undefined };
    expect(readRefused(torn, token, 0)).toMatchObject({ body: Buffer.from('<[redacted]>') });
  });

  it('leaves what repeats no token, or one too short to be a secret', () => {
    for (const other of ['another-token', 'o', 'Bad']) {
      const { refusal, ...rest } = readRefused(response, other, 0);
      expect(rest).toEqual(response);
      expect(refusal?.error?.codes).toEqual(['Bad']);
    }
  });
});

const answer = (value: unknown, status = 200): GraphResponse => {
  const body = Buffer.from(JSON.stringify(value));
  const response = { status, headers: json, body, json: value };
  return status === 200 ? response : readRefused(response, '', 0);
};

/** The answers to as many requests, in their order, and what was sent for them. */
async function readMany(response: GraphResponse, count: number) {
  const sent: GraphRequest[] = [];
  const parts = {
    ...testClientParts,
    routes: createRoutes(new URL('http://graph'), 'beta'),
    async send(request: GraphRequest) {
      sent.push(request);
      return response;
    },
  };
  const paths = Array.from({ length: count }, (_value, index) => `/${index}`);
  // No time is left for a repeat.
  const call = testCall({ deadlineMs: 0 });
  const reads = { operation: 'getMany', paths } as const;
  const items = await getEach(parts, reads, call, (item) => item);
  const answers = items.map((item) => (item instanceof GraphError ? undefined : item));
  return { answers, sent };
}
const answersIn = async (response: GraphResponse, count: number) =>
  (await readMany(response, count)).answers;

describe('batches', () => {
  it('ask for each path under an id of its own', async () => {
    const headers = { accept: 'application/json' };
    const { sent } = await readMany(answer({ responses: [] }), 2);
    expect(sent).toMatchObject([{ operation: 'getMany', cost: 2 }]);
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      requests: [
        { id: '0', method: 'GET', url: '/0', headers },
        { id: '1', method: 'GET', url: '/1', headers },
      ],
    });
  });

  it('take nothing but texts and numbers for ids and headers, whatever else an object says', async () => {
    const odd = { toString: null, valueOf: null };
    const headers = { 'Retry-After': 2, 'X-Odd': odd, 'X-List': ['a'] };
    const responses = [
      { id: odd, status: 200, body: { id: 'a' } },
      { id: 1, status: 200, headers, body: {} },
    ];
    const [first, second] = await answersIn(answer({ responses }), 2);
    expect(first).toBeUndefined();
    expect(second?.headers).toEqual({ 'retry-after': '2' });
  });

  it('put the answers in the order of the requests, whatever order they came in', async () => {
    const responses = [
      { id: '2', status: 429, headers: { 'Retry-After': '2.5' }, body: { error: {} } },
      { id: '0', status: 200, headers: { 'Content-Type': 'application/json' }, body: { id: 'a' } },
    ];
    const body = Buffer.alloc(0);
    expect(await answersIn(answer({ responses }), 3)).toEqual([
      { status: 200, headers: { 'content-type': 'application/json' }, body, json: { id: 'a' } },
      undefined,
      {
        status: 429,
        headers: { 'retry-after': '2.5' },
        body,
        json: { error: {} },
        refusal: expect.objectContaining({ retryAfterMs: 2500 }),
      },
    ]);
  });

  it.each([[{ id: '0' }], [null], ['text'], [{ id: 0, status: '200' }]])(
    'take %j for no answer',
    async (item) => {
      expect(await answersIn(answer({ responses: [item] }), 1)).toEqual([undefined]);
    },
  );

  it('take neither of two answers to one request', async () => {
    const responses = [
      { id: '0', status: 200, body: { id: 'a' } },
      { id: '1', status: 200, body: { id: 'b' } },
      { id: 0, status: 404, body: {} },
    ];
    const [first, second] = await answersIn(answer({ responses }), 2);
    expect([first, second?.json]).toEqual([undefined, { id: 'b' }]);
  });

  it('take an id that came as a number', async () => {
    const answers = await answersIn(answer({ responses: [{ id: 0, status: 404 }] }), 1);
    expect(answers).toMatchObject([{ status: 404 }]);
  });

  it.each<[unknown, number, string]>([
    [{}, 200, 'badResponse'],
    [{ responses: {} }, 200, 'badResponse'],
    [[], 200, 'badResponse'],
    ['text', 200, 'badResponse'],
    [{}, 401, 'unauthenticated'],
    [{}, 404, 'badResponse'],
    [{}, 400, 'badResponse'],
    [{}, 429, 'throttled'],
    [{}, 500, 'unavailable'],
  ])('take %j with %i for %s', async (body, status, code) => {
    const expected = { code, mayHaveBeenApplied: false };
    await expect(answersIn(answer(body, status), 1)).rejects.toMatchObject(expected);
  });
});
