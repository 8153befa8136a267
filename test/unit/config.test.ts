import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { cloudAt, cloudOf } from '../../src/config/graph.ts';
import { createReaders } from '../../src/config/readers.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import { environmentOf, problemsOf } from '../support/configProblems.ts';

const studio = 'https://studio.apollographql.com';
const inCloud = 'GRAPH_CLOUD=global';
const production = `${inCloud} NODE_ENV=production`;
const trusted = 'TRUSTED_DOCUMENTS_PATH=/a TRUSTED_DOCUMENTS_MODE=';
const configOf = (text: string) => readConfig(environmentOf(text));
const faultsOf = (text: string) => problemsOf(environmentOf(text));
const printed = (config: object) => `${JSON.stringify(config)}${inspect(config, { depth: 9 })}`;

/** Each setting by its path in the configuration: its variable, its default, and another value. */
const settings: Readonly<Record<string, readonly [variable: string, unknown, unknown]>> = {
  host: ['HOST', '127.0.0.1', '0.0.0.0'],
  port: ['PORT', 4000, 0],
  apiVersion: ['GRAPH_API_VERSION', 'beta', 'v1.0'],
  logLevel: ['LOG_LEVEL', 'info', 'debug'],
  operationTimeoutMs: ['OPERATION_TIMEOUT_MS', 20_000, 1500],
  maximumListBytes: ['LIST_BYTE_LIMIT', 50_331_648, 2_000_000],
  maximumRows: ['LIST_ROW_LIMIT', 10_000, 2000],
  graphConnections: ['GRAPH_CONNECTIONS', 64, 8],
  graphConnectionLifeMs: ['GRAPH_CONNECTION_LIFE_MS', 300_000, 60_000],
  graphQueue: ['GRAPH_QUEUE', 512, 9],
  breakerOpenMs: ['GRAPH_BREAKER_OPEN_MS', 5_000, 10],
  drainDelayMs: ['DRAIN_DELAY_MS', 5_000, 11],
  drainTimeoutMs: ['DRAIN_TIMEOUT_MS', 20_000, 12],
  federation: ['FEDERATION', 'off', 'subgraph'],
  documentCacheBytes: ['DOCUMENT_CACHE_BYTES', 16_777_216, 70_000],
  idempotencyStoreBytes: ['IDEMPOTENCY_STORE_BYTES', 67_108_864, 3_000_000],
  introspection: ['INTROSPECTION', true, false],
  explorer: ['EXPLORER', 'auto', 'offline'],
  'upstream.port': ['EMULATOR_PORT', 0, 4001],
  'upstream.betaGeneration': ['EMULATOR_BETA_GENERATION', 'reference-page', 'today'],
  'upstream.oddities': ['EMULATOR_ODDITIES', [], ['value-wrapper', 'empty-pages']],
  'upstream.hasTls': ['EMULATOR_TLS', false, true],
  'upstream.hasControl': ['EMULATOR_CONTROL', false, true],
  'graphBudget.writes': ['GRAPH_WRITE_BUDGET', 100_000, 7],
  'graphBudget.requests': ['GRAPH_REQUEST_BUDGET', 100_000, 140],
  'graphBudget.replicas': ['GRAPH_BUDGET_REPLICAS', 1, 5],
  'limits.mode': ['LIMITS_MODE', 'enforce', 'warn-only'],
  'limits.bodyBytes': ['LIMIT_BODY_BYTES', 65_536, 100_000],
  'limits.jsonDepth': ['LIMIT_JSON_DEPTH', 32, 13],
  'limits.documentBytes': ['LIMIT_DOCUMENT_BYTES', 16_384, 2001],
  'limits.tokens': ['LIMIT_TOKENS', 1000, 3000],
  'limits.depth': ['LIMIT_DEPTH', 8, 14],
  'limits.introspectionDepth': ['LIMIT_INTROSPECTION_DEPTH', 16, 15],
  'limits.aliases': ['LIMIT_ALIASES', 20, 16],
  'limits.introspectionAliases': ['LIMIT_INTROSPECTION_ALIASES', 3, 17],
  'limits.rootFields': ['LIMIT_ROOT_FIELDS', 10, 18],
  'limits.directives': ['LIMIT_DIRECTIVES', 10, 19],
  'limits.filterConditions': ['LIMIT_FILTER_CONDITIONS', 100, 20],
  'limits.filterDepth': ['LIMIT_FILTER_DEPTH', 8, 21],
  'limits.filterText': ['LIMIT_FILTER_TEXT', 256, 22],
  'limits.orderKeys': ['LIMIT_ORDER_KEYS', 3, 2],
  'limits.pageRows': ['LIMIT_PAGE_ROWS', 1000, 2002],
  'limits.answerBytes': ['LIMIT_ANSWER_BYTES', 4_194_304, 100_001],
  'limits.answerValues': ['LIMIT_ANSWER_VALUES', 250_000, 5000],
  'limits.errors': ['LIMIT_ERRORS', 5, 23],
  'connections.headersTimeoutMs': ['HEADERS_TIMEOUT_MS', 10_000, 124],
  'connections.requestTimeoutMs': ['REQUEST_TIMEOUT_MS', 30_000, 125],
  'connections.responseIdleTimeoutMs': ['RESPONSE_IDLE_TIMEOUT_MS', 15_000, 126],
  'connections.keepAliveTimeoutMs': ['KEEP_ALIVE_TIMEOUT_MS', 72_000, 127],
  'connections.limit': ['MAX_CONNECTIONS', 10_000, 28],
  'connections.arriving.bodies': ['MAX_ARRIVING_BODIES', 2_500, 29],
  'connections.arriving.bytes': ['MAX_ARRIVING_BODY_BYTES', 16_777_216, 4_000_000],
  'connections.arriving.bytesPerSecond': ['MIN_BODY_BYTES_PER_SECOND', 240, 30],
  'shedding.eventLoopDelayMs': ['SHED_EVENT_LOOP_DELAY_MS', 200, 31],
  'shedding.heapPercent': ['SHED_HEAP_PERCENT', 90, 32],
  'shedding.openRequests': ['SHED_OPEN_REQUESTS', 1000, 33],
  'telemetry.traces.sampler.name': [
    'OTEL_TRACES_SAMPLER',
    'parentbased_always_on',
    'parentbased_traceidratio',
  ],
  'telemetry.traces.sampler.ratio': ['OTEL_TRACES_SAMPLER_ARG', 1, 0.25],
  'telemetry.traces.batch.maxQueueSize': ['OTEL_BSP_MAX_QUEUE_SIZE', 2048, 34],
  'telemetry.traces.batch.maxExportBatchSize': ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 6],
  'telemetry.traces.batch.scheduledDelayMillis': ['OTEL_BSP_SCHEDULE_DELAY', 5000, 35],
  'telemetry.traces.batch.exportTimeoutMillis': ['OTEL_BSP_EXPORT_TIMEOUT', 30_000, 36],
  'telemetry.metrics.otlp.intervalMs': ['OTEL_METRIC_EXPORT_INTERVAL', 60_000, 137],
  'telemetry.metrics.otlp.exportTimeoutMs': ['OTEL_METRIC_EXPORT_TIMEOUT', 30_000, 38],
  'telemetry.metrics.otlp.temporality': [
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    'cumulative',
    'delta',
  ],
  'telemetry.metrics.prometheus.host': ['OTEL_EXPORTER_PROMETHEUS_HOST', 'localhost', '::1'],
  'telemetry.metrics.prometheus.port': ['OTEL_EXPORTER_PROMETHEUS_PORT', 9464, 39],
};
const column = (index: 1 | 2): object =>
  Object.fromEntries(Object.entries(settings).map(([path, values]) => [path, values[index]]));

const exporters = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp,prometheus' };
/** What no variable sets by itself. */
const rest = {
  'upstream.kind': 'emulator',
  cloud: 'global',
  'identity.mode': 'passthrough',
  corsOrigins: [studio],
  'graphBudget.redisUrl': undefined,
  'trustedDocuments.mode': 'off',
  'telemetry.resource.service.name': 'compliance-partner-gateway',
  'telemetry.traces.otlp.url': 'http://localhost:4318/v1/traces',
  'telemetry.traces.otlp.protocol': 'http/protobuf',
  'telemetry.traces.otlp.compression': 'none',
  'telemetry.traces.otlp.timeoutMs': 10_000,
  'telemetry.metrics.otlp.url': 'http://localhost:4318/v1/metrics',
  'proxies.https': undefined,
  'proxies.http': undefined,
  'proxies.exceptions': '',
};

/** All that is in objects of objects, by its path. */
function flat(value: object, path = ''): (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    if (inner instanceof URL) {
      return [[path + name, inner.href] as const];
    }
    return typeof inner === 'object' && !Array.isArray(inner)
      ? flat(inner, `${path}${name}.`)
      : [[path + name, inner] as const];
  });
}

describe('readConfig', () => {
  it.each([{}, { PORT: '', GRAPH_CLOUD: ' ', AUTH_MODE: '', EMULATOR_ODDITIES: ' , ' }])(
    'starts the embedded Graph on loopback, with bounds for everything, in %j',
    (environment) => {
      const found = flat(readConfig({ ...exporters, ...environment }));
      expect(Object.fromEntries(found)).toMatchObject({ ...rest, ...column(1) });
    },
  );

  it('reads each setting from its own variable', () => {
    const others = Object.values(settings).map(([name, , other]) => [name, String(other)]);
    const found = flat(readConfig({ ...exporters, ...Object.fromEntries(others) }));
    expect(Object.fromEntries(found)).toMatchObject({ ...rest, ...column(2) });
  });

  const graph = (root: string) => ({ upstream: { kind: 'graph', root: new URL(root) } });
  it.each<[string, object]>([
    [`EMULATOR_ODDITIES=${[...oddities, ...oddities, ''].join()}`, { upstream: { oddities } }],
    ['GRAPH_CLOUD=emulator', { upstream: { kind: 'emulator' } }],
    [`${inCloud} GRAPH_BASE_URL=https://proxy.example/a`, graph('https://proxy.example/a')],
    ['GRAPH_BASE_URL=http://[::1]:1', graph('http://[::1]:1')],
    [production, { introspection: false, explorer: 'off', limits: { depth: 8 } }],
    [`${production} INTROSPECTION=1 EXPLORER=auto`, { introspection: true, explorer: 'auto' }],
    ['NODE_ENV=production GRAPH_CLOUD=emulator', { corsOrigins: [studio] }],
    [
      `${inCloud} CORS_ORIGINS=https://a.example,,http://b:1,`,
      { corsOrigins: ['https://a.example', 'http://b:1'] },
    ],
    [`CORS_ORIGINS=${studio},https://a.example`, { corsOrigins: [studio, 'https://a.example'] }],
    [inCloud, { corsOrigins: [], graphBudget: { writes: 100, requests: 1000, replicas: 1 } }],
    ['REDIS_URL=redis://redis', { graphBudget: { replicas: 2 } }],
    ['REDIS_URL=redis://redis GRAPH_BUDGET_REPLICAS=5', { graphBudget: { replicas: 5 } }],
    [`${trusted}off`, { trustedDocuments: { mode: 'off' } }],
    [`${trusted}log-unknown`, { trustedDocuments: { mode: 'log-unknown', path: '/a' } }],
    [`${trusted}enforce`, { trustedDocuments: { mode: 'enforce', path: '/a' } }],
  ])('reads %s', (environment, expected) => {
    expect(configOf(environment)).toMatchObject(expected);
  });

  it.each([
    ['global', 'graph.microsoft.com', 'login.microsoftonline.com'],
    ['usgov-l4', 'graph.microsoft.us', 'login.microsoftonline.us'],
    ['usgov-l5', 'dod-graph.microsoft.us', 'login.microsoftonline.us'],
    ['china', 'microsoftgraph.chinacloudapi.cn', 'login.chinacloudapi.cn'],
  ] as const)('holds root, authority and scope of %s together', (name, host, authority) => {
    const graphRoot = `https://${host}`;
    const scope = `${graphRoot}/.default`;
    expect(cloudOf(name)).toEqual({ graphRoot, authorityHost: `https://${authority}`, scope });
    expect([cloudAt(graphRoot), cloudAt('https://graph.example')]).toEqual([name, undefined]);
    expect(configOf(`GRAPH_CLOUD=${name}`)).toMatchObject({ cloud: name, ...graph(graphRoot) });
  });

  const words = (list: string) => `it must be one of ${list}.`;
  const whole = (range: string) => `it must be a whole number from ${range}.`;
  it.each<[string, string]>([
    ['PORT=70000', `PORT is "70000"; ${whole('0 to 65535')}`],
    ['PORT=4000x', `PORT is "4000x"; ${whole('0 to 65535')}`],
    ['LIMIT_DEPTH=0', `LIMIT_DEPTH is "0"; ${whole('1 to 100')}`],
    ['HOST=a:b', `HOST is "a:b"; it must be a host's name or IP address.`],
    [
      'GRAPH_CLOUD=G',
      `GRAPH_CLOUD is "G"; ${words('global, usgov-l4, usgov-l5, china, emulator')}`,
    ],
    ['INTROSPECTION=yes', 'INTROSPECTION is "yes"; it must be true, false, 1 or 0.'],
    ['AUTH_MODE=none', `AUTH_MODE is "none"; ${words('passthrough, on-behalf-of, app-only')}`],
    ['NODE_ENV=prod', `NODE_ENV is "prod"; ${words('production, development, test')}`],
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
    [
      `${trusted}enforce FEDERATION=subgraph`,
      'TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. Let the router enforce trusted documents.',
    ],
  ])('rejects %s', (environment, problem) => {
    expect(faultsOf(environment)).toEqual([problem]);
  });

  const tail = /must end before any \? or #/;
  it.each<[string, string, RegExp]>([
    ['GRAPH_BASE_URL', 'http://graph.microsoft.com', /must begin with https/],
    ['GRAPH_BASE_URL', 'http://127.0.0.1.evil.example', /must begin with https/],
    ['GRAPH_BASE_URL', 'https://user:hunter2@proxy.example', /must not have a user name/],
    ['GRAPH_BASE_URL', 'https://proxy.example/?x=1', tail],
    ['GRAPH_BASE_URL', 'https://proxy.example/#x', tail],
    ['GRAPH_BASE_URL', 'https://graph.microsoft.com/beta', /before the version, which/],
    ['GRAPH_BASE_URL', 'https://proxy.example/graph/V1.0/', /before the version/],
    ['REDIS_URL', 'redis', /must be an absolute URL/],
    ['REDIS_URL', 'http://:hunter2@cache.example', /must begin with redis:/],
    ['REDIS_URL', 'redis:///2', /must name a host/],
    ['REDIS_URL', 'redis://:hunter2@cache.example/two', /only be a database's number/],
    ['REDIS_URL', 'redis://:hunter2@cache.example?enableOfflineQueue=true', tail],
    ['REDIS_URL', 'redis://:hunter2%@cache.example', /must be percent-encoded/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', /must begin with https:\/\/ or http:\/\//],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://u:hunter2@collector', /must not have a user name/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://collector?key=hunter2', tail],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'hunter2', /must be name=value/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=hunter2%', /must be name=value/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a key=hunter2', /must be name=value/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=hunter2%0d%0aX: y', /must be name=value/],
  ])('rejects %s=%s without repeating it', (name, value, problem) => {
    const [first, ...others] = problemsOf({ [name]: value, OTEL_TRACES_EXPORTER: 'otlp' });
    expect(first).toMatch(new RegExp(`^${name} cannot be used: `));
    expect(first).toMatch(problem);
    expect(first).not.toContain('hunter2');
    expect(others).toEqual([]);
  });

  it.each([
    'rediss://:p%40ss@cache.example:6380',
    'rediss://user:p%40ss@cache.example:6380/0',
    'redis://[::1]:6379',
  ])('accepts %s for REDIS_URL without showing it', (url) => {
    const config = readConfig({ REDIS_URL: url });
    expect(config.graphBudget.redisUrl?.reveal()).toBe(url);
    expect(printed(config)).not.toContain('redis:');
  });

  const [everywhere, noOrigin] = ['name each origin', 'an origin is http:// or https:// and a'];
  const sent = 'browsers would send "https://app.example"';
  it.each([
    ['*', everywhere],
    ['https://*.example', everywhere],
    ['null', noOrigin],
    ['app.example', noOrigin],
    ['https://app.example/', sent],
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
    expect(faultsOf('EMULATOR_ODDITIES=empty-pages,hash-less,Value-Wrapper')).toEqual([
      `EMULATOR_ODDITIES has "hash-less"; ${allowed}`,
      `EMULATOR_ODDITIES has "Value-Wrapper"; ${allowed}`,
    ]);
  });

  it('reports every problem at once, those between settings of a group before the next group', () => {
    const environment =
      'HTTPS_PROXY=ftp://x SHED_HEAP_PERCENT=x HEADERS_TIMEOUT_MS=50000 OTEL_SDK_DISABLED=x LIMIT_TOKENS=x ' +
      'LIMIT_DOCUMENT_BYTES=100000 EXPLORER=x AUTH_MODE=x GRAPH_QUEUE=x';
    expect(faultsOf(environment).map((problem) => problem.split(' ')[0])).toEqual([
      ...['GRAPH_QUEUE', 'AUTH_MODE', 'EXPLORER', 'LIMIT_TOKENS', 'LIMIT_DOCUMENT_BYTES'],
      ...['OTEL_SDK_DISABLED', 'HEADERS_TIMEOUT_MS', 'SHED_HEAP_PERCENT', 'HTTPS_PROXY'],
    ]);
  });

  const url = 'redis://ada:hunter2@redis.example:6379/0';
  it.each(['PORT', 'HOST', 'GRAPH_CLOUD', 'INTROSPECTION', 'CORS_ORIGINS', 'EMULATOR_ODDITIES'])(
    'shows no password when %s is a URL',
    (name) => {
      const problems = problemsOf({ [name]: url });
      expect(problems).toEqual([expect.stringContaining('redis://redis.example:6379/0')]);
      expect(problems[0]).not.toContain('hunter2');
    },
  );

  it('shows a wrong value on one line and cut to 80 characters', () => {
    const [problem] = problemsOf({ LOG_LEVEL: `a\nb${'x'.repeat(100_000)}` });
    expect(problem).toBe(
      `LOG_LEVEL is "a b${'x'.repeat(77)}…"; it must be one of trace, debug, info, warn, error, fatal, silent.`,
    );
  });
});

describe('a misspelled name', () => {
  it.each([
    ['GRAPH_CLUOD', 'GRAPH_CLOUD'],
    ['SHED_HEAP_PERCENTS', 'SHED_HEAP_PERCENT'],
    ['TRUSTED_DOCUMENT_PATH', 'TRUSTED_DOCUMENTS_PATH'],
    ['DRAIN_DELAYMS', 'DRAIN_DELAY_MS'],
    ['EMULATOR_PROT', 'EMULATOR_PORT'],
  ])('%s is a problem that names %s', (name, known) => {
    expect(problemsOf({ [name]: '1' })).toEqual([`${name} is unknown; is ${known} meant?`]);
    expect(problemsOf({ [name]: ' ' })).toEqual([]);
  });

  it('is never a name that the gateway reads, whatever else is set', () => {
    const readers = createReaders({});
    readConfig({}, readers);
    const wrong = [...readers.names].flatMap((name) =>
      problemsOf({ [name]: '1' }).filter((problem) => problem.includes('is unknown')),
    );
    expect(wrong).toEqual([]);
    expect(readers.names.size).toBeGreaterThan(50);
  });

  /** What Kubernetes and Docker set for a service. */
  const linksOf = (name: string): string =>
    `${name}_SERVICE_HOST=10.96.12.7 ${name}_SERVICE_PORT=80 ${name}_SERVICE_PORT_HTTP=80 ` +
    `${name}_PORT=tcp://10.96.12.7:80 ${name}_PORT_80_TCP=tcp://10.96.12.7:80 ` +
    `${name}_PORT_80_TCP_PROTO=tcp ${name}_PORT_80_TCP_ADDR=10.96.12.7`;
  it.each([
    ['too far from any', 'DRAIN_DELAY=1 DRAIN_THE_SWAMP=no'],
    ['of bash and systemd', 'GRAPHVIZ_DOT=/usr/bin/dot LISTEN_PID=812 LIST_TIMERS=1 LANG=C.UTF-8'],
    ['of GitHub Actions', 'AZURE_HTTP_USER_AGENT=GITHUBACTIONS AZURE_TENANT=contoso CI=true'],
    ['of OpenTelemetry', 'OTEL_SERVICE_NAMES=a OTEL_EXPORTER_OTLP_ENDPOINTS=http://localhost:4318'],
    ['of a Docker link', 'REDIS_PORT=tcp://172.17.0.2:6379 REDIS_ENV_REDIS_VERSION=7.4.1'],
    ['of a service named limit', linksOf('LIMIT')],
    ['of a service named graph-cloud', linksOf('GRAPH_CLOUD')],
    // Its variable EMULATOR_PORT is one of the gateway's, too.
    ['of a service named emulator', linksOf('EMULATOR')],
  ])('is none %s', (_place, environment) => {
    expect(faultsOf(environment)).toEqual([]);
  });
});

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const other = '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002';
const client = '9a7e0a11-3b5c-4d7e-8f90-000000000010';
const ofTenant = `${inCloud} AZURE_TENANT_ID=${tenant}`;
const ofApp = `${ofTenant} AZURE_CLIENT_ID=${client}`;
const registered = `${ofApp} AZURE_CLIENT_SECRET=hunter2`;
const onBehalf = 'AUTH_MODE=on-behalf-of';
const appOnly = 'AUTH_MODE=app-only';
const managed = `${ofTenant} ${appOnly} AUTH_AUDIENCES=api://partners`;

describe("the identity's configuration", () => {
  it.each<[string, object]>([
    [
      `${registered} ${onBehalf}`,
      {
        mode: 'on-behalf-of',
        inbound: {
          authorityHost: 'https://login.microsoftonline.com',
          tenantIds: [tenant],
          audiences: [client, `api://${client}`],
          clientIds: undefined,
          readPermissions: ['CompliancePartners.Read', 'CompliancePartners.ReadWrite'],
          writePermissions: ['CompliancePartners.ReadWrite'],
        },
        outbound: {
          kind: 'registration',
          tenantId: tenant,
          clientId: client,
          credential: { kind: 'secret' },
        },
      },
    ],
    [
      `${registered} ${appOnly} GRAPH_CLOUD=china`,
      { mode: 'app-only', inbound: { authorityHost: 'https://login.chinacloudapi.cn' } },
    ],
    [
      `${registered} ${appOnly} AZURE_AUTHORITY_HOST=https://login.example/ ` +
        `AUTH_AUDIENCES=api://partners,,other AUTH_TENANTS=${tenant},${other.toUpperCase()} ` +
        `AUTH_CLIENTS=${client.toUpperCase()} ` +
        'AUTH_READ_PERMISSIONS=Read AUTH_WRITE_PERMISSIONS=Write',
      {
        inbound: {
          authorityHost: 'https://login.example',
          tenantIds: [tenant, other],
          audiences: ['api://partners', 'other'],
          clientIds: [client],
          readPermissions: ['Read'],
          writePermissions: ['Write'],
        },
        outbound: { authorityHost: 'https://login.example' },
      },
    ],
    [
      `${ofTenant.toUpperCase().replace('GLOBAL', 'global')} AZURE_CLIENT_ID=${client} ${onBehalf} ` +
        'AZURE_CLIENT_CERTIFICATE_PATH=/cert.pem AZURE_CLIENT_CERTIFICATE_PASSWORD=hunter2 ' +
        'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true',
      {
        inbound: { tenantIds: [tenant] },
        outbound: { credential: { kind: 'certificate', path: '/cert.pem', sendsChain: true } },
      },
    ],
    [
      `${ofApp} ${onBehalf} AZURE_FEDERATED_TOKEN_FILE=/token`,
      { outbound: { credential: { kind: 'federated-token', path: '/token' } } },
    ],
    [managed, { outbound: { kind: 'managed-identity', clientId: undefined, endpoint: undefined } }],
    [
      `${managed} AZURE_CLIENT_ID=${client} IDENTITY_ENDPOINT=http://localhost:1/msi IDENTITY_HEADER=hunter2`,
      { outbound: { clientId: client, endpoint: { url: new URL('http://localhost:1/msi') } } },
    ],
  ])('is read from "%s", and shows no secret', (environment, identity) => {
    const config = configOf(environment);
    expect(config.identity).toMatchObject(identity);
    expect(printed(config)).not.toContain('hunter2');
  });

  const alone =
    'is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.';
  it.each<[string, ...string[]]>([
    [
      `${onBehalf} ${inCloud}`,
      "AZURE_TENANT_ID is missing: AUTH_MODE=on-behalf-of needs the tenant's id.",
      "AZURE_CLIENT_ID is missing: AUTH_MODE=on-behalf-of needs the gateway's client id.",
      'AUTH_MODE=on-behalf-of needs a credential: AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.',
    ],
    [
      `${registered} GRAPH_CLOUD=emulator ${appOnly}`,
      'AUTH_MODE is "app-only", which gets tokens for a Graph of Microsoft\'s: name it with GRAPH_CLOUD or GRAPH_BASE_URL.',
    ],
    [`${registered} ${appOnly} AZURE_TENANT_ID=contoso.example`, 'AZURE_TENANT_ID must be a GUID.'],
    [
      `${registered} ${appOnly} AUTH_TENANTS=${tenant},contoso.example AUTH_CLIENTS=,`,
      'AUTH_TENANTS must be GUIDs, with commas between.',
      'AUTH_CLIENTS has nothing between its commas.',
    ],
    [
      `${inCloud} AUTH_TENANTS=${tenant} AUTH_WRITE_PERMISSIONS=Write`,
      `AUTH_TENANTS ${alone}`,
      `AUTH_WRITE_PERMISSIONS ${alone}`,
    ],
    [
      `${registered} ${appOnly} AZURE_FEDERATED_TOKEN_FILE=/run/token`,
      'AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are both set: the gateway proves itself in one way.',
    ],
    [
      `${ofTenant} ${appOnly}`,
      'AUTH_AUDIENCES is missing: with a managed identity the gateway cannot know the client id in the tokens of callers.',
    ],
    [
      `${managed} IDENTITY_HEADER=x`,
      'IDENTITY_ENDPOINT and IDENTITY_HEADER go together: set both or none.',
    ],
  ])('is rejected for "%s"', (environment, ...problems) => {
    expect(faultsOf(environment)).toEqual(problems);
  });
});

const collector = 'OTEL_EXPORTER_OTLP_ENDPOINT=https://collector.example/otel';

describe("telemetry's configuration", () => {
  it.each<[string, ...string[]]>([
    [''],
    [collector, 'traces', 'metrics'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/traces', 'traces'],
    ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://collector:4318/v1/metrics', 'metrics'],
    ['OTEL_TRACES_EXPORTER=otlp', 'traces'],
    ['OTEL_METRICS_EXPORTER=prometheus,otlp', 'metrics', 'prometheus'],
    [`${collector} OTEL_METRICS_EXPORTER=prometheus`, 'traces', 'prometheus'],
    [`${collector} OTEL_TRACES_EXPORTER=none`, 'metrics'],
    [`${collector} OTEL_METRICS_EXPORTER=none`, 'traces'],
    [`${collector} OTEL_SDK_DISABLED=true`],
  ])('with "%s" is what OpenTelemetry means by it', (environment, ...kinds) => {
    const { traces, metrics } = configOf(environment).telemetry;
    const found = { traces, metrics: metrics.otlp, prometheus: metrics.prometheus };
    const there = Object.entries(found).filter(([, kind]) => kind !== undefined);
    expect(there.map(([kind]) => kind)).toEqual(kinds);
  });

  it('takes what is set for one kind before what is set for all', () => {
    const { traces, metrics } = configOf(
      `${collector} OTEL_EXPORTER_OTLP_PROTOCOL=http/json OTEL_EXPORTER_OTLP_TIMEOUT=3000 ` +
        'OTEL_EXPORTER_OTLP_COMPRESSION=gzip OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.pem ' +
        'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://traces.example/exactly ' +
        'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=70',
    ).telemetry;
    const common = { compression: 'gzip', certificatePath: '/ca.pem' };
    expect(traces?.otlp).toMatchObject({
      ...common,
      url: new URL('http://traces.example/exactly'),
      protocol: 'http/protobuf',
      timeoutMs: 70,
    });
    expect(metrics.otlp).toMatchObject({
      ...common,
      url: new URL('https://collector.example/otel/v1/metrics'),
      protocol: 'http/json',
      timeoutMs: 3000,
    });
  });

  it('names the service by its own variable before the attributes', () => {
    const attributes =
      'OTEL_RESOURCE_ATTRIBUTES=service.name=a,deployment.environment.name=test%2C1,,k8s.pod.name=p';
    const others = { 'deployment.environment.name': 'test,1', 'k8s.pod.name': 'p' };
    expect(configOf(attributes).telemetry.resource).toEqual({ 'service.name': 'a', ...others });
    const { telemetry } = configOf(`${attributes} OTEL_SERVICE_NAME=b`);
    expect(telemetry.resource).toEqual({ 'service.name': 'b', ...others });
  });

  it('never shows the headers for a collector', () => {
    const headers = 'OTEL_EXPORTER_OTLP_HEADERS=api-key=hunter2%3D,x-tenant=hunter3';
    const config = configOf(`${collector} ${headers}`);
    expect(config.telemetry.traces?.otlp.headers['api-key']?.reveal()).toBe('hunter2=');
    expect(printed(config)).not.toContain('hunter');
  });

  it.each<[string, RegExp]>([
    ['OTEL_METRICS_EXPORTER=statsd', /^OTEL_METRICS_EXPORTER has "statsd"; .*prometheus/],
    ['OTEL_METRICS_EXPORTER=none,otlp', /^OTEL_METRICS_EXPORTER has none beside others/],
    ['OTEL_PROPAGATORS=tracecontext,b3', /^OTEL_PROPAGATORS has "b3"/],
    ['OTEL_TRACES_SAMPLER_ARG=1.5', /^OTEL_TRACES_SAMPLER_ARG is "1.5"; .* from 0 to 1/],
    ['OTEL_RESOURCE_ATTRIBUTES=a=b,c', /^OTEL_RESOURCE_ATTRIBUTES must be key=value/],
    [
      `${collector} OTEL_EXPORTER_OTLP_CLIENT_KEY=/key.pem`,
      /^OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together/,
    ],
    [`${collector} OTEL_BSP_MAX_QUEUE_SIZE=9`, /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be/],
    [
      `${collector} OTEL_METRIC_EXPORT_INTERVAL=1000 OTEL_METRIC_EXPORT_TIMEOUT=1001`,
      /^OTEL_METRIC_EXPORT_TIMEOUT must not be more/,
    ],
    [
      'OTEL_METRICS_EXPORTER=prometheus PORT=9464',
      /^OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own/,
    ],
  ])('is rejected for "%s", once, by the name of the variable', (environment, problem) => {
    expect(faultsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });
});
