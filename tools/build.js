// Builds `dist` if something has changed since the last build: the compiler's output of `src`, `drift.js`, and the
// artifacts. Plain JavaScript, because it runs before anything is built.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockBuild } from './buildLock.js';
import { beginBuild, finishBuild, isBuilt } from './buildStamp.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

const artifactTools = ['writeArtifacts', 'writeExplorer'];

/** Compiles the programs of this folder into one file each. They import the compiled `src`. */
async function compileTools() {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: ['tools/drift.ts', ...artifactTools.map((name) => `tools/artifacts/${name}.ts`)],
    outdir: 'dist',
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: true,
    logLevel: 'warning',
    plugins: [{ name: 'compiled sources', setup: useCompiledSources }],
  });
}

function useCompiledSources(build) {
  build.onResolve({ filter: /\/src\/.*\.ts$/ }, ({ path, resolveDir }) => {
    const source = relative(join(root, 'src'), join(resolveDir, path)).split(sep).join('/');
    return { path: `./${source.replace(/\.ts$/, '.js')}`, external: true };
  });
}

/** Does nothing if another process has built while this one waited for it. */
async function buildIfNeeded() {
  process.once('exit', lockBuild(root));
  if (isBuilt(root)) {
    return;
  }
  const inputs = beginBuild(root);
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
  await compileTools();
  for (const name of artifactTools) {
    run(`dist/${name}.js`);
    rmSync(join(root, 'dist', `${name}.js`));
    rmSync(join(root, 'dist', `${name}.js.map`));
  }
  finishBuild(root, inputs);
}

if (!isBuilt(root)) {
  await buildIfNeeded();
}
