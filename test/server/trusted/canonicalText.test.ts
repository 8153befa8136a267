import { describe, expect, it } from '@jest/globals';
import { canonicalText } from '../../../src/server/trusted/canonicalText.ts';

const areSame = (one: string, other: string): boolean => {
  const text = canonicalText(one, 1000);
  expect(text).toBeDefined();
  return text === canonicalText(other, 1000);
};

describe('canonicalText', () => {
  it.each<[string, string]>([
    ['{ a b }', '{\n  b, # comment\n  a\n}'],
    ['query A { a }', 'query A{a}'],
    ['{ a(x: 1, y: "2") { b c } }', '{ a(y: "2", x: 1) { c b } }'],
    [
      'query ($a: Int, $b: Int = 1) { f(a: $a, b: $b) }',
      'query ($b: Int = 1, $a: Int) { f(b: $b, a: $a) }',
    ],
    ['{ ...F } fragment F on T { a }', 'fragment F on T { a } query { ...F }'],
    [
      '{ a { ... on B { x y } ...F @skip(if: true) } }',
      '{ a { ...F @skip(if: true) ... on B { y x } } }',
    ],
    ['mutation { a { x y } }', 'mutation { a { y x } }'],
  ])('is the same for %s and %s', (one, other) => {
    expect(areSame(one, other)).toBe(true);
  });

  it.each<[string, string]>([
    ['{ a }', '{ b }'],
    ['{ a }', '{ a a }'],
    ['{ a }', '{ x: a }'],
    ['{ a }', 'mutation { a }'],
    ['query A { a }', 'query B { a }'],
    ['{ a(x: 1) }', '{ a(x: 2) }'],
    ['{ a(x: "1") }', '{ a(x: 1) }'],
    ['{ a(x: [1, 2]) }', '{ a(x: [2, 1]) }'],
    ['{ a { b } c }', '{ a { b c } }'],
    ['{ a { ... on B { x } } }', '{ a { ... on C { x } } }'],
    ['{ a @x @y }', '{ a @y @x }'],
    ['{ a }', '{ a @skip(if: false) }'],
    ['query ($a: Int) { a }', 'query ($a: Int = 1) { a }'],
    ['mutation { a b }', 'mutation { b a }'],
    ['mutation { ... { a b } }', 'mutation { ... { b a } }'],
    [
      'mutation { ...F } fragment F on Mutation { a b }',
      'mutation { ...F } fragment F on Mutation { b a }',
    ],
  ])('differs for %s and %s', (one, other) => {
    expect(areSame(one, other)).toBe(false);
  });

  it.each([
    '',
    '{',
    'type Query { a: Int }',
    '{ a } type Query { a: Int }',
    `{ ${'a '.repeat(1000)} }`,
  ])('is not there for what cannot be executed (%#)', (text) => {
    expect(canonicalText(text, 1000)).toBeUndefined();
  });
});
