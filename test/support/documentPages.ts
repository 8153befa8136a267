import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The text of a file of this repository. */
export const pageText = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** The README, what stands beside it, and the pages in `docs`. */
export const documentPages: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** The GraphQL documents that the pages show. */
export const shownOperations: readonly string[] = documentPages.flatMap((page) =>
  [...pageText(page).matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = '']) => text),
);
