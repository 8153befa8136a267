import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Config, Upstream } from './config/config.ts';
import { listenErrorOf } from './config/http.ts';
import type { Dependencies } from './dependencies.ts';
import { createGraphBudget } from './graph/budget.ts';
import { createGraphClient } from './graph/client.ts';
import { createRoutes } from './graph/request.ts';
import { createSend } from './graph/send.ts';
import { createConnections, createTransport } from './graph/transport.ts';
import type { IdentityMode } from './identity/identityMode.ts';
import type { SeenPartnerIds } from './partners/context.ts';
import { isAnswerToAdd } from './partners/mutations.ts';
import { readPartner } from './partners/partnerMapping.ts';
import { errnoCodeOf } from './shared/forms.ts';
import { type ForwardProxy, proxyFor } from './shared/proxy.ts';
import { embeddedGraphToken, type Secret } from './shared/secret.ts';
import type { Log } from './telemetry/log.ts';

const connectTimeoutMs = 5_000;
/** Of Graph's limits for this resource. */
const windowSeconds = 20;

/** Starts the embedded Graph where no other is configured, and connects the client. */
export async function connectUpstream(
  config: Config,
  dependencies: Dependencies,
  identity: Pick<IdentityMode, 'credentials' | 'tenantKeys'>,
  seenPartnerIds: Pick<SeenPartnerIds, 'note'>,
  redis: Redis | undefined,
) {
  const { clock, certificateAuthorities = [] } = dependencies;
  const { root, close, authority } = await startUpstream(config.upstream, dependencies);
  const authorities = authority ? [...certificateAuthorities, authority] : certificateAuthorities;
  const connections = createConnections(root.origin, {
    limit: config.graphConnections,
    connectTimeoutMs,
    maximumLifeMs: config.graphConnectionLifeMs,
    clock,
    certificateAuthorities: authorities.length > 0 ? authorities : undefined,
    tunnel: await tunnelThrough(proxyFor(root, config.proxies)),
  });
  const routes = createRoutes(root, config.apiVersion);
  const budget = await createGraphBudget(
    { ...config.graphBudget, windowSeconds },
    { ...dependencies, redis },
  );
  const send = createSend({
    ...dependencies,
    ...identity,
    base: routes.base,
    concurrency: config.graphConnections,
    queue: config.graphQueue,
    breakerOpenMs: config.breakerOpenMs,
    slowMs: config.operationTimeoutMs / 4,
    budget,
    transport: createTransport(connections),
  });
  return {
    /** The client for what answers the gateway's calls. */
    graph: createGraphClient({
      ...dependencies,
      send,
      routes,
      readRow: readPartner,
      noteSeen: seenPartnerIds.note,
      matchesSubmitted: isAnswerToAdd,
    }),
    root,
    async close(): Promise<void> {
      await connections.close();
      await close();
    },
  };
}

/** What undici needs for proxies is loaded only if there is one. */
async function tunnelThrough(proxy: ForwardProxy | undefined) {
  if (proxy === undefined) {
    return undefined;
  }
  const { createProxyAgent } = await import('./shared/tunnel.ts');
  return (options: Parameters<typeof createProxyAgent>[1]) => createProxyAgent(proxy, options);
}

/** Gives the root of what answers, and the certificate to trust, in PEM, if it is an own one. */
async function startUpstream(upstream: Upstream, { clock, log }: Dependencies) {
  if (upstream.kind === 'graph') {
    return { root: upstream.root, close: async () => undefined };
  }
  const { port } = upstream;
  const { startEmulator } = await import('./emulator/server.ts');
  const emulator = await startEmulator({
    ...upstream,
    generation: upstream.betaGeneration,
    acceptToken: (token) => token === embeddedGraphToken,
    clock,
  }).catch((error: NodeJS.ErrnoException) => {
    // What fails before, such as the certificate, has nothing to do with the port.
    if (error.syscall !== 'listen') {
      throw error;
    }
    throw listenErrorOf(error, {
      what: 'the embedded Graph cannot listen',
      host: '127.0.0.1',
      port,
      portVariable: 'EMULATOR_PORT',
    });
  });
  const root = new URL(emulator.baseUrl);
  const { certificate } = emulator;
  if (certificate === undefined) {
    return { root, close: emulator.close };
  }
  const folder = await mkdtemp(join(tmpdir(), 'embedded-graph-'));
  const file = join(folder, 'certificate.pem');
  await writeFile(file, certificate);
  log.info('The embedded Graph speaks TLS; trust its certificate with NODE_EXTRA_CA_CERTS', {
    file,
  });
  return {
    root,
    authority: certificate,
    async close(): Promise<void> {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** For each use of Redis: how long one that hangs may hold up those who ask it, and what replicas do without and with it. */
const redisUses = {
  // Every request to Graph asks for the budget, so it waits for no Redis that hangs.
  budget: {
    answerTimeoutMs: 200,
    away: 'each replica keeps to its share of the budget',
    there: 'all replicas share the budget',
  },
  // A change can wait a little longer: an answer that is late only because this process was busy must not be lost.
  locks: {
    answerTimeoutMs: 1_000,
    away: 'each replica locks its own changes only, and rejects mutations with an idempotencyKey',
    there: 'all replicas share the locks and the outcomes of idempotency keys',
  },
};

const redisConnectTimeoutMs = 1_000;
const longestReconnectMs = 1_000;

/** Connects in the background, with retries. No command waits for it: one that it cannot answer now is rejected now. */
export async function connectRedis(
  url: Secret,
  use: keyof typeof redisUses,
  log: Log,
): Promise<Redis> {
  const { answerTimeoutMs, away, there } = redisUses[use];
  // Loaded only here: most gateways run without Redis.
  const { Redis } = await import('ioredis');
  const client = new Redis(url.reveal(), {
    commandTimeout: answerTimeoutMs,
    socketTimeout: answerTimeoutMs,
    connectTimeout: redisConnectTimeoutMs,
    // A Redis that hangs does not answer the goodbye either, and there is no new connection before the old one is gone.
    disconnectTimeout: 50,
    retryStrategy: (attempt) => Math.min(100 * attempt, longestReconnectMs),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  let isAway = false;
  const onAway = (error?: unknown): void => {
    if (!isAway) {
      isAway = true;
      log.warn(`Redis is away: ${away}`, { reason: errnoCodeOf(error) ?? 'closed' });
    }
  };
  client.on('error', onAway);
  client.on('close', onAway);
  client.on('ready', () => {
    isAway = false;
    log.info(`Redis is there: ${there}`);
  });
  return client;
}
