import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const rootFolder = fileURLToPath(new URL('../../', import.meta.url));

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

/** All files of `src` and `tools`, each relative to its own of the two. */
const places = new Map(
  ['src', 'tools'].flatMap((folder) =>
    readdirSync(join(rootFolder, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => file.split('\\').join('/'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => [file, join(rootFolder, folder, file)] as const),
  ),
);
const files = [...places.keys()];

/** Every `from '...'` and `import('...')`, types included. */
const specifier = /(?:\bfrom |^import |\bimport\()'([^']+)'/gm;

const imports = new Map(
  [...places].map(([file, place]) => {
    const names = [...readFileSync(place, 'utf8').matchAll(specifier)];
    const paths = names.map(([, name = '']) =>
      name.startsWith('.') ? posix.join(dirname(file), name).replace(/^\.\.\/src\//, '') : name,
    );
    return [file, paths] as const;
  }),
);
const importsOf = (file: string): readonly string[] => imports.get(file) ?? [];
const ownImportsOf = (file: string): readonly string[] =>
  importsOf(file).filter((path) => path.endsWith('.ts'));

const folderOf = (file: string): string => file.split('/')[0] ?? file;

describe('imports', () => {
  it('are those that a folder may have', () => {
    const strays = files
      .filter((file) => file.includes('/'))
      .flatMap((file) => {
        const folder = folderOf(file);
        const allowed = [folder, ...(mayImport[folder] ?? [])];
        return ownImportsOf(file)
          .filter((path) => !allowed.includes(folderOf(path)))
          .map((path) => `${file} imports ${path}`);
      });
    expect(strays).toEqual([]);
  });

  it('share wire types alone between the embedded Graph and the client', () => {
    const emulator = files.filter((file) => file.startsWith('emulator/'));
    const strays = emulator
      .flatMap(importsOf)
      .filter((path) => path.startsWith('graph/') && path !== 'graph/types.ts');
    expect(strays).toEqual([]);
  });

  it('leave a package to the folder that owns it', () => {
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((path) =>
          owners.some(([name, folders]) => name.test(path) && !folders.includes(folderOf(file))),
        )
        .map((path) => `${file} imports ${path}`),
    );
    expect(strays).toEqual(['gateway.ts imports fastify']);
  });

  it('never lead back to where they began', () => {
    const finished = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trace: readonly string[]): void => {
      if (trace.includes(file)) {
        circles.push([...trace.slice(trace.indexOf(file)), file].join(' -> '));
        return;
      }
      if (!finished.has(file)) {
        for (const next of ownImportsOf(file)) {
          visit(next, [...trace, file]);
        }
        finished.add(file);
      }
    };
    for (const file of files) {
      visit(file, []);
    }
    expect(circles).toEqual([]);
  });
});
