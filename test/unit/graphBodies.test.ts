import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { batchBodyOf, readBatch } from '../../src/graph/batch.ts';
import { decodeBody } from '../../src/graph/body.ts';
import type { GraphResponse } from '../../src/graph/request.ts';
import {
  findInexactNumbers,
  isExact,
  rawItems,
  rawMembers,
  withExactNumbers,
  withExactNumbersInSteps,
} from '../../src/shared/json.ts';

const read = (text: string): unknown => withExactNumbers(text, JSON.parse(text));

describe('isExact', () => {
  it.each([
    '0',
    '-0',
    '1',
    '1.0',
    '-1.50',
    '1e3',
    '1E+3',
    '0.1',
    '1.5e-7',
    '9007199254740991',
    '1e22',
    '0e999',
  ])('says that a double is %s', (token) => {
    expect(isExact(token)).toBe(true);
  });

  it.each([
    '9007199254740993',
    '12345678901234567890',
    '0.1234567890123456789',
    '1e400',
    '-1e400',
    '1e-400',
    '3.14159265358979323846',
    '1e999999999999999999999',
  ])('says that no double is %s', (token) => {
    expect(isExact(token)).toBe(false);
  });

  it('says so of every number that JavaScript itself writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(isExact(JSON.stringify(number))).toBe(true);
      }),
    );
  });

  it('says so of no odd number that is too large for a double', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (half) => {
        expect(isExact(String(half * 2n + 1n))).toBe(false);
      }),
    );
  });
});

describe('withExactNumbers', () => {
  it('gives the very object that was parsed where all numbers are their own', () => {
    const text = '{"a":[1,2.5],"b":"12345678901234567890"}';
    const parsed: unknown = JSON.parse(text);
    expect(withExactNumbers(text, parsed)).toBe(parsed);
  });

  it('gives as text what would be another number, and nothing else', () => {
    const text =
      '{"big":12345678901234567890,"dec": 1.0,"e":1e400,"list":[-0.1234567890123456789,7],"1e400":"x: 1e400, \\" 12345678901234567890"}';
    expect(read(text)).toEqual({
      big: '12345678901234567890',
      dec: 1,
      e: '1e400',
      list: ['-0.1234567890123456789', 7],
      '1e400': 'x: 1e400, " 12345678901234567890',
    });
  });

  it('takes no longer for many zeros inside a number', () => {
    const zeros = '0'.repeat(60_000);
    expect(read(`[1${zeros}1,1.${zeros},1${zeros}]`)).toEqual([`1${zeros}1`, 1, `1${zeros}`]);
  });

  it('changes nothing in what JavaScript writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value, undefined, 1);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('looks at no more than 2,000 strings and numbers between two pauses', async () => {
    const numbers = Array.from({ length: 5000 }, (_value, index) => `1${index}12345678901234567`);
    const texts = Array.from({ length: 5000 }, (_value, index) => `"${index}"`);
    const text = `[${[...numbers, ...texts].join()}]`;
    let pauses = 0;
    const exact = await withExactNumbersInSteps(text, JSON.parse(text), async () => {
      pauses += 1;
    });
    // Five times 2,000, and one before the text is parsed again.
    expect(pauses).toBe(6);
    expect(exact).toEqual(read(text));
  });
});

describe('findInexactNumbers', () => {
  const find = (text: string) => findInexactNumbers(text, JSON.parse(text));

  it.each([
    ['{"id":9007199254740993}', 'id', '9007199254740993'],
    ['{"a":{"b":[0,{"c": -12345678901234567890.0}]}}', 'a.b.1.c', '-12345678901234567890.0'],
    ['{"id":1.00000000000000000001}', 'id', '1.00000000000000000001'],
    ['{"id":1e400}', 'id', '1e400'],
    ['{"id":1e21}', 'id', '1e+21'],
  ])('finds the number of %s', (text, path, number) => {
    expect(find(text)).toEqual([{ path: path.split('.'), text: number }]);
  });

  it.each([
    '{"id":"9007199254740993"}',
    '{"id":9007199254740992,"first":10,"x":-0.5,"y":1.0,"z":1e2}',
    '{"a:12345678901234567890":",12345678901234567890"}',
  ])('finds nothing in %s', (text) => {
    expect(find(text)).toEqual([]);
  });
});

/** JSON with white space wherever JSON allows it. */
const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t ', '\r\n'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

describe('rawItems', () => {
  it.each<[string, string[]]>([
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[ 1.0 , 12345678901234567890,1e400]', ['1.0', '12345678901234567890', '1e400']],
    ['["a,b","]","\\"","\\\\",""]', ['"a,b"', '"]"', '"\\""', '"\\\\"', '""']],
    ['[{"a":[1,{"b":"}"}]}, null,[[],[1]]]', ['{"a":[1,{"b":"}"}]}', 'null', '[[],[1]]']],
    ['["\\u00e9"]', ['"\\u00e9"']],
  ])('cuts %s without touching what is inside', (text, items) => {
    expect(rawItems(text)).toEqual(items);
  });

  it.each(['{}', '', 'null', '"[]"'])('gives nothing for %j, which is no array', (text) => {
    expect(rawItems(text)).toBeUndefined();
  });

  it('cuts every array into texts that parse to its items', () => {
    fc.assert(
      fc.property(fc.array(spaced), (texts) => {
        const items = rawItems(`[${texts.join(' ,\n')}]`);
        expect(items).toEqual(texts.map((text) => text.trim()));
      }),
    );
  });
});

describe('rawMembers', () => {
  it.each<[string, [string, string][]]>([
    ['{}', []],
    [
      '{ "a" : 1.0 , "b":"x:y,z" }',
      [
        ['a', '1.0'],
        ['b', '"x:y,z"'],
      ],
    ],
    [
      '{"a\\"b":{"c":1},"\\u0061":[1, 2]}',
      [
        ['a"b', '{"c":1}'],
        ['a', '[1, 2]'],
      ],
    ],
    ['{"a":1,"a":2}', [['a', '2']]],
  ])('cuts %s', (text, members) => {
    expect([...(rawMembers(text) ?? [])]).toEqual(members);
  });

  it.each(['[]', '', 'null', '"{}"'])('gives nothing for %j, which is no object', (text) => {
    expect(rawMembers(text)).toBeUndefined();
  });

  it('cuts every object into texts that parse to its members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), spaced), (members) => {
        const text = Object.entries(members).map(
          ([name, value]) => `${JSON.stringify(name)}:${value}`,
        );
        const cut = rawMembers(`{${text.join()}}`);
        expect(new Map(cut)).toEqual(
          new Map(Object.entries(members).map(([name, value]) => [name, value.trim()])),
        );
      }),
    );
  });
});

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

const text = JSON.stringify({ id: 'abc', displayName: 'Flotte für alle' });
const plain = Buffer.from(text);
const bound = 1000;

function decode(body: Buffer, encoding?: string | string[], maximumBytes = bound) {
  const headers = { 'content-encoding': encoding };
  return decodeBody({ status: 200, headers, body }, maximumBytes);
}

describe('decodeBody', () => {
  it.each<[string | undefined, Buffer]>([
    [undefined, plain],
    ['', plain],
    ['identity', plain],
    ['gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    [' gzip ', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
  ])('reads the encoding %j', async (encoding, body) => {
    await expect(decode(body, encoding)).resolves.toEqual({ body: plain });
  });

  it('takes an empty body for what it is, whatever its encoding', async () => {
    const empty = Buffer.alloc(0);
    await expect(decode(empty, 'gzip')).resolves.toEqual({ body: empty });
    await expect(decode(empty, 'x-unknown')).resolves.toEqual({ body: empty });
  });

  it.each<[string, string | string[]]>([
    ['one that does not exist', 'x-unknown'],
    ['two of them', 'gzip, gzip'],
    ['two of them on two lines', ['gzip', 'gzip']],
    ['one on the second line', ['identity', 'gzip']],
  ])('does not read %s', async (_what, encoding) => {
    await expect(decode(gzipSync(gzipSync(plain)), encoding)).resolves.toEqual({
      problem: 'its encoding is not supported',
    });
  });

  it.each<[string, string, Buffer]>([
    ['no gzip', 'gzip', plain],
    ['half of a gzip', 'gzip', gzipSync(plain).subarray(0, 20)],
    ['a deflate without its frame', 'deflate', deflateRawSync(plain)],
    ['no brotli', 'br', plain],
  ])('tells that %s is broken', async (_what, encoding, body) => {
    await expect(decode(body, encoding)).resolves.toEqual({ problem: 'its encoding is broken' });
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('stops unpacking %s at the bound', async (encoding, encode) => {
    const within = Buffer.alloc(bound, ' ');
    await expect(decode(encode(within), encoding)).resolves.toEqual({ body: within });
    const bomb = encode(Buffer.alloc(2 * 1024 * 1024));
    await expect(decode(bomb, encoding)).resolves.toEqual({ problem: 'it is too large' });
    const oneMore = encode(Buffer.alloc(bound + 1, ' '));
    await expect(decode(oneMore, encoding)).resolves.toEqual({ problem: 'it is too large' });
  });
});
