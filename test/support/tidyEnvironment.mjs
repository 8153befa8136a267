import * as nodeModule from 'node:module';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { TestEnvironment } from 'jest-environment-node';
import { initialize, load } from './sourceLoader.mjs';

let isLoaderRegistered = false;

/** How long what is being closed may take to be gone. */
const usualPatienceMs = 15_000;
/** Longer than jest's reporter, which shares the process where there are no workers, holds the timer after a test. */
const settlingMs = 150;

/**
 * Holds every test file to leaving nothing behind that keeps a process alive: no timer, listener, connection, look-up or
 * child process. It counts and waits for what is just going away, for some seconds and only where there is something.
 *
 * Each test: by its end, `afterEach` included, there is no more of anything than at its start. What `beforeAll` has made
 * was there then, so it needs no exception; but a listener of its may keep the connections that tests have made to it. What
 * sets timers by itself is to be named, with `@jest-environment-options {"timersOf": "..."}` on top of the file.
 * Each file: by its end, `afterAll` included, there is no more of anything than before it was loaded.
 *
 * Not held: what is unref'd, which is for the tests of whatever made it, and threads, which Node.js does not list.
 */
export default class TidyEnvironment extends TestEnvironment {
  #beforeFile;
  #beforeTest;
  #hasFailed = false;
  #config;
  #testFile;

  constructor(config, context) {
    super(config, context);
    this.#config = config;
    this.#testFile = context.testPath;
  }

  async setup() {
    await super.setup();
    const { collectCoverage } = this.#config.globalConfig;
    if (!isLoaderRegistered) {
      registerSourceLoader({ collectsCoverage: collectCoverage });
      isLoaderRegistered = true;
    }
    globalThis.testFile = this.#testFile;
    // Load for all files of this process (see `nativeModules.mjs`).
    this.global.requireNative = nodeModule.createRequire(import.meta.url);
    this.global.importNative = (path) => import(pathToFileURL(path));
    if (collectCoverage) {
      // What the files before it have run stays counted, which a summary does not mind.
      globalThis.__coverage__ ??= {};
      this.global.__coverage__ = globalThis.__coverage__;
    }
    for (const name of ['Error', 'TypeError', 'RangeError', 'SyntaxError', 'URIError']) {
      shareError(this.global[name], globalThis[name]);
    }
    this.#beforeFile = await countSettled();
  }

  async handleTestEvent({ name, test }, state) {
    if (name === 'test_start') {
      this.#beforeTest = countResources();
    }
    // Whatever failed may not have come to its end, and what it left says nothing then.
    if (name === 'test_done') {
      if (test.errors.length === 0) {
        await this.#judge(test.errors, 'This test', this.#beforeTest, this.#isOfFixture);
      }
      this.#hasFailed ||= test.errors.length > 0;
    }
    if (name === 'run_finish' && !this.#hasFailed && state.unhandledErrors.length === 0) {
      await this.#judge(state.unhandledErrors, 'This file', this.#beforeFile, () => false);
    }
  }

  #isOfFixture = (kind) =>
    (kind === 'TCPSocketWrap' && this.#beforeTest.TCPServerWrap > 0) ||
    (kind === 'Timeout' &&
      this.#config.projectConfig.testEnvironmentOptions.timersOf !== undefined);

  /** Reports what there is more of than before, kind by kind, if it is not gone within the patience. */
  async #judge(errors, who, before, isExcused) {
    const { patienceMs = usualPatienceMs } = this.#config.projectConfig.testEnvironmentOptions;
    const findMore = () =>
      Object.entries(countResources())
        .map(([kind, count]) => [kind, count - (before[kind] ?? 0)])
        .filter(([kind, more]) => more > 0 && !isExcused(kind));
    // For what was only just begun.
    await turn();
    const untilMs = performance.now() + patienceMs;
    let left = findMore();
    for (let tries = 0; left.length > 0 && performance.now() < untilMs; tries += 1) {
      // Most of it is gone within the first turns of the event loop.
      await (tries < 20 ? turn() : pause(5));
      left = findMore();
    }
    if (left.length > 0) {
      const what = left.map(([kind, count]) => `${count} ${kind}`).join(', ');
      const hint = 'By itself and with --detectOpenHandles it shows where that was opened.';
      const error = new Error(`${who} left behind: ${what}. ${hint}`);
      // It leads into the test runner only.
      error.stack = `${error.name}: ${error.message}`;
      errors.push(error);
    }
  }
}

/** Node.js 20 loads in a thread of its own; newer ones say that they will not. */
function registerSourceLoader(data) {
  const { register, registerHooks } = nodeModule;
  if (registerHooks === undefined) {
    register('./sourceLoader.mjs', import.meta.url, { data });
  } else {
    initialize(data);
    registerHooks({ load });
  }
}

/** Counts what keeps this process alive, by kind: timers and sockets that are not unref'd, processes and the like. */
function countResources() {
  const count = {};
  for (const kind of process.getActiveResourcesInfo()) {
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
}

/** A test file has an `Error` of its own: those of sources are instances of it, and its are instances of theirs. */
function shareError(OwnError, Shared) {
  Object.setPrototypeOf(OwnError.prototype, Shared.prototype);
  const isInstance = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(OwnError, Symbol.hasInstance, {
    value(error) {
      return isInstance.call(this === OwnError ? Shared : this, error);
    },
  });
}

/** What is there without any test. In a worker there is no timer then, so that nothing has to be waited for. */
async function countSettled() {
  const untilMs = performance.now() + settlingMs;
  const least = countResources();
  for (let tries = 0; tries < 3 || (least.Timeout > 0 && performance.now() < untilMs); tries += 1) {
    await (tries < 3 ? turn() : pause(10));
    const now = countResources();
    for (const kind of Object.keys(least)) {
      least[kind] = Math.min(least[kind], now[kind] ?? 0);
    }
  }
  return least;
}
