import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const root = new URL('../../', import.meta.url);

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

const isProse = /\.(?:[cm]?[jt]sx?|graphql|md)$|(?:^|\/)Dockerfile$/;
const filesIn = (folder: string): readonly string[] =>
  readdirSync(fileURLToPath(new URL(folder, root)), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split('\\').join('/')}`)
    .filter((file) => isProse.test(file))
    .filter((file) => !/(?:^|\/)(?:generated|gql|\.build|dist|node_modules)\//.test(file));
const files = [
  ...['src', 'schema', 'docs', 'test', 'bench', 'examples', 'tools', 'deploy'].flatMap((folder) =>
    readdirSync(fileURLToPath(root)).includes(folder) ? filesIn(folder) : [],
  ),
  ...readdirSync(fileURLToPath(root)).filter((file) => isProse.test(file)),
].filter((file) => file !== 'test/audit/words.test.ts' && !file.startsWith('test/fixtures/'));

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
  const text = readFileSync(new URL(file, root), 'utf8');
  if (file.endsWith('.md')) {
    return text
      .replace(/^ *```[\s\S]*?^ *```$/gm, '')
      .split('\n')
      .map(withoutQuotes);
  }
  const lines = text.split('\n');
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
  const folders = new Set(files.map((file) => file.split('/')[0]));
  expect([...folders]).toEqual(
    expect.arrayContaining(['src', 'schema', 'docs', 'test', 'tools', 'README.md', 'Dockerfile']),
  );
  expect(files).toEqual(expect.arrayContaining(['tools/build.js', 'src/launch.js']));
  expect(files.length).toBeGreaterThan(300);
});
