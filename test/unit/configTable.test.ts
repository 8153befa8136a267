import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { sections, variableNames } from '../../src/config/variables.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const headingAndTable =
  /^## (.*)\n(?:(?!## )[^|<\n].*\n|\n)*<!-- Generated from src\/config\/variables\.ts.* -->\n\n((?:\|.*\n)*)/gm;
const pages = ['docs/configuration.md', 'docs/observability.md'];
const tables = new Map(Object.entries(sections));

/** Padded as formatters of Markdown do. */
function tableOf(heading: string): string {
  const rows = Object.entries(tables.get(heading) ?? {}).map(([name, row]) => {
    return [`\`${name}\``, row.meaning, row.values, row.default];
  });
  const lines = [['variable', 'meaning', 'values', 'default'], ['', '', '', ''], ...rows];
  const widthOf = (column: number) => Math.max(...lines.map((row) => row[column]?.length ?? 0));
  const padded = lines.map((row, line) =>
    row.map((cell, column) => cell.padEnd(widthOf(column), line === 1 ? '-' : ' ')),
  );
  return padded.map((row) => `| ${row.join(' | ')} |\n`).join('');
}

it.each(pages)('the tables of %s are generated from the variables', (page) => {
  const printed = textOf(page);
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

it('the table of variables has each section on one page', () => {
  const matches = pages.flatMap((page) => [...textOf(page).matchAll(headingAndTable)]);
  const headings = matches.map(([, heading]) => heading);
  expect(headings.sort()).toEqual([...tables.keys()].sort());
});

it('the table of variables has only what the configuration reads', () => {
  const sources = readdirSync(new URL('src/config/', root))
    .filter((file) => file !== 'variables.ts')
    .map((file) => textOf(`src/config/${file}`));
  const unread = [...variableNames].filter(
    (name) => !/^OTEL_EXPORTER_OTLP_/.test(name) && !sources.join().includes(`'${name}'`),
  );
  expect(unread).toEqual([]);
});
