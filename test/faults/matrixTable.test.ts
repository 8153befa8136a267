import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type LaneOperation, laneOperations } from './lane/laneCaller.ts';
import { expectedOf, matrixCases } from './matrix/expectedOf.ts';
import { callsOf, identityFaults } from './matrix/identityFaults.ts';
import {
  gatewayShortages,
  leavingFaults,
  outageFaults,
  type ProcessFaults,
  signalFaults,
  slowCallerFaults,
  systemShortages,
} from './matrix/processFaults.ts';

interface Row {
  readonly number: number;
  readonly names: readonly string[];
  readonly cells: readonly string[];
}

const nothing = '–';

/** The promises of the matrix as a Markdown table: a row for all faults of a number that have the same ones. */
function matrixTable(): string {
  const rows = merged([...upstreamRows(), ...identityRows, ...processRows]).toSorted(
    (left, right) => left.number - right.number,
  );
  return [
    ['', 'fault', ...laneOperations],
    ['---', '---', ...laneOperations.map(() => '---')],
    ...rows.map(({ number, names, cells }) => [number, shortened(names), ...cells]),
  ]
    .map((columns) => `| ${columns.join(' | ')} |`)
    .join('\n');
}

const rowOf = (
  number: number,
  name: string,
  promiseFor: (operation: LaneOperation) => Parameters<typeof cellOf>[0] | undefined,
): Row => ({
  number,
  names: [name],
  cells: laneOperations.map((operation) => {
    const promise = promiseFor(operation);
    return promise === undefined ? nothing : cellOf(promise);
  }),
});

function upstreamRows(): readonly Row[] {
  const first = new Map(matrixCases.map((one) => [one.name, one]));
  return [...first.values()].map(({ number, name }) =>
    rowOf(number, name, (operation) => {
      const one = matrixCases.find((each) => each.name === name && each.operation === operation);
      return one && expectedOf(one.fault, operation);
    }),
  );
}

const identityRows = identityFaults.map((fault) =>
  rowOf(fault.number, fault.name, () => ({
    code: fault.code,
    calls: [callsOf(fault), callsOf(fault)],
  })),
);

const processFaults: ProcessFaults = {
  ...{ ...outageFaults, ...leavingFaults, ...slowCallerFaults },
  ...{ ...signalFaults, ...systemShortages, ...gatewayShortages },
};
const processRows = Object.entries(processFaults).map(([name, { number, cells }]) =>
  rowOf(number, name, (operation) => cells[operation]),
);

function cellOf({
  code,
  isFound = false,
  isDone = false,
  calls: [least, most],
}: {
  readonly code: string;
  readonly isFound?: boolean;
  readonly isDone?: boolean;
  readonly calls: readonly [number, number];
}): string {
  const times = least === most ? String(least) : `${least}-${most}`;
  return `${isFound ? 'found' : wordFor(code, isDone)} (${times})`;
}

/** What no answer says the word does, but for reads, which do nothing. */
function wordFor(code: string, isDone: boolean): string {
  switch (code) {
    case 'ok':
      return code;
    case 'cut':
    case 'left':
      return isDone ? `${code}, done` : code;
    default:
      return `\`${code}\``;
  }
}

function merged(rows: readonly Row[]): readonly Row[] {
  const groups = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.number, row.cells]);
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
