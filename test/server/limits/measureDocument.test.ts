import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getIntrospectionQuery, parse } from 'graphql';
import {
  type DocumentMeasure,
  measureDocument,
} from '../../../src/server/limits/measureDocument.ts';
import { addMutation, listQuery, partnerQuery } from '../../support/documents.ts';

const measure = (text: string): DocumentMeasure => measureDocument(parse(text));

describe('measureDocument', () => {
  it.each<[string, Partial<DocumentMeasure>]>([
    ['{ a }', { depth: 1, rootFields: 1, aliases: 0, directives: 0, introspectionDepth: 0 }],
    ['{ a { b { c } d } e }', { depth: 3, rootFields: 2 }],
    ['{ a { ... { ... on B { b } } } }', { depth: 2, rootFields: 1 }],
    ['{ x: a { x: b } ... { y: __typename } }', { aliases: 3, rootFields: 2 }],
    ['{ a: a }', { aliases: 1 }],
    ['{ ...F ...F } fragment F on Q { x: a { y: b } c }', { aliases: 4, rootFields: 4, depth: 2 }],
    ['{ r { ...F } } fragment F on Q { a { ...G } } fragment G on R { b { c } }', { depth: 4 }],
    [
      'query ($v: Int @x) @x @y { a @x ... @x { b } ...F @x } fragment F on Q @x { c @x }',
      { directives: 8 },
    ],
    ['query A { a { b } } query B { x: a y: a }', { depth: 2, aliases: 2, rootFields: 2 }],
    ['{ ...F } fragment F on Q { a ...F }', { rootFields: 1, depth: 1 }],
    ['{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }', { rootFields: 2 }],
    ['{ ...Missing a }', { rootFields: 1 }],
    ['fragment F on Q { x: a { b } }', { depth: 0, aliases: 0 }],
    ['type Q { a: Int }', { depth: 0 }],
    [
      '{ x: __schema { y: types { ofType { name } } } a { z: b } }',
      { depth: 2, introspectionDepth: 4, aliases: 3, introspectionAliases: 2, rootFields: 2 },
    ],
    [
      '{ ...F } fragment F on Q { __type(name: "A") { ...T } } fragment T on __Type { x: kind }',
      { depth: 1, introspectionDepth: 2, introspectionAliases: 1 },
    ],
  ])('of %s', (text, expected) => {
    expect(measure(text)).toMatchObject(expected);
  });

  it("leaves room for this project's own operations and for those of tools", () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, oneOf: true };
    const more = { schemaDescription: true, inputValueDeprecation: true };
    expect(measure(getIntrospectionQuery({ ...everything, ...more }))).toMatchObject({
      introspectionDepth: 15,
      introspectionAliases: 0,
    });
    expect([addMutation, partnerQuery, listQuery].map((text) => measure(text).depth)).toEqual([
      6, 5, 4,
    ]);
  });

  it('counts what fragments multiply without doing the work for each', () => {
    const chain = Array.from(
      { length: 5000 },
      (_fragment, index) => `fragment F${index} on Q { ...F${index + 1} x: a ...F${index + 1} }`,
    );
    const text = `{ ...F0 } ${chain.slice(0, 500).join(' ')} fragment F500 on Q { a }`;
    expect(measure(text)).toMatchObject({ aliases: 1_000_000, rootFields: 1_000_000, depth: 1 });
  });

  it('bears the deepest documents that can be allowed', () => {
    const depth = 1000;
    expect(measure(`${'{a'.repeat(depth)}${'}'.repeat(depth)}`).depth).toBe(depth);
  });

  it('counts as if fragments stood where they are spread', () => {
    fc.assert(
      fc.property(documents, ({ spread, expanded }) => {
        expect(measure(spread)).toEqual(measure(expanded));
      }),
    );
  });
});

/** Selections in which `<n>` stands for a spread of fragment n. */
const selections = fc.letrec<{ selection: string; set: string }>((tie) => ({
  selection: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'x: a', 'a @d', '__typename', 'y: __typename @d @e', '<0>', '<1>', '<2>'),
    fc
      .tuple(fc.constantFrom('b', 'z: b', '... @d', '...', '__schema'), tie('set'))
      .map((parts) => parts.join(' ')),
  ),
  set: fc
    .array(tie('selection'), { minLength: 1, maxLength: 4 })
    .map((parts) => `{ ${parts.join(' ')} }`),
})).set;

const documents = fc
  .tuple(selections, selections, selections, selections)
  .map(([root, first, second, third]) => {
    // Each fragment spreads only those behind it; the last one spreads nothing.
    const sets = [
      first.replaceAll('<0>', 'c'),
      second.replaceAll(/<[01]>/g, 'c'),
      third.replaceAll(/<\d>/g, 'c'),
    ];
    const spread = (text: string): string => text.replaceAll(/<(\d)>/g, '...F$1');
    const expand = (text: string): string =>
      text.replaceAll(/<(\d)>/g, (_spread, index) => `... ${expand(sets[Number(index)] ?? '')}`);
    const fragments = sets.map((set, index) => `fragment F${index} on Q ${spread(set)}`);
    return { spread: [spread(root), ...fragments].join('\n'), expanded: expand(root) };
  });
