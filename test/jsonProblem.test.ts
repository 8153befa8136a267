import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countJsonValues, findJsonProblem, judgeJson } from '../src/jsonProblem.ts';

const problemOf = (text: string): string | undefined => findJsonProblem(text, JSON.parse(text));
const twice = 'its JSON has two members of one name';
const tooDeep = 'its JSON is nested too deeply';
const nested = (depth: number, inner = ''): string =>
  `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

/** Values with texts that look like structure. */
const values = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
const tricky = fc.dictionary(
  fc.stringMatching(/^["\\:,{}[\] a]{0,6}$/),
  fc.oneof(fc.stringMatching(/^["\\:,{}[\] a]{0,12}$/), values),
);
const indents = fc.constantFrom(undefined, 2, '\t');

describe('findJsonProblem', () => {
  it.each([
    '{}',
    '[]',
    'null',
    '"a:b"',
    '{"a":1,"b":1}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\":\\"b\\":"}',
    '{"a\\\\":1,"a":2}',
    '{"a" \r\n\t: "b" , "c":["d:", ":"]}',
    '{"__proto__":1,"constructor":2}',
    nested(32, '1'),
  ])('finds nothing wrong with %s', (text) => {
    expect(problemOf(text)).toBeUndefined();
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"a":1,"b":2,"a" :{}}',
    '[{"b":{"a":1,"a":2}}]',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"\\\\":1,"\\\\":2}',
    // What is inside a member that is overwritten counts as well.
    '{"a":{"x":1},"a":{"x":1}}',
  ])('finds the two members of one name in %s', (text) => {
    expect(problemOf(text)).toBe(twice);
  });

  it('finds what is nested too deeply, however deep', () => {
    expect(problemOf(nested(32))).toBeUndefined();
    expect(problemOf(nested(33))).toBe(tooDeep);
    expect(problemOf(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)).toBe(tooDeep);
    expect(problemOf(nested(500_000))).toBe(tooDeep);
  });

  it.each<[string, number]>([
    ['1', 0],
    ['null', 0],
    ['{}', 1],
    ['{"a":null}', 1],
    ['{"a":[],"b":{"c":[1]}}', 3],
    [nested(40), 4],
  ])('counts the objects and arrays inside each other, to the limit: %s', (text, depth) => {
    expect(judgeJson(text, JSON.parse(text), 3).depth).toBe(depth);
  });

  it('finds nothing wrong with anything that was serialised', () => {
    fc.assert(
      fc.property(fc.oneof(values, tricky), indents, (value, indent) => {
        expect(problemOf(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it('finds a member that is there twice, wherever it is put in', () => {
    fc.assert(
      fc.property(tricky, fc.nat(), fc.boolean(), values, (value, at, isFirst, other) => {
        const text = JSON.stringify({ there: value });
        const objects = objectsIn({ there: value });
        const object = objects[at % objects.length] ?? {};
        const [name = ''] = Object.keys(object);
        const member = `${JSON.stringify(name)}:${JSON.stringify(other)}`;
        const before = JSON.stringify(object);
        const after = isFirst
          ? `{${member},${before.slice(1)}`
          : `${before.slice(0, -1)},${member}}`;
        // Only where the object's text stands once is it sure which one is meant; all of them are changed.
        expect(problemOf(text.replaceAll(before, () => after))).toBe(twice);
      }),
    );
  });
});

/** All objects that have a member, at any depth. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const below = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) || Object.keys(value).length === 0 ? below : [value, ...below];
}

describe('countJsonValues', () => {
  it.each([
    ['1', 1],
    ['[]', 2],
    ['[1,2]', 3],
    ['{"a":{},"b":","}', 4],
    ['"[,{\\"[,"', 1],
  ])('of %s is %d', (text, count) => {
    expect(countJsonValues(Buffer.from(text))).toBe(count);
  });

  it('is never less than there are', () => {
    const valuesIn = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1)
        : 1;
    fc.assert(
      fc.property(fc.oneof(values, tricky), indents, (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(countJsonValues(Buffer.from(text))).toBeGreaterThanOrEqual(
          valuesIn(JSON.parse(text)),
        );
      }),
    );
  });
});
