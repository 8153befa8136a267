import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const folder = new URL('./', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

/** What the published list says, row by row. */
const published = [
  ...textOf('CHECKLIST.md').matchAll(/^\| (\d\d) +\| ([^|]+?) +\| `([^`]+)` +\|$/gm),
].map(([, number = '', name = '', file = '']) => ({ number, name, file }));

/** What the tests are called: `[number] name: what they hold the gateway to`. */
const written = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts') && file !== 'checklist.test.ts')
  .flatMap((file) =>
    [...textOf(file).matchAll(/['"]\[(\d\d)\] ((?:(?!', )[^:\n])+): /g)].map(
      ([, number = '', name = '']) => ({
        number,
        name,
        file,
      }),
    ),
  )
  .sort((left, right) => left.number.localeCompare(right.number));

it('publishes sixty checks, each once and in order, as the tests have them', () => {
  const numbers = Array.from({ length: 60 }, (_, index) => String(index + 1).padStart(2, '0'));
  expect(published.map(({ number }) => number)).toEqual(numbers);
  expect(new Set(published.map(({ name }) => name)).size).toBe(60);
  expect(written).toEqual(published);
  for (const file of new Set(published.map((check) => check.file))) {
    expect(textOf(file)).not.toMatch(/\.(skip|todo|failing|only)\b|\bx(it|describe)\(/);
  }
});
