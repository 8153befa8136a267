import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { cloudAt, cloudOf } from '../../src/config/graph.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import { environmentOf, problemsOf } from '../support/configProblems.ts';

const studio = 'https://studio.apollographql.com';
const inCloud = 'GRAPH_CLOUD=global';
const trusted = 'TRUSTED_DOCUMENTS_PATH=/a TRUSTED_DOCUMENTS_MODE=';
const production = `${inCloud} NODE_ENV=production`;
const configOf = (text: string) => readConfig(environmentOf(text));
const faultsOf = (text: string) => problemsOf(environmentOf(text));
const graph = (root: string) => ({ upstream: { kind: 'graph', root: new URL(root) } });

const defaults = {
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
  corsOrigins: [studio],
  graphBudget: { writes: 100_000, requests: 100_000, replicas: 1, redisUrl: undefined },
  documentCacheBytes: 16_777_216,
  idempotencyStoreBytes: 67_108_864,
  limits: {
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
  },
  trustedDocuments: { mode: 'off' },
  telemetry: {
    resource: { 'service.name': 'compliance-partner-gateway' },
    traces: undefined,
    metrics: { prometheus: undefined, otlp: undefined },
  },
  connections: {
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    responseIdleTimeoutMs: 15_000,
    keepAliveTimeoutMs: 72_000,
    limit: 10_000,
    arriving: { bodies: 2_500, bytes: 16_777_216, bytesPerSecond: 240 },
  },
  shedding: { eventLoopDelayMs: 200, heapPercent: 90, openRequests: 1000 },
  proxies: { https: undefined, http: undefined, exceptions: '' },
};

describe('readConfig', () => {
  it.each([{}, { PORT: '', GRAPH_CLOUD: ' ', AUTH_MODE: '', EMULATOR_ODDITIES: ' , ' }])(
    'starts the embedded Graph on loopback, with bounds for everything, in %j',
    (environment) => {
      expect(readConfig(environment)).toEqual(defaults);
    },
  );

  it.each<[string, object]>([
    ['HOST=0.0.0.0', { host: '0.0.0.0' }],
    ['PORT=0', { port: 0 }],
    ['LOG_LEVEL=debug', { logLevel: 'debug' }],
    ['GRAPH_API_VERSION=v1.0', { apiVersion: 'v1.0' }],
    ['OPERATION_TIMEOUT_MS=1500', { operationTimeoutMs: 1500 }],
    ['LIST_ROW_LIMIT=2000', { maximumRows: 2000 }],
    ['LIST_BYTE_LIMIT=2000000', { maximumListBytes: 2_000_000 }],
    ['GRAPH_CONNECTIONS=8', { graphConnections: 8 }],
    ['GRAPH_QUEUE=9', { graphQueue: 9 }],
    ['GRAPH_CONNECTION_LIFE_MS=60000', { graphConnectionLifeMs: 60_000 }],
    ['GRAPH_BREAKER_OPEN_MS=10', { breakerOpenMs: 10 }],
    ['DRAIN_DELAY_MS=0', { drainDelayMs: 0 }],
    ['DRAIN_TIMEOUT_MS=100000', { drainTimeoutMs: 100_000 }],
    ['DOCUMENT_CACHE_BYTES=70000', { documentCacheBytes: 70_000 }],
    ['IDEMPOTENCY_STORE_BYTES=2000000', { idempotencyStoreBytes: 2_000_000 }],
    ['FEDERATION=subgraph', { federation: 'subgraph' }],
    ['EMULATOR_PORT=4001', { upstream: { kind: 'emulator', port: 4001 } }],
    ['EMULATOR_BETA_GENERATION=today', { upstream: { betaGeneration: 'today' } }],
    [
      'EMULATOR_ODDITIES=value-wrapper,,empty-pages',
      { upstream: { oddities: ['value-wrapper', 'empty-pages'] } },
    ],
    [`EMULATOR_ODDITIES=${[...oddities, ...oddities, ''].join()}`, { upstream: { oddities } }],
    ['EMULATOR_TLS=true EMULATOR_CONTROL=1', { upstream: { hasTls: true, hasControl: true } }],
    ['GRAPH_CLOUD=emulator', { upstream: { kind: 'emulator' } }],
    [inCloud, graph('https://graph.microsoft.com/')],
    ['GRAPH_CLOUD=usgov-l4', graph('https://graph.microsoft.us/')],
    ['GRAPH_CLOUD=usgov-l5', graph('https://dod-graph.microsoft.us/')],
    ['GRAPH_CLOUD=china', graph('https://microsoftgraph.chinacloudapi.cn/')],
    [`${inCloud} GRAPH_BASE_URL=https://proxy.example/a`, graph('https://proxy.example/a')],
    ['GRAPH_BASE_URL=http://127.0.0.1:8080', graph('http://127.0.0.1:8080')],
    ['GRAPH_BASE_URL=http://localhost', graph('http://localhost')],
    ['GRAPH_BASE_URL=http://[::1]:1', graph('http://[::1]:1')],
    [production, { introspection: false, explorer: 'off', limits: defaults.limits }],
    [`${production} INTROSPECTION=1`, { introspection: true }],
    [`${production} EXPLORER=offline`, { explorer: 'offline' }],
    ['INTROSPECTION=false', { introspection: false }],
    ['EXPLORER=sandbox', { explorer: 'sandbox' }],
    ['NODE_ENV=production GRAPH_CLOUD=emulator', { corsOrigins: [studio] }],
    [inCloud, { corsOrigins: [] }],
    [
      `${inCloud} CORS_ORIGINS=https://a.example,,http://b:1,`,
      { corsOrigins: ['https://a.example', 'http://b:1'] },
    ],
    [`CORS_ORIGINS=${studio},https://a.example`, { corsOrigins: [studio, 'https://a.example'] }],
    ['SHED_EVENT_LOOP_DELAY_MS=0', { shedding: { eventLoopDelayMs: 0 } }],
    ['SHED_HEAP_PERCENT=0', { shedding: { heapPercent: 0 } }],
    ['SHED_OPEN_REQUESTS=0', { shedding: { openRequests: 0 } }],
    ['MIN_BODY_BYTES_PER_SECOND=0', { connections: { arriving: { bytesPerSecond: 0 } } }],
    [inCloud, { graphBudget: { writes: 100, requests: 1000, replicas: 1 } }],
    ['GRAPH_WRITE_BUDGET=7', { graphBudget: { writes: 7, requests: 100_000 } }],
    ['REDIS_URL=redis://redis', { graphBudget: { replicas: 2 } }],
    ['REDIS_URL=redis://redis GRAPH_BUDGET_REPLICAS=5', { graphBudget: { replicas: 5 } }],
    ['LIMITS_MODE=warn-only', { limits: { mode: 'warn-only' } }],
    ['LIMIT_BODY_BYTES=100000', { limits: { bodyBytes: 100_000 } }],
    ['LIMIT_JSON_DEPTH=12', { limits: { jsonDepth: 12 } }],
    ['LIMIT_DOCUMENT_BYTES=2000', { limits: { documentBytes: 2000 } }],
    ['LIMIT_TOKENS=3000', { limits: { tokens: 3000 } }],
    ['LIMIT_DEPTH=7', { limits: { depth: 7 } }],
    ['LIMIT_INTROSPECTION_DEPTH=20', { limits: { introspectionDepth: 20 } }],
    ['LIMIT_ALIASES=0', { limits: { aliases: 0 } }],
    ['LIMIT_INTROSPECTION_ALIASES=0', { limits: { introspectionAliases: 0 } }],
    ['LIMIT_ROOT_FIELDS=50', { limits: { rootFields: 50 } }],
    ['LIMIT_DIRECTIVES=0', { limits: { directives: 0 } }],
    ['LIMIT_FILTER_CONDITIONS=7', { limits: { filterConditions: 7 } }],
    ['LIMIT_FILTER_DEPTH=3', { limits: { filterDepth: 3 } }],
    ['LIMIT_FILTER_TEXT=100', { limits: { filterText: 100 } }],
    ['LIMIT_ORDER_KEYS=2', { limits: { orderKeys: 2 } }],
    ['LIMIT_PAGE_ROWS=2000', { limits: { pageRows: 2000 } }],
    ['LIMIT_ANSWER_BYTES=100000', { limits: { answerBytes: 100_000 } }],
    ['LIMIT_ANSWER_VALUES=5000', { limits: { answerValues: 5000 } }],
    ['LIMIT_ERRORS=2', { limits: { errors: 2 } }],
    [`${trusted}off`, { trustedDocuments: { mode: 'off' } }],
    [`${trusted}log-unknown`, { trustedDocuments: { mode: 'log-unknown', path: '/a' } }],
    [`${trusted}enforce`, { trustedDocuments: { mode: 'enforce', path: '/a' } }],
  ])('reads %s', (environment, settings) => {
    expect(configOf(environment)).toMatchObject(settings);
  });

  const words = (list: string) => `it must be one of ${list}.`;
  const whole = (range: string) => `it must be a whole number from ${range}.`;

  it.each<[string, string]>([
    ['PORT=70000', `PORT is "70000"; ${whole('0 to 65535')}`],
    ['PORT=4000x', `PORT is "4000x"; ${whole('0 to 65535')}`],
    ['HOST=a:b', `HOST is "a:b"; it must be a host's name or IP address.`],
    ['GRAPH_API_VERSION=v2', `GRAPH_API_VERSION is "v2"; ${words('beta, v1.0')}`],
    [
      'GRAPH_CLOUD=G',
      `GRAPH_CLOUD is "G"; ${words('global, usgov-l4, usgov-l5, china, emulator')}`,
    ],
    ['INTROSPECTION=yes', 'INTROSPECTION is "yes"; it must be true, false, 1 or 0.'],
    ['AUTH_MODE=none', `AUTH_MODE is "none"; ${words('passthrough, on-behalf-of, app-only')}`],
    ['EXPLORER=graphiql', `EXPLORER is "graphiql"; ${words('auto, sandbox, offline, off')}`],
    ['FEDERATION=on', `FEDERATION is "on"; ${words('off, subgraph')}`],
    ['LIMITS_MODE=off', `LIMITS_MODE is "off"; ${words('enforce, warn-only')}`],
    ['LIMIT_DEPTH=0', `LIMIT_DEPTH is "0"; ${whole('1 to 100')}`],
    ['LIMIT_TOKENS=3001', `LIMIT_TOKENS is "3001"; ${whole('50 to 3000')}`],
    ['LIMIT_ERRORS=1', `LIMIT_ERRORS is "1"; ${whole('2 to 100')}`],
    ['SHED_HEAP_PERCENT=100', `SHED_HEAP_PERCENT is "100"; ${whole('0 to 99')}`],
    ['MAX_CONNECTIONS=0', `MAX_CONNECTIONS is "0"; ${whole('1 to 1000000')}`],
    ['GRAPH_WRITE_BUDGET=0', `GRAPH_WRITE_BUDGET is "0"; ${whole('1 to 100000')}`],
    ['GRAPH_REQUEST_BUDGET=19', `GRAPH_REQUEST_BUDGET is "19"; ${whole('20 to 100000')}`],
    [
      'GRAPH_CLOUD=emulator GRAPH_BASE_URL=https://graph.microsoft.com',
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    ],
    [
      'NODE_ENV=production',
      'GRAPH_CLOUD is missing: with NODE_ENV=production it must be one of global, usgov-l4, usgov-l5, china, or emulator to use the embedded Graph on purpose.',
    ],
    [
      'NODE_ENV=production GRAPH_CLOUD=emulator EMULATOR_CONTROL=true',
      'EMULATOR_CONTROL must be false with NODE_ENV=production.',
    ],
    [
      'HEADERS_TIMEOUT_MS=5000 REQUEST_TIMEOUT_MS=4000',
      'HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.',
    ],
    [
      'GRAPH_BUDGET_REPLICAS=3 GRAPH_WRITE_BUDGET=2',
      'GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.',
    ],
    [
      'REDIS_URL=redis://redis GRAPH_REQUEST_BUDGET=39',
      'GRAPH_REQUEST_BUDGET must be at least 20 times GRAPH_BUDGET_REPLICAS: a batch needs as much at once.',
    ],
    [
      'LIMIT_BODY_BYTES=16383',
      'LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.',
    ],
    [
      'TRUSTED_DOCUMENTS_MODE=enforce',
      'TRUSTED_DOCUMENTS_PATH is missing: TRUSTED_DOCUMENTS_MODE=enforce needs a manifest.',
    ],
    [
      'TRUSTED_DOCUMENTS_PATH=/a',
      'TRUSTED_DOCUMENTS_MODE is missing: with TRUSTED_DOCUMENTS_PATH it is one of off, log-unknown, enforce.',
    ],
    [`${trusted}on`, `TRUSTED_DOCUMENTS_MODE is "on"; ${words('off, log-unknown, enforce')}`],
    [
      `${trusted}enforce FEDERATION=subgraph`,
      'TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. Let the router enforce trusted documents.',
    ],
  ])('rejects %s', (environment, problem) => {
    expect(faultsOf(environment)).toEqual([problem]);
  });

  it.each<[string, string, RegExp]>([
    ['GRAPH_BASE_URL', 'http://graph.microsoft.com', /must begin with https/],
    ['GRAPH_BASE_URL', 'http://127.0.0.1.evil.example', /must begin with https/],
    ['GRAPH_BASE_URL', 'ftp://localhost', /must begin with https/],
    ['GRAPH_BASE_URL', 'https://user:hunter2@proxy.example', /must not have a user name/],
    ['GRAPH_BASE_URL', 'https://proxy.example/?x=1', /must end before any \? or #/],
    ['GRAPH_BASE_URL', 'https://proxy.example/#x', /must end before any \? or #/],
    ['GRAPH_BASE_URL', 'graph.microsoft.com', /must be an absolute URL/],
    ['GRAPH_BASE_URL', 'https://graph.microsoft.com/beta', /before the version, which/],
    ['GRAPH_BASE_URL', 'https://proxy.example/graph/V1.0/', /before the version/],
    ['REDIS_URL', 'cache.example:6379', /must begin with redis:/],
    ['REDIS_URL', 'redis', /must be an absolute URL/],
    ['REDIS_URL', 'http://:hunter2@cache.example', /must begin with redis:/],
    ['REDIS_URL', 'redis:///2', /must name a host/],
    ['REDIS_URL', 'redis://:hunter2@cache.example/two', /only be a database's number/],
    [
      'REDIS_URL',
      'redis://:hunter2@cache.example?enableOfflineQueue=true',
      /must end before any \? or #/,
    ],
    ['REDIS_URL', 'redis://:hunter2%@cache.example', /must be percent-encoded/],
    ['REDIS_URL', 'redis://%ff:hunter2@cache.example', /must be percent-encoded/],
  ])('rejects %s=%s without repeating it', (name, url, problem) => {
    const [first, ...others] = problemsOf({ [name]: url });
    expect(first).toMatch(new RegExp(`^${name} cannot be used: `));
    expect(first).toMatch(problem);
    expect(first).not.toContain('hunter2');
    expect(others).toEqual([]);
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

  const [everywhere, noOrigin] = [
    'name each origin',
    'an origin is http:// or https:// and a host',
  ];
  const sent = 'browsers would send "https://app.example"';

  it.each([
    ['*', everywhere],
    ['https://*.example', everywhere],
    ['null', noOrigin],
    ['app.example', noOrigin],
    ['ftp://app.example', noOrigin],
    ['https://app.example/', sent],
    ['https://app.example/page', sent],
    ['https://app.example?x', sent],
    ['https://App.example', sent],
    ['https://app.example:443', sent],
  ])('rejects the origin %s', (origin, reason) => {
    const [problem, ...others] = faultsOf(`CORS_ORIGINS=https://fine.example,${origin}`);
    expect(problem).toContain(`CORS_ORIGINS has "${origin}"; ${reason}`);
    expect(others).toEqual([]);
  });

  it('rejects all wrong words of a list at once, without any password', () => {
    const origins = faultsOf('CORS_ORIGINS=http://user:hunter2@app.example,*,x');
    expect(origins.map((problem) => problem.split(';')[0])).toEqual([
      'CORS_ORIGINS has "http://app.example"',
      'CORS_ORIGINS has "*"',
      'CORS_ORIGINS has "x"',
    ]);
    const allowed = `it must be some of ${oddities.join(', ')}, with commas between.`;
    const strays = `${inCloud} EMULATOR_ODDITIES=empty-pages,hash-less,Value-Wrapper`;
    expect(faultsOf(strays)).toEqual([
      `EMULATOR_ODDITIES has "hash-less"; ${allowed}`,
      `EMULATOR_ODDITIES has "Value-Wrapper"; ${allowed}`,
    ]);
  });

  it('reports every problem at once', () => {
    const names = [
      ...['PORT', 'LOG_LEVEL', 'GRAPH_CLOUD', 'HEADERS_TIMEOUT_MS', 'REQUEST_TIMEOUT_MS'],
      ...['SHED_EVENT_LOOP_DELAY_MS', 'SHED_HEAP_PERCENT', 'SHED_OPEN_REQUESTS'],
      ...['RESPONSE_IDLE_TIMEOUT_MS', 'KEEP_ALIVE_TIMEOUT_MS', 'MAX_CONNECTIONS'],
      ...['MAX_ARRIVING_BODIES', 'MAX_ARRIVING_BODY_BYTES', 'MIN_BODY_BYTES_PER_SECOND'],
    ];
    const problems = problemsOf(Object.fromEntries(names.map((name) => [name, 'many'])));
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([...names].sort());
  });

  it('reports what settings of one group have against each other before the next group', () => {
    const environment = environmentOf(
      'HTTPS_PROXY=ftp://x SHED_HEAP_PERCENT=x HEADERS_TIMEOUT_MS=50000 OTEL_SDK_DISABLED=x LIMIT_TOKENS=x ' +
        'LIMIT_DOCUMENT_BYTES=100000 EXPLORER=x AUTH_MODE=x GRAPH_QUEUE=x',
    );
    expect(problemsOf(environment).map((problem) => problem.split(' ')[0])).toEqual([
      ...['GRAPH_QUEUE', 'AUTH_MODE', 'EXPLORER', 'LIMIT_TOKENS', 'LIMIT_DOCUMENT_BYTES'],
      ...['OTEL_SDK_DISABLED', 'HEADERS_TIMEOUT_MS', 'SHED_HEAP_PERCENT', 'HTTPS_PROXY'],
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
    expect(cloudAt(`https://${graph}`)).toBe(name);
  });

  it('knows no other cloud', () => {
    expect(cloudAt('https://graph.example')).toBeUndefined();
  });
});
