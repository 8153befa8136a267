import { kinds, type Readers, type Variable } from './readers.ts';

const { attributes, collectorUrl, flag, forwardProxy, graphRootUrl, guid, guids, headers } = kinds;
const { host, integer, list, oneOf, origins, path, plainUrl, ratio, redisUrl, rootUrl } = kinds;
const { secret, someOf, text } = kinds;

export const cloudNames = ['global', 'usgov-l4', 'usgov-l5', 'china'] as const;
const betaGenerations = ['reference-page', 'windows-and-filters', 'today'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const emulatorQuirks = [
  'hash-less-types',
  'missing-as-200',
  'value-wrapper',
  'unknown-enum-members',
  'unknown-target-types',
  'empty-pages',
  'no-content-update',
  'old-entity-update',
  'lagging-reads',
  'names-forbidden',
  'names-withheld',
] as const;
/** A batch takes 20 at once: a smaller share would never let one through. */
export const smallestRequestShare = 20;
/** The embedded Graph has no limits, and trying it out must not mean waiting. */
export const largestBudget = 100_000;
const [mebibyte, gibibyte] = [1_048_576, 1_073_741_824];
const timeMs = (fallback: number) => integer(100, 600_000, fallback);

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

/** All variables, by the headings of the manual. */
export const sections = {
  Address: {
    HOST: host('127.0.0.1').is('where to listen'),
    PORT: integer(0, 65_535, 4000).is('where to listen; 0 takes a free port'),
    LOG_LEVEL: oneOf(logLevels, 'info').is('the least severe lines of the log'),
    NODE_ENV: oneOf(['production', 'development', 'test']).is(
      '`production` requires `GRAPH_CLOUD` and changes some defaults',
    ),
  },
  Graph: {
    GRAPH_CLOUD: oneOf([...cloudNames, 'emulator']).is(
      'must be set if `NODE_ENV=production`',
      'none: the embedded Graph',
    ),
    GRAPH_BASE_URL: graphRootUrl.is(
      "a root without a version that overrides the cloud's; `https` unless it is this machine",
    ),
    GRAPH_API_VERSION: oneOf(['beta', 'v1.0'], 'beta').is(
      '`v1.0` has fewer platforms and no filters of assignments',
    ),
    OPERATION_TIMEOUT_MS: timeMs(20_000).is('time of one operation with all its calls of Graph'),
    LIST_ROW_LIMIT: integer(1000, 1_000_000, 10_000).is('rows that one operation reads at most'),
    LIST_BYTE_LIMIT: integer(mebibyte, gibibyte, 50_331_648).is(
      'memory for those rows, in bytes: their JSON, and 64 for each value',
    ),
    GRAPH_CONNECTIONS: integer(1, 1_000, 64).is('requests to Graph in flight at the same time'),
    GRAPH_QUEUE: integer(0, 100_000, 512).is('further requests that wait before `OVERLOADED`'),
    GRAPH_CONNECTION_LIFE_MS: integer(1_000, 86_400_000, 300_000).is(
      'age after which a connection takes no more requests, so that a changed address is seen',
    ),
    GRAPH_BREAKER_OPEN_MS: integer(10, 60_000, 5_000).is(
      'pause once Graph is known to be down, on average and at first',
    ),
    GRAPH_WRITE_BUDGET: integer(1, largestBudget, 100).is(
      'changes sent to Graph in 20 s, for each app and tenant',
      '`100`; embedded Graph `100000`',
    ),
    GRAPH_REQUEST_BUDGET: integer(smallestRequestShare, largestBudget, 1000).is(
      'all requests in 20 s; each item of a batch is one',
      '`1000`; embedded Graph `100000`',
    ),
    REDIS_URL: redisUrl.is(
      'the Redis for budget, locks and outcomes that replicas share',
      'none: each counts for itself',
    ),
    GRAPH_BUDGET_REPLICAS: integer(1, 1000, 1).is(
      'replicas that divide the budget while they do not share it',
      '`1`, with `REDIS_URL` `2`',
    ),
    IDEMPOTENCY_STORE_BYTES: integer(mebibyte, 4 * gibibyte, 67_108_864).is(
      'bytes for [outcomes of `idempotencyKey`](operations.md#idempotency-keys)',
    ),
    HTTPS_PROXY: forwardProxy.is(
      'the proxy for `https`; also in lower case; see [deployment](deployment.md#behind-a-forward-proxy)',
    ),
    HTTP_PROXY: forwardProxy.is('the proxy for `http`; also in lower case'),
    NO_PROXY: text.is('hosts and networks that are reached without a proxy; also in lower case'),
  },
  Identity: {
    AUTH_MODE: oneOf(['passthrough', 'on-behalf-of', 'app-only'], 'passthrough').is(
      'whose token goes to Graph',
    ),
    AUTH_TENANTS: guids.is('tenants whose tokens are accepted', '`AZURE_TENANT_ID`'),
    AUTH_AUDIENCES: list.is(
      'audiences of tokens for this gateway',
      '`AZURE_CLIENT_ID`, and `api://` before it',
    ),
    AUTH_CLIENTS: guids.is('client ids of the applications that may call', 'all of those tenants'),
    AUTH_READ_PERMISSIONS: list.is(
      'scopes or roles of which one suffices for reading, the least privileged first',
      '`CompliancePartners.Read,CompliancePartners.ReadWrite`',
    ),
    AUTH_WRITE_PERMISSIONS: list.is('the same for writing', '`CompliancePartners.ReadWrite`'),
    AZURE_TENANT_ID: guid.is("the tenant of the gateway's own registration"),
    AZURE_CLIENT_ID: guid.is("the gateway's own registration"),
    AZURE_CLIENT_SECRET: secret.is('its secret, or one of the next two'),
    AZURE_CLIENT_CERTIFICATE_PATH: path.is('a PEM file with key and certificate'),
    AZURE_FEDERATED_TOKEN_FILE: path.is('a federated token (workload identity), read for each use'),
    AZURE_CLIENT_CERTIFICATE_PASSWORD: secret.is("the password of the certificate's key"),
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: flag(false).is('sends the certificate with each proof'),
    AZURE_AUTHORITY_HOST: rootUrl.is(
      'the authority; `https`, or `http` on loopback for tests',
      "the cloud's",
    ),
    IDENTITY_ENDPOINT: plainUrl.is('set by App Service and Container Apps', 'the metadata service'),
    IDENTITY_HEADER: secret.is('set together with it'),
  },
  "Callers' connections and overload": {
    SHED_OPEN_REQUESTS: integer(0, 100_000, 1_000).is(
      'requests that may be open at the same time; 0 sets no limit',
    ),
    SHED_EVENT_LOOP_DELAY_MS: integer(0, 10_000, 200).is(
      'average delay of a busy event loop above which the concurrency limit drops; 0 sets no limit',
    ),
    SHED_HEAP_PERCENT: integer(0, 99, 90).is(
      'heap use above which one request at a time is admitted; 0 sets no limit',
    ),
    MAX_CONNECTIONS: integer(1, 1_000_000, 10_000).is('connections of callers'),
    MAX_ARRIVING_BODIES: integer(1, 100_000, 2_500).is('bodies arriving at the same time'),
    MAX_ARRIVING_BODY_BYTES: integer(mebibyte, gibibyte, 16_777_216).is('their bytes together'),
    MIN_BODY_BYTES_PER_SECOND: integer(0, 1_000_000, 240).is(
      'least average speed of a body after 5 s; 0 sets no limit',
    ),
    HEADERS_TIMEOUT_MS: timeMs(10_000).is('time for the headers to arrive'),
    REQUEST_TIMEOUT_MS: timeMs(30_000).is('time for a whole request to arrive'),
    RESPONSE_IDLE_TIMEOUT_MS: timeMs(15_000).is(
      'time that an answer waits for a reader that takes nothing of it',
    ),
    KEEP_ALIVE_TIMEOUT_MS: timeMs(72_000).is(
      'life of an idle connection; longer than the balancer keeps its own',
    ),
    DRAIN_DELAY_MS: integer(0, 60_000, 5_000).is(
      'time that `/readyz` fails after SIGTERM before the gateway closes its port',
    ),
    DRAIN_TIMEOUT_MS: integer(0, 600_000, 20_000).is('time that operations in flight then have'),
  },
  Limits: {
    LIMITS_MODE: oneOf(['enforce', 'warn-only'], 'enforce').is('`warn-only` tries limits out'),
    LIMIT_BODY_BYTES: integer(1024, mebibyte, 65_536).is("a body's size"),
    LIMIT_JSON_DEPTH: integer(4, 128, 32).is('nesting of its objects and arrays'),
    LIMIT_DOCUMENT_BYTES: integer(256, 262_144, 16_384).is("a document's size"),
    LIMIT_TOKENS: integer(50, 3000, 1000).is("a document's tokens"),
    LIMIT_DEPTH: integer(1, 100, 8).is('nesting of fields'),
    LIMIT_INTROSPECTION_DEPTH: integer(1, 100, 16).is('the same below `__schema` and `__type`'),
    LIMIT_ALIASES: integer(0, 1000, 20).is('aliases of an operation'),
    LIMIT_INTROSPECTION_ALIASES: integer(0, 100, 3).is('the same below `__schema` and `__type`'),
    LIMIT_ROOT_FIELDS: integer(1, 1000, 10).is('fields at the root'),
    LIMIT_DIRECTIVES: integer(0, 1000, 10).is('directives of an operation'),
    LIMIT_FILTER_CONDITIONS: integer(1, 1000, 100).is('conditions of all filters'),
    LIMIT_FILTER_DEPTH: integer(1, 32, 8).is('nesting of `and`, `or`, `not`'),
    // Of names, no more is compared.
    LIMIT_FILTER_TEXT: integer(1, 256, 256).is('characters of a text in a filter'),
    LIMIT_ORDER_KEYS: integer(1, 3, 3).is('keys of an order'),
    LIMIT_PAGE_ROWS: integer(1, 10_000, 1000).is('sizes of all pages of an operation, added up'),
    LIMIT_ANSWER_BYTES: integer(1024, 67_108_864, 4_194_304).is("an answer's size as JSON"),
    LIMIT_ANSWER_VALUES: integer(100, 10_000_000, 250_000).is('its objects and fields'),
    LIMIT_ERRORS: integer(2, 100, 5).is('errors reported about one document or its variables'),
    DOCUMENT_CACHE_BYTES: integer(65_536, gibibyte, 16_777_216).is(
      'memory for parsed documents of accepted callers, in bytes',
    ),
    INTROSPECTION: flag(true).is(
      'whether `__schema` and `__type` are answered',
      '`true`, in production `false`',
    ),
    FEDERATION: oneOf(['off', 'subgraph'], 'off').is('`subgraph`: [behind a router](routers.md)'),
  },
  'Trusted documents': {
    TRUSTED_DOCUMENTS_MODE: oneOf(['off', 'log-unknown', 'enforce']).is(
      'whether callers may send other documents',
      '`off`',
    ),
    TRUSTED_DOCUMENTS_PATH: path.is(
      'a manifest, or a directory whose `.json` files are read together',
    ),
  },
  Browsers: {
    EXPLORER: oneOf(['auto', 'sandbox', 'offline', 'off'], 'auto').is(
      'what `/` shows',
      '`auto`, in production `off`',
    ),
    CORS_ORIGINS: origins.is(
      'origins whose pages may call, such as `https://app.example`',
      "none; embedded Graph: Apollo's hosted Sandbox",
    ),
  },
  'Embedded Graph': {
    EMULATOR_PORT: integer(0, 65_535, 0).is('its port; 0 takes a free one'),
    EMULATOR_BETA_GENERATION: oneOf(betaGenerations, 'reference-page').is(
      'which beta it plays: see [emulator](emulator.md)',
    ),
    EMULATOR_ODDITIES: someOf(emulatorQuirks).is(
      'unusual answers: see [emulator](emulator.md)',
      'none',
      'names, separated by commas',
    ),
    EMULATOR_TLS: flag(false).is(
      'speaks TLS with a certificate made at the start; the log has its path',
    ),
    EMULATOR_CONTROL: flag(false).is(
      'programs on this machine can script faults; never with `NODE_ENV=production`',
    ),
  },
  // OpenTelemetry's own, as far as this gateway understands them.
  Variables: {
    OTEL_SDK_DISABLED: flag(false).is('`true` switches everything off'),
    OTEL_TRACES_EXPORTER: oneOf(['otlp', 'none']).is(
      'the exporter of traces',
      '`otlp` if a collector is named, else `none`',
    ),
    OTEL_METRICS_EXPORTER: someOf(['otlp', 'prometheus', 'none']).is(
      'the exporters of metrics; `none` alone',
      '`otlp` if a collector is named, else `none`',
    ),
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl.is("the collector's root", '`http://localhost:4318`'),
    OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(['http/protobuf', 'http/json'], 'http/protobuf').is(
      'how the collector is spoken to',
    ),
    OTEL_EXPORTER_OTLP_HEADERS: headers.is('headers for the collector, such as a key'),
    OTEL_EXPORTER_OTLP_TIMEOUT: integer(1, longestMs, 10_000).is('milliseconds for one export'),
    OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(['none', 'gzip'], 'none').is('compression of exports'),
    OTEL_EXPORTER_OTLP_CERTIFICATE: path.is(
      'a PEM file with trusted authorities',
      "the machine's authorities",
    ),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: path.is("a PEM file with the gateway's own certificate"),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: path.is('a PEM file with its key'),
    OTEL_SERVICE_NAME: text.is('name of this service', '`compliance-partner-gateway`'),
    OTEL_RESOURCE_ATTRIBUTES: attributes.is('attributes of this service'),
    OTEL_TRACES_SAMPLER: oneOf(samplers, 'parentbased_always_on').is('which traces are recorded'),
    OTEL_TRACES_SAMPLER_ARG: ratio.is('the share of traces that a `traceidratio` records'),
    OTEL_BSP_MAX_QUEUE_SIZE: integer(1, largestQueue, 2048).is('spans that wait'),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: integer(1, largestQueue, 512).is('spans sent at once'),
    OTEL_BSP_SCHEDULE_DELAY: integer(1, longestMs, 5000).is('milliseconds between exports'),
    OTEL_BSP_EXPORT_TIMEOUT: integer(1, longestMs, 30_000).is('milliseconds for one export'),
    OTEL_METRIC_EXPORT_INTERVAL: integer(100, longestIntervalMs, 60_000).is(
      'milliseconds between exports of metrics',
    ),
    OTEL_METRIC_EXPORT_TIMEOUT: integer(1, longestIntervalMs, 30_000).is(
      'milliseconds for one of them; at most the interval',
    ),
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: oneOf(
      ['cumulative', 'delta', 'lowmemory'],
      'cumulative',
    ).is('whether metrics are cumulative or deltas'),
    OTEL_EXPORTER_PROMETHEUS_HOST: host('localhost').is('where metrics are served'),
    OTEL_EXPORTER_PROMETHEUS_PORT: integer(0, 65_535, 9464).is('where metrics are served'),
    // Logs are lines on standard output; the context of others than W3C's is not understood.
    OTEL_PROPAGATORS: someOf(['tracecontext']).is('how traces are passed on', '`tracecontext`'),
    OTEL_LOGS_EXPORTER: oneOf(['none']).is('logs are lines on standard output', '`none`'),
  },
};

const variables = {
  ...sections.Address,
  ...sections.Graph,
  ...sections.Identity,
  ...sections["Callers' connections and overload"],
  ...sections.Limits,
  ...sections['Trusted documents'],
  ...sections.Browsers,
  ...sections['Embedded Graph'],
  ...sections.Variables,
};

type VariableName = keyof typeof variables;
type ValueOf<Name extends VariableName> = (typeof variables)[Name]['fallback'];

/** Every variable that the gateway knows. */
export const variableNames: ReadonlySet<string> = new Set(Object.keys(variables));

/**
 * Reads one variable as the table says. `fallback` replaces the table's default. `name` is that of another variable with
 * the same rules, such as one for a single kind of telemetry.
 */
export function read<Name extends VariableName>(
  readers: Readers,
  rules: Name,
  fallback?: ValueOf<Name>,
  name: string = rules,
): ValueOf<Name> {
  // The compiler does not follow that name and variable belong together.
  const variable = variables[rules] as unknown as Variable<ValueOf<Name>>;
  const otherwise = fallback ?? variable.fallback;
  const text = readers.text(name);
  if (text === undefined) {
    return otherwise;
  }
  return variable.parse(text, (problem) => {
    readers.report(`${name} ${problem}.`);
    return otherwise;
  });
}

/** The variables of some settings, by the names that the settings have in the configuration; groups are inside. */
interface SettingNames {
  readonly [setting: string]: VariableName | SettingNames;
}
export type Settings<Names> = {
  readonly [Key in keyof Names]: Names[Key] extends VariableName
    ? ValueOf<Names[Key]>
    : Settings<Names[Key]>;
};

export function readAll<const Names extends SettingNames>(
  readers: Readers,
  names: Names,
): Settings<Names> {
  const entries = Object.entries(names).map(([key, name]) => [
    key,
    typeof name === 'string' ? read(readers, name) : readAll(readers, name),
  ]);
  return Object.fromEntries(entries) as Settings<Names>;
}
