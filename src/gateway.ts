import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Clock, delay } from './clock.ts';
import type { Config } from './config/config.ts';
import { createKnownPartnerIds } from './resolvers/knownPartnerIds.ts';
import { noteIds } from './resolvers/noteIds.ts';
import { createPartnerLocks } from './resolvers/partnerLocks.ts';
import { createApollo } from './server/apollo.ts';
import { type ContextParts, createRequestContext } from './server/createRequestContext.ts';
import { createHttpServer } from './server/httpServer.ts';
import type { PhaseHolder } from './server/phase.ts';
import { createSchema, readSdl } from './server/schema.ts';
import type { Surroundings } from './surroundings.ts';
import { connectUpstream } from './upstream.ts';

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

/** Builds all parts in order and listens. */
export async function startGateway(config: Config, surroundings: Surroundings): Promise<Gateway> {
  const { clock, log, newId } = surroundings;
  const phase: PhaseHolder = { current: { name: 'starting' } };
  const sdl = readSdl();
  const apollo = createApollo({
    schema: createSchema(sdl),
    introspection: config.introspection,
    log,
  });
  await apollo.start();
  const upstream = await connectUpstream(config, surroundings);
  const knownIds = createKnownPartnerIds();
  const shutdown = new AbortController();
  const contextParts: ContextParts = {
    graph: noteIds(upstream.graph, knownIds),
    apiVersion: config.apiVersion,
    operationTimeoutMs: config.operationTimeoutMs,
    maximumRows: config.maximumRows,
    locks: createPartnerLocks(),
    knownIds,
    shutdown: shutdown.signal,
    clock,
  };
  const app = createHttpServer({
    apollo,
    contextOf: async (request, reply) => createRequestContext(contextParts, request, reply),
    sdl,
    phase,
    newId,
    log,
  });
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await upstream.close();
    throw error;
  }
  const url = urlOf(app);
  phase.current = { name: 'running' };
  log.info('Running', { url, upstream: upstream.root.href });

  return {
    url,
    upstreamUrl: upstream.root.href,
    async stop(delayMs) {
      phase.current = { name: 'draining', sinceMs: clock.now() };
      log.info('Draining', { durationMs: delayMs });
      await delay(clock, delayMs);
      await closeWithin(app, clock, config.drainTimeoutMs, shutdown);
      await apollo.stop();
      await upstream.close();
      phase.current = { name: 'stopped' };
      log.info('Stopped');
    },
  };
}

const lastWordsMs = 250;

/** Closes after the last answer. When the time is up, operations are ended, and what is open after that is cut. */
async function closeWithin(
  app: FastifyInstance,
  clock: Clock,
  timeoutMs: number,
  shutdown: AbortController,
): Promise<void> {
  let stopTimer = clock.startTimer(timeoutMs, () => {
    shutdown.abort();
    stopTimer = clock.startTimer(lastWordsMs, () => app.server.closeAllConnections());
  });
  await app.close();
  stopTimer();
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
