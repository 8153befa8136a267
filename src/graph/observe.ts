import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import type { Log, LogFields } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { isConfigurationFault, isGraphError } from './errors.ts';
import { safeIdOf } from './readRefusal.ts';
import { type GraphAttempt, type GraphRequest, type GraphResponse, headerText } from './request.ts';
import { methodOf, routeOf } from './types.ts';

interface AttemptReportParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'attempt' | 'underWay'>;
}

/** The report of one attempt: one measurement, one span, and a log line unless it succeeded. */
interface AttemptReport {
  /** The attempt's own trace context, if there are traces. */
  readonly headers: GraphRequest['headers'] | undefined;
  answered(response: GraphResponse): void;
  failed(error: unknown): void;
}

/** Begins an attempt's report; exactly one of its ends has to be called. */
export function startAttemptReport(
  attempt: GraphAttempt,
  { clock, log, measurements }: AttemptReportParts,
): AttemptReport {
  const startedMs = clock.now();
  const labels = labelsOf(attempt);
  const trace = attempt.call.trace?.startAttempt({ operation: attempt.operation, ...labels });
  measurements.underWay(1);
  return {
    headers: trace?.headers,
    answered(response) {
      const durationMs = clock.now() - startedMs;
      const answer = describeAnswer(response);
      const isPlain = response.status < 300 && !hasCallerLeft(attempt);
      // The request's own line says all of it; what an operator may look for by itself has a line of its own.
      log[isPlain ? 'debug' : 'info']('Microsoft Graph answered', {
        ...describeAttempt(attempt, durationMs),
        ...answer,
      });
      measurements.attempt({ ...labels, durationMs, status: response.status });
      measurements.underWay(-1);
      trace?.end({ ...answer, durationMs });
    },
    failed(error) {
      const durationMs = clock.now() - startedMs;
      const code = isGraphError(error) ? error.code : 'unexpected';
      const failure = { ...describeFailure(error), code };
      const facts = { ...describeAttempt(attempt, durationMs), ...failure };
      if (isConfigurationFault(error)) {
        log.error(`Configuration fault: ${error.message}`, facts);
      } else {
        log.warn('Microsoft Graph gave no answer', facts);
      }
      measurements.attempt({ ...labels, durationMs, errorType: code });
      measurements.underWay(-1);
      trace?.end({ ...failure, durationMs, errorType: code });
    },
  };
}

function labelsOf({ operation, number, repeatReason }: GraphAttempt) {
  return { method: methodOf(operation), route: routeOf(operation), attempt: number, repeatReason };
}

function describeAttempt(attempt: GraphAttempt, durationMs: number): LogFields {
  const { call, operation, number, repeatReason } = attempt;
  return {
    requestId: call.requestId,
    traceId: call.trace?.traceId,
    operation,
    method: methodOf(operation),
    route: routeOf(operation),
    attempt: number,
    reason: repeatReason,
    durationMs,
    // A write that finishes after its caller left is still reported here.
    hasCallerLeft: hasCallerLeft(attempt) ? true : undefined,
  };
}

function hasCallerLeft({ call }: GraphAttempt): boolean {
  return call.signal.reason === 'callerLeft';
}

function describeAnswer(response: GraphResponse) {
  return {
    status: response.status,
    graphRequestId: safeIdOf(headerText(response, 'request-id')),
    graphClientRequestId: safeIdOf(headerText(response, 'client-request-id')),
  };
}

function describeFailure(error: unknown) {
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
    systemCode: errnoCodeOf(error.cause),
  };
}
