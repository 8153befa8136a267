import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { oddities } from '../../src/emulator/quirks.ts';
import { limitCodes } from '../../src/graphql/limits.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { documentPages, pageText, shownOperations } from '../support/documentPages.ts';

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
    ['limit', /\bTOO_MANY_ROOT_FIELDS\b|\bLIMIT_ROOT_FIELDS\b/],
    ['variable', /\bGRAPH_CONNECTION_LIFE_MS\b|\bgraphConnectionLifeMs\b/],
    ['error code', /\bAPPROVAL_REQUIRED\b|'approvalRequired'/],
  ])('name every file that one more %s touches', (what, example) => {
    const [, section = ''] =
      new RegExp(`^## To add an? ${what}\\n([^]*?)^## `, 'm').exec(pageText('CONTRIBUTING.md')) ??
      [];
    const sources = ['src/', 'tools/', 'schema/', 'examples/consumer/src/'].flatMap((folder) =>
      readdirSync(pathOf(folder), { recursive: true, encoding: 'utf8' })
        .map((file) => `${folder}${file.split('\\').join('/')}`)
        .filter(
          (file) => /\.(?:ts|graphql)$/.test(file) && !/\/(?:generated|gql|dist)\//.test(file),
        ),
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

const readme = pageText('README.md');
const schema = createSchema(readSdl());

describe('the README', () => {
  it('sends the same mutation in bash and in PowerShell', () => {
    const [, bash = ''] = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme) ?? [];
    const [, powerShell] = /\$body = @'\n([\s\S]*?)\n'@\n/.exec(readme) ?? [];
    expect(JSON.parse(bash)).toHaveProperty('variables.input.displayName');
    expect(powerShell).toBe(bash);
  });
});

describe('the pages', () => {
  it('show operations that the schema accepts', () => {
    expect(shownOperations.length).toBeGreaterThan(4);
    for (const document of shownOperations) {
      expect(validate(schema, parse(document))).toEqual([]);
    }
  });

  it('show every query and mutation', () => {
    const text = shownOperations.join();
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b *[({]`).test(text))).toEqual([]);
  });

  it('name every metric and every limit', () => {
    const names = [...pageText('src/telemetry/metrics.ts').matchAll(/\b(gateway_\w+)'?[:,]/g)].map(
      ([, name = '']) => name,
    );
    const metrics = pageText('docs/observability.md');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !metrics.includes(`\`${name}\``))).toEqual([]);
    const limits = pageText('docs/operations.md');
    expect(Object.values(limitCodes).filter((code) => !limits.includes(`| \`${code}\` `))).toEqual(
      [],
    );
  });

  it('say what each oddity of the embedded Graph is', () => {
    const page = pageText('docs/emulator.md');
    expect(oddities.filter((oddity) => !page.includes(`| \`${oddity}\` `))).toEqual([]);
  });
});
