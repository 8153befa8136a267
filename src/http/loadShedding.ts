import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { overloaded, type RequestProblem, retryAfterSeconds } from '../graphql/problems.ts';
import { createShedder } from '../server/shedding/createShedder.ts';
import type { SheddingBounds, ShedReason } from '../server/shedding/decideShedding.ts';
import { type SenseLoad, senseProcessLoad } from '../server/shedding/senseLoad.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { ArrivingBodies } from './arrivingBodies.ts';

export interface SheddingParts {
  readonly shedding: SheddingBounds;
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'shed'>;
  /** The process itself where absent. */
  readonly senseLoad?: SenseLoad | undefined;
}

/** Whoever asks these decides by the answers whether the process may live on. */
const neverShed: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

const quietMs = 10_000;

/**
 * Rejects requests with 503 while the gateway is overloaded. A request takes a place once it is whole; before that it is
 * only rejected if there is no place for it now. If the heap is full, bodies that are still arriving give way first.
 */
export function addShedding(
  app: FastifyInstance,
  parts: SheddingParts,
  arriving: Pick<ArrivingBodies, 'giveWay'>,
): void {
  const { shedding, clock, log, measurements, senseLoad = senseProcessLoad } = parts;
  const shedder = createShedder(shedding);
  const inside = new WeakSet<FastifyRequest>();
  let quietSinceMs = Number.NEGATIVE_INFINITY;

  function judge(request: FastifyRequest, reply: FastifyReply, isWhole: boolean) {
    if (neverShed.has(request.routeOptions.url) || inside.has(request)) {
      return undefined;
    }
    const reason = shedder.check();
    if (reason !== undefined && !(reason === 'heap' && isWhole && arriving.giveWay())) {
      return refuse(reply, reason);
    }
    if (isWhole) {
      inside.add(request);
      shedder.enter();
      reply.raw.once('close', () => shedder.leave());
    }
    return undefined;
  }

  function refuse(reply: FastifyReply, reason: ShedReason): RequestProblem {
    measurements.shed(reason);
    const nowMs = clock.now();
    if (nowMs - quietSinceMs > quietMs) {
      log.warn('Requests are refused, because there is too much to do', { reason });
    }
    quietSinceMs = nowMs;
    reply.header('retry-after', String(retryAfterSeconds));
    return overloaded();
  }

  app.addHook('onRequest', (request, reply, done) => {
    done(judge(request, reply, request.raw.complete));
  });
  app.addHook('preValidation', (request, reply, done) => {
    done(judge(request, reply, true));
  });
  let stopSensing = (): void => undefined;
  // What the loop had to do before that was nobody's request.
  app.addHook('onListen', async () => {
    stopSensing = senseLoad(shedder.sense);
  });
  app.addHook('onClose', async () => stopSensing());
}
