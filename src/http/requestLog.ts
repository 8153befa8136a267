import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readCallerTrace } from '../graphql/context.ts';
import { onceClosed } from '../shared/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { errorTypeOf, type Measurements } from '../telemetry/metrics.ts';
import type { RequestTrace, StartTrace } from '../telemetry/trace.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What is noted of a GraphQL request; undefined if it is another one. */
    trace: RequestTrace | undefined;
    /** There from its first hook on. */
    progress: Progress;
  }
}

interface RequestTelemetryParts {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'request'>;
  readonly startTrace: StartTrace;
}

/** How far a request has come. */
interface Progress {
  isHandled: boolean;
  hasCallerLeft: boolean;
  isTold: boolean;
}

/**
 * Writes one line and takes one measurement for each request, and makes one span for each GraphQL request, once its
 * answer is out. Where the caller left before, that is when the operation has come to its own end, so that the line can
 * say what became of it.
 */
export function addRequestTelemetry(
  app: FastifyInstance,
  { log, measurements, startTrace }: RequestTelemetryParts,
): void {
  app.decorateRequest('trace', undefined);
  app.decorateRequest('progress');

  function tell(request: FastifyRequest, reply: FastifyReply): void {
    const { progress, method, trace } = request;
    if (progress.isTold) {
      return;
    }
    progress.isTold = true;
    const { hasCallerLeft } = progress;
    const status = hasCallerLeft ? undefined : reply.statusCode;
    const route = request.routeOptions.url;
    const durationMs = reply.elapsedTime;
    log.info('Answered', {
      requestId: request.id,
      ...trace?.describe(),
      method,
      url: route ?? 'unknown',
      status,
      durationMs: Math.round(durationMs),
      hasCallerLeft: hasCallerLeft ? true : undefined,
    });
    measurements.request({
      method,
      route,
      durationMs,
      status,
      errorType: errorTypeOf(status, trace?.codes ?? []),
      operationType: trace?.operationType,
    });
    trace?.end({ route: route ?? 'unknown', status });
  }

  app.addHook('onRequest', (request, reply, done) => {
    const progress: Progress = { isHandled: true, hasCallerLeft: false, isTold: false };
    request.progress = progress;
    if (request.routeOptions.url === '/graphql') {
      const { method, id: requestId, headers } = request;
      request.trace = startTrace({ method, requestId, caller: readCallerTrace(headers) });
    }
    onceClosed(reply.raw, () => {
      progress.hasCallerLeft ||= !reply.raw.writableFinished;
      if (progress.isHandled) {
        tell(request, reply);
      }
    });
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    request.progress.isHandled = false;
    done();
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    request.progress.isHandled = true;
    if (request.progress.hasCallerLeft) {
      tell(request, reply);
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.progress.hasCallerLeft ||= hasBroken(request);
    tell(request, reply);
    done();
  });
}

/** Whether the connection ended in the middle of the answer: node:http says that the answer is finished then, too. */
function hasBroken({ raw: { socket } }: FastifyRequest): boolean {
  return socket.destroyed || Boolean(socket.errored);
}
