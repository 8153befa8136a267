import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const { dependencies } = JSON.parse(
  readFileSync(new URL('./package.json', import.meta.url), 'utf8'),
);
/** Loaded once for all test files of a process. Not the limiter, whose timers and time a test file makes its own. */
const nativePackages = [...Object.keys(dependencies), 'fast-check', 'node-forge', 'typescript']
  .filter((name) => name !== 'rate-limiter-flexible')
  .join('|');

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/support/tidyEnvironment.mjs',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Long, or in need of another program: `npm run test:extended`.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/extended/'],
  extensionsToTreatAsEsm: ['.ts'],
  transformIgnorePatterns: [],
  transform: {
    [`^<rootDir>/node_modules/(${nativePackages})/.*js$`]:
      '<rootDir>/test/support/nativePackages.mjs',
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Much of the tests' time is waiting for faults to be over, so two at a time pay even on two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Ten times what a test takes on a quiet machine, and more.
  testTimeout: 120_000,
};
