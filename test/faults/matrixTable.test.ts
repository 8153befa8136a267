import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { matrixTable } from './matrix/matrixTable.ts';

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
