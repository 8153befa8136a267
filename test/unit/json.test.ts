import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  countJsonValues,
  findInexactNumbers,
  findJsonProblem,
  judgeJson,
  rawItems,
  rawMembers,
  withExactNumbers,
  withExactNumbersInSteps,
} from '../../src/shared/json.ts';

/** All values of a JSON text, at any depth. */
function valuesIn(text: string): readonly unknown[] {
  const values: unknown[] = [];
  JSON.parse(text, (_name, value: unknown) => {
    values.push(value);
    return value;
  });
  return values;
}
const problemOf = (text: string) => findJsonProblem(text, JSON.parse(text));
const twice = 'its JSON has two members of one name';
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Values with texts that look like structure. */
const values = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
const tricky = fc.dictionary(
  fc.stringMatching(/^["\\:,{}[\] a]{0,6}$/),
  fc.oneof(fc.stringMatching(/^["\\:,{}[\] a]{0,12}$/), values),
);
const indents = fc.constantFrom(undefined, 2, '\t');

describe('findJsonProblem', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, ['null', '"a:b"', '{"a":1,"b":1}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]']],
    [undefined, ['{"a":"\\":\\"b\\":"}', '{"a\\\\":1,"a":2}', '{"__proto__":1,"constructor":2}']],
    [twice, ['{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '{"a":1,"b":2,"a" :{}}', '{"":1,"":2}']],
    [twice, ['[{"b":{"a":1,"a":2}}]', '{"__proto__":1,"__proto__":2}', '{"\\\\":1,"\\\\":2}']],
    // What is inside a member that is overwritten counts as well.
    [twice, ['{"a":{"x":1},"a":{"x":1}}']],
    [undefined, [nested(32)]],
    ['its JSON is nested too deeply', [nested(33), nested(500_000)]],
  ])('finds %s in row %#', (problem, texts) => {
    expect(texts.map(problemOf)).toEqual(texts.map(() => problem));
  });

  it('finds a member that is there twice, wherever it is put in', () => {
    fc.assert(
      fc.property(tricky, fc.nat(), fc.boolean(), values, (value, at, isFirst, other) => {
        const text = JSON.stringify({ there: value });
        const objects = valuesIn(text).filter((inner): inner is object =>
          /^{"/.test(JSON.stringify(inner)),
        );
        const object = objects[at % objects.length] ?? {};
        const [name = ''] = Object.keys(object);
        const member = `${JSON.stringify(name)}:${JSON.stringify(other)}`;
        const before = JSON.stringify(object);
        const [start, end] = isFirst
          ? [member, before.slice(1, -1)]
          : [before.slice(1, -1), member];
        // Only if the object's text stands once is it sure which one is meant; all of them are changed.
        expect(problemOf(text.replaceAll(before, () => `{${start},${end}}`))).toBe(twice);
      }),
    );
  });
});

it('values are counted, and objects and arrays inside each other up to the limit', () => {
  const depthOf = (text: string) => judgeJson(text, JSON.parse(text), 3).depth;
  expect(['1', '{"a":[],"b":{"c":[1]}}', nested(40)].map(depthOf)).toEqual([0, 3, 4]);
  const countOf = (text: string) => countJsonValues(Buffer.from(text));
  expect(['[1,2]', '{"a":{},"b":","}', '"[,{\\"[,"'].map(countOf)).toEqual([3, 4, 1]);
});

it('nothing is wrong with what was serialised, and it is counted as no less than it is', () => {
  fc.assert(
    fc.property(fc.oneof(values, tricky), indents, (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(problemOf(text)).toBeUndefined();
      const count = countJsonValues(Buffer.from(text));
      expect(count).toBeGreaterThanOrEqual(valuesIn(text).length);
      expect(read(text)).toEqual(JSON.parse(text));
    }),
  );
});

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
      '{"dec": 1.0,"e":1e400,"list":[-0.1234567890123456789,7],"1e400":"x: 1e400, \\" 12345678901234567890"}';
    expect(read(text)).toEqual({
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

  it('looks at no more than 2,000 strings and numbers between two pauses', async () => {
    const numbers = Array.from({ length: 5000 }, (_value, index) => `1${index}12345678901234567`);
    const texts = numbers.map((_number, index) => `"${index}"`);
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
        const pairs = Object.entries(members);
        const trimmed = pairs.map(([name, text]): [string, string] => [name, text.trim()]);
        const items = rawItems(`[${Object.values(members).join(' ,\n')}]`);
        expect(items).toEqual(trimmed.map(([, text]) => text));
        const named = pairs.map(([name, text]) => `${JSON.stringify(name)}:${text}`);
        expect(rawMembers(`{${named.join()}}`)).toEqual(new Map(trimmed));
      }),
    );
  });
});
