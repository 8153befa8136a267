import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { cloudNames, cloudOf, graphRootOf } from '../../src/config/clouds.ts';
import { readConfig } from '../../src/config/config.ts';
import { readConnections, readShedding } from '../../src/config/http.ts';
import { createReaders, type Environment, readProxies } from '../../src/config/readers.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import { problemsOf } from '../support/configProblems.ts';

/** The configuration of telemetry if no variable asks for any. */
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
      federation: 'off',
      explorer: 'auto',
      corsOrigins: ['https://studio.apollographql.com'],
      graphBudget: { writes: 100_000, requests: 100_000, replicas: 1, redisUrl: undefined },
      documentCacheBytes: 16_777_216,
      idempotencyStoreBytes: 67_108_864,
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
      federation: 'off',
      explorer: 'sandbox',
      corsOrigins: ['https://app.example', 'https://studio.apollographql.com'],
      graphBudget: { writes: 80, requests: 800, replicas: 3, redisUrl: undefined },
      documentCacheBytes: 16_777_216,
      idempotencyStoreBytes: 67_108_864,
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
    ['https://user:hunter2@proxy.example', /must not have a user name or password/],
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
    const emulator = { NODE_ENV: 'production', GRAPH_CLOUD: 'emulator' };
    expect(problemsOf({ ...emulator, EMULATOR_CONTROL: 'true' })).toEqual([
      'EMULATOR_CONTROL must be false with NODE_ENV=production.',
    ]);
    const named = readConfig(emulator);
    expect(named.upstream.kind).toBe('emulator');
  });

  it('hides the schema in production unless the configuration shows it', () => {
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

describe('cloudOf', () => {
  it.each([
    ['global', 'graph.microsoft.com', 'login.microsoftonline.com'],
    ['usgov-l4', 'graph.microsoft.us', 'login.microsoftonline.us'],
    ['usgov-l5', 'dod-graph.microsoft.us', 'login.microsoftonline.us'],
    ['china', 'microsoftgraph.chinacloudapi.cn', 'login.chinacloudapi.cn'],
  ] as const)('holds root, authority and scope of %s together', (name, graph, authority) => {
    expect(cloudOf(name)).toEqual({
      graphRoot: `https://${graph}`,
      authorityHost: `https://${authority}`,
      scope: `https://${graph}/.default`,
    });
    expect(graphRootOf(name)).toEqual(new URL(`https://${graph}/`));
  });

  it('knows no other cloud', () => {
    expect(cloudNames).toEqual(['global', 'usgov-l4', 'usgov-l5', 'china']);
  });
});

const hostedSandbox = 'https://studio.apollographql.com';

describe('the origins that may call from a browser', () => {
  it.each([
    [{ GRAPH_CLOUD: 'global' }, []],
    [{}, [hostedSandbox]],
    [{ GRAPH_CLOUD: 'emulator', NODE_ENV: 'production' }, [hostedSandbox]],
    [
      { GRAPH_CLOUD: 'global', CORS_ORIGINS: ' https://app.example, http://localhost:5173 ,' },
      ['https://app.example', 'http://localhost:5173'],
    ],
    [
      { CORS_ORIGINS: `${hostedSandbox},https://app.example` },
      [hostedSandbox, 'https://app.example'],
    ],
  ])('are, under %j, %j', (environment, origins) => {
    expect(readConfig(environment).corsOrigins).toEqual(origins);
  });

  it.each([
    ['*', 'name each origin'],
    ['null', 'an origin is http:// or https:// and a host'],
    ['app.example', 'an origin is http:// or https:// and a host'],
    ['ftp://app.example', 'an origin is http:// or https:// and a host'],
    ['https://*.example', 'name each origin'],
    ['https://app.example/', 'browsers would send "https://app.example"'],
    ['https://app.example/page', 'browsers would send "https://app.example"'],
    ['https://app.example?x', 'browsers would send "https://app.example"'],
    ['https://App.example', 'browsers would send "https://app.example"'],
    ['https://app.example:443', 'browsers would send "https://app.example"'],
  ])('are never %s', (origin, reason) => {
    expect(() => readConfig({ CORS_ORIGINS: `https://fine.example,${origin}` })).toThrow(reason);
  });

  it('are reported all at once, without any password, when several are wrong', () => {
    const read = () => readConfig({ CORS_ORIGINS: 'http://user:hunter2@app.example,*,x' });
    expect(read).toThrow(/"http:\/\/app\.example"; [\s\S]*"\*"; [\s\S]*"x"; /);
    expect(read).not.toThrow(/hunter2/);
  });
});

describe('which explorer there is', () => {
  it.each([
    [{}, 'auto'],
    [{ EXPLORER: 'sandbox' }, 'sandbox'],
    [{ EXPLORER: 'offline' }, 'offline'],
    [{ EXPLORER: 'off' }, 'off'],
    [{ NODE_ENV: 'production', GRAPH_CLOUD: 'global' }, 'off'],
    [{ NODE_ENV: 'production', GRAPH_CLOUD: 'global', EXPLORER: 'offline' }, 'offline'],
  ])('is, under %j, %s', (environment, mode) => {
    expect(readConfig(environment).explorer).toBe(mode);
  });

  it('is rejected when the word is unknown', () => {
    expect(() => readConfig({ EXPLORER: 'graphiql' })).toThrow(
      'EXPLORER is "graphiql"; it must be one of auto, sandbox, offline, off.',
    );
  });
});

describe('door config', () => {
  describe('the configuration of the door', () => {
    it('has bounds for everything where nothing is set', () => {
      const { shedding, connections } = readConfig({});
      expect(shedding).toEqual({ eventLoopDelayMs: 200, heapPercent: 90, openRequests: 1000 });
      expect(connections).toEqual({
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        responseIdleTimeoutMs: 15_000,
        keepAliveTimeoutMs: 72_000,
        limit: 10_000,
        arriving: { bodies: 2_500, bytes: 16_777_216, bytesPerSecond: 240 },
      });
    });

    it('takes each bound away with a 0', () => {
      const { shedding } = readConfig({
        SHED_EVENT_LOOP_DELAY_MS: '0',
        SHED_HEAP_PERCENT: '0',
        SHED_OPEN_REQUESTS: '0',
      });
      expect(shedding).toEqual({ eventLoopDelayMs: 0, heapPercent: 0, openRequests: 0 });
      const { connections } = readConfig({ MIN_BODY_BYTES_PER_SECOND: '0' });
      expect(connections.arriving.bytesPerSecond).toBe(0);
    });

    it('tells every problem at once', () => {
      const names = [
        'SHED_EVENT_LOOP_DELAY_MS',
        'SHED_HEAP_PERCENT',
        'SHED_OPEN_REQUESTS',
        'HEADERS_TIMEOUT_MS',
        'REQUEST_TIMEOUT_MS',
        'RESPONSE_IDLE_TIMEOUT_MS',
        'KEEP_ALIVE_TIMEOUT_MS',
        'MAX_CONNECTIONS',
        'MAX_ARRIVING_BODIES',
        'MAX_ARRIVING_BODY_BYTES',
        'MIN_BODY_BYTES_PER_SECOND',
      ];
      const problems = problemsOf(Object.fromEntries(names.map((name) => [name, 'many'])));
      expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([...names].sort());
    });

    it.each([
      [{ SHED_HEAP_PERCENT: '100' }, /^SHED_HEAP_PERCENT is "100"; .* from 0 to 99\.$/],
      [{ MAX_CONNECTIONS: '0' }, /^MAX_CONNECTIONS is "0"; .* from 1 to 1000000\.$/],
      [
        { HEADERS_TIMEOUT_MS: '5000', REQUEST_TIMEOUT_MS: '4000' },
        /^HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS/,
      ],
    ])('refuses %j', (environment, problem) => {
      expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
    });
  });
});

describe('graph budget config', () => {
  const budgetOf = (environment: Environment) => readConfig(environment).graphBudget;

  describe("the budget's configuration", () => {
    it("is Microsoft's limits in memory, for one replica", () => {
      expect(budgetOf({ GRAPH_CLOUD: 'global' })).toEqual({
        writes: 100,
        requests: 1000,
        replicas: 1,
        redisUrl: undefined,
      });
    });

    it('does not slow down trials of the embedded Graph unless it is set', () => {
      expect(budgetOf({})).toMatchObject({ writes: 100_000, requests: 100_000 });
      expect(budgetOf({ GRAPH_WRITE_BUDGET: '7' })).toMatchObject({ writes: 7 });
    });

    it('counts with two replicas where there is a Redis to share it', () => {
      expect(budgetOf({ REDIS_URL: 'redis://redis' }).replicas).toBe(2);
      expect(budgetOf({ REDIS_URL: 'redis://redis', GRAPH_BUDGET_REPLICAS: '5' }).replicas).toBe(5);
    });

    it.each([
      'redis://redis',
      'redis://redis:6380/',
      'redis://redis:6380/2',
      'rediss://:p%40ss@cache.example:6380',
      'rediss://user:p%40ss@cache.example:6380/0',
      'redis://[::1]:6379',
    ])('accepts %s for REDIS_URL without showing it', (url) => {
      const config = readConfig({ REDIS_URL: url });
      expect(config.graphBudget.redisUrl?.reveal()).toBe(url);
      expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('redis:');
    });

    it.each([
      ['cache.example:6379', /must begin with redis:/],
      ['redis', /must be an absolute URL/],
      ['http://:hunter2@cache.example', /must begin with redis:/],
      ['redis:///2', /must name a host/],
      ['redis://:hunter2@cache.example/two', /only be a database's number/],
      ['redis://:hunter2@cache.example?enableOfflineQueue=true', /must end before any \? or #/],
      ['redis://:hunter2%@cache.example', /must be percent-encoded/],
      ['redis://%ff:hunter2@cache.example', /must be percent-encoded/],
    ])('refuses %s for REDIS_URL without repeating it', (url, problem) => {
      const problems = problemsOf({ REDIS_URL: url });
      expect(problems).toEqual([expect.stringMatching(/^REDIS_URL cannot be used: /)]);
      expect(problems[0]).toMatch(problem);
      expect(problems[0]).not.toContain('hunter2');
    });

    it.each([
      [
        { GRAPH_WRITE_BUDGET: '0' },
        'GRAPH_WRITE_BUDGET is "0"; it must be a whole number from 1 to 100000.',
      ],
      [
        { GRAPH_REQUEST_BUDGET: '19' },
        'GRAPH_REQUEST_BUDGET is "19"; it must be a whole number from 20 to 100000.',
      ],
      [
        { GRAPH_BUDGET_REPLICAS: '3', GRAPH_WRITE_BUDGET: '2' },
        'GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.',
      ],
      [
        { REDIS_URL: 'redis://redis', GRAPH_REQUEST_BUDGET: '39' },
        'GRAPH_REQUEST_BUDGET must be at least 20 times GRAPH_BUDGET_REPLICAS: a batch needs as much at once.',
      ],
    ])('refuses %j', (environment, problem) => {
      expect(problemsOf(environment)).toEqual([problem]);
    });
  });
});

describe('limits config', () => {
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
      expect(readConfig({ NODE_ENV: 'production', GRAPH_CLOUD: 'global' }).limits).toEqual(
        defaults,
      );
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
      [
        {
          TRUSTED_DOCUMENTS_MODE: 'enforce',
          TRUSTED_DOCUMENTS_PATH: '/a',
          FEDERATION: 'subgraph',
        },
        'TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. Let the router enforce trusted documents.',
      ],
      [{ FEDERATION: 'on' }, 'FEDERATION is "on"; it must be one of off, subgraph.'],
    ])('refuses %j', (environment, problem) => {
      expect(problemsOf(environment)).toEqual([problem]);
    });
  });
});
