import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/measurements.ts';
import { RequestProblem } from '../requestProblem.ts';
import { createShedder } from './createShedder.ts';
import type { SheddingBounds } from './decideShedding.ts';
import { type SenseLoad, senseProcessLoad } from './senseLoad.ts';

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

const retryAfterSeconds = 1;
const quietMs = 10_000;

const overloaded = (): RequestProblem =>
  new RequestProblem(
    503,
    'OVERLOADED',
    'The gateway has too much to do; nothing of this request was done.',
    { retryAfterSeconds },
  );

/** Refuses requests before their bodies are read, while there is too much to do: 503 with `Retry-After`. */
export function addShedding(app: FastifyInstance, parts: SheddingParts): void {
  const { shedding, clock, log, measurements, senseLoad = senseProcessLoad } = parts;
  const shedder = createShedder(shedding);
  let quietSinceMs = Number.NEGATIVE_INFINITY;

  app.addHook('onRequest', (request, reply, done) => {
    if (neverShed.has(request.routeOptions.url)) {
      done();
      return;
    }
    const reason = shedder.enter();
    if (reason === undefined) {
      reply.raw.once('close', () => shedder.leave());
      done();
      return;
    }
    measurements.shed(reason);
    const nowMs = clock.now();
    if (nowMs - quietSinceMs > quietMs) {
      log.warn('Requests are refused, because there is too much to do', { reason });
    }
    quietSinceMs = nowMs;
    reply.header('retry-after', String(retryAfterSeconds));
    done(overloaded());
  });
  let stopSensing = (): void => undefined;
  // What the loop had to do before that was nobody's request.
  app.addHook('onListen', async () => {
    stopSensing = senseLoad(shedder.sense);
  });
  app.addHook('onClose', async () => stopSensing());
}
