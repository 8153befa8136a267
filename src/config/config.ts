import { cloudOf, readProxies } from './graph.ts';
import { hostedSandbox, httpSettings } from './http.ts';
import { readIdentity } from './identity.ts';
import {
  ConfigError,
  createReaders,
  type Environment,
  isServiceLink,
  type Readers,
} from './readers.ts';
import { readTelemetry } from './telemetry.ts';
import {
  cloudNames,
  largestBudget,
  read,
  readAll,
  type Settings,
  smallestRequestShare,
  variableNames,
} from './variables.ts';

/** The settings that are just what their variables say. */
const plainSettings = {
  host: 'HOST',
  /** 0 takes any free port. */
  port: 'PORT',
  apiVersion: 'GRAPH_API_VERSION',
  logLevel: 'LOG_LEVEL',
  operationTimeoutMs: 'OPERATION_TIMEOUT_MS',
  maximumListBytes: 'LIST_BYTE_LIMIT',
  maximumRows: 'LIST_ROW_LIMIT',
  graphConnections: 'GRAPH_CONNECTIONS',
  graphConnectionLifeMs: 'GRAPH_CONNECTION_LIFE_MS',
  /** How many requests may wait for their turn beyond those in flight. */
  graphQueue: 'GRAPH_QUEUE',
  /** How long Graph is left alone, on average and at first, once it is known to be down. */
  breakerOpenMs: 'GRAPH_BREAKER_OPEN_MS',
  /** How long a SIGTERM leaves load balancers to see `/readyz` fail before connections are refused. */
  drainDelayMs: 'DRAIN_DELAY_MS',
  /** How long operations in flight are then waited for. */
  drainTimeoutMs: 'DRAIN_TIMEOUT_MS',
  federation: 'FEDERATION',
  documentCacheBytes: 'DOCUMENT_CACHE_BYTES',
  /** For the outcomes of mutations with a key: memory of this process, or of Redis. */
  idempotencyStoreBytes: 'IDEMPOTENCY_STORE_BYTES',
} as const;

/** Everything that can be set, checked and complete. `variables.ts` says what each setting means. */
export type Config = Readonly<ReturnType<typeof readSettings>>;
export type LogLevel = Config['logLevel'];

/**
 * Reads the configuration from the environment; readers that are given know afterwards which names were asked for.
 * @throws ConfigError that lists every problem, each with the variable's name.
 */
export function readConfig(
  environment: Environment,
  readers: Readers = createReaders(environment),
): Config {
  const config = readSettings(readers);
  const problems = [...readers.problems, ...findMisspelledNames(environment)];
  if (problems.length > 0) {
    throw new ConfigError([...new Set(problems)]);
  }
  return config;
}

function readSettings(readers: Readers) {
  const isProduction = read(readers, 'NODE_ENV') === 'production';
  const { upstream, cloud } = readUpstream(readers, isProduction);
  const plain = readAll(readers, plainSettings);
  const config = {
    ...plain,
    upstream,
    /** Whose tokens and scopes count. */
    cloud,
    identity: readIdentity(readers, cloud, upstream.kind),
    introspection: read(readers, 'INTROSPECTION', !isProduction),
    explorer: read(readers, 'EXPLORER', isProduction ? 'off' : 'auto'),
    corsOrigins: readCorsOrigins(readers, upstream.kind),
    graphBudget: readGraphBudget(readers, upstream.kind),
    limits: readLimits(readers),
    trustedDocuments: readTrustedDocuments(readers),
    telemetry: readTelemetry(readers, plain.port),
    connections: readConnections(readers),
    shedding: readAll(readers, httpSettings.shedding),
    proxies: readProxies(readers),
  };
  if (config.federation === 'subgraph' && config.trustedDocuments.mode === 'enforce') {
    readers.report(
      'TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. ' +
        'Let the router enforce trusted documents.',
    );
  }
  return config;
}

const emulatorSettings = {
  port: 'EMULATOR_PORT',
  betaGeneration: 'EMULATOR_BETA_GENERATION',
  oddities: 'EMULATOR_ODDITIES',
  hasTls: 'EMULATOR_TLS',
  hasControl: 'EMULATOR_CONTROL',
} as const;

/** Where answers come from. */
export type Upstream =
  | ({ readonly kind: 'emulator' } & Settings<typeof emulatorSettings>)
  | { readonly kind: 'graph'; readonly root: URL };

/** Reads which Graph answers, and whose tokens and scopes count. */
function readUpstream(readers: Readers, isProduction: boolean) {
  const named = read(readers, 'GRAPH_CLOUD');
  const root = read(readers, 'GRAPH_BASE_URL');
  const emulator = { kind: 'emulator' as const, ...readAll(readers, emulatorSettings) };
  const isRootNamed = readers.text('GRAPH_BASE_URL') !== undefined;
  const cloud = named === undefined || named === 'emulator' ? undefined : named;
  if (emulator.hasControl && isProduction) {
    readers.report('EMULATOR_CONTROL must be false with NODE_ENV=production.');
  }
  if (named === 'emulator' && isRootNamed) {
    readers.report(
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    );
  }
  if (isProduction && !isRootNamed) {
    readers.need(
      'GRAPH_CLOUD',
      `with NODE_ENV=production it must be one of ${cloudNames.join(', ')}, or emulator to use the embedded Graph on purpose`,
    );
  }
  const graphRoot = root ?? (cloud && new URL(cloudOf(cloud).graphRoot));
  const upstream: Upstream =
    graphRoot === undefined ? emulator : { kind: 'graph', root: graphRoot };
  return { upstream, cloud: cloud ?? 'global' };
}

/** How much is sent to Graph, for each app and tenant within 20 s; the embedded Graph has no limits. */
function readGraphBudget(readers: Readers, upstream: Upstream['kind']) {
  const redisUrl = read(readers, 'REDIS_URL');
  const largest = upstream === 'emulator' ? largestBudget : undefined;
  const budget = {
    writes: read(readers, 'GRAPH_WRITE_BUDGET', largest),
    requests: read(readers, 'GRAPH_REQUEST_BUDGET', largest),
    replicas: read(readers, 'GRAPH_BUDGET_REPLICAS', redisUrl === undefined ? 1 : 2),
    redisUrl,
  };
  if (budget.writes < budget.replicas) {
    readers.report(
      'GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.',
    );
  }
  if (budget.requests < budget.replicas * smallestRequestShare) {
    readers.report(
      `GRAPH_REQUEST_BUDGET must be at least ${smallestRequestShare} times GRAPH_BUDGET_REPLICAS: ` +
        'a batch needs as much at once.',
    );
  }
  return budget;
}

/** Reads how long callers' connections may take, and how many there may be. */
function readConnections(readers: Readers) {
  const connections = readAll(readers, httpSettings.connections);
  if (connections.headersTimeoutMs > connections.requestTimeoutMs) {
    readers.report(
      'HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.',
    );
  }
  return connections;
}

function readLimits(readers: Readers) {
  const limits = readAll(readers, httpSettings.limits);
  if (limits.documentBytes > limits.bodyBytes) {
    readers.report(
      'LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.',
    );
  }
  return limits;
}

/** The origins whose pages may call. With the embedded Graph there is nothing to protect from Apollo's Sandbox. */
function readCorsOrigins(readers: Readers, upstream: 'graph' | 'emulator') {
  const origins = read(readers, 'CORS_ORIGINS') ?? [];
  return [...new Set(upstream === 'emulator' ? [...origins, hostedSandbox] : origins)];
}

/**
 * Reads whether callers may send documents of their own, and where the manifest is: a file, or a directory of such files,
 * which is read when the gateway starts.
 */
function readTrustedDocuments(readers: Readers) {
  const mode = read(readers, 'TRUSTED_DOCUMENTS_MODE');
  const path = read(readers, 'TRUSTED_DOCUMENTS_PATH');
  if (path !== undefined) {
    readers.need(
      'TRUSTED_DOCUMENTS_MODE',
      'with TRUSTED_DOCUMENTS_PATH it is one of off, log-unknown, enforce',
    );
  }
  if (mode === undefined || mode === 'off') {
    return { mode: 'off' } as const;
  }
  readers.need('TRUSTED_DOCUMENTS_PATH', `TRUSTED_DOCUMENTS_MODE=${mode} needs a manifest`);
  return { mode, path: path ?? '' };
}

/** First words of names that no other program uses. */
const ownWords = /^(GRAPH|LIMIT|SHED|LIST|TRUSTED|DRAIN|EMULATOR)_/;
const fewestLetters = 8;
const mostEdits = 2;

/**
 * Finds variables that are set, that nothing reads, and whose name is nearly a known one. Only names that begin as
 * nothing but the gateway's do are judged.
 */
function findMisspelledNames(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const isOurs = ownWords.test(name) && (name.match(/[A-Za-z]/g) ?? []).length >= fewestLetters;
    if (!isOurs || variableNames.has(name) || value.trim() === '' || isServiceLink(name, value)) {
      return [];
    }
    const known = nearestOf(name);
    return known === undefined ? [] : [`${name} is unknown; is ${known} meant?`];
  });
}

function nearestOf(name: string): string | undefined {
  const near = [...variableNames]
    .filter((known) => Math.abs(known.length - name.length) <= mostEdits)
    .map((known) => ({ known, edits: editsBetween(name, known) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((one, other) => one.edits - other.edits);
  return near[0]?.known;
}

/** Levenshtein's distance: letters added, dropped or replaced. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[column], row[column + 1], row[column]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === wanted ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
