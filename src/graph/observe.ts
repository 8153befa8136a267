import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { isConfigurationFault, isGraphError } from './errors.ts';
import { safeIdOf } from './readRefusal.ts';
import { type GraphAttempt, type GraphRequest, type GraphResponse, headerText } from './request.ts';
import { methodOf, routeOf } from './types.ts';

interface ReportParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'attempt' | 'inFlight'>;
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
  { clock, log, measurements }: ReportParts,
): AttemptReport {
  const { call, operation, number, repeatReason } = attempt;
  const startedMs = clock.now();
  const method = methodOf(operation);
  const route = routeOf(operation);
  const labels = { method, route, attempt: number, repeatReason };
  const trace = call.trace?.startAttempt({ operation, ...labels });
  measurements.inFlight(1);

  /** Takes the measurement and ends the span; gives what log lines say of the attempt. */
  function end(measured: { status: number } | { errorType: string }, found: object) {
    const durationMs = clock.now() - startedMs;
    measurements.attempt({ ...labels, ...measured, durationMs });
    measurements.inFlight(-1);
    trace?.end({ ...found, ...measured, durationMs });
    return {
      requestId: call.requestId,
      traceId: call.trace?.traceId,
      operation,
      method,
      route,
      attempt: number,
      reason: repeatReason,
      durationMs,
      // A write that finishes after its caller left is still reported here.
      hasCallerLeft: call.signal.reason === 'callerLeft' ? true : undefined,
      ...found,
    };
  }

  return {
    headers: trace?.headers,
    answered(response) {
      const { status } = response;
      const facts = end(
        { status },
        {
          status,
          graphRequestId: safeIdOf(headerText(response, 'request-id')),
          graphClientRequestId: safeIdOf(headerText(response, 'client-request-id')),
        },
      );
      // The request's own line says all of it; what an operator may look for by itself has a line of its own.
      const isPlain = status < 300 && facts.hasCallerLeft !== true;
      log[isPlain ? 'debug' : 'info']('Microsoft Graph answered', facts);
    },
    failed(error) {
      const code = isGraphError(error) ? error.code : 'unexpected';
      const facts = end({ errorType: code }, { ...describeFailure(error), code });
      if (isConfigurationFault(error)) {
        log.error(`Configuration fault: ${error.message}`, facts);
      } else {
        log.warn('Microsoft Graph gave no answer', facts);
      }
    },
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
