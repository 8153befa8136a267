import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** The folders of `src`, and which other folders each may import. Single files beside them compose the process. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  config: [],
  telemetry: ['config'],
  resilience: [],
  graph: ['telemetry', 'resilience'],
  emulator: ['graph'],
  identity: ['graph', 'telemetry', 'resilience'],
  mapping: ['graph', 'generated'],
  selection: ['mapping', 'graph', 'generated'],
  resolvers: ['selection', 'mapping', 'identity', 'graph', 'telemetry', 'generated'],
  generated: ['mapping', 'resolvers'],
  server: ['resolvers', 'selection', 'identity', 'graph', 'telemetry', 'generated'],
  explorer: ['server'],
  metadata: ['mapping', 'graph'],
  artifacts: ['server'],
  doctor: [
    'server',
    'identity',
    'graph',
    'config',
    'embeddedGraphToken.ts',
    'identityMode.ts',
    'loadTrusted.ts',
    'surroundings.ts',
  ],
};

/** Files beside the folders that import nothing of ours but each other, so that every folder may import them. */
const shared = [
  'atMost',
  'clock',
  'secret',
  'systemCode',
  'untilAborted',
  'jsonProblem',
  'loopShare',
  'loopback',
  'namedFile',
  'proxy',
].map((name) => `${name}.ts`);

/** Packages that one folder owns. */
const owners: readonly (readonly [RegExp, string])[] = [
  [/^fastify$|^@fastify\/|^@apollo\//, 'server'],
  [/^@azure\/|^jose$/, 'identity'],
  [/^rate-limiter-flexible/, 'graph'],
  [/^saxes$/, 'metadata'],
  [/^pino$|^@opentelemetry\/(?!api$)/, 'telemetry'],
];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split('\\').join('/'));

/** Every `from '...'` and `import('...')`, types included. */
const specifier = /(?:\bfrom |^import |\bimport\()'([^']+)'/gm;

const imports = new Map(
  files.map((file) => {
    const names = [...readFileSync(join(src, file), 'utf8').matchAll(specifier)];
    const paths = names.map(([, name = '']) =>
      name.startsWith('.') ? posix.join(dirname(file), name) : name,
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
          .filter((path) => !shared.includes(path) && !allowed.includes(folderOf(path)))
          .map((path) => `${file} imports ${path}`);
      });
    expect(strays).toEqual([]);
  });

  it('are none of ours in what all folders share', () => {
    const strays = shared.flatMap((file) =>
      ownImportsOf(file).filter((path) => !shared.includes(path)),
    );
    expect(strays).toEqual([]);
  });

  it('share wire types alone between the embedded Graph and the client', () => {
    const emulator = files.filter((file) => file.startsWith('emulator/'));
    const strays = emulator
      .flatMap(importsOf)
      .filter((path) => path.startsWith('graph/') && path !== 'graph/resource.ts');
    expect(strays).toEqual([]);
  });

  it('leave a package to the folder that owns it', () => {
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((path) =>
          owners.some(([name, folder]) => name.test(path) && folder !== folderOf(file)),
        )
        .map((path) => `${file} imports ${path}`),
    );
    expect(strays).toEqual(['gateway.ts imports fastify']);
  });

  it('never lead back to where they began', () => {
    const finished = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
        return;
      }
      if (!finished.has(file)) {
        for (const next of ownImportsOf(file)) {
          visit(next, [...trail, file]);
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
