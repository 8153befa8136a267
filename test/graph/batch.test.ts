import { describe, expect, it } from '@jest/globals';
import { batchBodyOf, readBatch } from '../../src/graph/batch.ts';
import type { GraphResponse } from '../../src/graph/pipeline/pipeline.ts';

const answer = (body: unknown, status = 200) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
});

/** The answers to as many requests, in their order. */
const answersIn = (response: GraphResponse, count: number) => {
  const { answers } = readBatch('getMany', response, 0);
  return Array.from({ length: count }, (_value, index) => answers.get(String(index)));
};

describe('batchBodyOf', () => {
  it('asks for each path under an id of its own', () => {
    expect(JSON.parse(batchBodyOf(['/a', '/b']))).toEqual({
      requests: [
        { id: '0', method: 'GET', url: '/a', headers: { accept: 'application/json' } },
        { id: '1', method: 'GET', url: '/b', headers: { accept: 'application/json' } },
      ],
    });
  });
});

describe('readBatch', () => {
  it('takes nothing but texts and numbers for ids and headers, whatever else an object says it is', () => {
    const odd = { toString: null, valueOf: null };
    const responses = [
      { id: odd, status: 200, body: { id: 'a' } },
      {
        id: 1,
        status: 200,
        headers: { 'Retry-After': 2, 'X-Odd': odd, 'X-List': ['a'] },
        body: {},
      },
    ];
    const [first, second] = answersIn(answer({ responses }), 2);
    expect(first).toBeUndefined();
    expect(second?.headers).toEqual({ 'retry-after': '2' });
  });

  it('puts the answers in the order of the requests, whatever order they came in', () => {
    const responses = [
      { id: '2', status: 429, headers: { 'Retry-After': '2.5' }, body: { error: {} } },
      { id: '0', status: 200, headers: { 'Content-Type': 'application/json' }, body: { id: 'a' } },
    ];
    expect(answersIn(answer({ responses }), 3)).toEqual([
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.alloc(0),
        json: { id: 'a' },
      },
      undefined,
      {
        status: 429,
        headers: { 'retry-after': '2.5' },
        body: Buffer.alloc(0),
        json: { error: {} },
      },
    ]);
  });

  it.each([[{ id: '0' }], [null], ['text'], [{ id: 0, status: '200' }]])(
    'takes %j for no answer',
    (item) => {
      expect(answersIn(answer({ responses: [item] }), 1)).toEqual([undefined]);
    },
  );

  it('takes neither of two answers to one request', () => {
    const responses = [
      { id: '0', status: 200, body: { id: 'a' } },
      { id: '1', status: 200, body: { id: 'b' } },
      { id: 0, status: 404, body: {} },
    ];
    const [first, second] = answersIn(answer({ responses }), 2);
    expect(first).toBeUndefined();
    expect(second?.json).toEqual({ id: 'b' });
  });

  it('takes an id that came as a number', () => {
    expect(answersIn(answer({ responses: [{ id: 0, status: 404 }] }), 1)[0]?.status).toBe(404);
  });

  it.each([[{}], [{ responses: {} }], [[]], ['text']])(
    'refuses %j as an answer to a batch',
    (body) => {
      expect(() => answersIn(answer(body), 1)).toThrow(
        expect.objectContaining({ code: 'badResponse', mayHaveBeenApplied: false }),
      );
    },
  );

  it.each([
    [401, 'unauthenticated'],
    [404, 'badResponse'],
    [400, 'badResponse'],
    [429, 'throttled'],
    [500, 'unavailable'],
  ])('takes a %i for the whole batch as %s', (status, code) => {
    expect(() => answersIn(answer({}, status), 1)).toThrow(
      expect.objectContaining({ code, mayHaveBeenApplied: false }),
    );
  });
});
