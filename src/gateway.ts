import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Redis } from 'ioredis';
import type { Config } from './config/config.ts';
import { listenErrorOf } from './config/http.ts';
import type { Dependencies } from './dependencies.ts';
import { createAdmission } from './graphql/admission.ts';
import { createApollo } from './graphql/apollo.ts';
import { createRequestContext, createRunningOperations } from './graphql/context.ts';
import { createDocumentStore } from './graphql/documents.ts';
import { schemaOf } from './graphql/schema.ts';
import { createHttpServer, type PhaseHolder } from './http/server.ts';
import { startIdentityMode } from './identity/identityMode.ts';
import { createIdempotency } from './partners/idempotency.ts';
import { createLeases } from './partners/leases.ts';
import { createPartnerLocks } from './partners/locks.ts';
import { createSeenPartnerIds } from './partners/mutations.ts';
import { createMemoryOutcomes, createRedisOutcomes } from './partners/outcomeStore.ts';
import { type Clock, delay } from './shared/clock.ts';
import { createLoopShare } from './shared/loopShare.ts';
import { isLoopback } from './shared/proxy.ts';
import { connectRedis, connectUpstream } from './upstream.ts';

export interface Gateway {
  /** Where it listens, without a path. */
  readonly url: string;
  /** The root of the Graph that answers it. */
  readonly upstreamUrl: string;
  /**
   * Stops in order: `/readyz` fails, after `delayMs` connections are refused, operations in flight are finished
   * within the drain's time, then the rest is cut.
   */
  stop(delayMs: number): Promise<void>;
}

const authModes = {
  passthrough: 'PASSTHROUGH',
  'on-behalf-of': 'ON_BEHALF_OF',
  'app-only': 'APP_ONLY',
} as const;

type Close = () => Promise<unknown>;

/** Builds all parts in order and listens. What was opened is closed again if that fails. */
export async function startGateway(config: Config, dependencies: Dependencies): Promise<Gateway> {
  const opened: Close[] = [];
  try {
    return await openGateway(config, dependencies, opened);
  } catch (error) {
    await closeAll(opened).catch(() => undefined);
    throw error;
  }
}

/** Closes the last first, each whatever became of the others. @throws what the first of those that failed threw. */
async function closeAll(opened: readonly Close[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of opened.toReversed()) {
    await close().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}

async function openGateway(
  config: Config,
  dependencies: Dependencies,
  opened: Close[],
): Promise<Gateway> {
  const { clock, log, newId, measurements, startTrace } = dependencies;
  const phase: PhaseHolder = { current: 'starting' };
  const { limits } = config;
  const { sdl, schema } = schemaOf(config);
  const documents = createDocumentStore(config.documentCacheBytes);
  const trusted = await startTrusted(config, schema, documents, dependencies);
  opened.push(async () => trusted?.stop());
  const loopShare = createLoopShare();
  const apollo = createApollo({ ...config, loopShare, schema, documents, log, measurements });
  await apollo.start();
  opened.push(() => apollo.stop());
  const identity = await startIdentityMode(config, dependencies);
  opened.push(() => identity.close());
  const { redisUrl } = config.graphBudget;
  const connect = async (use: 'budget' | 'locks'): Promise<Redis | undefined> => {
    const redis = redisUrl && (await connectRedis(redisUrl, use, log));
    opened.push(async () => redis?.disconnect());
    return redis;
  };
  const seenPartnerIds = createSeenPartnerIds();
  const upstream = await connectUpstream(
    config,
    dependencies,
    identity,
    seenPartnerIds,
    await connect('budget'),
  );
  opened.push(() => upstream.close());
  const redis = await connect('locks');
  const operations = createRunningOperations();
  const leaseMs = config.operationTimeoutMs + leaseMarginMs;
  const contextParts: Parameters<typeof createRequestContext>[0] = {
    ...config,
    graph: upstream.graph,
    locks: createPartnerLocks({
      tenantKeys: identity.tenantKeys,
      clock,
      leases: redis && createLeases({ leaseMs }, { ...dependencies, redis }),
    }),
    idempotency: createIdempotency({
      store:
        redis === undefined
          ? createMemoryOutcomes(config.idempotencyStoreBytes, clock)
          : createRedisOutcomes(
              { storeBytes: config.idempotencyStoreBytes, leaseMs },
              { ...dependencies, redis },
            ),
      graphRoot: upstream.root.href,
      measurements,
      callerOf: (call) => identity.tenantKeys.callerOf(call, clock.now()),
    }),
    seenPartnerIds,
    operations,
    loopShare,
    authorizer: identity.authorizer,
    isTokenAccepted: (call) => identity.tenantKeys.isAccepted(call),
    authMode: authModes[config.identity.mode],
    clock,
  };
  const app = await createHttpServer({
    ...config,
    apollo,
    admit: createAdmission({ limits, trusted: trusted?.documents, log, measurements }),
    measurements,
    contextOf: async (request, reply, inexactVariables) =>
      createRequestContext(contextParts, request, reply, inexactVariables),
    sdl,
    phase,
    canJudgeCallers: identity.isReady,
    newId,
    log,
    startTrace,
    clock,
  });
  const rest = [...opened];
  opened.push(() => app.close());
  await listen(app, config);
  const url = urlOf(app);
  phase.current = 'running';
  log.info('Running', { url, upstream: upstream.root.href });
  const warning = publicTokenWarning(config, url);
  if (warning !== undefined) {
    log.warn(warning, { url });
  }

  return {
    url,
    upstreamUrl: upstream.root.href,
    async stop(delayMs) {
      phase.current = 'draining';
      log.info('Draining', { durationMs: delayMs });
      await delay(clock, delayMs);
      await closeWithin(app, operations, clock, config.drainTimeoutMs);
      await closeAll(rest);
      phase.current = 'stopped';
      log.info('Stopped');
    },
  };
}

/** What the trusted documents need is loaded only if there are some. */
async function startTrusted(
  { trustedDocuments, limits }: Config,
  schema: GraphQLSchema,
  { spellingOf }: ReturnType<typeof createDocumentStore>,
  dependencies: Dependencies,
) {
  if (trustedDocuments.mode === 'off') {
    return undefined;
  }
  const { watchTrustedDocuments } = await import('./graphql/trusted.ts');
  const rules = { schema, limits, spellingOf };
  return watchTrustedDocuments(trustedDocuments, rules, dependencies);
}

/** A lock outlasts the longest operation, and its last write on the way. */
const leaseMarginMs = 5_000;

const lastWordsMs = 250;

/**
 * Closes after the last answer, and after the last write whose caller has left. When the time is up, operations are
 * ended, and what is open after that is cut.
 */
async function closeWithin(
  app: FastifyInstance,
  operations: ReturnType<typeof createRunningOperations>,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  let stopTimer = clock.startTimer(timeoutMs, () => {
    operations.endAll();
    stopTimer = clock.startTimer(lastWordsMs, () => app.server.closeAllConnections());
  });
  await app.close();
  await operations.whenNone();
  stopTimer();
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const variables = { hostVariable: 'HOST', portVariable: 'PORT' };
    throw listenErrorOf(error, { what: 'it cannot listen', host, port, ...variables });
  }
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** The embedded Graph's token is in the README, so other machines must not reach a gateway that uses it unnoticed. */
export function publicTokenWarning(
  { upstream }: Pick<Config, 'upstream'>,
  url: string,
): string | undefined {
  return upstream.kind === 'emulator' && !isLoopback(new URL(url).hostname)
    ? "The embedded Graph's token is public and HOST admits other machines: set HOST=127.0.0.1 or another Graph"
    : undefined;
}
