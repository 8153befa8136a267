import { describe, expect, it } from '@jest/globals';
import { buildSchema, findBreakingChanges } from 'graphql';
import { readSdl } from '../../src/graphql/schema.ts';
import { pageText } from '../support/documentPages.ts';

/** Sentences of graphql-js, and the coordinate that each is about. */
const forms = [
  [/^(\w+) was removed from (?:enum|union) type (\w+).*/, '$2.$1'],
  [/^A required (?:arg|field) (\w+) on (?:input type )?([\w.]*\w).*/, '$2.$1'],
  [/^\W*(\w+(?:\.\w+)*).* arg (\w+) .*/, '$1.$2'],
  [/^\W*(\w+(?:\.\w+)*).*/, '$1'],
] as const;
function coordinateOf(description: string): string {
  const [form = '', coordinate = ''] = forms.find(([form]) => form.test(description)) ?? [];
  return description.replace(form, coordinate);
}

/** The breaking changes of a schema that no `- **Breaking:**` line of the newest section names. */
function unnamedChanges(released: string, current: string, changelog: string): readonly string[] {
  const [, newest = ''] = changelog.split(/^## /m);
  const named = newest.split(/^- /m).filter((line) => line.startsWith('**Breaking:**'));
  return findBreakingChanges(buildSchema(released), buildSchema(current))
    .map(({ description }) => `${coordinateOf(description)}: ${description}`)
    .filter((change) => {
      const coordinate = change.slice(0, change.indexOf(': '));
      return !named.some((line) => line.includes(`\`${coordinate}\``));
    });
}

describe('the schema', () => {
  it('has no breaking change since the last release that CHANGELOG.md does not name', () => {
    const released = pageText('test/fixtures/released.graphql');
    expect(unnamedChanges(released, readSdl(), pageText('CHANGELOG.md'))).toEqual([]);
  });

  const sdl = `type Query { a(x: Int): Int b: E c(in: I): Int } enum E { V W } input I { a: Int }`;

  it.each([
    ['a field', sdl.replace('a(x: Int): Int ', ''), 'Query.a'],
    ['an argument', sdl.replace('a(x: Int)', 'a'), 'Query.a.x'],
    ['a required argument', sdl.replace('x: Int', 'x: Int y: Int!'), 'Query.a.y'],
    ['a value', sdl.replace('V W', 'V'), 'E.W'],
    ['the type of a field', sdl.replace('): Int b', '): String b'), 'Query.a'],
    ['a type', sdl.replace(' enum E { V W }', '').replace('b: E', 'b: Int'), 'E'],
  ])('has to name a change of %s by its coordinate', (_what, changed, coordinate) => {
    const newest = (line: string) => `# Changelog\n\n## Unreleased\n\n- ${line}\n\n## 0.1.0\n`;
    const before = unnamedChanges(sdl, changed, newest(`The \`${coordinate}\` is new.`));
    expect(before.map((change) => change.split(': ')[0])).toContain(coordinate);
    const named = newest(`**Breaking:** \`${coordinate}\` has changed.`);
    const after = unnamedChanges(sdl, changed, named);
    expect(after.length).toBeLessThan(before.length);
    const late = `${newest('Nothing.')}\n- **Breaking:** \`${coordinate}\`\n`;
    expect(unnamedChanges(sdl, changed, late)).toEqual(before);
  });
});
