import { fileURLToPath } from 'node:url';
import tests from '../../jest.config.mjs';

const [[packages, native]] = Object.entries(tests.transform);

/** The pure tests. Sources are loaded anew for each file, so that Stryker can also change what runs at loading. */
export default {
  ...tests,
  rootDir: '../..',
  roots: ['<rootDir>/test/unit'],
  testMatch: [
    '**/{assignmentMapping,partnerInput,sameness,mutationOutcomes,resolvers,paging,selection,redisHolds,retries}.test.ts',
    '**/graph*.test.ts',
  ],
  // Stryker makes its own environment out of it, and does not know `<rootDir>`.
  testEnvironment: fileURLToPath(
    new URL('../../test/support/tidyEnvironment.mjs', import.meta.url),
  ),
  transform: {
    [packages]: native,
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
};
