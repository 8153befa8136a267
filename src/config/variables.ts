import { cloudNames } from './clouds.ts';
import { findGraphRootProblem, type Readers } from './readers.ts';
import { telemetryVariables } from './telemetryVariables.ts';
import {
  checkedUrl,
  flag,
  guid,
  guids,
  host,
  list,
  oneOf,
  optionalOneOf,
  path,
  plainUrl,
  redisUrl,
  rootUrl,
  type Scope,
  secret,
  shownAs,
  someOf,
  text,
  type Variable,
  wholeNumber,
  within,
} from './variableKinds.ts';

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
const timeMs = (fallback: number, meaning: string) => wholeNumber(100, 600_000, fallback, meaning);

/** All variables, by the headings of the manual. */
export const sections = {
  Address: {
    HOST: host('127.0.0.1', 'where to listen'),
    PORT: wholeNumber(0, 65_535, 4000, 'where to listen; 0 takes a free port'),
    LOG_LEVEL: oneOf(logLevels, 'info', 'the least severe lines of the log'),
    NODE_ENV: optionalOneOf(
      ['production', 'development', 'test'],
      '`production` requires `GRAPH_CLOUD` and changes some defaults',
    ),
  },
  Graph: {
    GRAPH_CLOUD: shownAs(
      optionalOneOf([...cloudNames, 'emulator'], 'must be set if `NODE_ENV=production`'),
      { default: 'none: the embedded Graph' },
    ),
    GRAPH_BASE_URL: checkedUrl(
      findGraphRootProblem,
      "a root without a version that overrides the cloud's; `https` unless it is this machine",
    ),
    GRAPH_API_VERSION: oneOf(
      ['beta', 'v1.0'],
      'beta',
      '`v1.0` has fewer platforms and no filters of assignments',
    ),
    OPERATION_TIMEOUT_MS: timeMs(20_000, 'time of one operation with all its calls of Graph'),
    LIST_ROW_LIMIT: wholeNumber(1000, 1_000_000, 10_000, 'rows that one operation reads at most'),
    LIST_BYTE_LIMIT: wholeNumber(
      mebibyte,
      gibibyte,
      50_331_648,
      'memory for those rows, in bytes: their JSON, and 64 for each value',
    ),
    GRAPH_CONNECTIONS: wholeNumber(1, 1_000, 64, 'requests to Graph in flight at the same time'),
    GRAPH_QUEUE: wholeNumber(0, 100_000, 512, 'further requests that wait before `OVERLOADED`'),
    GRAPH_CONNECTION_LIFE_MS: wholeNumber(
      1_000,
      86_400_000,
      300_000,
      'age after which a connection takes no more requests, so that a changed address is seen',
    ),
    GRAPH_BREAKER_OPEN_MS: wholeNumber(
      10,
      60_000,
      5_000,
      'pause once Graph is known to be down, on average and at first',
    ),
    GRAPH_WRITE_BUDGET: shownAs(
      wholeNumber(1, largestBudget, 100, 'changes sent to Graph in 20 s, for each app and tenant'),
      { default: '`100`; embedded Graph `100000`' },
    ),
    GRAPH_REQUEST_BUDGET: shownAs(
      wholeNumber(
        smallestRequestShare,
        largestBudget,
        1000,
        'all requests in 20 s; each item of a batch is one',
      ),
      { default: '`1000`; embedded Graph `100000`' },
    ),
    REDIS_URL: shownAs(redisUrl('the Redis for budget, locks and outcomes that replicas share'), {
      values: '`redis://` or `rediss://` URL; never shown',
      default: 'none: each counts for itself',
    }),
    GRAPH_BUDGET_REPLICAS: shownAs(
      wholeNumber(1, 1000, 1, 'replicas that divide the budget while they do not share it'),
      { default: '`1`, with `REDIS_URL` `2`' },
    ),
    IDEMPOTENCY_STORE_BYTES: wholeNumber(
      mebibyte,
      4 * gibibyte,
      67_108_864,
      'bytes for [outcomes of `idempotencyKey`](operations.md#idempotency-keys)',
    ),
    HTTPS_PROXY: text(
      'the proxy for `https`; also in lower case; see [deployment](deployment.md#behind-a-forward-proxy)',
    ),
    HTTP_PROXY: text('the proxy for `http`; also in lower case'),
    NO_PROXY: text('hosts and networks that are reached without a proxy; also in lower case'),
  },
  Identity: {
    AUTH_MODE: oneOf(
      ['passthrough', 'on-behalf-of', 'app-only'],
      'passthrough',
      'whose token goes to Graph',
    ),
    ...within('callers', {
      AUTH_TENANTS: shownAs(guids('tenants whose tokens are accepted'), {
        default: '`AZURE_TENANT_ID`',
      }),
      AUTH_AUDIENCES: shownAs(list('audiences of tokens for this gateway'), {
        default: '`AZURE_CLIENT_ID`, and `api://` before it',
      }),
      AUTH_CLIENTS: shownAs(guids('client ids of the applications that may call'), {
        default: 'all of those tenants',
      }),
      AUTH_READ_PERMISSIONS: shownAs(
        list('scopes or roles of which one suffices for reading, the least privileged first'),
        { default: '`CompliancePartners.Read,CompliancePartners.ReadWrite`' },
      ),
      AUTH_WRITE_PERMISSIONS: shownAs(list('the same for writing'), {
        default: '`CompliancePartners.ReadWrite`',
      }),
    }),
    ...within('credentials', {
      AZURE_TENANT_ID: guid("the tenant of the gateway's own registration"),
      AZURE_CLIENT_ID: guid("the gateway's own registration"),
      AZURE_CLIENT_SECRET: secret('its secret, or one of the next two'),
      AZURE_CLIENT_CERTIFICATE_PATH: path('a PEM file with key and certificate'),
      AZURE_FEDERATED_TOKEN_FILE: path('a federated token (workload identity), read for each use'),
      AZURE_CLIENT_CERTIFICATE_PASSWORD: secret("the password of the certificate's key"),
      AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: flag(false, 'sends the certificate with each proof'),
      AZURE_AUTHORITY_HOST: shownAs(
        rootUrl('the authority; `https`, or `http` on loopback for tests'),
        { default: "the cloud's" },
      ),
    }),
    ...within('managed-identity', {
      IDENTITY_ENDPOINT: shownAs(plainUrl('set by App Service and Container Apps'), {
        default: 'the metadata service',
      }),
      IDENTITY_HEADER: secret('set together with it'),
    }),
  },
  "Callers' connections and overload": {
    SHED_OPEN_REQUESTS: wholeNumber(
      0,
      100_000,
      1_000,
      'requests that may be open at the same time; 0 sets no limit',
    ),
    SHED_EVENT_LOOP_DELAY_MS: wholeNumber(
      0,
      10_000,
      200,
      'average delay of a busy event loop above which the concurrency limit drops; 0 sets no limit',
    ),
    SHED_HEAP_PERCENT: wholeNumber(
      0,
      99,
      90,
      'heap use above which one request at a time is admitted; 0 sets no limit',
    ),
    MAX_CONNECTIONS: wholeNumber(1, 1_000_000, 10_000, 'connections of callers'),
    MAX_ARRIVING_BODIES: wholeNumber(1, 100_000, 2_500, 'bodies arriving at the same time'),
    MAX_ARRIVING_BODY_BYTES: wholeNumber(mebibyte, gibibyte, 16_777_216, 'their bytes together'),
    MIN_BODY_BYTES_PER_SECOND: wholeNumber(
      0,
      1_000_000,
      240,
      'least average speed of a body after 5 s; 0 sets no limit',
    ),
    HEADERS_TIMEOUT_MS: timeMs(10_000, 'time for the headers to arrive'),
    REQUEST_TIMEOUT_MS: timeMs(30_000, 'time for a whole request to arrive'),
    RESPONSE_IDLE_TIMEOUT_MS: timeMs(
      15_000,
      'time that an answer waits for a reader that takes nothing of it',
    ),
    KEEP_ALIVE_TIMEOUT_MS: timeMs(
      72_000,
      'life of an idle connection; longer than the balancer keeps its own',
    ),
    DRAIN_DELAY_MS: wholeNumber(
      0,
      60_000,
      5_000,
      'time that `/readyz` fails after SIGTERM before the gateway closes its port',
    ),
    DRAIN_TIMEOUT_MS: wholeNumber(0, 600_000, 20_000, 'time that operations in flight then have'),
  },
  Limits: {
    LIMITS_MODE: oneOf(['enforce', 'warn-only'], 'enforce', '`warn-only` tries limits out'),
    LIMIT_BODY_BYTES: wholeNumber(1024, mebibyte, 65_536, "a body's size"),
    LIMIT_JSON_DEPTH: wholeNumber(4, 128, 32, 'nesting of its objects and arrays'),
    LIMIT_DOCUMENT_BYTES: wholeNumber(256, 262_144, 16_384, "a document's size"),
    LIMIT_TOKENS: wholeNumber(50, 3000, 1000, "a document's tokens"),
    LIMIT_DEPTH: wholeNumber(1, 100, 8, 'nesting of fields'),
    LIMIT_INTROSPECTION_DEPTH: wholeNumber(1, 100, 16, 'the same below `__schema` and `__type`'),
    LIMIT_ALIASES: wholeNumber(0, 1000, 20, 'aliases of an operation'),
    LIMIT_INTROSPECTION_ALIASES: wholeNumber(0, 100, 3, 'the same below `__schema` and `__type`'),
    LIMIT_ROOT_FIELDS: wholeNumber(1, 1000, 10, 'fields at the root'),
    LIMIT_DIRECTIVES: wholeNumber(0, 1000, 10, 'directives of an operation'),
    LIMIT_FILTER_CONDITIONS: wholeNumber(1, 1000, 100, 'conditions of all filters'),
    LIMIT_FILTER_DEPTH: wholeNumber(1, 32, 8, 'nesting of `and`, `or`, `not`'),
    // Of names, no more is compared.
    LIMIT_FILTER_TEXT: wholeNumber(1, 256, 256, 'characters of a text in a filter'),
    LIMIT_ORDER_KEYS: wholeNumber(1, 3, 3, 'keys of an order'),
    LIMIT_PAGE_ROWS: wholeNumber(1, 10_000, 1000, 'sizes of all pages of an operation, added up'),
    LIMIT_ANSWER_BYTES: wholeNumber(1024, 67_108_864, 4_194_304, "an answer's size as JSON"),
    LIMIT_ANSWER_VALUES: wholeNumber(100, 10_000_000, 250_000, 'its objects and fields'),
    LIMIT_ERRORS: wholeNumber(2, 100, 5, 'errors reported about one document or its variables'),
    DOCUMENT_CACHE_BYTES: wholeNumber(
      65_536,
      gibibyte,
      16_777_216,
      'memory for parsed documents of accepted callers, in bytes',
    ),
    INTROSPECTION: shownAs(flag(true, 'whether `__schema` and `__type` are answered'), {
      default: '`true`, in production `false`',
    }),
    FEDERATION: oneOf(['off', 'subgraph'], 'off', '`subgraph`: [behind a router](routers.md)'),
  },
  'Trusted documents': {
    TRUSTED_DOCUMENTS_MODE: shownAs(
      optionalOneOf(['off', 'log-unknown', 'enforce'], 'whether callers may send other documents'),
      { default: '`off`' },
    ),
    TRUSTED_DOCUMENTS_PATH: path(
      'a manifest, or a directory whose `.json` files are read together',
    ),
  },
  Browsers: {
    EXPLORER: shownAs(oneOf(['auto', 'sandbox', 'offline', 'off'], 'auto', 'what `/` shows'), {
      default: '`auto`, in production `off`',
    }),
    CORS_ORIGINS: shownAs(list('origins whose pages may call, such as `https://app.example`'), {
      default: "none; embedded Graph: Apollo's hosted Sandbox",
    }),
  },
  'Embedded Graph': within('emulator', {
    EMULATOR_PORT: wholeNumber(0, 65_535, 0, 'its port; 0 takes a free one'),
    EMULATOR_BETA_GENERATION: oneOf(
      betaGenerations,
      'reference-page',
      'which beta it plays: see [emulator](emulator.md)',
    ),
    EMULATOR_ODDITIES: shownAs(
      someOf(emulatorQuirks, 'unusual answers: see [emulator](emulator.md)'),
      { values: 'names, separated by commas' },
    ),
    EMULATOR_TLS: flag(
      false,
      'speaks TLS with a certificate made at the start; the log has its path',
    ),
    EMULATOR_CONTROL: flag(
      false,
      'programs on this machine can script faults; never with `NODE_ENV=production`',
    ),
  }),
  Variables: telemetryVariables,
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
export type ValueOf<Name extends VariableName> = ReturnType<(typeof variables)[Name]['read']>;

/** Every variable that the gateway knows. */
export const variableNames: ReadonlySet<string> = new Set(Object.keys(variables));

/** The variables that apply under one setting only. */
export function namesWithin(scope: Scope): readonly string[] {
  const all: readonly (readonly [string, object])[] = Object.entries(variables);
  return all
    .filter(([, variable]) => 'scope' in variable && variable.scope === scope)
    .map(([name]) => name);
}

/** Reads one variable as the table says. `fallback` replaces the table's default. */
export function read<Name extends VariableName>(
  readers: Readers,
  name: Name,
  fallback?: ValueOf<Name>,
): ValueOf<Name> {
  return readAs(readers, name, name, fallback);
}

/** Reads a variable whose rules are those of another one, such as one for a single kind of telemetry. */
export function readAs<Name extends VariableName>(
  readers: Readers,
  rules: Name,
  name: string,
  fallback?: ValueOf<Name>,
): ValueOf<Name> {
  // The compiler does not follow that name and reader belong together.
  const variable = variables[rules] as unknown as Variable<ValueOf<Name>>;
  return variable.read(readers, name, fallback);
}
