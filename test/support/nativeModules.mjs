import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import swcJest from '@swc/jest';
import { createInstrumenter } from './sourceLoader.mjs';

const require = createRequire(import.meta.url);
const ownText = readFileSync(fileURLToPath(import.meta.url), 'utf8');
const ofEachFile = swcJest.createTransformer({
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'es6' },
  sourceMaps: 'inline',
});

/**
 * Packages, `src` and the helpers of tests are loaded once in a process, by Node.js itself (see `sourceLoader.mjs`),
 * instead of once for each test file: loading and warming up took more than half of the tests' time. To a test file each
 * is a module with what `requireNative` or `importNative`, which the environment gives it, has of it. Only tests and
 * helpers that need jest's globals are loaded for each file.
 */
export default {
  canInstrument: true,
  process(source, path, options) {
    const text = JSON.stringify(path);
    if (path.includes('/node_modules/')) {
      const native = `requireNative(${text})`;
      return options.supportsStaticESM
        ? { code: exportsOf(native, Object.keys(require(path)).filter(isExportable)) }
        : { code: `module.exports = ${native};` };
    }
    if (path.endsWith('.test.ts') || source.includes("from '@jest/globals'")) {
      return ofEachFile.process(source, path, options);
    }
    const counts = options.instrument ? initialCounts(source, path) : '';
    return { code: exportsOf(`await importNative(${text})`, exportedNames(source)) + counts };
  },
  getCacheKey: (source, path, { instrument, supportsStaticESM, configString }) =>
    createHash('sha256')
      .update(JSON.stringify([ownText, source, path, instrument, supportsStaticESM, configString]))
      .digest('hex'),
};

const isExportable = (name) => /^(?!__esModule)[A-Za-z_$][\w$]*$/.test(name);

const exportsOf = (native, names) =>
  [
    `const native = ${native};`,
    ...names.map(
      (name, index) =>
        `const export${index} = native.${name}; export { export${index} as ${name} };`,
    ),
  ].join('\n');

/** Every value that a module of ours exports; `export *` and `export default` are not used. */
function exportedNames(source) {
  const declared = source.matchAll(
    /^export (?:async )?(?:function\*?|class|abstract class|enum|const|let) (\w+)/gm,
  );
  const listed = source.matchAll(/^export (?:const )?\{([^}]*)\}/gm);
  const items = [...listed].flatMap(([, list]) => list.split(',').map((item) => item.trim()));
  return [
    ...[...declared].map(([, name]) => name),
    ...items
      .filter((item) => item !== '' && !item.startsWith('type '))
      .map((item) => item.split(/\s+as\s+/).at(-1)),
  ];
}

/** For the report: what there is to count in a file, even if no test loads it. */
function initialCounts(source, path) {
  const code = createInstrumenter().instrumentSync(source, path);
  const [, counts] = /var coverageData = (\{[\s\S]*?\n {2}\});/.exec(code) ?? [];
  return counts === undefined ? '' : `\nfunction unused() { var coverageData = ${counts}; }`;
}
