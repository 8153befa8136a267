import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readBody } from '../../src/graph/body.ts';
import { GraphError } from '../../src/graph/errors.ts';
import type { GraphResponse } from '../../src/graph/request.ts';
import { maximumBodyBytes, maximumJsonValues } from '../../src/graph/transport.ts';
import type { GraphOperation } from '../../src/graph/types.ts';
import { endableCall, testCall } from '../support/graphClients.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: GraphResponse['headers'];
  readonly body: string | Buffer;
  readonly operation?: GraphOperation;
}

const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' };

async function read({ status = 200, headers = json, body, operation = 'get' }: Answer) {
  const request = { operation, url: new URL('http://graph'), headers: {}, call: testCall() };
  return readBody(request, { status, headers, body: Buffer.from(body) });
}

const gzipped = { ...json, 'content-encoding': 'gzip' };
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** An array with so many values, itself included. */
const valued = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;

/** What no success may be, with the fault that lets a read be repeated. */
const unbelievable: readonly [string, Answer, RegExp, 'broken' | undefined][] = [
  ['truncated JSON', { body: '{"id":"abc","displayN' }, /JSON is broken/, 'broken'],
  ['HTML that says it is JSON', { body: '<html>' }, /JSON is broken/, 'broken'],
  [
    'invalid UTF-8',
    { body: Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]) },
    /JSON is broken/,
    'broken',
  ],
  ['two members of one name', { body: '{"id":"a","id":"b"}' }, /two members/, undefined],
  ['JSON that is too deep', { body: nested(100) }, /too deeply/, undefined],
  [
    'more values than allowed',
    { body: valued(maximumJsonValues + 1) },
    /too many values/,
    undefined,
  ],
  [
    'an unknown encoding',
    { body: 'x', headers: { 'content-encoding': 'x' } },
    /not supported/,
    undefined,
  ],
  [
    'two encodings',
    { body: 'x', headers: { 'content-encoding': 'br, gzip' } },
    /not supported/,
    undefined,
  ],
  ['a broken encoding', { body: '{}', headers: gzipped }, /encoding is broken/, undefined],
  [
    'a bomb',
    { body: gzipSync(Buffer.alloc(maximumBodyBytes + 1, ' ')), headers: gzipped },
    /too large/,
    undefined,
  ],
];

describe('readBody', () => {
  it.each<[string, Answer]>([
    ['JSON', { body: '{"id":"abc"}' }],
    ['JSON behind a byte order mark', { body: '\uFEFF{"id":"abc"}' }],
    ['unpacked JSON', { body: gzipSync('{"id":"abc"}'), headers: gzipped }],
    [
      'JSON of another type',
      { body: '{"id":"abc"}', headers: { 'content-type': 'application/problem+json' } },
    ],
    ['the JSON of a refusal', { status: 400, body: '{"id":"abc"}' }],
  ])('gives %s', async (_what, answer) => {
    await expect(read(answer)).resolves.toMatchObject({ json: { id: 'abc' } });
  });

  it.each([maximumJsonValues - 1, maximumJsonValues])(
    'reads a body of %d values',
    async (count) => {
      await expect(read({ body: valued(count) })).resolves.toMatchObject({ jsonValues: count });
    },
  );

  it('gives the body as it came beside its JSON, for what has to go back as it came', async () => {
    const { body } = await read({ body: gzipSync('{"n": 1.0}'), headers: gzipped });
    expect(body.toString()).toBe('{"n": 1.0}');
  });

  it.each<[string, Answer]>([
    ['what does not say that it is JSON', { body: '{}', headers: { 'content-type': 'text/html' } }],
    ['what says nothing of itself', { body: '{}', headers: {} }],
    ['an empty body', { body: '' }],
    ['an empty body of an encoding', { body: '', headers: gzipped }],
  ])('makes no JSON of %s', async (_what, answer) => {
    const response = await read(answer);
    expect(response).not.toHaveProperty('json');
    expect(response.body.toString()).toBe(answer.body);
  });

  it.each(unbelievable)('does not believe a success with %s', async (_what, answer, why, fault) => {
    const error = await read(answer).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'badResponse',
      message: expect.stringMatching(why),
      mayHaveBeenApplied: false,
      details: { answer: { status: 200 } },
    });
    expect(error instanceof GraphError && error.details.fault).toBe(fault);
  });

  it.each(unbelievable)('leaves a write in doubt after %s', async (_what, answer) => {
    for (const operation of ['add', 'update', 'delete'] as const) {
      await expect(read({ ...answer, operation, status: 201 })).rejects.toMatchObject({
        mayHaveBeenApplied: true,
      });
    }
  });

  it.each(
    unbelievable.flatMap(([what, answer]) =>
      [302, 400, 429, 503].map((status) => [status, what, answer] as const),
    ),
  )('keeps a %i with %s for what its status says', async (status, _what, answer) => {
    const headers = { ...json, ...answer.headers, 'retry-after': '7' };
    await expect(read({ ...answer, status, headers, operation: 'add' })).resolves.toMatchObject({
      status,
      headers: { 'retry-after': '7' },
    });
  });

  it.each<[GraphOperation, boolean]>([
    ['get', false],
    ['add', true],
  ])('unpacks no longer than the operation lasts: %s', async (operation, mayHaveBeenApplied) => {
    const { call, end } = endableCall();
    const request = { operation, url: new URL('http://graph'), headers: {}, call };
    const body = gzipSync('{"id":"abc"}');
    const reading = readBody(request, { status: 200, headers: gzipped, body });
    // The answer is there, and what unpacks it has its first turn only after this one.
    await Promise.resolve();
    end('deadline');
    await expect(reading).rejects.toMatchObject({ code: 'timeout', mayHaveBeenApplied });
  });

  it('finishes unpacking the answer to a write whose caller has left', async () => {
    const { call, end } = endableCall();
    const request = { operation: 'add', url: new URL('http://graph'), headers: {}, call } as const;
    const body = gzipSync('{"id":"abc"}');
    const reading = readBody(request, { status: 201, headers: gzipped, body });
    end('callerLeft');
    await expect(reading).resolves.toMatchObject({ json: { id: 'abc' } });
  });
});
