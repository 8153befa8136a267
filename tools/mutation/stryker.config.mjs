/**
 * `npm run test:mutation`: the subject and the pure decisions of the Graph client. A mutant is run against the tests
 * that are meant for its source, not against all that happen to pass it.
 */
export default {
  plugins: ['./tools/mutation/runner.mjs'],
  testRunner: 'direct',
  /** Test files, the quickest first, each with its sources. */
  direct: {
    tests: {
      'test/unit/retries.test.ts': 'graph/(retryRules|errorBody)',
      'test/unit/graphRefusals.test.ts': 'graph/(readRefusal|errorBody)',
      'test/unit/graphBodies.test.ts': 'graph/readRefusal',
      'test/unit/mutationOutcomes.test.ts': 'partners/(errors|idempotency|outcomeStore)',
      'test/unit/redisHolds.test.ts': 'partners/(leases|outcomeStore)',
      'test/unit/callers.test.ts': 'partners/caller',
      'test/unit/locks.test.ts': 'partners/(changePartner|handOver|locks)',
      'test/unit/sameness.test.ts': 'partners/(dateTimeOffset|meaning|mutations)',
      'test/unit/assignmentMapping.test.ts': 'partners/(meaning|model|partnerMapping)',
      'test/unit/partnerInput.test.ts': 'partners/(inputRules|model)',
      'test/unit/selection.test.ts': 'partners/list/(arguments|cursor|order)',
      'test/unit/paging.test.ts': 'partners/list/(order|page)',
      'test/gateway/node.test.ts': 'partners/(queries|reads|partnerMapping)',
      'test/gateway/changes.test.ts': 'partners/(changePartner|inputRules|mutations)',
      'test/gateway/graphsWord.test.ts': 'partners/mutations',
      'test/gateway/lostUpdates.test.ts': 'partners/(changePartner|handOver|locks|mutations)',
      'test/gateway/writes.test.ts': 'partners/(idempotency|mutations|reads)',
      'test/gateway/list.test.ts': 'partners/(queries|reads|list/page)',
      'test/gateway/idempotency.test.ts': 'partners/(idempotency|mutations)',
      'test/gateway/names.test.ts': 'partners/(queries|reads)',
      'test/gateway/partners.test.ts': 'partners/(queries|reads)',
    },
  },
  ignorers: ['redis-scripts'],
  coverageAnalysis: 'perTest',
  mutate: ['src/partners/**/*.ts', 'src/graph/{retryRules,readRefusal,errorBody}.ts'],
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false, allowEmojis: false },
  // The runner ends a test that waits; only a loop lasts that long.
  timeoutMS: 20_000,
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.mutation',
  ignorePatterns: ['.mutation', 'bench', 'dist'],
  concurrency: 2,
  warnings: { unknownOptions: false },
};
