import { readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { filesBelow, pageText } from '../support/documentPages.ts';

/** Each with the term that this project uses instead. */
const plainTerms: Readonly<Record<string, string>> = {
  nobody: 'no caller, no client, nothing',
  somebody: 'a caller, another caller',
  whoever: 'the one that, any caller',
  mend: 'fix',
  mends: 'fixes',
  mended: 'fixed',
  'thought out': 'based on',
  'hangs on': 'depends on',
  'held back': 'rejected, delayed',
  'turned away': 'rejected',
  'under way': 'in flight',
  'all the same': 'anyway',
  "today's beta": 'the current beta, or since when',
  'is told': 'is reported',
  'are told': 'are reported',
};
const unplain = new RegExp(`\\b(?:${Object.keys(plainTerms).join('|')})\\b`, 'i');

const folders = ['src', 'schema', 'docs', 'test', 'bench', 'examples', 'tools', 'deploy'];
const beside = readdirSync(new URL('../../', import.meta.url));
const generated = /(?:^|\/)(?:generated|gql|\.build|dist|node_modules)\/|^test\/fixtures\//;
const files = [
  ...folders.filter((folder) => beside.includes(folder)).flatMap(filesBelow),
  ...beside,
]
  .filter((file) => /\.(?:[cm]?[jt]sx?|graphql|md)$|(?:^|\/)Dockerfile$/.test(file))
  .filter((file) => file !== 'test/audit/words.test.ts' && !generated.test(file));

const withoutQuotes = (text: string): string => text.replace(/`[^`]*`|"[^"]*"/g, '…');

/** Comments, and literals of at least three words: messages, names of tests and of their rows. */
function* proseOfSource(line: string): Generator<string> {
  const comment = /^\s*(?:\/?\*+|\/\/|# )(.*)|\s\/\/ (.*)/.exec(line);
  if (comment) {
    yield withoutQuotes(comment[1] ?? comment[2] ?? '');
    return;
  }
  for (const [, literal = ''] of line.matchAll(/(?:'([^']*)'|"[^"]*"|`[^`]*`)/g)) {
    yield literal.replace(/"[^"]*"/g, '…');
  }
  for (const [quoted] of line.matchAll(/"[^"]*"|`[^`]*`/g)) {
    yield quoted.slice(1, -1).replace(/'[^']*'|"[^"]*"|\$\{[^}]*\}/g, '…');
  }
}
const hasWords = (text: string): boolean => /\w\S* \S+ \S*\w/.test(text);

function proseOf(file: string): readonly string[] {
  const lines = pageText(file).split('\n');
  if (file.endsWith('.md')) {
    const prose = pageText(file).replace(/^ *```[\s\S]*?^ *```$/gm, '');
    return prose.split('\n').map(withoutQuotes);
  }
  return file.endsWith('.graphql')
    ? lines.map(withoutQuotes)
    : lines.flatMap((line) => [...proseOfSource(line)]).filter(hasWords);
}

it('uses plain words in comments, messages, test names and documents', () => {
  const strays = files.flatMap((file) =>
    proseOf(file)
      .filter((line) => unplain.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(strays).toEqual([]);
});

it('sees all folders', () => {
  const seen = ['src', 'schema', 'docs', 'test', 'tools', 'README.md', 'Dockerfile'];
  expect(files.map((file) => file.split('/')[0])).toEqual(expect.arrayContaining(seen));
  expect(files).toEqual(expect.arrayContaining(['tools/build.js', 'src/launch.js']));
  expect(files.length).toBeGreaterThan(300);
});
