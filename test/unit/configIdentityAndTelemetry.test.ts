import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { environmentOf, problemsOf } from '../support/configProblems.ts';

const configOf = (text: string) => readConfig(environmentOf(text));
const faultsOf = (text: string) => problemsOf(environmentOf(text));
const printed = (config: object) => `${JSON.stringify(config)}${inspect(config, { depth: 9 })}`;

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const other = '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002';
const client = '9a7e0a11-3b5c-4d7e-8f90-000000000010';
const ofTenant = `GRAPH_CLOUD=global AZURE_TENANT_ID=${tenant}`;
const ofApp = `${ofTenant} AZURE_CLIENT_ID=${client}`;
const registered = `${ofApp} AZURE_CLIENT_SECRET=hunter2`;
const onBehalf = 'AUTH_MODE=on-behalf-of';
const appOnly = 'AUTH_MODE=app-only';
const managed = `${ofTenant} ${appOnly} AUTH_AUDIENCES=api://partners`;

describe("the identity's configuration", () => {
  it.each<[string, object]>([
    ['', { mode: 'passthrough' }],
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
      `${registered} GRAPH_CLOUD=china ${appOnly}`,
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
      `${ofApp} ${onBehalf} AZURE_CLIENT_CERTIFICATE_PATH=/cert.pem ` +
        'AZURE_CLIENT_CERTIFICATE_PASSWORD=hunter2 AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true',
      { outbound: { credential: { kind: 'certificate', path: '/cert.pem', sendsChain: true } } },
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

  it.each<[string, ...string[]]>([
    [
      `${onBehalf} GRAPH_CLOUD=global`,
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
      `GRAPH_CLOUD=global AUTH_TENANTS=${tenant} AUTH_WRITE_PERMISSIONS=Write`,
      'AUTH_TENANTS is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.',
      'AUTH_WRITE_PERMISSIONS is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.',
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
    ['OTEL_METRICS_EXPORTER=otlp', 'metrics'],
    ['OTEL_METRICS_EXPORTER=prometheus', 'prometheus'],
    ['OTEL_METRICS_EXPORTER=prometheus,otlp', 'metrics', 'prometheus'],
    [`${collector} OTEL_METRICS_EXPORTER=prometheus`, 'traces', 'prometheus'],
    [`${collector} OTEL_TRACES_EXPORTER=none`, 'metrics'],
    [`${collector} OTEL_METRICS_EXPORTER=none`, 'traces'],
    [`${collector} OTEL_SDK_DISABLED=true`],
  ])('with "%s" is what OpenTelemetry means by it', (environment, ...kinds) => {
    const { traces, metrics } = configOf(environment).telemetry;
    const found = { traces, metrics: metrics.otlp, prometheus: metrics.prometheus };
    const isThere = ([, kind]: [string, object | undefined]) => kind !== undefined;
    expect(
      Object.entries(found)
        .filter(isThere)
        .map(([kind]) => kind),
    ).toEqual(kinds);
  });

  it("has OpenTelemetry's defaults", () => {
    const all = 'OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp,prometheus';
    const { telemetry } = configOf(all);
    expect(telemetry).toMatchObject({
      resource: { 'service.name': 'compliance-partner-gateway' },
      traces: {
        sampler: { name: 'parentbased_always_on', ratio: 1 },
        batch: {
          maxQueueSize: 2048,
          maxExportBatchSize: 512,
          scheduledDelayMillis: 5000,
          exportTimeoutMillis: 30_000,
        },
        otlp: {
          url: new URL('http://localhost:4318/v1/traces'),
          protocol: 'http/protobuf',
          headers: {},
          compression: 'none',
          timeoutMs: 10_000,
        },
      },
      metrics: {
        prometheus: { host: 'localhost', port: 9464 },
        otlp: {
          url: new URL('http://localhost:4318/v1/metrics'),
          intervalMs: 60_000,
          exportTimeoutMs: 30_000,
          temporality: 'cumulative',
        },
      },
    });
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
    ['OTEL_SDK_DISABLED=yes', /^OTEL_SDK_DISABLED is "yes"; it must be true, false/],
    ['OTEL_TRACES_EXPORTER=jaeger', /^OTEL_TRACES_EXPORTER is "jaeger"; .* otlp, none/],
    ['OTEL_METRICS_EXPORTER=statsd', /^OTEL_METRICS_EXPORTER has "statsd"; .*prometheus/],
    ['OTEL_METRICS_EXPORTER=none,otlp', /^OTEL_METRICS_EXPORTER has none beside others/],
    ['OTEL_LOGS_EXPORTER=otlp', /^OTEL_LOGS_EXPORTER is "otlp"; it must be one of none/],
    ['OTEL_PROPAGATORS=tracecontext,b3', /^OTEL_PROPAGATORS has "b3"/],
    ['OTEL_TRACES_SAMPLER=some', /^OTEL_TRACES_SAMPLER is "some"/],
    ['OTEL_TRACES_SAMPLER_ARG=1.5', /^OTEL_TRACES_SAMPLER_ARG is "1.5"; .* from 0 to 1/],
    ['OTEL_TRACES_SAMPLER_ARG=half', /^OTEL_TRACES_SAMPLER_ARG is "half"/],
    ['OTEL_RESOURCE_ATTRIBUTES=a=b,c', /^OTEL_RESOURCE_ATTRIBUTES must be key=value/],
    ['OTEL_RESOURCE_ATTRIBUTES=a=%E0%', /^OTEL_RESOURCE_ATTRIBUTES must be key=value/],
    [`${collector} OTEL_EXPORTER_OTLP_PROTOCOL=grpc`, /^OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"/],
    [`${collector} OTEL_EXPORTER_OTLP_COMPRESSION=br`, /^OTEL_EXPORTER_OTLP_COMPRESSION is/],
    [`${collector} OTEL_EXPORTER_OTLP_TIMEOUT=0`, /^OTEL_EXPORTER_OTLP_TIMEOUT is "0"/],
    [
      `${collector} OTEL_EXPORTER_OTLP_CLIENT_KEY=/key.pem`,
      /^OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together/,
    ],
    [`${collector} OTEL_BSP_MAX_QUEUE_SIZE=9`, /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be/],
    [`${collector} OTEL_BSP_SCHEDULE_DELAY=soon`, /^OTEL_BSP_SCHEDULE_DELAY is "soon"/],
    [
      `${collector} OTEL_METRIC_EXPORT_INTERVAL=1000 OTEL_METRIC_EXPORT_TIMEOUT=1001`,
      /^OTEL_METRIC_EXPORT_TIMEOUT must not be more/,
    ],
    [
      `${collector} OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=up`,
      /^OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is "up"/,
    ],
    ['OTEL_EXPORTER_PROMETHEUS_PORT=70000', /^OTEL_EXPORTER_PROMETHEUS_PORT is "70000"/],
    [
      'OTEL_METRICS_EXPORTER=prometheus PORT=9464',
      /^OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own/,
    ],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318', /must begin with https:\/\/ or http:\/\//],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=//collector', /must be an absolute URL/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=ftp://collector', /must begin with https:\/\/ or http:\/\//],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=https://user:hunter2@collector', /must not have a user name/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=https://collector?key=hunter2', /must end before any \?/],
  ])(
    'is rejected for "%s", once, by the name of the variable, without a secret',
    (environment, problem) => {
      const [first, ...others] = faultsOf(environment);
      expect(first).toMatch(problem);
      expect(first).toMatch(/^OTEL_/);
      expect(first).not.toContain('hunter2');
      expect(others).toEqual([]);
    },
  );

  it.each(['hunter2', 'key=hunter2%', 'a key=hunter2', 'key=hunter2%0d%0aX: y'])(
    'is rejected for the headers %j without repeating them',
    (headers) => {
      const environment = { ...environmentOf(collector), OTEL_EXPORTER_OTLP_HEADERS: headers };
      expect(problemsOf(environment)).toEqual([
        'OTEL_EXPORTER_OTLP_HEADERS cannot be used: it must be name=value, with commas between.',
      ]);
    },
  );
});
