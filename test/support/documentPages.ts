import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The text of a file of this repository. */
export const pageText = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** All files and folders below a folder, by their paths in this repository. */
export const filesBelow = (folder: string): readonly string[] =>
  readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' }).map(
    (file) => `${folder}/${file.split('\\').join('/')}`,
  );

/** The README, what stands beside it, and the pages in `docs`. */
export const documentPages: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...filesBelow('docs').filter((file) => /^docs\/[^/]*\.md$/.test(file)),
];

/** The GraphQL documents that the pages show. */
export const shownOperations: readonly string[] = documentPages.flatMap((page) =>
  [...pageText(page).matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = '']) => text),
);
