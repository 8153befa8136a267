import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createBatches } from '../../src/graph/batch.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { readResponse } from '../../src/graph/readAnswer.ts';
import {
  createRoutes,
  type GraphOperation,
  type GraphRequest,
  type GraphResponse,
} from '../../src/graph/request.ts';
import { maximumBodyBytes } from '../../src/graph/transport.ts';
import { endableCall, testCall, testClientParts } from '../support/graphClients.ts';

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const maximumJsonValues = 75_000;
const text = JSON.stringify({ id: 'abc', displayName: 'Flotte für alle' });

/** What comes, and in which encoding. */
type Came = readonly [body: string | Buffer, encoding?: string | string[]];

function read(
  [body, encoding]: Came,
  { status = 200, operation = 'get' as GraphOperation, call = testCall(), token = '' } = {},
): Promise<GraphResponse> {
  const headers = { ...json, 'content-encoding': encoding, 'retry-after': '7' };
  return readResponse(
    { operation, call },
    { status, headers, body: Buffer.from(body) },
    token,
    () => 0,
  );
}

/** An array with so many values, itself included. */
const valued = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;
const filled = (bytes: number) => `${text}${' '.repeat(bytes - Buffer.byteLength(text))}`;
const bomb = filled(maximumBodyBytes + 1);

describe('the body of an answer', () => {
  it.each<[string, Came]>([
    ['plain', [text]],
    ['behind a byte order mark', [`\uFEFF${text}`]],
    ['large', [filled(40_000)]],
    ['in identity', [text, 'identity']],
    ['in gzip, as large as allowed', [gzipSync(filled(maximumBodyBytes)), ' GZIP ']],
    ['in x-gzip', [gzipSync(text), 'x-gzip']],
    ['in deflate', [deflateSync(text), 'deflate']],
    ['in br', [brotliCompressSync(text), 'br']],
  ])('is read as JSON when it is %s', async (_what, came) => {
    await expect(read(came)).resolves.toMatchObject({ json: JSON.parse(text), jsonValues: 3 });
    await expect(read(came, { status: 400 })).resolves.toMatchObject({ json: JSON.parse(text) });
  });

  it('may have so many values, and numbers of any length', async () => {
    const body = valued(maximumJsonValues).replace('1]', '12345678901234567890]');
    const { json: values, jsonValues } = await read([body]);
    expect(jsonValues).toBe(maximumJsonValues);
    expect((values as unknown[]).at(-1)).toBe('12345678901234567890');
  });

  it('is no JSON when it does not say so, or is empty', async () => {
    const body = Buffer.from('{}');
    for (const [headers, came] of [
      [{ 'content-type': 'text/html' }, body],
      [{}, body],
      [{ ...json, 'content-encoding': 'gzip' }, Buffer.alloc(0)],
    ] as const) {
      const response = { status: 200, headers, body: came };
      const sent = { operation: 'get', call: testCall() } as const;
      expect(await readResponse(sent, response, '', Date.now)).toEqual(response);
    }
  });

  it.each<[string, Came, string]>([
    ['truncated JSON', ['{"id":"abc","displayN'], 'JSON is broken'],
    ['broken JSON of many bytes', [`${valued(60_000)}x`], 'JSON is broken'],
    ['invalid UTF-8', [Buffer.from('{"a":"\xff"}', 'latin1')], 'JSON is broken'],
    ['two members of one name', ['{"id":"a","id":"b"}'], 'two members'],
    ['JSON that is too deep', ['['.repeat(100) + ']'.repeat(100)], 'too deeply'],
    ['more values than allowed', [valued(maximumJsonValues + 1)], 'too many values'],
    ['an unknown encoding', ['x', 'x'], 'not supported'],
    ['one on the second line', ['x', ['identity', 'gzip']], 'not supported'],
    ['half of a gzip', [gzipSync(text).subarray(0, 20), 'gzip'], 'encoding is broken'],
    ['a deflate without its frame', [deflateRawSync(text), 'deflate'], 'encoding is broken'],
    ['a gzip bomb', [gzipSync(bomb), 'gzip'], 'too large'],
    ['a brotli bomb', [brotliCompressSync(bomb), 'br'], 'too large'],
  ])('makes a success unbelievable with %s, and does not matter in a refusal', async (...row) => {
    const [, came, why] = row;
    for (const operation of ['get', 'add'] as const) {
      const error = await read(came, { operation }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'badResponse',
        message: expect.stringContaining(why),
        mayHaveBeenApplied: operation === 'add',
        details: { answer: { status: 200 } },
      });
      // Only what is cut off lets a read be repeated.
      const fault = why === 'JSON is broken' ? 'broken' : undefined;
      expect((error as GraphError).details.fault).toBe(fault);
    }
    const refusal = { retryAfterMs: 7000 };
    await expect(read(came, { status: 503 })).resolves.toMatchObject({ status: 503, refusal });
  });

  it.each<[GraphOperation, boolean]>([
    ['get', false],
    ['add', true],
  ])('is unpacked no longer than the operation lasts: %s', async (operation, isWrite) => {
    const { call, end } = endableCall();
    const reading = read([gzipSync(text), 'gzip'], { operation, call });
    // The answer is there, and what unpacks it has its first turn only after this one.
    await Promise.resolve();
    end('deadline');
    const code = 'timeout';
    await expect(reading).rejects.toMatchObject({ code, mayHaveBeenApplied: isWrite });
  });

  it('is unpacked to its end for a write whose caller has left', async () => {
    const { call, end } = endableCall();
    const reading = read([gzipSync(text), 'gzip'], { operation: 'add', call });
    end('callerLeft');
    await expect(reading).resolves.toHaveProperty('json');
  });
});

describe('a refusal', () => {
  const token = 'opaque-token';
  const body = JSON.stringify({ error: { code: 'Bad', message: `No ${token}` } });
  const headers = { ...json, 'request-id': token, 'set-cookie': [token, 'a'], via: undefined };
  const refused = (came: string, sentToken: string) =>
    readResponse(
      { operation: 'get', call: testCall() },
      { status: 400, headers, body: Buffer.from(came) },
      sentToken,
      () => 0,
    );

  it('loses the token out of headers, text and JSON before it is read', async () => {
    const response = await refused(body, token);
    expect(response).toMatchObject({
      headers: { 'request-id': '[redacted]', 'set-cookie': ['[redacted]', 'a'] },
      refusal: { error: { message: 'No [redacted]' } },
    });
    expect(JSON.stringify([response.body.toString(), response])).not.toContain(token);
    expect((await refused(`<${token}>`, token)).body.toString()).toBe('<[redacted]>');
  });

  it('stays as it is when it repeats no token, or one too short to be a secret', async () => {
    for (const other of ['another-token', 'o', 'Bad']) {
      expect(await refused(body, other)).toMatchObject({
        headers,
        body: Buffer.from(body),
        refusal: { error: { codes: ['Bad'] } },
      });
    }
  });
});

/** The answers to as many requests, in their order, and what was sent for them. */
async function readMany(body: unknown, count: number, status = 200) {
  const sent: GraphRequest[] = [];
  const { getEach } = createBatches({
    ...testClientParts,
    routes: createRoutes(new URL('http://graph'), 'beta'),
    async send(request) {
      sent.push(request);
      return read([JSON.stringify(body)], { status });
    },
  });
  const paths = Array.from({ length: count }, (_value, index) => `/${index}`);
  // No time is left for a repeat.
  const call = testCall({ deadlineMs: 0 });
  const items = await getEach({ operation: 'getMany', paths }, call, (item) => item);
  const answers = items.map((item) => (item instanceof GraphError ? undefined : item));
  return { answers, sent };
}

describe('a batch', () => {
  it('asks for each path under an id of its own', async () => {
    const headers = { accept: 'application/json' };
    const { sent } = await readMany({ responses: [] }, 2);
    expect(sent).toMatchObject([{ operation: 'getMany', cost: 2 }]);
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      requests: [
        { id: '0', method: 'GET', url: '/0', headers },
        { id: '1', method: 'GET', url: '/1', headers },
      ],
    });
  });

  it('gives the answers in the order of the requests, with the texts and numbers in their headers', async () => {
    const responses = [
      { id: '2', status: 429, headers: { 'Retry-After': 2.5, 'X-List': ['a'], X: {} }, body: {} },
      { id: 0, status: 200, headers: { 'Content-Type': 'application/json' }, body: { id: 'a' } },
    ];
    const body = Buffer.alloc(0);
    const refusal = expect.objectContaining({ retryAfterMs: 2500 });
    expect((await readMany({ responses }, 3)).answers).toEqual([
      { status: 200, headers: { 'content-type': 'application/json' }, body, json: { id: 'a' } },
      undefined,
      { status: 429, headers: { 'retry-after': '2.5' }, body, json: {}, refusal },
    ]);
  });

  it('takes no item without a status or under an odd id, and neither of two for one request', async () => {
    const odd = { toString: null, valueOf: null };
    for (const responses of [
      [{ id: '0' }],
      [null],
      ['text'],
      [{ id: 0, status: '200' }],
      [{ id: odd, status: 200, body: {} }],
      [
        { id: '0', status: 200, body: {} },
        { id: 0, status: 404, body: {} },
      ],
    ]) {
      expect((await readMany({ responses }, 1)).answers).toEqual([undefined]);
    }
  });

  it.each<[unknown, number, string]>([
    [{}, 200, 'badResponse'],
    [{ responses: {} }, 200, 'badResponse'],
    ['text', 200, 'badResponse'],
    [{}, 401, 'unauthenticated'],
    [{}, 429, 'throttled'],
  ])('takes %j with %i for %s', async (body, status, code) => {
    const expected = { code, mayHaveBeenApplied: false };
    await expect(readMany(body, 1, status)).rejects.toMatchObject(expected);
  });
});
