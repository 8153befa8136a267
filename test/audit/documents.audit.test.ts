import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { documentPages, pageText } from '../support/documentPages.ts';

const root = new URL('../../', import.meta.url);
const pathOf = (file: string): string => fileURLToPath(new URL(file, root));
const foldersIn = (folder: string): readonly string[] =>
  readdirSync(pathOf(folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}${name}/`);

/** The text without code blocks. */
const proseOf = (file: string): string => pageText(file).replace(/^ *```[\s\S]*?^ *```$/gm, '');

/** What stands in code spans and leads to a file or a folder of this repository. */
const pathsIn = (file: string): readonly string[] => {
  const folders = foldersIn('').join('|');
  const path = new RegExp(
    `\`((?:${folders}|\\.ci/)[\\w./-]*|[\\w.-]+\\.(?:md|json|yml|mjs))\``,
    'g',
  );
  return [...proseOf(file).matchAll(path)].map(([, found = '']) => found);
};

/** As GitHub makes anchors of headings. */
const anchorsOf = (file: string): readonly string[] =>
  [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

interface Paragraph {
  readonly lines: number;
  readonly sentences: readonly string[];
}

/** Paragraphs and list items; no headings and no tables. */
const paragraphsOf = (file: string): readonly Paragraph[] =>
  proseOf(file)
    .replace(/^(#|\|).*$/gm, '')
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .map((text) => ({
      lines: text.trim().split('\n').length,
      sentences: text
        .trim()
        .replace(/`[^`]*`/g, 'X')
        .replace(/\]\([^)]*\)/g, ']')
        .split(/(?<=[.!?:;])[\s"')*\]]+(?=[A-Z0-9"*[(])/),
    }));
const wordsOf = (sentence: string): number => sentence.match(/\S*\w\S*/g)?.length ?? 0;

describe('the documents', () => {
  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('name paths that exist: %s', (file) => {
    const paths = pathsIn(file);
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((path) => !existsSync(pathOf(path)))).toEqual([]);
  });

  it('name every folder of the source', () => {
    const folders = foldersIn('src/');
    const named = pathsIn('ARCHITECTURE.md');
    expect(folders.filter((folder) => !named.includes(folder))).toEqual([]);
  });

  it.each([
    ['property', /\blinux(?:Onboarded)?\b/],
    ['limit', /\bTOO_MANY_ROOT_FIELDS\b|\brootFields: limit/],
    ['variable', /\bGRAPH_CONNECTION_LIFE_MS\b|\bgraphConnectionLifeMs\b/],
    ['error code', /\bAPPROVAL_REQUIRED\b|'approvalRequired'/],
  ])('name every file that one more %s touches', (what, example) => {
    const [, section = ''] =
      new RegExp(`^## To add an? ${what}\\n([^]*?)^## `, 'm').exec(pageText('CONTRIBUTING.md')) ??
      [];
    const sources = ['src/', 'schema/', 'examples/consumer/src/'].flatMap((folder) =>
      readdirSync(pathOf(folder), { recursive: true, encoding: 'utf8' })
        .map((file) => `${folder}${file.split('\\').join('/')}`)
        .filter((file) => /\.(?:ts|graphql)$/.test(file) && !/\/(?:generated|gql)\//.test(file)),
    );
    const touched = sources.filter((file) => example.test(pageText(file)));
    expect(touched.length).toBeGreaterThan(1);
    expect(touched.filter((file) => !section.includes(`\`${file}\``))).toEqual([]);
  });

  it('give a reason for every package', () => {
    const { dependencies, devDependencies } = JSON.parse(pageText('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const lacking = (file: string, packages: Readonly<Record<string, string>>) =>
      Object.keys(packages).filter(
        (name) => !name.startsWith('@types/') && !pageText(file).includes(`\`${name}\``),
      );
    expect(lacking('ARCHITECTURE.md', dependencies)).toEqual([]);
    expect(lacking('CONTRIBUTING.md', devDependencies)).toEqual([]);
  });

  it.each(documentPages)('link to files and headings that exist: %s', (file) => {
    const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? file : posix.join(posix.dirname(file), path);
        return (
          !existsSync(pathOf(target)) ||
          (anchor !== undefined && !anchorsOf(target).includes(anchor))
        );
      });
    expect(broken).toEqual([]);
  });

  it.each(documentPages)('have short paragraphs and sentences: %s', (file) => {
    const paragraphs = paragraphsOf(file);
    expect(paragraphs.filter(({ lines }) => lines > 5)).toEqual([]);
    const sentences = paragraphs.flatMap((paragraph) => paragraph.sentences);
    expect(sentences.filter((sentence) => wordsOf(sentence) > 25)).toEqual([]);
  });

  it.each([
    ['README.md', 180],
    ['ARCHITECTURE.md', 150],
  ])('are short: %s', (file, most) => {
    expect(pageText(file).trimEnd().split('\n').length).toBeLessThanOrEqual(most);
  });
});
