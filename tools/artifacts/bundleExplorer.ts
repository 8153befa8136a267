import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import type { ExplorerAssets } from '../../src/http/explorer.ts';
import { licensesOf } from './licensesOf.ts';

/** The source of each worker, by its name in the list of assets. */
const workers = {
  editorWorker: 'monaco-editor/esm/vs/editor/editor.worker.js',
  jsonWorker: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphqlWorker: 'monaco-graphql/esm/graphql.worker.js',
};

/**
 * Bundles the explorer's pages from `src/explorer/` into a folder: the files that a browser loads, each with a digest
 * of its content in its name, the list of them, and the licences of all bundled packages.
 */
export async function bundleExplorer(root: string, folder: string): Promise<void> {
  const options = {
    absWorkingDir: root,
    outdir: join(folder, 'assets'),
    bundle: true,
    minify: true,
    metafile: true,
    target: 'es2022',
    jsx: 'automatic',
    legalComments: 'none',
    loader: { '.ttf': 'file', '.svg': 'copy' },
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    logLevel: 'warning',
  } as const satisfies BuildOptions;

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [plain, modules] = await Promise.all([
    build({
      ...options,
      format: 'iife',
      entryPoints: {
        ...workers,
        sandbox: 'src/explorer/sandbox.ts',
        icon: 'src/explorer/icon.svg',
      },
    }),
    build({
      ...options,
      format: 'esm',
      splitting: true,
      entryPoints: { offline: 'src/explorer/offline.tsx' },
    }),
  ]);
  const files = [plain, modules].flatMap(({ metafile }) => Object.keys(metafile.outputs));
  const assets = assetsOf(files);
  const inputs = [plain, modules].flatMap(({ metafile }) => inputsOf(metafile));
  writeFileSync(join(folder, 'LICENSES.txt'), licensesOf(root, inputs));
  writeFileSync(join(folder, 'assets.json'), `${JSON.stringify(assets, null, 2)}\n`);
  // GraphiQL's own style has all of the editor's, so the parts that the bundler splits off are unused.
  const styles = new Set([assets.sandboxStyle, assets.offlineStyle]);
  for (const file of files.filter((name) => name.endsWith('.css') && !styles.has(basename(name)))) {
    rmSync(join(root, file));
  }
}

const inputsOf = ({ outputs }: Metafile): string[] =>
  Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));

function assetsOf(outputs: readonly string[]): ExplorerAssets {
  const names = outputs.map((output) => basename(output));
  const find = (name: string, extension: string): string => {
    const found = names.filter((file) => file.startsWith(`${name}-`) && file.endsWith(extension));
    if (found[0] === undefined || found.length > 1) {
      throw new Error(`The bundle has ${found.length} files for ${name}${extension}.`);
    }
    return found[0];
  };
  return {
    icon: find('icon', '.svg'),
    sandboxScript: find('sandbox', '.js'),
    sandboxStyle: find('sandbox', '.css'),
    offlineScript: find('offline', '.js'),
    offlineStyle: find('offline', '.css'),
    editorWorker: find('editorWorker', '.js'),
    jsonWorker: find('jsonWorker', '.js'),
    graphqlWorker: find('graphqlWorker', '.js'),
  };
}
