import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createBatches } from '../../src/graph/batch.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { readResponse } from '../../src/graph/readAnswer.ts';
import { createRoutes, type GraphOperation } from '../../src/graph/request.ts';
import { maximumBodyBytes } from '../../src/graph/transport.ts';
import { endableCall, testCall, testClientParts } from '../support/graphClients.ts';

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };
const maximumJsonValues = 75_000;
const text = JSON.stringify({ id: 'abc', displayName: 'Flotte für alle' });

/** What comes, and in which encoding. */
type Came = readonly [body: string | Buffer, encoding?: string | string[]];

const read = (
  [body, encoding]: Came,
  { status = 200, operation = 'get' as GraphOperation, call = testCall(), token = '' } = {},
  more = {},
) =>
  readResponse(
    { operation, call },
    {
      status,
      headers: { ...json, 'content-encoding': encoding, 'retry-after': '7', ...more },
      body: Buffer.from(body),
    },
    token,
    () => 0,
  );

/** An array with so many values, itself included. */
const valued = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;
const filled = (bytes: number) => `${text}${' '.repeat(bytes - Buffer.byteLength(text))}`;
const bomb = filled(maximumBodyBytes + 1);

describe('the body of an answer', () => {
  it('may have so many values, and numbers of any length', async () => {
    const body = valued(maximumJsonValues).replace('1]', '12345678901234567890]');
    const { json: values, jsonValues } = await read([body]);
    const last = (values as unknown[]).at(-1);
    expect([jsonValues, last]).toEqual([maximumJsonValues, '12345678901234567890']);
  });

  it('is no JSON when it does not say so, or is empty', async () => {
    expect(await read(['{}'], {}, { 'content-type': 'text/html' })).not.toHaveProperty('json');
    expect(await read(['{}'], {}, { 'content-type': undefined })).not.toHaveProperty('json');
    expect(await read(['', 'gzip'])).not.toHaveProperty('json');
  });

  it.each<[string, Came, string?]>([
    ['plain', [text]],
    ['behind a byte order mark', [`\uFEFF${text}`]],
    ['large', [filled(40_000)]],
    ['in identity', [text, 'identity']],
    ['in gzip, as large as allowed', [gzipSync(filled(maximumBodyBytes)), ' GZIP ']],
    ['in x-gzip', [gzipSync(text), 'x-gzip']],
    ['in deflate', [deflateSync(text), 'deflate']],
    ['in br', [brotliCompressSync(text), 'br']],
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
  ])('is read, or makes a success but not a refusal unbelievable, with %s', async (...row) => {
    const [, came, why] = row;
    const refusal = { retryAfterMs: 7000 };
    const read503 = await read(came, { status: 503 });
    if (why === undefined) {
      expect(await read(came)).toMatchObject({ json: JSON.parse(text), jsonValues: 3 });
      expect(read503).toMatchObject({ json: JSON.parse(text), refusal });
      return;
    }
    expect(read503).toMatchObject({ status: 503, refusal });
    // Only what is cut off lets a read be repeated.
    const fault = why === 'JSON is broken' ? 'broken' : undefined;
    for (const operation of ['get', 'add'] as const) {
      const error = await read(came, { operation }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'badResponse',
        message: expect.stringMatching(
          `^Microsoft Graph's answer cannot be believed: .*${why}.*\\.$`,
        ),
        mayHaveBeenApplied: operation === 'add',
        details: { answer: { status: 200 } },
      });
      expect((error as GraphError).details.fault).toBe(fault);
    }
  });

  it.each<[GraphOperation, 'deadline' | 'callerLeft', object | undefined]>([
    ['get', 'deadline', { code: 'timeout', mayHaveBeenApplied: false }],
    ['add', 'deadline', { code: 'timeout', mayHaveBeenApplied: true }],
    ['add', 'callerLeft', undefined],
  ])('is unpacked no longer than a %s lasts: %s', async (operation, reason, error) => {
    const { call, end } = endableCall();
    const reading = read([gzipSync(text), 'gzip'], { operation, call });
    // The answer is there, and what unpacks it has its first turn only after this one.
    await Promise.resolve();
    end(reason);
    await (error
      ? expect(reading).rejects.toMatchObject(error)
      : expect(reading).resolves.toHaveProperty('json'));
  });
});

it('a refusal loses the token, if it is no shorter than secrets are, before it is read', async () => {
  const token = 'opaque-token';
  const refused = (body: string, sentToken: string) =>
    read(
      [body],
      { status: 400, token: sentToken },
      { via: undefined, 'request-id': token, 'set-cookie': [token, 'a'] },
    );
  const body = JSON.stringify({ error: { code: 'Bad', message: `No ${token}` } });
  const response = await refused(body, token);
  expect(response).toMatchObject({
    headers: { 'request-id': '[redacted]', 'set-cookie': ['[redacted]', 'a'] },
    refusal: { error: { message: 'No [redacted]' } },
  });
  expect(JSON.stringify([response.body.toString(), response])).not.toContain(token);
  expect((await refused(`<${token}>`, token)).body.toString()).toBe('<[redacted]>');
  for (const other of ['another-token', 'o', 'Bad']) {
    expect(await refused(body, other)).toMatchObject({
      headers: { 'set-cookie': [token, 'a'] },
      body: Buffer.from(body),
      refusal: { error: { codes: ['Bad'] } },
    });
  }
});

/** The answers to as many requests, in their order. */
async function readMany(body: unknown, count: number, status = 200) {
  const { getEach } = createBatches({
    ...testClientParts,
    routes: createRoutes(new URL('http://graph'), 'beta'),
    async send({ cost }) {
      expect(cost).toBe(count);
      return read([JSON.stringify(body)], { status });
    },
  });
  const paths = Array.from({ length: count }, (_value, index) => `/${index}`);
  // No time is left for a repeat.
  const call = testCall({ deadlineMs: 0 });
  const items = await getEach({ operation: 'getMany', paths }, call, (item) => item);
  return items.map((item) => (item instanceof GraphError ? undefined : item));
}

describe('a batch', () => {
  it('gives the answers in the order of the requests, with the texts and numbers in their headers', async () => {
    const responses = [
      { id: '2', status: 429, headers: { 'Retry-After': 2.5, 'X-List': ['a'], X: {} }, body: {} },
      { id: 0, status: 200, headers: { 'Content-Type': 'application/json' }, body: { id: 'a' } },
    ];
    const body = Buffer.alloc(0);
    const refusal = expect.objectContaining({ retryAfterMs: 2500 });
    expect(await readMany({ responses }, 3)).toEqual([
      { status: 200, headers: { 'content-type': 'application/json' }, body, json: { id: 'a' } },
      undefined,
      { status: 429, headers: { 'retry-after': '2.5' }, body, json: {}, refusal },
    ]);
  });

  it('takes no item without a status or under an odd id, and neither of two for one request', async () => {
    const [status, body] = [200, {}];
    for (const responses of [
      [{ id: '0' }],
      [null],
      [{ id: 0, status: '200' }],
      [{ id: { toString: null, valueOf: null }, status, body }],
      ['0', 0].map((id) => ({ id, status, body })),
    ]) {
      expect(await readMany({ responses }, 1)).toEqual([undefined]);
    }
  });

  it.each<[unknown, number, string]>([
    [{ responses: {} }, 200, 'badResponse'],
    ['text', 200, 'badResponse'],
    [{}, 401, 'unauthenticated'],
  ])('takes %j with %i for %s', async (body, status, code) => {
    const expected = { code, mayHaveBeenApplied: false };
    await expect(readMany(body, 1, status)).rejects.toMatchObject(expected);
  });
});
