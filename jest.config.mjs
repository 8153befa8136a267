import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const { dependencies } = JSON.parse(
  readFileSync(new URL('./package.json', import.meta.url), 'utf8'),
);
/** Loaded once for all test files of a process. */
const nativePackages = [...Object.keys(dependencies), 'fast-check', 'node-forge'].join('|');

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
    [`/node_modules/(${nativePackages})/.*js$`]: '<rootDir>/test/support/nativeModules.mjs',
    '^.+\\.ts$': '<rootDir>/test/support/nativeModules.mjs',
  },
  // Much of the tests' time is waiting for faults to be over, so two at a time pay even on two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Not what runs in browsers, and not the entries of programs, which are processes of their own.
  collectCoverageFrom: [
    '{src,tools}/**/*.ts',
    '!src/{generated,explorer}/**',
    '!src/{main,doctor}.ts',
    '!tools/{drift,artifacts/write*}.ts',
  ],
  // A worker's loop is empty at once, but giving its memory back takes longer than jest's half second.
  workerGracefulExitTimeout: 30_000,
  coverageReporters: ['text-summary'],
  coverageThreshold: { global: { lines: 95, branches: 90 } },
  // Ten times what a test takes on a quiet machine, and more.
  testTimeout: 120_000,
};
