/** `npm run test:mutation`: the subject and the pure decisions of the Graph client, held by the pure tests. */
export default {
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'tools/mutation/jest.config.mjs', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  mutate: ['src/partners/**/*.ts', 'src/graph/{retryRules,readRefusal,errorBody}.ts'],
  reporters: ['clear-text', 'progress-append-only'],
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.mutation',
  concurrency: 2,
};
