import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const sourceFolders = ['src', 'tools'].map(
  (name) => new URL(`../../${name}/`, import.meta.url).href,
);

/** Counts what is run, in the lines of the TypeScript source, if coverage is collected. */
let instrumenter;

/** To be called before anything is loaded; Node.js does so in the thread of a loader. */
export function initialize({ collectsCoverage }) {
  instrumenter = collectsCoverage ? createInstrumenter() : undefined;
}

export function createInstrumenter() {
  const instrument = createRequire(import.meta.url)('istanbul-lib-instrument');
  return instrument.createInstrumenter({ esModules: true, parserPlugins: ['typescript'] });
}

/** Takes the types out of our TypeScript; all other modules are loaded as usual. */
export function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) {
    return nextLoad(url, context);
  }
  const path = fileURLToPath(url);
  const text = readFileSync(path, 'utf8');
  const isCounted =
    instrumenter !== undefined && sourceFolders.some((folder) => url.startsWith(folder));
  const { code } = transformSync(isCounted ? instrumenter.instrumentSync(text, path) : text, {
    filename: path,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
