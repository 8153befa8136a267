import type { Clock } from '../shared/clock.ts';
import { systemCodeOf } from '../shared/systemCode.ts';
import type { Log, LogFields } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { AttemptTrail } from '../telemetry/trace.ts';
import { isConfigurationFault, isGraphError } from './errors.ts';
import { safeIdOf } from './readRefusal.ts';
import { type GraphRequest, type GraphResponse, headerText, type Policy } from './request.ts';
import { methodOf, routeOf } from './types.ts';

export interface ObserveParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'attempt' | 'underWay'>;
}

/** Writes one line, takes one measurement and makes one span for each attempt, whatever becomes of it. */
export function createObserve({ clock, log, measurements }: ObserveParts): Policy {
  return async (request, next) => {
    const startedMs = clock.now();
    const trail = startTrail(request);
    measurements.underWay(1);
    try {
      const response = await next(withContext(request, trail));
      const durationMs = clock.now() - startedMs;
      const answer = describeAnswer(response);
      log.info('Microsoft Graph answered', { ...describeAttempt(request, durationMs), ...answer });
      measurements.attempt({ ...labelsOf(request), durationMs, status: response.status });
      trail?.end(answer);
      return response;
    } catch (error) {
      const durationMs = clock.now() - startedMs;
      const code = isGraphError(error) ? error.code : 'unexpected';
      const failure = { ...describeFailure(error), code };
      const facts = { ...describeAttempt(request, durationMs), ...failure };
      if (isConfigurationFault(error)) {
        log.error(`Configuration fault: ${error.message}`, facts);
      } else {
        log.warn('Microsoft Graph gave no answer', facts);
      }
      measurements.attempt({ ...labelsOf(request), durationMs, errorType: code });
      trail?.end({ ...failure, errorType: code });
      throw error;
    } finally {
      measurements.underWay(-1);
    }
  };
}

function startTrail(request: GraphRequest): AttemptTrail | undefined {
  const { call, operation } = request;
  return call.trail?.startAttempt({ operation, ...labelsOf(request) });
}

/** Where somebody traces, what goes to Graph is the attempt's own context. */
function withContext(request: GraphRequest, trail: AttemptTrail | undefined): GraphRequest {
  return trail === undefined
    ? request
    : { ...request, headers: { ...request.headers, ...trail.headers } };
}

function labelsOf({ operation, attempt = 1, repeatReason }: GraphRequest) {
  return { method: methodOf(operation), route: routeOf(operation), attempt, repeatReason };
}

function describeAttempt(request: GraphRequest, durationMs: number): LogFields {
  const { call, operation, attempt = 1, repeatReason } = request;
  return {
    requestId: call.requestId,
    traceId: call.trail?.traceId,
    operation,
    method: methodOf(operation),
    route: routeOf(operation),
    attempt,
    reason: repeatReason,
    durationMs,
    // A write that is finished for nobody is still told here.
    hasCallerLeft: call.signal.reason === 'callerLeft' ? true : undefined,
  };
}

function describeAnswer(response: GraphResponse): LogFields {
  return {
    status: response.status,
    graphRequestId: safeIdOf(headerText(response, 'request-id')),
    graphClientRequestId: safeIdOf(headerText(response, 'client-request-id')),
  };
}

function describeFailure(error: unknown): LogFields {
  if (!isGraphError(error)) {
    return {};
  }
  const { answer, fault } = error.details;
  return {
    status: answer?.status,
    graphRequestId: answer?.requestId,
    graphClientRequestId: answer?.clientRequestId,
    mayHaveBeenApplied: error.mayHaveBeenApplied,
    fault,
    // Of the fault underneath, such as ECONNRESET; its message could name hosts.
    systemCode: systemCodeOf(error.cause),
  };
}
