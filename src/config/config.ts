import type { ProxySettings } from '../shared/proxy.ts';
import { type CloudName, cloudNames, graphRootOf } from './clouds.ts';
import { type GraphBudgetConfig, readGraphBudget } from './graphBudget.ts';
import {
  type ConnectionConfig,
  type ExplorerMode,
  type Limits,
  readConnections,
  readCorsOrigins,
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
  type Readers,
  readProxies,
} from './readers.ts';
import { readTelemetry, type TelemetryConfig } from './telemetry.ts';
import { read, type ValueOf, variableNames } from './variables.ts';

/** Where answers come from. */
export type Upstream =
  | {
      readonly kind: 'emulator';
      /** 0 takes any free port. */
      readonly port: number;
      /** Which generation of beta the embedded Graph plays. */
      readonly betaGeneration: ValueOf<'EMULATOR_BETA_GENERATION'>;
      /** What the answers of the embedded Graph have that no page promises. */
      readonly oddities: ValueOf<'EMULATOR_ODDITIES'>;
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
  /** Whether routers can take the gateway for one of their subgraphs. */
  readonly federation: 'off' | 'subgraph';
  /** What `/` shows. */
  readonly explorer: ExplorerMode;
  /** The origins whose pages may call from a browser. */
  readonly corsOrigins: readonly string[];
  readonly graphBudget: GraphBudgetConfig;
  readonly limits: Limits;
  /** How much memory the documents may take that are kept parsed, in bytes. */
  readonly documentCacheBytes: number;
  /** How much memory the outcomes of mutations with a key may take, in bytes: of this process, or of Redis. */
  readonly idempotencyStoreBytes: number;
  readonly trustedDocuments: TrustedDocumentsConfig;
  readonly telemetry: TelemetryConfig;
  readonly connections: ConnectionConfig;
  readonly shedding: SheddingConfig;
  /** The forward proxies towards Graph, the authority and the collector. */
  readonly proxies: ProxySettings;
}

export type LogLevel = ValueOf<'LOG_LEVEL'>;

/**
 * Reads the configuration from the environment; readers that are given know afterwards which names were asked for.
 * @throws ConfigError that lists every problem, each with the variable's name.
 */
export function readConfig(
  environment: Environment,
  readers: Readers = createReaders(environment),
): Config {
  const isProduction = read(readers, 'NODE_ENV') === 'production';
  const upstream = readUpstream(readers, isProduction);
  const named = readers.text('GRAPH_CLOUD');
  const cloud = cloudNames.find((name) => name === named) ?? 'global';
  const port = read(readers, 'PORT');
  const config: Config = {
    host: read(readers, 'HOST'),
    port,
    upstream,
    apiVersion: read(readers, 'GRAPH_API_VERSION'),
    cloud,
    identity: readIdentity(readers, cloud, upstream.kind),
    logLevel: read(readers, 'LOG_LEVEL'),
    operationTimeoutMs: read(readers, 'OPERATION_TIMEOUT_MS'),
    maximumListBytes: read(readers, 'LIST_BYTE_LIMIT'),
    maximumRows: read(readers, 'LIST_ROW_LIMIT'),
    graphConnections: read(readers, 'GRAPH_CONNECTIONS'),
    graphConnectionLifeMs: read(readers, 'GRAPH_CONNECTION_LIFE_MS'),
    graphQueue: read(readers, 'GRAPH_QUEUE'),
    breakerOpenMs: read(readers, 'GRAPH_BREAKER_OPEN_MS'),
    drainDelayMs: read(readers, 'DRAIN_DELAY_MS'),
    drainTimeoutMs: read(readers, 'DRAIN_TIMEOUT_MS'),
    introspection: read(readers, 'INTROSPECTION', !isProduction),
    federation: read(readers, 'FEDERATION'),
    explorer: read(readers, 'EXPLORER', isProduction ? 'off' : 'auto'),
    corsOrigins: readCorsOrigins(readers, upstream.kind),
    graphBudget: readGraphBudget(readers, upstream.kind),
    limits: readLimits(readers),
    documentCacheBytes: read(readers, 'DOCUMENT_CACHE_BYTES'),
    idempotencyStoreBytes: read(readers, 'IDEMPOTENCY_STORE_BYTES'),
    trustedDocuments: readTrustedDocuments(readers),
    telemetry: readTelemetry(readers, port),
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
  const problems = [...readers.problems, ...findMisspelledNames(environment, variableNames)];
  if (problems.length > 0) {
    throw new ConfigError([...new Set(problems)]);
  }
  return config;
}

function readUpstream(readers: Readers, isProduction: boolean): Upstream {
  const cloud = read(readers, 'GRAPH_CLOUD');
  const root = read(readers, 'GRAPH_BASE_URL');
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
        'or emulator to use the embedded Graph on purpose.',
    );
  }
  return emulator;
}

function readEmulator(readers: Readers, isProduction: boolean): Upstream {
  const hasControl = read(readers, 'EMULATOR_CONTROL');
  if (hasControl && isProduction) {
    readers.report('EMULATOR_CONTROL must be false with NODE_ENV=production.');
  }
  return {
    hasTls: read(readers, 'EMULATOR_TLS'),
    hasControl,
    kind: 'emulator',
    port: read(readers, 'EMULATOR_PORT'),
    betaGeneration: read(readers, 'EMULATOR_BETA_GENERATION'),
    oddities: read(readers, 'EMULATOR_ODDITIES'),
  };
}
