import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { cloudAt, cloudOf } from '../../src/config/graph.ts';
import { ConfigError, createReaders, type Environment } from '../../src/config/readers.ts';
import { configFindings } from '../../src/doctor/configuration.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import { proxyFor } from '../../src/shared/proxy.ts';

const inCloud = 'GRAPH_CLOUD=global';
const production = `${inCloud} NODE_ENV=production`;
const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const other = '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002';
const client = '9a7e0a11-3b5c-4d7e-8f90-000000000010';
const ofTenant = `${inCloud} AZURE_TENANT_ID=${tenant}`;
const ofApp = `${ofTenant} AZURE_CLIENT_ID=${client}`;
const registered = `${ofApp} AZURE_CLIENT_SECRET=hunter2`;
const onBehalf = 'AUTH_MODE=on-behalf-of';
const appOnly = 'AUTH_MODE=app-only';
const managed = `${ofTenant} ${appOnly} AUTH_AUDIENCES=api://partners`;
const otlp = 'OTEL_EXPORTER_OTLP';
const collector = `${otlp}_ENDPOINT=https://collector.example/otel`;
const exporters = 'OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp,prometheus';
const trusted = 'TRUSTED_DOCUMENTS_PATH=/a TRUSTED_DOCUMENTS_MODE=';

/** The problems that keep an environment from being a configuration; none if it is one. */
function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
}

/** An environment written as a shell has it: `HOST=0.0.0.0 PORT=0`. */
const environmentOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/([^ =]+)=(\S*)/g)].map(([, name, value]) => [name, value]));
const configOf = (text: string) => readConfig(environmentOf(text));
const faultsOf = (text: string) => problemsOf(environmentOf(text));
const printed = (config: object) => `${JSON.stringify(config)}${inspect(config, { depth: 9 })}`;

/** All that is in objects of objects: `path=value`. */
function flat(value: object, path = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    inner === null || typeof inner !== 'object' || inner instanceof URL || Array.isArray(inner)
      ? [`${path}${name}=${inner}`]
      : flat(inner, `${path}${name}.`),
  );
}

/** Settings with the names of their variables, each with another value: their path, the first word of the variables. */
const groups = [
  [
    '',
    '',
    'host=::1 port=0 logLevel=debug operationTimeoutMs=1500 graphConnections=8 graphQueue=9',
  ],
  ['', '', 'graphConnectionLifeMs=60000 drainDelayMs=11 drainTimeoutMs=12 federation=subgraph'],
  ['', '', 'documentCacheBytes=70000 idempotencyStoreBytes=3000000 introspection=false'],
  ['', '', 'explorer=offline'],
  ['', 'GRAPH_', 'apiVersion=v1.0 breakerOpenMs=10'],
  ['upstream.', 'EMULATOR_', 'port=4001 betaGeneration=today oddities=value-wrapper,empty-pages'],
  ['limits.', 'LIMIT_', 'bodyBytes=100000 jsonDepth=13 documentBytes=2001 tokens=3000 depth=14'],
  ['limits.', 'LIMIT_', 'introspectionDepth=15 aliases=16 introspectionAliases=17 rootFields=18'],
  ['limits.', 'LIMIT_', 'directives=19 filterConditions=20 filterDepth=21 filterText=22 errors=23'],
  ['limits.', 'LIMIT_', 'orderKeys=2 pageRows=2002 answerBytes=100001 answerValues=5000'],
  ['connections.', '', 'headersTimeoutMs=124 requestTimeoutMs=30001 responseIdleTimeoutMs=126'],
  ['connections.', '', 'keepAliveTimeoutMs=127'],
  ['shedding.', 'SHED_', 'eventLoopDelayMs=31 heapPercent=32 openRequests=33'],
  ['telemetry.traces.batch.', 'OTEL_BSP_', 'maxQueueSize=2047 maxExportBatchSize=6'],
  ['telemetry.metrics.prometheus.', 'OTEL_EXPORTER_PROMETHEUS_', 'host=::1 port=39'],
] as const;
const settings: (readonly [variable: string, path: string, value: string])[] = [
  ...groups.flatMap(([path, word, pairs]) =>
    Object.entries(environmentOf(pairs)).map(([name, value]) => {
      const variable = name.replace(/[A-Z]/g, '_$&').toUpperCase();
      return [word + variable, path + name, value] as const;
    }),
  ),
  ['LIST_BYTE_LIMIT', 'maximumListBytes', '2000000'],
  ['LIST_ROW_LIMIT', 'maximumRows', '2000'],
  ['EMULATOR_TLS', 'upstream.hasTls', 'true'],
  ['EMULATOR_CONTROL', 'upstream.hasControl', 'true'],
  ['GRAPH_WRITE_BUDGET', 'graphBudget.writes', '7'],
  ['GRAPH_REQUEST_BUDGET', 'graphBudget.requests', '140'],
  ['GRAPH_BUDGET_REPLICAS', 'graphBudget.replicas', '5'],
  ['LIMITS_MODE', 'limits.mode', 'warn-only'],
  ['MAX_CONNECTIONS', 'connections.limit', '28'],
  ['MAX_ARRIVING_BODIES', 'connections.arriving.bodies', '29'],
  ['MAX_ARRIVING_BODY_BYTES', 'connections.arriving.bytes', '4000000'],
  ['MIN_BODY_BYTES_PER_SECOND', 'connections.arriving.bytesPerSecond', '30'],
  ['OTEL_TRACES_SAMPLER', 'telemetry.traces.sampler.name', 'parentbased_traceidratio'],
  ['OTEL_TRACES_SAMPLER_ARG', 'telemetry.traces.sampler.ratio', '0.25'],
  ['OTEL_BSP_SCHEDULE_DELAY', 'telemetry.traces.batch.scheduledDelayMillis', '35'],
  ['OTEL_BSP_EXPORT_TIMEOUT', 'telemetry.traces.batch.exportTimeoutMillis', '29'],
  ['OTEL_METRIC_EXPORT_INTERVAL', 'telemetry.metrics.otlp.intervalMs', '60001'],
  ['OTEL_METRIC_EXPORT_TIMEOUT', 'telemetry.metrics.otlp.exportTimeoutMs', '38'],
  [`${otlp}_METRICS_TEMPORALITY_PREFERENCE`, 'telemetry.metrics.otlp.temporality', 'delta'],
];

/** Environments, and below each the lines that belong to it. */
const blocksOf = (text: string) =>
  text.split(/\n(?=\S)/).flatMap((block): [string, string[]][] => {
    const [environment = '', ...lines] = block.trim().split(/\n */);
    return environment === '' ? [] : [[environment, lines]];
  });

const studio = 'https://studio.apollographql.com';
const traces = 'telemetry.traces.otlp';
const metrics = 'telemetry.metrics.otlp';
const accepted = `
${exporters} PORT= GRAPH_CLOUD= AUTH_MODE= EMULATOR_ODDITIES=,
  host=127.0.0.1 upstream.kind=emulator upstream.oddities= cloud=global corsOrigins=${studio}
  identity.mode=passthrough trustedDocuments.mode=off introspection=true explorer=auto
  graphBudget.writes=100000 graphBudget.requests=100000 graphBudget.replicas=1
  ${traces}.url=http://localhost:4318/v1/traces ${traces}.protocol=http/protobuf
  ${traces}.compression=none ${traces}.timeoutMs=10000
  ${metrics}.url=http://localhost:4318/v1/metrics
  telemetry.resource.service.name=compliance-partner-gateway
  proxies.https=undefined proxies.http=undefined proxies.exceptions=
EMULATOR_ODDITIES=${[...oddities, ...oddities, ''].join()}
  upstream.oddities=${oddities}
GRAPH_CLOUD=emulator NODE_ENV=production
  upstream.kind=emulator corsOrigins=${studio}
${inCloud} GRAPH_BASE_URL=https://proxy.example/a
  upstream.kind=graph upstream.root=https://proxy.example/a
GRAPH_BASE_URL=http://[::1]:1
  upstream.kind=graph upstream.root=http://[::1]:1/
${production}
  introspection=false explorer=off limits.depth=8 corsOrigins=
  graphBudget.writes=100 graphBudget.requests=1000 graphBudget.replicas=1
${production} INTROSPECTION=1 EXPLORER=auto
  introspection=true explorer=auto
INTROSPECTION=0
  introspection=false
${inCloud} CORS_ORIGINS=https://a.example,,http://b:1,
  corsOrigins=https://a.example,http://b:1
CORS_ORIGINS=${studio},https://a.example
  corsOrigins=${studio},https://a.example
REDIS_URL=redis://:hunter2@redis
  graphBudget.replicas=2
REDIS_URL=redis://redis GRAPH_BUDGET_REPLICAS=5
  graphBudget.replicas=5
${trusted}off
  trustedDocuments.mode=off
${trusted}enforce
  trustedDocuments.mode=enforce trustedDocuments.path=/a
${registered} ${onBehalf}
  mode=on-behalf-of inbound.authorityHost=https://login.microsoftonline.com inbound.clientIds=undefined
  inbound.tenantIds=${tenant} inbound.audiences=${client},api://${client}
  inbound.readPermissions=CompliancePartners.Read,CompliancePartners.ReadWrite
  inbound.writePermissions=CompliancePartners.ReadWrite
  outbound.kind=registration outbound.tenantId=${tenant} outbound.clientId=${client}
  outbound.credential.kind=secret
${registered} ${appOnly} GRAPH_CLOUD=china
  mode=app-only inbound.authorityHost=https://login.chinacloudapi.cn
${registered} ${appOnly} AZURE_AUTHORITY_HOST=https://login.example/ AUTH_READ_PERMISSIONS=Read AUTH_WRITE_PERMISSIONS=Write AUTH_AUDIENCES=api://partners,,other AUTH_TENANTS=${tenant},${other.toUpperCase()} AUTH_CLIENTS=${client.toUpperCase()}
  inbound.authorityHost=https://login.example outbound.authorityHost=https://login.example
  inbound.tenantIds=${tenant},${other} inbound.audiences=api://partners,other
  inbound.clientIds=${client} inbound.readPermissions=Read inbound.writePermissions=Write
${inCloud} ${onBehalf} AZURE_TENANT_ID=${tenant.toUpperCase()} AZURE_CLIENT_ID=${client} AZURE_CLIENT_CERTIFICATE_PATH=/cert.pem AZURE_CLIENT_CERTIFICATE_PASSWORD=hunter2 AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true
  inbound.tenantIds=${tenant} outbound.credential.kind=certificate
  outbound.credential.path=/cert.pem outbound.credential.sendsChain=true
${ofApp} ${onBehalf} AZURE_FEDERATED_TOKEN_FILE=/token
  outbound.credential.kind=federated-token outbound.credential.path=/token
${managed}
  outbound.kind=managed-identity outbound.clientId=undefined outbound.endpoint=undefined
${managed} AZURE_CLIENT_ID=${client} IDENTITY_ENDPOINT=http://localhost:1/msi IDENTITY_HEADER=hunter2
  outbound.clientId=${client} outbound.endpoint.url=http://localhost:1/msi
${collector} ${otlp}_PROTOCOL=http/json ${otlp}_TIMEOUT=3000 ${otlp}_COMPRESSION=gzip ${otlp}_CERTIFICATE=/ca.pem ${otlp}_TRACES_ENDPOINT=http://traces.example/exactly ${otlp}_TRACES_PROTOCOL=http/protobuf ${otlp}_TRACES_TIMEOUT=70
  ${traces}.url=http://traces.example/exactly ${traces}.protocol=http/protobuf ${traces}.timeoutMs=70
  ${traces}.compression=gzip ${traces}.certificatePath=/ca.pem
  ${metrics}.url=https://collector.example/otel/v1/metrics ${metrics}.protocol=http/json
  ${metrics}.compression=gzip ${metrics}.certificatePath=/ca.pem ${metrics}.timeoutMs=3000
OTEL_RESOURCE_ATTRIBUTES=service.name=a,deployment.environment.name=test%2C1,,k8s.pod.name=p
  telemetry.resource.service.name=a telemetry.resource.k8s.pod.name=p
  telemetry.resource.deployment.environment.name=test,1
OTEL_RESOURCE_ATTRIBUTES=service.name=a,k8s.pod.name=p OTEL_SERVICE_NAME=b
  telemetry.resource.service.name=b telemetry.resource.k8s.pod.name=p
GRAPH_BUDGET_REPLICAS=5 GRAPH_WRITE_BUDGET=5 GRAPH_REQUEST_BUDGET=100 HEADERS_TIMEOUT_MS=4000 REQUEST_TIMEOUT_MS=4000
  graphBudget.writes=5 graphBudget.requests=100 connections.headersTimeoutMs=4000
${exporters} LIMIT_BODY_BYTES=16384 PORT=0 OTEL_EXPORTER_PROMETHEUS_PORT=0 OTEL_BSP_MAX_QUEUE_SIZE=512 OTEL_METRIC_EXPORT_INTERVAL=9000
  limits.bodyBytes=16384 telemetry.metrics.prometheus.port=0 telemetry.traces.batch.maxQueueSize=512
  ${metrics}.exportTimeoutMs=9000`;

const alone = `is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.`;
const rejected = `
PORT=70000
  PORT is "70000"; it must be a whole number from 0 to 65535.
PORT=4000x
  PORT is "4000x"; it must be a whole number from 0 to 65535.
LIMIT_DEPTH=0
  LIMIT_DEPTH is "0"; it must be a whole number from 1 to 100.
HOST=a:b
  HOST is "a:b"; it must be a host's name or IP address.
GRAPH_CLOUD=G
  GRAPH_CLOUD is "G"; it must be one of global, usgov-l4, usgov-l5, china, emulator.
INTROSPECTION=yes
  INTROSPECTION is "yes"; it must be true, false, 1 or 0.
GRAPH_CLOUD=emulator GRAPH_BASE_URL=https://graph.microsoft.com
  GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.
NODE_ENV=production
  GRAPH_CLOUD is missing: with NODE_ENV=production it must be one of global, usgov-l4, usgov-l5, china, or emulator to use the embedded Graph on purpose.
NODE_ENV=production GRAPH_CLOUD=emulator EMULATOR_CONTROL=true
  EMULATOR_CONTROL must be false with NODE_ENV=production.
HEADERS_TIMEOUT_MS=5000 REQUEST_TIMEOUT_MS=4000
  HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.
GRAPH_BUDGET_REPLICAS=3 GRAPH_WRITE_BUDGET=2
  GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.
REDIS_URL=redis://redis GRAPH_REQUEST_BUDGET=39
  GRAPH_REQUEST_BUDGET must be at least 20 times GRAPH_BUDGET_REPLICAS: a batch needs as much at once.
LIMIT_BODY_BYTES=16383
  LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.
TRUSTED_DOCUMENTS_MODE=enforce
  TRUSTED_DOCUMENTS_PATH is missing: TRUSTED_DOCUMENTS_MODE=enforce needs a manifest.
TRUSTED_DOCUMENTS_PATH=/a
  TRUSTED_DOCUMENTS_MODE is missing: with TRUSTED_DOCUMENTS_PATH it is one of off, log-unknown, enforce.
${trusted}enforce FEDERATION=subgraph
  TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. Let the router enforce trusted documents.
CORS_ORIGINS=http://user:hunter2@app.example,*,x
  CORS_ORIGINS has "http://app.example"; browsers would send "http://app.example".
  CORS_ORIGINS has "*"; name each origin: callers send tokens, and no page of the whole web is to send them.
  CORS_ORIGINS has "x"; an origin is http:// or https:// and a host, such as https://app.example.
CORS_ORIGINS=https://app.example,https://*.example,null,https://app.example/,https://app.example:443
  CORS_ORIGINS has "https://*.example"; name each origin: callers send tokens, and no page of the whole web is to send them.
  CORS_ORIGINS has "null"; an origin is http:// or https:// and a host, such as https://app.example.
  CORS_ORIGINS has "https://app.example/"; browsers would send "https://app.example".
  CORS_ORIGINS has "https://app.example:443"; browsers would send "https://app.example".
EMULATOR_ODDITIES=empty-pages,hash-less,Value-Wrapper
  EMULATOR_ODDITIES has "hash-less"; it must be some of ${oddities.join(', ')}, with commas between.
  EMULATOR_ODDITIES has "Value-Wrapper"; it must be some of ${oddities.join(', ')}, with commas between.
${onBehalf} ${inCloud}
  AZURE_TENANT_ID is missing: AUTH_MODE=on-behalf-of needs the tenant's id.
  AZURE_CLIENT_ID is missing: AUTH_MODE=on-behalf-of needs the gateway's client id.
  AUTH_MODE=on-behalf-of needs a credential: AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.
${registered} GRAPH_CLOUD=emulator ${appOnly}
  AUTH_MODE is "app-only", which gets tokens for a Graph of Microsoft's: name it with GRAPH_CLOUD or GRAPH_BASE_URL.
${registered} ${appOnly} AZURE_TENANT_ID=contoso.example
  AZURE_TENANT_ID must be a GUID.
${registered} ${appOnly} AUTH_TENANTS=${tenant},contoso.example AUTH_CLIENTS=,
  AUTH_TENANTS must be GUIDs, with commas between.
  AUTH_CLIENTS has nothing between its commas.
${inCloud} AUTH_TENANTS=${tenant} AUTH_WRITE_PERMISSIONS=Write
  AUTH_TENANTS ${alone}
  AUTH_WRITE_PERMISSIONS ${alone}
${registered} ${appOnly} AZURE_FEDERATED_TOKEN_FILE=/run/token
  AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are both set: the gateway proves itself in one way.
${ofTenant} ${appOnly}
  AUTH_AUDIENCES is missing: with a managed identity the gateway cannot know the client id in the tokens of callers.
${managed} IDENTITY_HEADER=x
  IDENTITY_ENDPOINT and IDENTITY_HEADER go together: set both or none.`;

describe('readConfig', () => {
  it.each(settings)('reads %s, for %s alone', (variable, path, value) => {
    const environment = environmentOf(exporters);
    const before = flat(readConfig(environment));
    const found = flat(readConfig({ ...environment, [variable]: value }));
    expect(found.filter((pair) => !before.includes(pair))).toEqual([`${path}=${value}`]);
  });

  it.each(blocksOf(accepted))('reads "%s", and shows no secret', (environment, pairs) => {
    const config = configOf(environment);
    const found = [...flat(config), ...flat(config.identity)];
    expect(found).toEqual(expect.arrayContaining(pairs.join(' ').split(' ')));
    expect(printed(config)).not.toContain('hunter2');
  });

  it.each(blocksOf(rejected))('rejects "%s"', (environment, problems) => {
    expect(faultsOf(environment)).toEqual(problems);
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
    const upstream = { kind: 'graph', root: new URL(graphRoot) };
    expect(configOf(`GRAPH_CLOUD=${name}`)).toMatchObject({ cloud: name, upstream });
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
    [`${otlp}_ENDPOINT`, 'collector:4318', /must begin with https:\/\/ or http:\/\//],
    [`${otlp}_ENDPOINT`, 'https://u:hunter2@collector', /must not have a user name/],
    [`${otlp}_ENDPOINT`, 'https://collector?key=hunter2', tail],
    [`${otlp}_HEADERS`, 'hunter2', /must be name=value/],
    [`${otlp}_HEADERS`, 'key=hunter2%', /must be name=value/],
    [`${otlp}_HEADERS`, 'a key=hunter2', /must be name=value/],
    [`${otlp}_HEADERS`, 'key=hunter2%0d%0aX: y', /must be name=value/],
    ['https_proxy', 'socks5://u:hunter2@p.example', /http:\/\/ or https:\/\/ address of a proxy/],
    ['https_proxy', 'http://u:hunter2@', /address of a proxy/],
    ['https_proxy', 'http://u:%E0hunter2@p.example', /percent-encoded/],
  ])('rejects %s=%s without repeating it', (name, value, problem) => {
    const [first, ...others] = problemsOf({ [name]: value, OTEL_TRACES_EXPORTER: 'otlp' });
    expect(first).toMatch(new RegExp(`^${name} cannot be used: `));
    expect(first).toMatch(problem);
    expect(first).not.toContain('hunter2');
    expect(others).toEqual([]);
  });

  it('shows neither a Redis nor the headers for a collector, and reveals both', () => {
    const urls = ['rediss://:p%40ss@cache.example:6380', 'redis://[::1]:6379'];
    for (const url of [...urls, 'rediss://user:p%40ss@cache.example:6380/0']) {
      const headers = `${otlp}_HEADERS=api-key=hunter2%3D,x-tenant=hunter3`;
      const config = configOf(`REDIS_URL=${url} ${collector} ${headers}`);
      expect(config.graphBudget.redisUrl?.reveal()).toBe(url);
      expect(config.telemetry.traces?.otlp.headers['api-key']?.reveal()).toBe('hunter2=');
      expect(printed(config)).not.toMatch(/redis:|rediss:|hunter/);
    }
  });

  it('reports every problem at once, those between settings of a group before the next group', () => {
    const environment =
      'HTTPS_PROXY=ftp://x SHED_HEAP_PERCENT=x HEADERS_TIMEOUT_MS=50000 OTEL_SDK_DISABLED=x LIMIT_TOKENS=x ' +
      'LIMIT_DOCUMENT_BYTES=100000 EXPLORER=x AUTH_MODE=x GRAPH_QUEUE=x';
    expect(faultsOf(environment).map((problem) => problem.split(' ')[0])).toEqual([
      'GRAPH_QUEUE',
      'AUTH_MODE',
      'EXPLORER',
      'LIMIT_TOKENS',
      'LIMIT_DOCUMENT_BYTES',
      'OTEL_SDK_DISABLED',
      'HEADERS_TIMEOUT_MS',
      'SHED_HEAP_PERCENT',
      'HTTPS_PROXY',
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
    // Its variable EMULATOR_PORT is one of the gateway's, too.
    ['of services named emulator and emulators', `${linksOf('EMULATOR')} ${linksOf('EMULATORS')}`],
  ])('is none %s', (_place, environment) => {
    expect(faultsOf(environment)).toEqual([]);
  });
});

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
    const { telemetry } = configOf(environment);
    const { otlp: metrics, prometheus } = telemetry.metrics;
    const found = Object.entries({ traces: telemetry.traces, metrics, prometheus });
    expect(found.flatMap(([kind, value]) => (value === undefined ? [] : [kind]))).toEqual(kinds);
  });

  const [interval, timeout] = ['OTEL_METRIC_EXPORT_INTERVAL', 'OTEL_METRIC_EXPORT_TIMEOUT'];
  const [certificate, key] = [`${otlp}_CLIENT_CERTIFICATE`, `${otlp}_CLIENT_KEY`];
  it.each([
    ['OTEL_METRICS_EXPORTER=statsd', 'OTEL_METRICS_EXPORTER has "statsd"; .*prometheus'],
    ['OTEL_METRICS_EXPORTER=none,otlp', 'OTEL_METRICS_EXPORTER has none beside others'],
    ['OTEL_PROPAGATORS=tracecontext,b3', 'OTEL_PROPAGATORS has "b3"'],
    ['OTEL_TRACES_SAMPLER_ARG=1.5', 'OTEL_TRACES_SAMPLER_ARG is "1.5"; .* from 0 to 1'],
    ['OTEL_RESOURCE_ATTRIBUTES=a=b,c', 'OTEL_RESOURCE_ATTRIBUTES must be key=value'],
    [`${collector} ${key}=/key.pem`, `${certificate} and ${key} belong together`],
    [`${collector} OTEL_BSP_MAX_QUEUE_SIZE=9`, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be'],
    [`${collector} ${interval}=1000 ${timeout}=1001`, `${timeout} must not be more`],
    [
      'OTEL_METRICS_EXPORTER=prometheus PORT=9464',
      'OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics',
    ],
  ])('is rejected for "%s", once, by the name of the variable', (environment, problem) => {
    expect(faultsOf(environment)).toEqual([expect.stringMatching(`^${problem}`)]);
  });
});

const both = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };
const hrefFor = (url: string, environment: Record<string, string>) =>
  proxyFor(new URL(url), readConfig(environment).proxies)?.url.href;

it.each<[string, Record<string, string>, string | undefined]>([
  ['https://a.example', both, 'http://secure:1/'],
  ['http://a.example', both, 'http://plain:2/'],
  ['https://a.example', { HTTP_PROXY: 'http://p:1' }, undefined],
  ['https://a.example', { ...both, https_proxy: 'http://low:3' }, 'http://low:3/'],
  ['http://a.example', { ...both, http_proxy: 'http://low:4' }, 'http://low:4/'],
  ['https://a.example', { ...both, https_proxy: '' }, 'http://secure:1/'],
  ['https://a.example', { https_proxy: 'p.example:3128' }, 'http://p.example:3128/'],
  ['https://a.example', { https_proxy: 'https://p.example' }, 'https://p.example/'],
  ['http://127.1.2.3:1', both, undefined],
  ['https://localhost', both, undefined],
  ['https://[::1]:1', both, undefined],
  ['https://a.example', { ...both, no_proxy: 'a.example', NO_PROXY: 'b.example' }, undefined],
  ['https://b.example', { ...both, no_proxy: 'a.example', NO_PROXY: '*' }, 'http://secure:1/'],
])('the proxy for %s with %j is %s', (url, environment, href) => {
  expect(hrefFor(url, environment)).toBe(href);
});

it.each<[string, string, boolean]>([
  ['*', 'https://a.example', true],
  ['A.Example', 'https://a.example', true],
  ['a.example', 'https://b.a.example', true],
  ['.a.example', 'https://b.a.example', true],
  ['*.a.example', 'https://b.a.example', true],
  ['a.example.', 'https://a.example', true],
  ['a.example', 'https://nota.example', false],
  ['a.example:443', 'https://a.example', true],
  ['a.example:8443', 'https://a.example', false],
  ['x, a.example', 'https://a.example', true],
  ['x a.example', 'https://a.example', true],
  [' , ,.', 'https://a.example', false],
  ['192.0.2.7', 'https://192.0.2.8', false],
  ['192.0.2.0/24', 'https://192.0.2.200', true],
  ['192.0.2.0/24', 'https://192.0.3.1', false],
  ['192.0.2.0/24', 'https://[2001:db8::1]', false],
  ['192.0.2.0/99', 'https://192.0.2.1', false],
  ['192.0.2.1-192.0.2.9', 'https://192.0.2.9', true],
  ['192.0.2.1-192.0.2.9', 'https://192.0.2.10', false],
  ['2001:db8::/32', 'https://[2001:db8::1]', true],
  ['[2001:db8::1]:443', 'https://[2001:DB8:0::1]', true],
])('NO_PROXY=%s excepts %s: %j', (exceptions, url, isException) => {
  const href = hrefFor(url, { ...both, NO_PROXY: exceptions });
  expect(href).toBe(isException ? undefined : 'http://secure:1/');
});

it('the credentials of a proxy are decoded, and no part of its address', () => {
  const { proxies } = readConfig({ HTTPS_PROXY: 'http://a%40b:hunter%3A2@p.example:1' });
  const { url, authorization } = proxies.https ?? {};
  expect(url?.href).toBe('http://p.example:1/');
  expect(authorization?.reveal()).toBe(`Basic ${btoa('a@b:hunter:2')}`);
  expect(JSON.stringify(proxies)).not.toContain('hunter');
});

const own = `${inCloud} AZURE_CLIENT_ID=${client} AZURE_CLIENT_SECRET`;

function hintsOf(text: string) {
  const environment = environmentOf(text);
  const readers = createReaders(environment);
  const config = readConfig(environment, readers);
  return configFindings(config, environment, readers.names).slice(1);
}

it.each([
  '',
  production,
  `${own}=x AUTH_MODE=app-only AZURE_TENANT_ID=${tenant}`,
  `${inCloud} GRAPH_TOKEN=x`,
  'PATH=/bin AZURE_HTTP_USER_AGENT=x AUTHOR=me',
  `${inCloud} AZURE_CLIENT_ID= GRAPH_CLOUDS=`,
  'REDIS_URL=redis://r GRAPH_BUDGET_REPLICAS=2',
  `${inCloud} GRAPH_BASE_URL=https://graph.microsoft.com`,
])('gives no hint about the configuration "%s"', (environment) => {
  expect(hintsOf(environment)).toEqual([]);
});

const unread = 'AZURE_CLIENT_ID, AZURE_CLIENT_SECRET';
const notTo = '(GRAPH_BASE_URL) and not to graph.microsoft.com';
it.each<[string, string]>([
  [`${own}=canary-secret`, `${unread}: set, and nothing reads it with AUTH_MODE=passthrough`],
  [`${inCloud} GRAPH_QUEUE_SIZE=1`, 'GRAPH_QUEUE_SIZE: set'],
  [`${inCloud} EMULATOR_PORT=0 EMULATOR_TLS=1`, 'EMULATOR_PORT, EMULATOR_TLS: set, but a Graph is'],
  ['REDIS_URL=redis://:canary-secret@r', 'while Redis is away, each replica takes half'],
  [`${production} INTROSPECTION=true`, 'Introspection is on'],
  ['NODE_ENV=production GRAPH_CLOUD=emulator', 'The embedded Graph answers'],
  ['HOST=0.0.0.0', 'public token, and HOST=0.0.0.0'],
  [`${inCloud} GRAPH_BASE_URL=https://proxy.example/graph`, `proxy.example ${notTo}`],
  ['ALL_PROXY=http://u:canary-secret@proxy', 'ALL_PROXY is set'],
  ['DRAIN_TIMEOUT_MS=25000', 'Stopping may take 30 s'],
  ['OPERATION_TIMEOUT_MS=20001', 'OPERATION_TIMEOUT_MS is longer'],
  [`${production} LOG_LEVEL=silent`, 'LOG_LEVEL=silent'],
  [`${inCloud} NODE_TLS_REJECT_UNAUTHORIZED=0`, 'certificates are not checked'],
])('hints about the configuration "%s": %s, and says what to do', (environment, message) => {
  const [hint, ...others] = hintsOf(environment);
  const severity = environment.includes('_TLS_') ? 'problem' : 'warning';
  expect(hint).toMatchObject({ check: 'configuration', severity });
  expect(hint?.message).toContain(message);
  expect(hint?.remedy).toMatch(/^[A-Z].*\.$/);
  expect(others).toEqual([]);
  expect(JSON.stringify(hint)).not.toContain('canary-secret');
});
