import type { Clock } from '../../clock.ts';
import type { Log, LogFields } from '../../telemetry/log.ts';
import type { MeasureAttempt } from '../../telemetry/measurements.ts';
import { type GraphError, isGraphError } from '../errors.ts';
import { methodOf, routeOf } from '../operation.ts';
import { type GraphRequest, type GraphResponse, headerText, type Policy } from './pipeline.ts';

export interface ObserveParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measureAttempt: MeasureAttempt;
}

/** Writes one line and takes one measurement for each attempt that is made, whatever becomes of it. */
export function createObserve({ clock, log, measureAttempt }: ObserveParts): Policy {
  return async (request, next) => {
    const startedMs = clock.now();
    try {
      const response = await next(request);
      const durationMs = clock.now() - startedMs;
      const fields = { ...describeAttempt(request, durationMs), ...describeAnswer(response) };
      log.info('Microsoft Graph answered', fields);
      measureAttempt({ ...labelsOf(request), durationMs, status: response.status });
      return response;
    } catch (error) {
      const durationMs = clock.now() - startedMs;
      const code = isGraphError(error) ? error.code : 'unexpected';
      const fields = { ...describeAttempt(request, durationMs), ...describeFailure(error), code };
      log.warn('Microsoft Graph gave no answer', fields);
      measureAttempt({ ...labelsOf(request), durationMs, errorType: code });
      throw error;
    }
  };
}

function labelsOf({ operation, attempt = 1, repeatReason }: GraphRequest) {
  return { method: methodOf(operation), route: routeOf(operation), attempt, repeatReason };
}

function describeAttempt(request: GraphRequest, durationMs: number): LogFields {
  const { call, operation, attempt = 1, repeatReason } = request;
  return {
    requestId: call.requestId,
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
    graphRequestId: headerText(response, 'request-id'),
    graphClientRequestId: headerText(response, 'client-request-id'),
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
    systemCode: systemCodeOf(error),
  };
}

/** The code of the fault underneath, such as ECONNRESET; its message could name hosts. */
function systemCodeOf({ cause }: GraphError): string | undefined {
  // Not by `instanceof`: the system's errors may be of another realm.
  const code = typeof cause === 'object' && cause && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
