import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { matrixTable } from './matrix/matrixTable.ts';

const architecture = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8');

/** Without the padding that formatters like. */
const squeezed = (table: string): string =>
  table.trim().replace(/ +/g, ' ').replace(/-{3,}/g, '---');

describe('the table of faults', () => {
  it('is printed as the matrix is tested', () => {
    const [table] = /(?:^\|.*\n)+/m.exec(architecture.split('## What a fault does')[1] ?? '') ?? [];
    expect(squeezed(table ?? '')).toBe(squeezed(matrixTable()));
  });
});
