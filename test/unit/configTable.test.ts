import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { sections, variableNames } from '../../src/config/variables.ts';

const root = new URL('../../', import.meta.url);
const headingAndTable =
  /^## (.*)\n(?:(?!## )[^|<\n].*\n|\n)*<!-- Generated from src\/config\/variables\.ts.* -->\n\n((?:\|.*\n)*)/gm;

interface Row {
  readonly meaning: string;
  readonly values: string;
  readonly default: string;
}

const rowsOf = new Map<string, readonly (readonly [string, Row])[]>(
  Object.entries(sections).map(([heading, table]) => [heading, Object.entries(table)]),
);

/** Padded as formatters of Markdown do. */
function tableOf(heading: string): string {
  const cells = [
    ['variable', 'meaning', 'values', 'default'],
    ...(rowsOf.get(heading) ?? []).map(([name, row]) => [
      `\`${name}\``,
      row.meaning,
      row.values,
      row.default,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[], filler: string): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(' | ')} |\n`;
  const [head = [], ...rows] = cells;
  return line(head, ' ') + line(['', '', '', ''], '-') + rows.map((row) => line(row, ' ')).join('');
}

describe.each(['docs/configuration.md', 'docs/observability.md'])('the tables of %s', (page) => {
  it('are generated from the variables', () => {
    const printed = readFileSync(new URL(page, root), 'utf8');
    const expected = printed.replaceAll(
      headingAndTable,
      (whole, heading: string, table: string) =>
        `${whole.slice(0, whole.length - table.length)}${tableOf(heading)}`,
    );
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(new URL(page, root), expected);
    } else {
      expect(printed).toBe(expected);
    }
  });
});

describe('the table of variables', () => {
  it('has each section on one page', () => {
    const headings = ['docs/configuration.md', 'docs/observability.md'].flatMap((page) =>
      [...readFileSync(new URL(page, root), 'utf8').matchAll(headingAndTable)].map(
        ([, heading]) => heading,
      ),
    );
    expect(headings.sort()).toEqual([...rowsOf.keys()].sort());
  });

  it('names each variable that the configuration reads', () => {
    const folder = new URL('src/config/', root);
    const sources = readdirSync(folder)
      .filter((file) => file !== 'variables.ts')
      .map((file) => readFileSync(new URL(file, folder), 'utf8'));
    const unread = [...variableNames].filter(
      (name) => !/^OTEL_EXPORTER_OTLP_/.test(name) && !sources.join().includes(`'${name}'`),
    );
    expect(unread).toEqual([]);
  });
});
