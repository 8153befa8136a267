import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rawItems, rawMembers } from '../../src/graph/rawJson.ts';

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
