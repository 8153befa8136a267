import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import type { Environment } from '../../src/config/readers.ts';

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

const defaults = {
  mode: 'enforce',
  bodyBytes: 65_536,
  jsonDepth: 32,
  documentBytes: 16_384,
  tokens: 1000,
  depth: 8,
  introspectionDepth: 16,
  aliases: 20,
  introspectionAliases: 3,
  rootFields: 10,
  directives: 10,
  filterConditions: 100,
  filterDepth: 8,
  filterText: 256,
  orderKeys: 3,
  pageRows: 1000,
  answerBytes: 4_194_304,
  answerValues: 250_000,
  errors: 5,
};

describe("the limits' configuration", () => {
  it('is enforced with the documented limits where nothing is set', () => {
    expect(readConfig({}).limits).toEqual(defaults);
    expect(readConfig({ NODE_ENV: 'production', GRAPH_CLOUD: 'global' }).limits).toEqual(defaults);
  });

  it.each<[string, string, object]>([
    ['LIMITS_MODE', 'warn-only', { mode: 'warn-only' }],
    ['LIMIT_BODY_BYTES', '100000', { bodyBytes: 100_000 }],
    ['LIMIT_JSON_DEPTH', '12', { jsonDepth: 12 }],
    ['LIMIT_DOCUMENT_BYTES', '2000', { documentBytes: 2000 }],
    ['LIMIT_TOKENS', '3000', { tokens: 3000 }],
    ['LIMIT_DEPTH', '7', { depth: 7 }],
    ['LIMIT_INTROSPECTION_DEPTH', '20', { introspectionDepth: 20 }],
    ['LIMIT_ALIASES', '0', { aliases: 0 }],
    ['LIMIT_INTROSPECTION_ALIASES', '0', { introspectionAliases: 0 }],
    ['LIMIT_ROOT_FIELDS', '50', { rootFields: 50 }],
    ['LIMIT_DIRECTIVES', '0', { directives: 0 }],
    ['LIMIT_FILTER_CONDITIONS', '7', { filterConditions: 7 }],
    ['LIMIT_FILTER_DEPTH', '3', { filterDepth: 3 }],
    ['LIMIT_FILTER_TEXT', '100', { filterText: 100 }],
    ['LIMIT_ORDER_KEYS', '2', { orderKeys: 2 }],
    ['LIMIT_PAGE_ROWS', '2000', { pageRows: 2000 }],
    ['LIMIT_ANSWER_BYTES', '100000', { answerBytes: 100_000 }],
    ['LIMIT_ANSWER_VALUES', '5000', { answerValues: 5000 }],
    ['LIMIT_ERRORS', '2', { errors: 2 }],
  ])('reads %s=%s', (name, value, changed) => {
    expect(readConfig({ [name]: value }).limits).toEqual({ ...defaults, ...changed });
  });

  it.each<[Environment, string]>([
    [{ LIMITS_MODE: 'off' }, 'LIMITS_MODE is "off"; it must be one of enforce, warn-only.'],
    [{ LIMIT_DEPTH: '0' }, 'LIMIT_DEPTH is "0"; it must be a whole number from 1 to 100.'],
    [
      { LIMIT_TOKENS: '3001' },
      'LIMIT_TOKENS is "3001"; it must be a whole number from 50 to 3000.',
    ],
    [{ LIMIT_ERRORS: '1' }, 'LIMIT_ERRORS is "1"; it must be a whole number from 2 to 100.'],
    [
      { LIMIT_BODY_BYTES: '16383' },
      'LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.',
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });
});

describe("the trusted documents' configuration", () => {
  it.each<[Environment, object]>([
    [{}, { mode: 'off' }],
    [{ TRUSTED_DOCUMENTS_MODE: 'off' }, { mode: 'off' }],
    [{ TRUSTED_DOCUMENTS_MODE: 'off', TRUSTED_DOCUMENTS_PATH: '/a' }, { mode: 'off' }],
    [
      { TRUSTED_DOCUMENTS_MODE: 'log-unknown', TRUSTED_DOCUMENTS_PATH: '/a' },
      { mode: 'log-unknown', path: '/a' },
    ],
    [
      { TRUSTED_DOCUMENTS_MODE: 'enforce', TRUSTED_DOCUMENTS_PATH: '/a' },
      { mode: 'enforce', path: '/a' },
    ],
  ])('of %j is %j', (environment, expected) => {
    expect(readConfig(environment).trustedDocuments).toEqual(expected);
  });

  it.each<[Environment, string]>([
    [
      { TRUSTED_DOCUMENTS_MODE: 'enforce' },
      'TRUSTED_DOCUMENTS_PATH is missing: TRUSTED_DOCUMENTS_MODE=enforce needs a manifest.',
    ],
    [
      { TRUSTED_DOCUMENTS_PATH: '/a' },
      'TRUSTED_DOCUMENTS_MODE is missing: with TRUSTED_DOCUMENTS_PATH it is one of off, log-unknown, enforce.',
    ],
    [
      { TRUSTED_DOCUMENTS_MODE: 'on', TRUSTED_DOCUMENTS_PATH: '/a' },
      'TRUSTED_DOCUMENTS_MODE is "on"; it must be one of off, log-unknown, enforce.',
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });
});
