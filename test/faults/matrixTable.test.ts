import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { faultCatalogue } from './faultCatalogue.ts';
import { laneOperations } from './lane/laneCaller.ts';
import { identityFaults } from './matrix/identityFaults.ts';
import { numbers, processFaults } from './matrix/processFaults.ts';
import { promiseOf } from './matrix/promiseOf.ts';

interface Row {
  readonly number: number;
  readonly names: readonly string[];
  readonly cells: readonly (string | undefined)[];
}

const rows: readonly Row[] = [
  ...faultCatalogue.map((fault) => ({
    number: fault.number,
    names: [fault.name],
    cells: laneOperations.map((operation) => promiseOf(fault, operation)),
  })),
  ...identityFaults.map(({ number, name, promise }) => ({
    number,
    names: [name],
    cells: laneOperations.map(() => promise),
  })),
  ...Object.entries(processFaults).flatMap(([subject, faults]) =>
    Object.entries(faults).map(([name, cells]) => ({
      number: numbers[subject as keyof typeof numbers],
      names: [name],
      cells,
    })),
  ),
].filter(({ cells }) => cells.some((cell) => cell !== undefined));

/** The promises of the matrix as a Markdown table: a row for all faults of a number that have the same ones. */
const matrixTable = (): string =>
  [
    ['', 'fault', ...laneOperations],
    ['---', '---', ...laneOperations.map(() => '---')],
    ...merged(rows)
      .toSorted((left, right) => left.number - right.number)
      .map(({ number, names, cells }) => [number, shortened(names), ...cells.map(cellOf)]),
  ]
    .map((columns) => `| ${columns.join(' | ')} |`)
    .join('\n');

/** An answer that is a code does not say whether it was done. */
const cellOf = (promise = '–'): string => promise.replace(/^([A-Z_]+)(?:, done)?/, '`$1`');

function merged(rows: readonly Row[]): readonly Row[] {
  const groups = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.number, row.cells.map(cellOf)]);
    const known = groups.get(key);
    groups.set(key, known ? { ...known, names: [...known.names, ...row.names] } : row);
  }
  return [...groups.values()];
}

/** Says what names have in common once: the traits at their ends, and the words at their beginnings. */
function shortened(names: readonly string[]): string {
  const whats = new Map<string, string[]>();
  for (const name of names) {
    const [, what = name, traits = ''] =
      /^(.*?)((?:, (?:executed|once|always))*)$/.exec(name) ?? [];
    whats.set(traits, [...(whats.get(traits) ?? []), what]);
  }
  return [...whats].map(([traits, all]) => `${joined(all)}${traits}`).join(' · ');
}

function joined(whats: readonly string[]): string {
  const [first = '', ...others] = whats.map((what) => what.split(' '));
  const differs = [...first].findIndex((word, index) =>
    others.some((other) => other[index] !== word),
  );
  if (others.length === 0 || differs < 1) {
    return whats.join('; ');
  }
  const common = [...first].slice(0, differs).join(' ');
  const rests = whats.map((what) => what.slice(common.length + 1));
  return `${common} (${rests.join('; ')})`;
}

const page = new URL('../../docs/faults.md', import.meta.url);
const generated = /(?<=^<!-- Generated .* -->\n\n)(?:^\|.*\n)*/m;

/** Without the padding that the formatter adds. */
const squeezed = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');

describe('the table of faults', () => {
  it('is printed as the matrix is tested', () => {
    const printed = readFileSync(page, 'utf8');
    const expected = printed.replace(generated, () => `${matrixTable()}\n`);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(page, expected);
    } else {
      expect(squeezed(printed)).toBe(squeezed(expected));
    }
  });
});
