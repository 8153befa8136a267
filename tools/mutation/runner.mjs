import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  commonTokens,
  declareFactoryPlugin,
  declareValuePlugin,
  PluginKind,
  tokens,
} from '@stryker-mutator/api/plugin';
import { determineHitLimitReached, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { transformSync } from '@swc/core';
import { collectTests, globals, runTests } from './harness.mjs';

const require = createRequire(import.meta.url);
const status = { succeeded: 0, failed: 1 };

/** How much longer than in the first run a test may take. */
const patience = { times: 5, moreMs: 1_500 };

/**
 * Runs test files without jest, which takes seconds for each mutant: sources are loaded anew for each mutant, as
 * CommonJS modules, and packages once. Only test files with a test for the mutant are loaded.
 */
class DirectRunner {
  #testFiles;
  #usualMs = new Map();
  #kills = new Map();

  constructor({ direct }) {
    this.#testFiles = Object.entries(direct.tests).map(([path, sources]) => ({
      path: resolve(path),
      tests: new RegExp(`/src/(?:${sources})\\.ts$`),
    }));
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  init() {
    loadTypeScript();
    // The same values in each run, and no search for a simpler one that fails.
    require('fast-check').configureGlobal({ seed: 1, endOnFailure: true });
  }

  async dryRun({ files }) {
    activate({});
    const tests = [];
    for (const path of this.#filesFor(files)) {
      const { results } = await this.#runFile(path);
      countLoading(results);
      tests.push(...results);
    }
    return { status: 'complete', tests, mutantCoverage: context().mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, sandboxFileName }) {
    const testFiles = this.#filesFor([sandboxFileName]);
    const wanted = new Set(testFilter);
    const kills = this.#killsOf(sandboxFileName);
    const killers = [...kills.keys()]
      .filter((id) => wanted.has(id))
      .sort((left, right) => kills.get(right) - kills.get(left))
      .slice(0, 5);
    activate({ activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit && 0 });
    const tests = [];
    for (const ids of [killers, testFilter]) {
      for (const path of testFiles.filter((path) => ids.some(isOf(path)))) {
        const { isTimeout, results } = await this.#runFile(path, new Set(ids));
        const limited = determineHitLimitReached(context().hitCount, hitLimit);
        if (limited || isTimeout) {
          return limited ?? { status: 'timeout' };
        }
        tests.push(...results);
        const failed = results.find((result) => result.status === status.failed);
        if (failed) {
          kills.set(failed.id, (kills.get(failed.id) ?? 0) + 1);
          return toMutantRunResult({ status: 'complete', tests }, false);
        }
      }
    }
    return toMutantRunResult({ status: 'complete', tests }, false);
  }

  #filesFor(sources) {
    return this.#testFiles
      .filter(({ tests }) => sources.some((source) => tests.test(source)))
      .map(({ path }) => path);
  }

  /** How often each test killed a mutant of a source: those that did so before are run first. */
  #killsOf(source) {
    const kills = this.#kills.get(source) ?? new Map();
    this.#kills.set(source, kills);
    return kills;
  }

  /** With `wanted` only those tests, up to the first that fails. */
  async #runFile(path, wanted) {
    forgetOwnModules();
    globalThis.testFile = path;
    const idOf = (name) => `${shortOf(path)}: ${name}`;
    let suite;
    try {
      suite = await collectTests(() => require(path));
    } catch (error) {
      return { isTimeout: false, results: [resultOf(idOf('is loaded'), path, 0, { error })] };
    }
    const results = [];
    const isTimeout = await runTests(suite, {
      isWanted: (name) => wanted?.has(idOf(name)) ?? true,
      limitMsOf: (name) => {
        const usualMs = this.#usualMs.get(idOf(name));
        return usualMs === undefined ? 60_000 : usualMs * patience.times + patience.moreMs;
      },
      start(name) {
        context().currentTestId = idOf(name);
      },
      report: (name, ms, failure) => {
        context().currentTestId = undefined;
        if (!this.#usualMs.has(idOf(name)) && !failure) {
          this.#usualMs.set(idOf(name), ms);
        }
        results.push(resultOf(idOf(name), path, ms, failure));
        return wanted !== undefined && failure !== undefined;
      },
    });
    return { isTimeout, results };
  }
}

function resultOf(id, fileName, timeSpentMs, failure) {
  const result = { id, name: id, fileName, timeSpentMs: Math.round(timeSpentMs) };
  return failure === undefined
    ? { ...result, status: status.succeeded }
    : {
        ...result,
        status: status.failed,
        failureMessage: String(failure.error?.stack ?? failure.error),
      };
}

/** What instrumented sources read and write. */
function context() {
  globalThis.__stryker__ ??= {};
  return globalThis.__stryker__;
}

function activate({ activeMutant, hitLimit, hitCount }) {
  Object.assign(context(), { activeMutant, hitLimit, hitCount, currentTestId: undefined });
}

/** What runs while a file is loaded counts for each of its tests, since each mutant has it loaded anew. */
function countLoading(results) {
  const { mutantCoverage } = context();
  for (const [id, count] of Object.entries(mutantCoverage?.static ?? {})) {
    for (const test of results) {
      mutantCoverage.perTest[test.id] ??= {};
      mutantCoverage.perTest[test.id][id] ??= 0;
      mutantCoverage.perTest[test.id][id] += count;
    }
    delete mutantCoverage.static[id];
  }
}

const isOf = (path) => (id) => id.startsWith(`${shortOf(path)}: `);
const shortOf = (path) => relative(process.cwd(), path);

/** Gives `require` TypeScript, `@jest/globals` and file URLs. */
function loadTypeScript() {
  const texts = new Map();
  Module._extensions['.ts'] = (module, path) => {
    if (!texts.has(path)) {
      texts.set(path, commonJsOf(path));
    }
    module._compile(texts.get(path), path);
  };
  const { _resolveFilename: resolveFilename, _load: load } = Module;
  Module._resolveFilename = (request, ...others) =>
    resolveFilename.call(
      Module,
      request.startsWith('file:') ? fileURLToPath(request) : request,
      ...others,
    );
  Module._load = (request, ...others) =>
    request === '@jest/globals' ? globals : load.call(Module, request, ...others);
}

/** A CommonJS module does not wait while it is loaded, as the schema does for its scalars. */
const replacements = [
  [
    'import.meta.resolve(',
    '((name) => require("node:url").pathToFileURL(require.resolve(name)).href)(',
  ],
  ['await import(', 'require('],
  ['const scalarOf = async ', 'const scalarOf = '],
  ['await scalarOf(', 'scalarOf('],
];

function commonJsOf(path) {
  const source = replacements.reduce(
    (text, [esm, commonJs]) => text.replaceAll(esm, commonJs),
    readFileSync(path, 'utf8'),
  );
  const { code } = transformSync(source, {
    filename: path,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  // A test file may wait while it is loaded.
  return path.endsWith('.test.ts') ? `module.exports = (async () => {${code}\n})();` : code;
}

function forgetOwnModules() {
  for (const path of Object.keys(require.cache)) {
    if (path.endsWith('.ts')) {
      delete require.cache[path];
    }
  }
}

/** A script runs in Redis, which only `test/extended/redis` starts. */
const redisScripts = {
  shouldIgnore: ({ node }) =>
    node.type === 'TemplateLiteral' &&
    node.quasis.some(({ value }) => value.raw.includes('redis.call('))
      ? 'It runs in Redis.'
      : undefined,
};

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'direct', createRunner),
  declareValuePlugin(PluginKind.Ignore, 'redis-scripts', redisScripts),
];

createRunner.inject = tokens(commonTokens.options);
function createRunner(options) {
  return new DirectRunner(options);
}
