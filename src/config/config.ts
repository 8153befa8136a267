import type { ProxySettings } from '../shared/proxy.ts';
import { type CloudName, cloudNames, graphRootOf } from './clouds.ts';
import { type GraphBudgetConfig, readGraphBudget } from './graphBudget.ts';
import {
  type ConnectionConfig,
  type ExplorerMode,
  type Limits,
  readConnections,
  readCorsOrigins,
  readExplorer,
  readLimits,
  readShedding,
  readTrustedDocuments,
  type SheddingConfig,
  type TrustedDocumentsConfig,
} from './http.ts';
import { type IdentityConfig, readIdentity } from './identity.ts';
import { findMisspelledNames } from './misspelledNames.ts';
import {
  ConfigError,
  createReaders,
  type Environment,
  findGraphRootProblem,
  type Readers,
  readProxies,
} from './readers.ts';
import { readTelemetry, type TelemetryConfig } from './telemetry.ts';

/** Where answers come from. */
export type Upstream =
  | {
      readonly kind: 'emulator';
      /** 0 takes any free port. */
      readonly port: number;
      /** Which generation of beta the embedded Graph plays. */
      readonly betaGeneration: (typeof betaGenerations)[number];
      /** What the answers of the embedded Graph have that no page promises. */
      readonly oddities: readonly EmulatorQuirk[];
      /** Whether the embedded Graph speaks TLS, with a certificate made at the start. */
      readonly hasTls: boolean;
      /** Whether programs on this machine may script its faults. */
      readonly hasControl: boolean;
    }
  | { readonly kind: 'graph'; readonly root: URL };

/** Everything that can be set, checked and complete. */
export interface Config {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly upstream: Upstream;
  readonly apiVersion: 'beta' | 'v1.0';
  /** Whose tokens and scopes count. */
  readonly cloud: CloudName;
  readonly identity: IdentityConfig;
  readonly logLevel: LogLevel;
  /** How long one GraphQL operation may take, with all its calls of Graph. */
  readonly operationTimeoutMs: number;
  /** How many rows of the list are read at the most, for one operation. */
  readonly maximumRows: number;
  /** How much memory the rows may take that one operation reads, in bytes. */
  readonly maximumListBytes: number;
  /** How many requests to Graph are in flight at the same time. */
  readonly graphConnections: number;
  /** After how long a connection to Graph is used no more, in milliseconds. */
  readonly graphConnectionLifeMs: number;
  /** How many more may wait for their turn. */
  readonly graphQueue: number;
  /** How long Graph is left alone, on average and at first, once it is known to be down. */
  readonly breakerOpenMs: number;
  /** How long a SIGTERM leaves load balancers to see `/readyz` fail before connections are refused. */
  readonly drainDelayMs: number;
  /** How long operations in flight are then waited for. */
  readonly drainTimeoutMs: number;
  readonly introspection: boolean;
  /** What `/` shows. */
  readonly explorer: ExplorerMode;
  /** The origins whose pages may call from a browser. */
  readonly corsOrigins: readonly string[];
  readonly graphBudget: GraphBudgetConfig;
  readonly limits: Limits;
  /** How much memory the documents may take that are kept parsed, in bytes. */
  readonly documentCacheBytes: number;
  readonly trustedDocuments: TrustedDocumentsConfig;
  readonly telemetry: TelemetryConfig;
  readonly connections: ConnectionConfig;
  readonly shedding: SheddingConfig;
  /** The forward proxies towards Graph, the authority and the collector. */
  readonly proxies: ProxySettings;
}

export type LogLevel = (typeof logLevels)[number];

const nodeEnvironments = ['production', 'development', 'test'] as const;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The oddities by their names in the configuration. */
type EmulatorQuirk = (typeof emulatorQuirks)[number];

const betaGenerations = ['reference-page', 'windows-and-filters', 'today'] as const;

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
] as const;

/**
 * Reads the configuration from the environment; readers that are given know afterwards which names were asked for.
 * @throws ConfigError that lists every problem, each with the variable's name.
 */
export function readConfig(
  environment: Environment,
  readers: Readers = createReaders(environment),
): Config {
  const isProduction = readers.oneOf('NODE_ENV', nodeEnvironments) === 'production';
  const upstream = readUpstream(readers, isProduction);
  const named = readers.text('GRAPH_CLOUD');
  const cloud = cloudNames.find((name) => name === named) ?? 'global';
  const port = readers.wholeNumber('PORT', { min: 0, max: 65_535, fallback: 4000 });
  const config: Config = {
    host: readers.host('HOST', '127.0.0.1'),
    port,
    upstream,
    apiVersion: readers.oneOf('GRAPH_API_VERSION', ['beta', 'v1.0']) ?? 'beta',
    cloud,
    identity: readIdentity(readers, cloud, upstream.kind),
    logLevel: readers.oneOf('LOG_LEVEL', logLevels) ?? 'info',
    operationTimeoutMs: readers.wholeNumber('OPERATION_TIMEOUT_MS', {
      min: 100,
      max: 600_000,
      fallback: 20_000,
    }),
    maximumListBytes: readers.wholeNumber('LIST_BYTE_LIMIT', {
      min: 1_048_576,
      max: 1_073_741_824,
      fallback: 50_331_648,
    }),
    maximumRows: readers.wholeNumber('LIST_ROW_LIMIT', {
      min: 1000,
      max: 1_000_000,
      fallback: 10_000,
    }),
    graphConnections: readers.wholeNumber('GRAPH_CONNECTIONS', {
      min: 1,
      max: 1_000,
      fallback: 64,
    }),
    graphConnectionLifeMs: readers.wholeNumber('GRAPH_CONNECTION_LIFE_MS', {
      min: 1_000,
      max: 86_400_000,
      fallback: 300_000,
    }),
    graphQueue: readers.wholeNumber('GRAPH_QUEUE', { min: 0, max: 100_000, fallback: 512 }),
    breakerOpenMs: readers.wholeNumber('GRAPH_BREAKER_OPEN_MS', {
      min: 10,
      max: 60_000,
      fallback: 5_000,
    }),
    drainDelayMs: readers.wholeNumber('DRAIN_DELAY_MS', { min: 0, max: 60_000, fallback: 5_000 }),
    drainTimeoutMs: readers.wholeNumber('DRAIN_TIMEOUT_MS', {
      min: 0,
      max: 600_000,
      fallback: 20_000,
    }),
    introspection: readers.flag('INTROSPECTION', !isProduction),
    explorer: readExplorer(readers, isProduction),
    corsOrigins: readCorsOrigins(readers, upstream.kind),
    graphBudget: readGraphBudget(readers, upstream.kind),
    limits: readLimits(readers),
    documentCacheBytes: readers.wholeNumber('DOCUMENT_CACHE_BYTES', {
      min: 65_536,
      max: 1_073_741_824,
      fallback: 16_777_216,
    }),
    trustedDocuments: readTrustedDocuments(readers),
    telemetry: readTelemetry(readers, port),
    connections: readConnections(readers),
    shedding: readShedding(readers),
    proxies: readProxies(readers),
  };
  const problems = [...readers.problems, ...findMisspelledNames(environment, readers.names)];
  if (problems.length > 0) {
    throw new ConfigError([...new Set(problems)]);
  }
  return config;
}

function readUpstream(readers: Readers, isProduction: boolean): Upstream {
  const cloud = readers.oneOf<CloudName | 'emulator'>('GRAPH_CLOUD', [...cloudNames, 'emulator']);
  const root = readers.checkedUrl('GRAPH_BASE_URL', findGraphRootProblem);
  const emulator = readEmulator(readers, isProduction);
  if (cloud === 'emulator' && readers.text('GRAPH_BASE_URL') !== undefined) {
    readers.report(
      'GRAPH_CLOUD is emulator, so GRAPH_BASE_URL must be absent: name one of the two.',
    );
  }
  if (root !== undefined) {
    return { kind: 'graph', root };
  }
  if (cloud !== undefined && cloud !== 'emulator') {
    return { kind: 'graph', root: graphRootOf(cloud) };
  }
  const isNamed = ['GRAPH_CLOUD', 'GRAPH_BASE_URL'].some(
    (name) => readers.text(name) !== undefined,
  );
  if (isProduction && !isNamed) {
    readers.report(
      `GRAPH_CLOUD is missing: with NODE_ENV=production it must be one of ${cloudNames.join(', ')}, ` +
        'or emulator where the embedded Graph is really meant.',
    );
  }
  return emulator;
}

function readEmulator(readers: Readers, isProduction: boolean): Upstream {
  const hasControl = readers.flag('EMULATOR_CONTROL', false);
  if (hasControl && isProduction) {
    readers.report('EMULATOR_CONTROL must be false with NODE_ENV=production.');
  }
  return {
    hasTls: readers.flag('EMULATOR_TLS', false),
    hasControl,
    kind: 'emulator',
    port: readers.wholeNumber('EMULATOR_PORT', { min: 0, max: 65_535, fallback: 0 }),
    betaGeneration: readers.oneOf('EMULATOR_BETA_GENERATION', betaGenerations) ?? 'reference-page',
    oddities: readers.someOf('EMULATOR_ODDITIES', emulatorQuirks),
  };
}
