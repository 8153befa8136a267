import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/readers.ts';
import { problemsOf } from '../support/configProblems.ts';

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const client = '9a7e0a11-3b5c-4d7e-8f90-000000000010';
const registered = {
  GRAPH_CLOUD: 'global',
  AZURE_TENANT_ID: tenant,
  AZURE_CLIENT_ID: client,
  AZURE_CLIENT_SECRET: 'hunter2',
};
const identityOf = (environment: Environment) => readConfig(environment).identity;

describe("the identity's configuration", () => {
  it("passes callers' tokens on where nothing is set", () => {
    expect(identityOf({})).toEqual({ mode: 'passthrough' });
  });

  it('takes tokens of the own tenant for the own app, and asks at the authority of the cloud', () => {
    expect(identityOf({ ...registered, AUTH_MODE: 'on-behalf-of' })).toMatchObject({
      mode: 'on-behalf-of',
      inbound: {
        authorityHost: 'https://login.microsoftonline.com',
        tenantIds: [tenant],
        audiences: [client, `api://${client}`],
        clientIds: undefined,
        readPermissions: ['CompliancePartners.Read', 'CompliancePartners.ReadWrite'],
        writePermissions: ['CompliancePartners.ReadWrite'],
      },
      outbound: { kind: 'registration', tenantId: tenant, clientId: client },
    });
    expect(
      identityOf({ ...registered, GRAPH_CLOUD: 'china', AUTH_MODE: 'app-only' }),
    ).toMatchObject({ inbound: { authorityHost: 'https://login.chinacloudapi.cn' } });
  });

  it('takes what is set instead', () => {
    const identity = identityOf({
      ...registered,
      AUTH_MODE: 'app-only',
      AZURE_AUTHORITY_HOST: 'https://login.example/',
      AUTH_AUDIENCES: 'api://partners , other',
      AUTH_TENANTS: `${tenant},2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002`,
      AUTH_CLIENTS: 'f407e4d0-1a2b-4c3d-8e4f-000000000020',
      AUTH_READ_PERMISSIONS: 'Read',
      AUTH_WRITE_PERMISSIONS: 'Write',
    });
    expect(identity).toMatchObject({
      inbound: {
        authorityHost: 'https://login.example',
        tenantIds: [tenant, '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002'],
        audiences: ['api://partners', 'other'],
        clientIds: ['f407e4d0-1a2b-4c3d-8e4f-000000000020'],
        readPermissions: ['Read'],
        writePermissions: ['Write'],
      },
      outbound: { authorityHost: 'https://login.example' },
    });
  });

  it.each<[string, Environment, object]>([
    ['a secret', { AZURE_CLIENT_SECRET: 'hunter2' }, { kind: 'secret' }],
    [
      'a certificate',
      {
        AZURE_CLIENT_CERTIFICATE_PATH: '/run/cert.pem',
        AZURE_CLIENT_CERTIFICATE_PASSWORD: 'hunter2',
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
      },
      { kind: 'certificate', path: '/run/cert.pem', sendsChain: true },
    ],
    [
      'a federated token',
      { AZURE_FEDERATED_TOKEN_FILE: '/run/token' },
      { kind: 'federated-token', path: '/run/token' },
    ],
  ])('proves itself with %s, which is never shown', (_what, environment, credential) => {
    const config = readConfig({
      ...registered,
      AZURE_CLIENT_SECRET: '',
      AUTH_MODE: 'on-behalf-of',
      ...environment,
    });
    expect(config.identity).toMatchObject({ outbound: { credential } });
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('hunter2');
  });

  it('is the identity of the machine where an app-only gateway has no credential', () => {
    const environment = {
      GRAPH_CLOUD: 'global',
      AUTH_MODE: 'app-only',
      AZURE_TENANT_ID: tenant,
      AUTH_AUDIENCES: 'api://partners',
    };
    expect(identityOf(environment)).toMatchObject({
      outbound: { kind: 'managed-identity', clientId: undefined, endpoint: undefined },
    });
    expect(
      identityOf({
        ...environment,
        AZURE_CLIENT_ID: client,
        IDENTITY_ENDPOINT: 'http://localhost:42356/msi/token',
        IDENTITY_HEADER: 'hunter2',
      }),
    ).toMatchObject({
      outbound: {
        clientId: client,
        endpoint: { url: new URL('http://localhost:42356/msi/token') },
      },
    });
  });

  it.each<[string, Environment, string[]]>([
    [
      'nothing but the mode',
      { AUTH_MODE: 'on-behalf-of', GRAPH_CLOUD: 'global' },
      [
        "AZURE_TENANT_ID is missing: AUTH_MODE=on-behalf-of needs the tenant's id.",
        "AZURE_CLIENT_ID is missing: AUTH_MODE=on-behalf-of needs the gateway's client id.",
        'AUTH_MODE=on-behalf-of needs a credential: AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.',
      ],
    ],
    [
      'the embedded Graph',
      { ...registered, GRAPH_CLOUD: 'emulator', AUTH_MODE: 'app-only' },
      [
        'AUTH_MODE is "app-only", which gets tokens for a Graph of Microsoft\'s: name it with GRAPH_CLOUD or GRAPH_BASE_URL.',
      ],
    ],
    [
      'a tenant by its name',
      { ...registered, AUTH_MODE: 'app-only', AZURE_TENANT_ID: 'contoso.example' },
      ['AZURE_TENANT_ID must be a GUID.'],
    ],
    [
      'allow-lists of names, or of nothing',
      {
        ...registered,
        AUTH_MODE: 'app-only',
        AUTH_TENANTS: `${tenant},contoso.example`,
        AUTH_CLIENTS: ' , ',
      },
      [
        'AUTH_TENANTS must be GUIDs, with commas between.',
        'AUTH_CLIENTS has nothing between its commas.',
      ],
    ],
    [
      'rules for callers where Graph alone judges them',
      { GRAPH_CLOUD: 'global', AUTH_TENANTS: tenant, AUTH_WRITE_PERMISSIONS: 'Write' },
      ['AUTH_TENANTS', 'AUTH_WRITE_PERMISSIONS'].map(
        (name) =>
          `${name} is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.`,
      ),
    ],
    [
      'two credentials',
      { ...registered, AUTH_MODE: 'app-only', AZURE_FEDERATED_TOKEN_FILE: '/run/token' },
      [
        'AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are both set: the gateway proves itself in one way.',
      ],
    ],
    [
      'a machine without an audience',
      { GRAPH_CLOUD: 'global', AUTH_MODE: 'app-only', AZURE_TENANT_ID: tenant },
      [
        'AUTH_AUDIENCES is missing: with a managed identity the gateway cannot know the client id in the tokens of callers.',
      ],
    ],
    [
      'half a place of the platform',
      {
        GRAPH_CLOUD: 'global',
        AUTH_MODE: 'app-only',
        AZURE_TENANT_ID: tenant,
        AUTH_AUDIENCES: 'a',
        IDENTITY_HEADER: 'x',
      },
      ['IDENTITY_ENDPOINT and IDENTITY_HEADER go together: set both or none.'],
    ],
  ])('refuses %s', (_what, environment, problems) => {
    expect(problemsOf(environment)).toEqual(problems);
  });
});

describe('telemetry config', () => {
  const telemetryOf = (environment: Environment) => readConfig(environment).telemetry;

  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otel' };

  /** Which kinds of telemetry there are. */
  function kindsOf(environment: Environment): readonly string[] {
    const { traces, metrics } = telemetryOf(environment);
    return [
      ...(traces ? ['traces'] : []),
      ...(metrics.otlp ? ['metrics'] : []),
      ...(metrics.prometheus ? ['prometheus'] : []),
    ];
  }

  describe("telemetry's configuration", () => {
    it.each<[string, Environment, readonly string[]]>([
      ['nothing', {}, []],
      ['a collector', collector, ['traces', 'metrics']],
      [
        'a collector for traces',
        { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' },
        ['traces'],
      ],
      [
        'a collector for metrics',
        { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/metrics' },
        ['metrics'],
      ],
      ['traces by name', { OTEL_TRACES_EXPORTER: 'otlp' }, ['traces']],
      ['metrics by name', { OTEL_METRICS_EXPORTER: 'otlp' }, ['metrics']],
      ['Prometheus', { OTEL_METRICS_EXPORTER: 'prometheus' }, ['prometheus']],
      ['both', { OTEL_METRICS_EXPORTER: 'prometheus,otlp' }, ['metrics', 'prometheus']],
      [
        'a collector and Prometheus',
        { ...collector, OTEL_METRICS_EXPORTER: 'prometheus' },
        ['traces', 'prometheus'],
      ],
      ['no traces', { ...collector, OTEL_TRACES_EXPORTER: 'none' }, ['metrics']],
      ['no metrics', { ...collector, OTEL_METRICS_EXPORTER: 'none' }, ['traces']],
      ['nothing at all', { ...collector, OTEL_SDK_DISABLED: 'true' }, []],
    ])('with %s is what OpenTelemetry means by it', (_what, environment, kinds) => {
      expect(kindsOf(environment)).toEqual(kinds);
    });

    it("has OpenTelemetry's defaults", () => {
      expect(
        telemetryOf({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp,prometheus' }),
      ).toMatchObject({
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
      const { traces, metrics } = telemetryOf({
        ...collector,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces.example/exactly',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '70',
        OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      });
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
      const attributes = {
        OTEL_RESOURCE_ATTRIBUTES:
          'service.name=a,deployment.environment.name=test%2C1, k8s.pod.name = p',
      };
      const others = { 'deployment.environment.name': 'test,1', 'k8s.pod.name': 'p' };
      expect(telemetryOf(attributes).resource).toEqual({ 'service.name': 'a', ...others });
      const named = telemetryOf({ ...attributes, OTEL_SERVICE_NAME: 'b' }).resource;
      expect(named).toEqual({ 'service.name': 'b', ...others });
    });

    it('never shows the headers for a collector', () => {
      const config = readConfig({
        ...collector,
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter2%3D,x-tenant=hunter3',
      });
      expect(config.telemetry.traces?.otlp.headers['api-key']?.reveal()).toBe('hunter2=');
      expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('hunter');
    });

    it.each<[Environment, string | RegExp]>([
      [{ OTEL_SDK_DISABLED: 'yes' }, /^OTEL_SDK_DISABLED is "yes"; it must be true, false/],
      [{ OTEL_TRACES_EXPORTER: 'jaeger' }, /^OTEL_TRACES_EXPORTER is "jaeger"; .* otlp, none/],
      [{ OTEL_METRICS_EXPORTER: 'statsd' }, /^OTEL_METRICS_EXPORTER has "statsd"; .*prometheus/],
      [{ OTEL_METRICS_EXPORTER: 'none,otlp' }, /^OTEL_METRICS_EXPORTER has none beside others/],
      [{ OTEL_LOGS_EXPORTER: 'otlp' }, /^OTEL_LOGS_EXPORTER is "otlp"; it must be one of none/],
      [{ OTEL_PROPAGATORS: 'tracecontext,b3' }, /^OTEL_PROPAGATORS has "b3"/],
      [{ OTEL_TRACES_SAMPLER: 'some' }, /^OTEL_TRACES_SAMPLER is "some"/],
      [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, /^OTEL_TRACES_SAMPLER_ARG is "1.5"; .* from 0 to 1/],
      [{ OTEL_TRACES_SAMPLER_ARG: 'half' }, /^OTEL_TRACES_SAMPLER_ARG is "half"/],
      [{ OTEL_RESOURCE_ATTRIBUTES: 'a=b,c' }, /^OTEL_RESOURCE_ATTRIBUTES must be key=value/],
      [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%E0%' }, /^OTEL_RESOURCE_ATTRIBUTES must be key=value/],
      [
        { ...collector, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
        /^OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"/,
      ],
      [
        { ...collector, OTEL_EXPORTER_OTLP_COMPRESSION: 'br' },
        /^OTEL_EXPORTER_OTLP_COMPRESSION is/,
      ],
      [{ ...collector, OTEL_EXPORTER_OTLP_TIMEOUT: '0' }, /^OTEL_EXPORTER_OTLP_TIMEOUT is "0"/],
      [
        { ...collector, OTEL_EXPORTER_OTLP_CLIENT_KEY: '/key.pem' },
        /^OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together/,
      ],
      [
        { ...collector, OTEL_BSP_MAX_QUEUE_SIZE: '9' },
        /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be/,
      ],
      [{ ...collector, OTEL_BSP_SCHEDULE_DELAY: 'soon' }, /^OTEL_BSP_SCHEDULE_DELAY is "soon"/],
      [
        { ...collector, OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_METRIC_EXPORT_TIMEOUT: '1001' },
        /^OTEL_METRIC_EXPORT_TIMEOUT must not be more/,
      ],
      [
        { ...collector, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'up' },
        /^OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is "up"/,
      ],
      [{ OTEL_EXPORTER_PROMETHEUS_PORT: '70000' }, /^OTEL_EXPORTER_PROMETHEUS_PORT is "70000"/],
      [
        { OTEL_METRICS_EXPORTER: 'prometheus', PORT: '9464' },
        /^OTEL_EXPORTER_PROMETHEUS_PORT is PORT: metrics need a port of their own/,
      ],
    ])('refuses %j, once, by the name of the variable', (environment, problem) => {
      expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
    });

    it.each([
      ['collector:4318', 'must begin with https:// or http://'],
      ['//collector', 'must be an absolute URL'],
      ['ftp://collector', 'must begin with https:// or http://'],
      ['https://user:hunter2@collector', 'must not have a user name'],
      ['https://collector?key=hunter2', 'must end before any ?'],
    ])('refuses the collector %s without repeating it', (url, problem) => {
      const problems = problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
      expect(problems).toEqual([expect.stringContaining(problem)]);
      expect(problems[0]).toMatch(/^OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: /);
      expect(problems[0]).not.toContain('hunter2');
    });

    it.each(['hunter2', 'key=hunter2%', 'a key=hunter2', 'key=hunter2%0d%0aX: y'])(
      'refuses the headers %j without repeating them',
      (headers) => {
        const problems = problemsOf({ ...collector, OTEL_EXPORTER_OTLP_HEADERS: headers });
        expect(problems).toEqual([
          'OTEL_EXPORTER_OTLP_HEADERS cannot be used: it must be name=value, with commas between.',
        ]);
      },
    );
  });
});
