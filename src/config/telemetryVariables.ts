import { Secret } from '../shared/secret.ts';
import { findCollectorUrlProblem, parseKeyValues, type Readers, shown } from './readers.ts';
import {
  checkedUrl,
  flag,
  host,
  oneOf,
  optionalOneOf,
  path,
  shownAs,
  someOf,
  text,
  wholeNumber,
} from './variableKinds.ts';

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const largestQueue = 100_000;
const longestIntervalMs = 3_600_000;
const longestMs = 600_000;

/** OpenTelemetry's own variables, as far as this gateway understands them. */
export const telemetryVariables = {
  OTEL_SDK_DISABLED: flag(false, '`true` switches everything off'),
  OTEL_TRACES_EXPORTER: shownAs(optionalOneOf(['otlp', 'none'], 'the exporter of traces'), {
    default: '`otlp` if a collector is named, else `none`',
  }),
  OTEL_METRICS_EXPORTER: shownAs(
    someOf(['otlp', 'prometheus', 'none'], 'the exporters of metrics; `none` alone'),
    { default: '`otlp` if a collector is named, else `none`' },
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: shownAs(
    checkedUrl(findCollectorUrlProblem, "the collector's root"),
    {
      default: '`http://localhost:4318`',
    },
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(
    ['http/protobuf', 'http/json'],
    'http/protobuf',
    'how the collector is spoken to',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: {
    read: readHeaders,
    values: '`name=value`, separated by commas; never shown',
    default: 'none',
    meaning: 'headers for the collector, such as a key',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: wholeNumber(1, longestMs, 10_000, 'milliseconds for one export'),
  OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(['none', 'gzip'], 'none', 'compression of exports'),
  OTEL_EXPORTER_OTLP_CERTIFICATE: shownAs(path('a PEM file with trusted authorities'), {
    default: "the machine's authorities",
  }),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: path("a PEM file with the gateway's own certificate"),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: path('a PEM file with its key'),
  OTEL_SERVICE_NAME: shownAs(text('name of this service'), {
    default: '`compliance-partner-gateway`',
  }),
  OTEL_RESOURCE_ATTRIBUTES: shownAs(text('attributes of this service'), {
    values: '`key=value`, separated by commas',
  }),
  OTEL_TRACES_SAMPLER: oneOf(samplers, 'parentbased_always_on', 'which traces are recorded'),
  OTEL_TRACES_SAMPLER_ARG: {
    read: readRatio,
    values: '0 to 1',
    default: '`1`',
    meaning: 'the share of traces that a `traceidratio` records',
  },
  OTEL_BSP_MAX_QUEUE_SIZE: wholeNumber(1, largestQueue, 2048, 'spans that wait'),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: wholeNumber(1, largestQueue, 512, 'spans sent at once'),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber(1, longestMs, 5000, 'milliseconds between exports'),
  OTEL_BSP_EXPORT_TIMEOUT: wholeNumber(1, longestMs, 30_000, 'milliseconds for one export'),
  OTEL_METRIC_EXPORT_INTERVAL: wholeNumber(
    100,
    longestIntervalMs,
    60_000,
    'milliseconds between exports of metrics',
  ),
  OTEL_METRIC_EXPORT_TIMEOUT: wholeNumber(
    1,
    longestIntervalMs,
    30_000,
    'milliseconds for one of them; at most the interval',
  ),
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: oneOf(
    ['cumulative', 'delta', 'lowmemory'],
    'cumulative',
    'whether metrics are cumulative or deltas',
  ),
  OTEL_EXPORTER_PROMETHEUS_HOST: host('localhost', 'where metrics are served'),
  OTEL_EXPORTER_PROMETHEUS_PORT: wholeNumber(0, 65_535, 9464, 'where metrics are served'),
  // Logs are lines on standard output; the context of others than W3C's is not understood.
  OTEL_PROPAGATORS: shownAs(someOf(['tracecontext'], 'how traces are passed on'), {
    default: '`tracecontext`',
  }),
  OTEL_LOGS_EXPORTER: shownAs(optionalOneOf(['none'], 'logs are lines on standard output'), {
    default: '`none`',
  }),
};

/** Their values are never shown, not even if they cannot be used. */
function readHeaders(readers: Readers, name: string): Readonly<Record<string, Secret>> {
  const given = readers.text(name);
  if (given === undefined) {
    return {};
  }
  const pairs = [...(parseKeyValues(given) ?? [['', '']])];
  const isSendable = pairs.every(
    ([key = '', value = '']) => /^[\w!#$%&'*+.^`|~-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value),
  );
  if (!isSendable) {
    readers.report(`${name} cannot be used: it must be name=value, with commas between.`);
  }
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, new Secret(value)]));
}

function readRatio(readers: Readers, name: string): number {
  const given = readers.text(name) ?? '1';
  const ratio = /^\d(\.\d{1,15})?$/.test(given) ? Number(given) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) {
    return ratio;
  }
  readers.report(`${name} is "${shown(given)}"; it must be a number from 0 to 1.`);
  return 1;
}
