import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  findInexactNumbers,
  rawItems,
  rawMembers,
  withExactNumbers,
  withExactNumbersInSteps,
} from '../../src/shared/json.ts';

const read = (text: string): unknown => withExactNumbers(text, JSON.parse(text));
/** Whether a double is the very number that this text writes. */
const isExact = (token: string): boolean => JSON.stringify(read(`[${token}]`)) !== `["${token}"]`;

describe('withExactNumbers', () => {
  it('keeps numbers that a double holds, and gives others as text', () => {
    const exact = '0 -0 1.0 -1.50 1E+3 0.1 1.5e-7 9007199254740991 1e22 0e999'.split(' ');
    expect(exact.filter((token) => !isExact(token))).toEqual([]);
    const inexact =
      '9007199254740993 0.1234567890123456789 1e400 -1e400 1e-400 1e999999999999999999999';
    expect(inexact.split(' ').filter(isExact)).toEqual([]);
  });

  it('keeps every number that JavaScript writes, and no odd one too large for a double', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const half = fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n });
    fc.assert(
      fc.property(double, half, (number, large) => {
        expect(isExact(JSON.stringify(number))).toBe(true);
        expect(isExact(String(large * 2n + 1n))).toBe(false);
      }),
    );
  });

  it('gives the very object that was parsed if all numbers are their own', () => {
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

it.each<[string, string?, string?]>([
  ['{"a":{"b":[0,{"c": -12345678901234567890.0}]}}', 'a.b.1.c', '-12345678901234567890.0'],
  ['{"id":1.00000000000000000001}', 'id', '1.00000000000000000001'],
  ['{"id":1e400}', 'id', '1e400'],
  ['{"id":1e21}', 'id', '1e+21'],
  ['{"id":9007199254740992,"first":10,"x":-0.5,"y":1.0,"z":1e2}'],
  ['{"a:12345678901234567890":",12345678901234567890"}'],
])('findInexactNumbers finds the number of %s', (...[text, path, number]) => {
  const expected = path === undefined ? [] : [{ path: path.split('.'), text: number }];
  expect(findInexactNumbers(text, JSON.parse(text))).toEqual(expected);
});

/** JSON with white space wherever JSON allows it. */
const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t ', '\r\n'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

describe('the source texts', () => {
  it.each<[string, string[] | undefined]>([
    [' [ ] ', []],
    ['[ 1.0 , 12345678901234567890,1e400]', ['1.0', '12345678901234567890', '1e400']],
    ['["a,b","]","\\"","\\\\",""]', ['"a,b"', '"]"', '"\\""', '"\\\\"', '""']],
    ['[{"a":[1,{"b":"}"}]}, null,[[],[1]]]', ['{"a":[1,{"b":"}"}]}', 'null', '[[],[1]]']],
    ['{}', undefined],
    ['"[]"', undefined],
  ])('of the items of %s are cut without touching what is inside', (text, items) => {
    expect(rawItems(text)).toEqual(items);
  });

  it.each<[string, Record<string, string> | undefined]>([
    ['{}', {}],
    ['{ "a" : 1.0 , "b":"x:y,z" }', { a: '1.0', b: '"x:y,z"' }],
    ['{"a\\"b":{"c":1},"\\u0061":[1, 2]}', { 'a"b': '{"c":1}', a: '[1, 2]' }],
    ['{"a":1,"a":2}', { a: '2' }],
    ['[]', undefined],
  ])('of the members of %s are cut by their names', (text, members) => {
    expect(rawMembers(text)).toEqual(members && new Map(Object.entries(members)));
  });

  it('parse to the items and members that they are cut from', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), spaced), (members) => {
        const texts = Object.values(members);
        const trimmed = texts.map((text) => text.trim());
        expect(rawItems(`[${texts.join(' ,\n')}]`)).toEqual(trimmed);
        const named = Object.entries(members).map(
          ([name, value]) => `${JSON.stringify(name)}:${value}`,
        );
        const names = Object.keys(members);
        const pairs = names.map((name, index): [string, string] => [name, trimmed[index] ?? '']);
        expect(rawMembers(`{${named.join()}}`)).toEqual(new Map(pairs));
      }),
    );
  });
});
