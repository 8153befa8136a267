import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import type { Environment } from '../../src/config/readers.ts';

const telemetryOf = (environment: Environment) => readConfig(environment).telemetry;

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
          scheduledDelayMs: 5000,
          exportTimeoutMs: 30_000,
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

  it('shows the headers for a collector to nobody', () => {
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
    [{ ...collector, OTEL_EXPORTER_OTLP_COMPRESSION: 'br' }, /^OTEL_EXPORTER_OTLP_COMPRESSION is/],
    [{ ...collector, OTEL_EXPORTER_OTLP_TIMEOUT: '0' }, /^OTEL_EXPORTER_OTLP_TIMEOUT is "0"/],
    [
      { ...collector, OTEL_EXPORTER_OTLP_CLIENT_KEY: '/key.pem' },
      /^OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together/,
    ],
    [{ ...collector, OTEL_BSP_MAX_QUEUE_SIZE: '9' }, /^OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be/],
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
    ['https://user:hunter2@collector', 'must not hold a user name'],
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
