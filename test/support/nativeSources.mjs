import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import swcJest from '@swc/jest';
import { createInstrumenter } from './sourceLoader.mjs';

const ownText = readFileSync(fileURLToPath(import.meta.url), 'utf8');

const ofEachFile = swcJest.createTransformer({
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'es6' },
  sourceMaps: 'inline',
});

/**
 * `src` and the helpers of tests are loaded once in a process, by Node.js itself (see `sourceLoader.mjs`), instead of
 * once for each test file: loading and warming up again took more than half of the tests' time. To a test file each
 * is a module with what `importNative`, which the environment gives it, has of it. Only tests and helpers that need
 * jest's globals are loaded for each file.
 */
export default {
  canInstrument: true,
  async processAsync(source, path, options) {
    if (path.endsWith('.test.ts') || source.includes("from '@jest/globals'")) {
      return ofEachFile.processAsync(source, path, options);
    }
    const names = exportedNames(source).map(
      (name, index) =>
        `const export${index} = native.${name}; export { export${index} as ${name} };`,
    );
    return {
      code: [
        `const native = await importNative(${JSON.stringify(path)});`,
        ...names,
        options.instrument ? await initialCounts(source, path) : '',
      ].join('\n'),
    };
  },
  getCacheKey: (source, path, { instrument, configString }) =>
    createHash('sha256')
      .update(JSON.stringify([ownText, source, path, instrument, configString]))
      .digest('hex'),
};

/** Every value that a module of ours exports; `export *` and `export default` are not used. */
function exportedNames(source) {
  const declared = source.matchAll(
    /^export (?:async )?(?:function\*?|class|abstract class|enum|const|let) (\w+)/gm,
  );
  const listed = source.matchAll(/^export (?:const )?\{([^}]*)\}/gm);
  return [
    ...[...declared].map(([, name]) => name),
    ...[...listed].flatMap(([, list]) =>
      list
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '' && !item.startsWith('type '))
        .map((item) => item.split(/\s+as\s+/).at(-1)),
    ),
  ];
}

/** For the report: what there is to count in a file, even if no test loads it. */
async function initialCounts(source, path) {
  const instrumenter = await createInstrumenter();
  const code = instrumenter.instrumentSync(source, path);
  const [, counts] = /var coverageData = (\{[\s\S]*?\n {2}\});/.exec(code) ?? [];
  return counts === undefined ? '' : `function unused() { var coverageData = ${counts}; }`;
}
