import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import { readConnections } from '../../src/config/connectionConfig.ts';
import { readProxies } from '../../src/config/proxyConfig.ts';
import { createReaders } from '../../src/config/readers.ts';
import { readShedding } from '../../src/config/sheddingConfig.ts';
import { oddities } from '../../src/emulator/oddities/oddity.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

/** What is told of a gateway where nothing of it is asked for. */
const noTelemetry = {
  resource: { 'service.name': 'compliance-partner-gateway' },
  traces: undefined,
  metrics: { prometheus: undefined, otlp: undefined },
};

describe('readConfig', () => {
  it('starts the embedded Graph on loopback where nothing is set', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      upstream: {
        kind: 'emulator',
        port: 0,
        betaGeneration: 'reference-page',
        oddities: [],
        hasTls: false,
        hasControl: false,
      },
      apiVersion: 'beta',
      cloud: 'global',
      identity: { mode: 'passthrough' },
      logLevel: 'info',
      operationTimeoutMs: 20_000,
      maximumListBytes: 50_331_648,
      maximumRows: 10_000,
      graphConnections: 64,
      graphConnectionLifeMs: 300_000,
      graphQueue: 512,
      breakerOpenMs: 5_000,
      drainDelayMs: 5_000,
      drainTimeoutMs: 20_000,
      introspection: true,
      explorer: 'auto',
      corsOrigins: ['https://studio.apollographql.com'],
      graphBudget: { writes: 100_000, requests: 100_000, replicas: 1, redisUrl: undefined },
      documentCacheBytes: 16_777_216,
      limits: expect.objectContaining({ mode: 'enforce' }),
      trustedDocuments: { mode: 'off' },
      telemetry: noTelemetry,
      connections: readConnections(createReaders({})),
      shedding: readShedding(createReaders({})),
      proxies: readProxies(createReaders({})),
    });
  });

  it('knows every oddity of the embedded Graph, and each counts once', () => {
    const all = { EMULATOR_ODDITIES: [...oddities, ...oddities, ''].join() };
    expect(readConfig(all).upstream).toMatchObject({ oddities });
  });

  it('does not start with an oddity that it does not know, whatever else is there', () => {
    const list = 'empty-pages,hash-less,Value-Wrapper';
    const allowed = `it must be some of ${oddities.join(', ')}, with commas between.`;
    expect(problemsOf({ EMULATOR_ODDITIES: list, GRAPH_CLOUD: 'global' })).toEqual([
      `EMULATOR_ODDITIES has "hash-less"; ${allowed}`,
      `EMULATOR_ODDITIES has "Value-Wrapper"; ${allowed}`,
    ]);
  });

  it('takes an empty text for an absent one', () => {
    const empty = { PORT: '', GRAPH_CLOUD: ' ', AUTH_MODE: '', EMULATOR_ODDITIES: ' , ' };
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it.each([
    ['global', 'https://graph.microsoft.com/'],
    ['usgov-l4', 'https://graph.microsoft.us/'],
    ['usgov-l5', 'https://dod-graph.microsoft.us/'],
    ['china', 'https://microsoftgraph.chinacloudapi.cn/'],
  ])('finds the root of the cloud %s', (cloud, root) => {
    expect(readConfig({ GRAPH_CLOUD: cloud }).upstream).toEqual({
      kind: 'graph',
      root: new URL(root),
    });
  });

  it.each([
    'https://proxy.example/graph',
    'http://127.0.0.1:8080',
    'http://localhost',
    'http://[::1]:1',
  ])('lets GRAPH_BASE_URL %s override the cloud', (root) => {
    const config = readConfig({ GRAPH_CLOUD: 'global', GRAPH_BASE_URL: root });
    expect(config.upstream).toEqual({ kind: 'graph', root: new URL(root) });
  });

  it('reads everything that can be set', () => {
    const config = readConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      GRAPH_CLOUD: 'emulator',
      GRAPH_API_VERSION: 'v1.0',
      AUTH_MODE: 'passthrough',
      LOG_LEVEL: 'debug',
      OPERATION_TIMEOUT_MS: '1500',
      LIST_ROW_LIMIT: '2000',
      GRAPH_CONNECTIONS: '8',
      GRAPH_CONNECTION_LIFE_MS: '60000',
      GRAPH_QUEUE: '9',
      GRAPH_BREAKER_OPEN_MS: '10',
      DRAIN_DELAY_MS: '0',
      DRAIN_TIMEOUT_MS: '100',
      INTROSPECTION: 'false',
      EXPLORER: 'sandbox',
      CORS_ORIGINS: 'https://app.example',
      EMULATOR_PORT: '4001',
      EMULATOR_BETA_GENERATION: 'today',
      EMULATOR_ODDITIES: 'value-wrapper, empty-pages',
      EMULATOR_TLS: 'true',
      EMULATOR_CONTROL: 'true',
      GRAPH_WRITE_BUDGET: '80',
      GRAPH_REQUEST_BUDGET: '800',
      GRAPH_BUDGET_REPLICAS: '3',
    });
    expect(config).toEqual({
      host: '0.0.0.0',
      port: 0,
      upstream: {
        kind: 'emulator',
        port: 4001,
        betaGeneration: 'today',
        oddities: ['value-wrapper', 'empty-pages'],
        hasTls: true,
        hasControl: true,
      },
      apiVersion: 'v1.0',
      cloud: 'global',
      identity: { mode: 'passthrough' },
      logLevel: 'debug',
      operationTimeoutMs: 1500,
      maximumListBytes: 50_331_648,
      maximumRows: 2000,
      graphConnections: 8,
      graphConnectionLifeMs: 60_000,
      graphQueue: 9,
      breakerOpenMs: 10,
      drainDelayMs: 0,
      drainTimeoutMs: 100,
      introspection: false,
      explorer: 'sandbox',
      corsOrigins: ['https://app.example', 'https://studio.apollographql.com'],
      graphBudget: { writes: 80, requests: 800, replicas: 3, redisUrl: undefined },
      documentCacheBytes: 16_777_216,
      limits: expect.objectContaining({ mode: 'enforce' }),
      trustedDocuments: { mode: 'off' },
      telemetry: noTelemetry,
      connections: readConnections(createReaders({})),
      shedding: readShedding(createReaders({})),
      proxies: readProxies(createReaders({})),
    });
  });

  it.each([
    [{ PORT: '70000' }, 'PORT is "70000"; it must be a whole number from 0 to 65535.'],
    [{ PORT: '4000x' }, 'PORT is "4000x"; it must be a whole number from 0 to 65535.'],
    [{ GRAPH_API_VERSION: 'v2' }, 'GRAPH_API_VERSION is "v2"; it must be one of beta, v1.0.'],
    [
      { GRAPH_CLOUD: 'Global' },
      'GRAPH_CLOUD is "Global"; it must be one of global, usgov-l4, usgov-l5, china, emulator.',
    ],
    [{ INTROSPECTION: 'yes' }, 'INTROSPECTION is "yes"; it must be true, false, 1 or 0.'],
    [
      { AUTH_MODE: 'none' },
      'AUTH_MODE is "none"; it must be one of passthrough, on-behalf-of, app-only.',
    ],
    [
      { GRAPH_CLOUD: 'emulator', GRAPH_BASE_URL: 'https://graph.microsoft.com' },
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });

  it.each([
    ['http://graph.microsoft.com', /must begin with https/],
    ['http://127.0.0.1.evil.example', /must begin with https/],
    ['ftp://localhost', /must begin with https/],
    ['https://user:hunter2@proxy.example', /must not hold a user name or password/],
    ['https://proxy.example/?x=1', /must end before any \? or #/],
    ['https://proxy.example/#x', /must end before any \? or #/],
    ['graph.microsoft.com', /must be an absolute URL/],
    ['https://graph.microsoft.com/beta', /before the version, which GRAPH_API_VERSION names/],
    ['https://proxy.example/graph/V1.0/', /before the version/],
  ])('refuses GRAPH_BASE_URL %s without repeating it', (url, problem) => {
    const [first, ...others] = problemsOf({ GRAPH_BASE_URL: url });
    expect(first).toMatch(/^GRAPH_BASE_URL cannot be used: /);
    expect(first).toMatch(problem);
    expect(first).not.toContain('hunter2');
    expect(others).toEqual([]);
  });

  it('refuses the embedded Graph in production unless it is named', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
      expect.stringMatching(/^GRAPH_CLOUD is missing: .* emulator/),
    ]);
    const named = readConfig({ NODE_ENV: 'production', GRAPH_CLOUD: 'emulator' });
    expect(named.upstream.kind).toBe('emulator');
  });

  it('hides the schema in production unless it is told not to', () => {
    const production = { NODE_ENV: 'production', GRAPH_CLOUD: 'global' };
    expect(readConfig(production).introspection).toBe(false);
    expect(readConfig({ ...production, INTROSPECTION: '1' }).introspection).toBe(true);
  });

  it('reports every problem at once', () => {
    const problems = problemsOf({ PORT: 'x', LOG_LEVEL: 'loud', GRAPH_CLOUD: 'moon' });
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'GRAPH_CLOUD',
      'LOG_LEVEL',
      'PORT',
    ]);
  });
});
