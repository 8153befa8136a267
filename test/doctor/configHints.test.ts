import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createReaders } from '../../src/config/readers.ts';
import { configHints } from '../../src/doctor/findings/configHints.ts';

const id = '11111111-2222-4333-8444-555555555555';
const graph = { GRAPH_CLOUD: 'global' };
const production = { ...graph, NODE_ENV: 'production' };
const appOnly = {
  ...graph,
  AUTH_MODE: 'app-only',
  AZURE_TENANT_ID: id,
  AZURE_CLIENT_ID: id,
  AZURE_CLIENT_SECRET: 'canary-secret',
};

function hintsOf(given: Record<string, string>) {
  const readers = createReaders(given);
  const config = readConfig(given, readers);
  return configHints({ config, environment: given, readNames: readers.names });
}

describe('the hints about a configuration', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['a cloud', graph],
    ['production', production],
    ['the gateway as itself', appOnly],
    ['a token for the doctor', { ...graph, GRAPH_TOKEN: 'canary-secret' }],
    ['variables of others', { PATH: '/bin', AZURE_HTTP_USER_AGENT: 'x', AUTHOR: 'me' }],
    ['empty variables', { ...graph, AZURE_CLIENT_ID: ' ', GRAPH_CLOUDS: '' }],
    ['Redis and the number of replicas', { REDIS_URL: 'redis://r', GRAPH_BUDGET_REPLICAS: '2' }],
    ['the root of the own cloud', { ...graph, GRAPH_BASE_URL: 'https://graph.microsoft.com' }],
  ])('are none where there is %s', (_what, environment) => {
    expect(hintsOf(environment)).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a registration that passthrough does not use',
      { ...graph, AZURE_CLIENT_ID: id, AZURE_CLIENT_SECRET: 'canary-secret' },
      /^AZURE_CLIENT_ID, AZURE_CLIENT_SECRET: set, and nothing reads it with AUTH_MODE=passthrough/,
    ],
    ['a slip of the pen', { ...graph, GRAPH_QUEUE_SIZE: '1' }, /^GRAPH_QUEUE_SIZE: set/],
    [
      'settings of the embedded Graph beside a real one',
      { ...graph, EMULATOR_PORT: '0', EMULATOR_ODDITIES: 'empty-pages' },
      /^EMULATOR_PORT, EMULATOR_ODDITIES: set, but a Graph is configured/,
    ],
    [
      'Redis without replicas',
      { REDIS_URL: 'redis://:canary-secret@r' },
      /each replica takes half/,
    ],
    [
      'an open schema in production',
      { ...production, INTROSPECTION: 'true' },
      /^Introspection is on/,
    ],
    [
      'invented data in production',
      { ...production, GRAPH_CLOUD: 'emulator' },
      /^The embedded Graph answers/,
    ],
    [
      'the embedded Graph for all',
      { HOST: '0.0.0.0' },
      /token that is published, and HOST=0\.0\.0\.0/,
    ],
    [
      'another root',
      { ...graph, GRAPH_BASE_URL: 'https://proxy.example/graph' },
      /^Tokens go to proxy\.example \(GRAPH_BASE_URL\) and not to graph\.microsoft\.com/,
    ],
    [
      'a proxy that is not read',
      { ALL_PROXY: 'http://u:canary-secret@proxy' },
      /^ALL_PROXY is set/,
    ],
    ['a long drain', { DRAIN_TIMEOUT_MS: '25000' }, /^Stopping may take 30 s/],
    ['a long operation', { OPERATION_TIMEOUT_MS: '20001' }, /^OPERATION_TIMEOUT_MS is longer/],
    ['silence in production', { ...production, LOG_LEVEL: 'silent' }, /^LOG_LEVEL=silent/],
    ['noise in production', { ...production, LOG_LEVEL: 'debug' }, /^LOG_LEVEL=debug/],
  ])('name %s, with something to do', (_what, environment, message) => {
    const hints = hintsOf(environment);
    expect(hints).toEqual([
      {
        check: 'configuration',
        severity: 'warning',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/^[A-Z].*\.$/),
      },
    ]);
    expect(JSON.stringify(hints)).not.toContain('canary-secret');
  });

  it('call it a problem where certificates are not checked', () => {
    const [hint] = hintsOf({ ...graph, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(hint).toMatchObject({ severity: 'problem' });
  });
});
