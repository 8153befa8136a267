import type { ProxySettings } from '../shared/proxy.ts';
import {
  type CloudName,
  readGraphBudget,
  readProxies,
  readUpstream,
  type Upstream,
} from './graph.ts';
import {
  type Limits,
  readConnections,
  readCorsOrigins,
  readLimits,
  readShedding,
  readTrustedDocuments,
  type TrustedDocumentsConfig,
} from './http.ts';
import { type IdentityConfig, readIdentity } from './identity.ts';
import {
  ConfigError,
  createReaders,
  type Environment,
  isServiceLink,
  type Readers,
} from './readers.ts';
import { readTelemetry, type TelemetryConfig } from './telemetry.ts';
import { read, readAll, type Settings, type ValueOf, variableNames } from './variables.ts';

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

export type { Upstream };
export type LogLevel = ValueOf<'LOG_LEVEL'>;

/** Everything that can be set, checked and complete. `variables.ts` says what each setting means. */
export interface Config extends Settings<typeof plainSettings> {
  readonly upstream: Upstream;
  /** Whose tokens and scopes count. */
  readonly cloud: CloudName;
  readonly identity: IdentityConfig;
  readonly introspection: boolean;
  readonly explorer: ValueOf<'EXPLORER'>;
  readonly corsOrigins: readonly string[];
  readonly graphBudget: ReturnType<typeof readGraphBudget>;
  readonly limits: Limits;
  readonly trustedDocuments: TrustedDocumentsConfig;
  readonly telemetry: TelemetryConfig;
  readonly connections: ReturnType<typeof readConnections>;
  readonly shedding: ReturnType<typeof readShedding>;
  /** The forward proxies towards Graph, the authority and the collector. */
  readonly proxies: ProxySettings;
}

/**
 * Reads the configuration from the environment; readers that are given know afterwards which names were asked for.
 * @throws ConfigError that lists every problem, each with the variable's name.
 */
export function readConfig(
  environment: Environment,
  readers: Readers = createReaders(environment),
): Config {
  const isProduction = read(readers, 'NODE_ENV') === 'production';
  const { upstream, cloud } = readUpstream(readers, isProduction);
  const plain = readAll(readers, plainSettings);
  const config: Config = {
    ...plain,
    upstream,
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
    shedding: readShedding(readers),
    proxies: readProxies(readers),
  };
  if (config.federation === 'subgraph' && config.trustedDocuments.mode === 'enforce') {
    readers.report(
      'TRUSTED_DOCUMENTS_MODE must not be enforce with FEDERATION=subgraph: a router writes documents of its own. ' +
        'Let the router enforce trusted documents.',
    );
  }
  const problems = [...readers.problems, ...findMisspelledNames(environment)];
  if (problems.length > 0) {
    throw new ConfigError([...new Set(problems)]);
  }
  return config;
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
