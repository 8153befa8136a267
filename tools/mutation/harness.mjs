import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const { expect } = require('expect');
const { bind } = require('jest-each');

/** The group of tests that is being declared. */
let current;

const stepMs = 250;

const hooks = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'];

const describe = (title, declare) => declareGroup(title, declare);
const it = (title, run) => void current.members.push({ title, run });
describe.each = bind(describe, false);
it.each = bind(it);

/** What test files import of `@jest/globals`. */
export const globals = {
  describe,
  expect,
  it,
  ...Object.fromEntries(hooks.map((hook) => [hook, (run) => void current[hook].push(run)])),
};

/** The tests and groups that a test file declares while `load` loads it. */
export async function collectTests(load) {
  const suite = groupOf('');
  current = suite;
  await load();
  return suite;
}

function groupOf(title) {
  return { title, members: [], ...Object.fromEntries(hooks.map((hook) => [hook, []])) };
}

function declareGroup(title, declare) {
  const outer = current;
  const group = groupOf(title);
  outer.members.push(group);
  current = group;
  try {
    declare();
  } finally {
    current = outer;
  }
}

/**
 * Runs the wanted tests one after another. `report` gets the name, the time and the error of each, and ends the run with
 * `true`; so does a test that takes longer than `limitMsOf` its name, for which the answer is true.
 */
export async function runTests(suite, { isWanted, limitMsOf, start, report }) {
  const names = new Map();
  let hasEnded = false;
  let isTimeout = false;

  const nameOf = (titles) => {
    const title = titles.filter((part) => part !== '').join(' > ');
    const before = names.get(title) ?? 0;
    names.set(title, before + 1);
    return before === 0 ? title : `${title} (${before + 1})`;
  };

  /** Names are given to all, so that they are the same in each run. */
  const name = (group, titles) => {
    for (const member of group.members) {
      const all = [...titles, member.title];
      if (member.members) {
        name(member, all);
      } else {
        member.name = nameOf(all);
      }
    }
  };

  const hasWanted = (group) =>
    group.members.some((member) => (member.members ? hasWanted(member) : isWanted(member.name)));

  const runGroup = async (group, outer) => {
    if (!hasWanted(group)) {
      return;
    }
    const groups = [...outer, group];
    const failure = await errorOf(() => runAll(group.beforeAll));
    for (const member of group.members) {
      if (hasEnded) {
        break;
      }
      if (member.members) {
        await runGroup(member, groups);
      } else if (isWanted(member.name)) {
        await runTest(member, groups, failure);
      }
    }
    await errorOf(() => runAll(group.afterAll));
  };

  const runTest = async (test, groups, failure) => {
    start(test.name);
    const startedMs = performance.now();
    const ended = new AbortController();
    const ran = await Promise.race([
      failure ?? errorOf(() => runWithHooks(test, groups)),
      untilHung(limitMsOf(test.name), ended.signal),
    ]);
    ended.abort();
    isTimeout = ran === 'timeout';
    const error = isTimeout ? { error: new Error('It takes too long.') } : ran;
    hasEnded = report(test.name, performance.now() - startedMs, error) || isTimeout;
  };

  name(suite, []);
  await runGroup(suite, []);
  return isTimeout;
}

/** Counts processor time, and time in which there is nothing to do: on a busy machine a test takes longer on the clock. */
async function untilHung(limitMs, signal) {
  const usedMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  const startedMs = usedMs();
  let idleMs = 0;
  let lastMs = startedMs;
  while (lastMs - startedMs < limitMs && idleMs < limitMs) {
    await pause(stepMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      return undefined;
    }
    const nowMs = usedMs();
    idleMs = nowMs - lastMs < 10 ? idleMs + stepMs : 0;
    lastMs = nowMs;
  }
  return 'timeout';
}

async function runWithHooks(test, groups) {
  const failures = [];
  const note = async (run) => {
    const failure = await errorOf(run);
    if (failure) {
      failures.push(failure.error);
    }
  };
  await note(async () => {
    await runAll(groups.flatMap(({ beforeEach }) => beforeEach));
    await test.run();
  });
  for (const { afterEach } of groups.toReversed()) {
    await note(() => runAll(afterEach));
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}

async function runAll(runs) {
  for (const run of runs) {
    await run();
  }
}

async function errorOf(run) {
  try {
    await run();
  } catch (error) {
    return { error };
  }
}
