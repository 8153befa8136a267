import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filesBelow, pageText } from '../support/documentPages.ts';

/** The folders that a request passes: each may import those before it, never back. */
const order = ['shared', 'config', 'telemetry', 'graph', 'identity', 'partners', 'graphql', 'http'];
const upTo = (folder: string): readonly string[] => order.slice(0, order.indexOf(folder) + 1);

/** Which other folders each folder of `src` may import. Single files beside them compose the process. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(order.map((folder) => [folder, upTo(folder)])),
  partners: [...upTo('partners'), 'generated'],
  graphql: [...upTo('graphql'), 'generated'],
  generated: ['partners'],
  emulator: ['graph', 'shared'],
  explorer: ['http'],
  // In `tools/` beside `src/`.
  drift: ['partners', 'graph'],
  artifacts: ['http', 'graphql'],
  doctor: [...upTo('graphql'), 'dependencies.ts'],
};

/** Packages, and the folders that own them. */
const owners: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^fastify$|^@apollo\//, ['graphql', 'http']],
  [/^@fastify\//, ['http']],
  [/^jose$/, ['identity']],
  [/^rate-limiter-flexible/, ['graph']],
  [/^saxes$/, ['drift']],
  [/^@opentelemetry\/(?!api$)/, ['telemetry']],
];

/** Every `from '...'` and `import('...')`, types included. */
const specifier = /(?:\bfrom |^import |\bimport\()'([^']+)'/gm;

/** What each file of `src` and `tools` imports; files are relative to their own of the two. */
const imports = new Map(
  ['src', 'tools']
    .flatMap(filesBelow)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => {
      const file = path.slice(path.indexOf('/') + 1);
      const names = [...pageText(path).matchAll(specifier)].map(([, name = '']) => name);
      const below = (name: string) =>
        posix.join(posix.dirname(file), name).replace(/^\.\.\/src\//, '');
      return [file, names.map((name) => (name.startsWith('.') ? below(name) : name))];
    }),
);
const files = [...imports.keys()];
const importsOf = (file: string): readonly string[] => imports.get(file) ?? [];
const ownImportsOf = (file: string) => importsOf(file).filter((path) => path.endsWith('.ts'));
const folderOf = (file: string): string => file.split('/')[0] ?? file;

/** What is imported by files that may not. */
const straysOf = (mayNot: (path: string, folder: string, file: string) => boolean) =>
  files.flatMap((file) =>
    importsOf(file)
      .filter((path) => mayNot(path, folderOf(file), file))
      .map((path) => `${file} imports ${path}`),
  );

describe('imports', () => {
  it('are those that a folder may have', () => {
    const isStray = (path: string, folder: string, file: string): boolean =>
      file.includes('/') &&
      path.endsWith('.ts') &&
      ![folder, ...(mayImport[folder] ?? [])].includes(folderOf(path));
    expect(files.length).toBeGreaterThan(100);
    expect(straysOf(isStray)).toEqual([]);
  });

  it('share wire types alone between the embedded Graph and the client', () => {
    const isStray = (path: string, folder: string): boolean =>
      folder === 'emulator' && path.startsWith('graph/') && path !== 'graph/types.ts';
    expect(straysOf(isStray)).toEqual([]);
  });

  it('leave a package to the folder that owns it', () => {
    const isStray = (path: string, folder: string): boolean =>
      owners.some(([name, folders]) => name.test(path) && !folders.includes(folder));
    expect(straysOf(isStray)).toEqual(['gateway.ts imports fastify']);
  });

  it('never lead back to where they began', () => {
    const finished = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trace: readonly string[]): void => {
      if (trace.includes(file)) {
        circles.push([...trace.slice(trace.indexOf(file)), file].join(' -> '));
      } else if (!finished.has(file)) {
        ownImportsOf(file).forEach((next) => void visit(next, [...trace, file]));
        finished.add(file);
      }
    };
    files.forEach((file) => void visit(file, []));
    expect(circles).toEqual([]);
  });
});
