import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Clock, delay } from './clock.ts';
import type { Config } from './config/config.ts';
import { createPartnerLocks } from './resolvers/partnerLocks.ts';
import { createApollo } from './server/apollo.ts';
import { createHttpServer } from './server/httpServer.ts';
import type { PhaseHolder } from './server/phase.ts';
import { createSchema, readSdl } from './server/schema.ts';
import type { Log } from './telemetry/log.ts';
import { connectUpstream } from './upstream.ts';

/** What the gateway takes from the outside. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

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
  const upstream = await connectUpstream(config, clock, log);
  const app = createHttpServer({
    apollo,
    sdl,
    phase,
    graph: upstream.graph,
    apiVersion: config.apiVersion,
    operationTimeoutMs: config.operationTimeoutMs,
    maximumRows: config.maximumRows,
    locks: createPartnerLocks(),
    clock,
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
      await closeWithin(app, clock, config.drainTimeoutMs);
      await apollo.stop();
      await upstream.close();
      phase.current = { name: 'stopped' };
      log.info('Stopped');
    },
  };
}

/** Closes after the last answer, or cuts what is still open when the time is up. */
async function closeWithin(app: FastifyInstance, clock: Clock, timeoutMs: number): Promise<void> {
  const stopTimer = clock.startTimer(timeoutMs, () => app.server.closeAllConnections());
  await app.close();
  stopTimer();
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
