import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { oddities } from '../../src/emulator/quirks.ts';
import { limitCodes } from '../../src/graphql/limits.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { documentPages, filesBelow, pageText, shownOperations } from '../support/documentPages.ts';

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
  const place = `(?:${foldersIn('').join('|')}|\\.ci/)[\\w./-]*`;
  const path = new RegExp(`\`(${place}|[\\w.-]+\\.(?:md|json|yml|mjs))\``, 'g');
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

/** Paragraphs and list items; no headings and no tables. */
const paragraphsOf = (file: string): readonly string[] =>
  proseOf(file)
    .replace(/^(#|\|).*$/gm, '')
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .map((text) => text.trim());
const sentencesOf = (paragraph: string): readonly string[] =>
  paragraph
    .replace(/`[^`]*`/g, 'X')
    .replace(/\]\([^)]*\)/g, ']')
    .split(/(?<=[.!?:;])[\s"')*\]]+(?=[A-Z0-9"*[(])/);
const wordsIn = (sentence: string): number => sentence.match(/\S*\w\S*/g)?.length ?? 0;
const schema = createSchema(readSdl());

describe('the documents', () => {
  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('name paths that exist: %s', (file) => {
    const paths = pathsIn(file);
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((path) => !existsSync(pathOf(path)))).toEqual([]);
  });

  it('name every folder of the source', () => {
    const named = pathsIn('ARCHITECTURE.md');
    expect(foldersIn('src/').filter((folder) => !named.includes(folder))).toEqual([]);
  });

  it.each([
    ['property', /\blinux(?:Onboarded)?\b/],
    ['limit', /\bTOO_MANY_ROOT_FIELDS\b|\bLIMIT_ROOT_FIELDS\b/],
    ['variable', /\bGRAPH_CONNECTION_LIFE_MS\b|\bgraphConnectionLifeMs\b/],
    ['error code', /\bAPPROVAL_REQUIRED\b|'approvalRequired'/],
  ])('name every file that one more %s touches', (what, example) => {
    const recipe = new RegExp(`^## To add an? ${what}\\n([^]*?)^## `, 'm');
    const [, section = ''] = recipe.exec(pageText('CONTRIBUTING.md')) ?? [];
    const touched = ['src', 'tools', 'schema', 'examples/consumer/src']
      .flatMap(filesBelow)
      .filter((file) => /\.(?:ts|graphql)$/.test(file) && !/\/(?:generated|gql|dist)\//.test(file))
      .filter((file) => example.test(pageText(file)));
    expect(touched.length).toBeGreaterThan(1);
    expect(touched.filter((file) => !section.includes(`\`${file}\``))).toEqual([]);
  });

  it('give a reason for every package, and for no other', () => {
    const { dependencies, devDependencies } = JSON.parse(pageText('package.json')) as Record<
      'dependencies' | 'devDependencies',
      object
    >;
    const lacking = (file: string, packages: object) =>
      Object.keys(packages).filter(
        (name) => !name.startsWith('@types/') && !pageText(file).includes(`\`${name}\``),
      );
    expect(lacking('ARCHITECTURE.md', dependencies)).toEqual([]);
    expect(lacking('CONTRIBUTING.md', devDependencies)).toEqual([]);
    const [, table = ''] = pageText('ARCHITECTURE.md').split('## Dependencies');
    const cells = [...table.matchAll(/(?<=^\| )`[^|]+(?=\|)/gm)].join();
    const named = [...cells.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    expect(named.sort()).toEqual(Object.keys(dependencies).sort());
  });

  it.each(documentPages)('link to files and headings that exist: %s', (file) => {
    const links = [...proseOf(file).matchAll(/\]\((?!https?:)([^)\s#]*)#?([^)\s]*)\)/g)];
    const broken = links.filter(([, path = '', anchor = '']) => {
      const target = path === '' ? file : posix.join(posix.dirname(file), path);
      const isThere = existsSync(pathOf(target));
      return !isThere || (anchor !== '' && !anchorsOf(target).includes(anchor));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it.each(documentPages)('have short paragraphs and sentences: %s', (file) => {
    const paragraphs = paragraphsOf(file);
    expect(paragraphs.filter((text) => text.split('\n').length > 5)).toEqual([]);
    const sentences = paragraphs.flatMap(sentencesOf);
    expect(sentences.filter((sentence) => wordsIn(sentence) > 25)).toEqual([]);
  });

  it.each([
    ['README.md', 180],
    ['ARCHITECTURE.md', 150],
  ])('are short: %s', (file, most) => {
    expect(pageText(file).trimEnd().split('\n').length).toBeLessThanOrEqual(most);
  });

  it('show operations that the schema accepts, with every query and mutation', () => {
    const invalid = shownOperations.flatMap((document) => validate(schema, parse(document)));
    expect(invalid).toEqual([]);
    expect(shownOperations.length).toBeGreaterThan(4);
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    const isShown = (field: string) =>
      new RegExp(`\\b${field}\\b *[({]`).test(shownOperations.join());
    expect(fields.filter((field) => !isShown(field))).toEqual([]);
  });

  const metrics = [...pageText('src/telemetry/metrics.ts').matchAll(/\b(gateway_\w+)'?[:,]/g)];
  it.each([
    ['metric', metrics.map(([, name = '']) => name), 'docs/observability.md', '`'],
    ['limit', Object.values(limitCodes), 'docs/operations.md', '| `'],
    ['oddity of the embedded Graph', oddities, 'docs/emulator.md', '| `'],
  ])('name every %s', (_what, names, page, before) => {
    const text = pageText(page);
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !text.includes(`${before}${name}\``))).toEqual([]);
  });

  it('send the same mutation in bash and in PowerShell', () => {
    const readme = pageText('README.md');
    const [, bash = ''] = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme) ?? [];
    const [, powerShell] = /\$body = @'\n([\s\S]*?)\n'@\n/.exec(readme) ?? [];
    expect(JSON.parse(bash)).toHaveProperty('variables.input.displayName');
    expect(powerShell).toBe(bash);
  });
});

describe('the changelog', () => {
  const lines = pageText('CHANGELOG.md').split('\n').slice(4);

  it('has headings of the format, and one line for each change', () => {
    const form =
      /^(?:## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d|### (?:Added|Changed|Deprecated|Removed|Fixed|Security)|- \S.*|)$/;
    expect(lines.filter((line) => !form.test(line))).toEqual([]);
  });

  it('names breaking changes first', () => {
    const sections = lines.join('\n').split(/^#{2,3} .*$/m);
    const late = sections.filter((text) =>
      /^- (?!\*\*Breaking:)[\s\S]*^- \*\*Breaking:/m.test(text),
    );
    expect(late).toEqual([]);
  });
});
