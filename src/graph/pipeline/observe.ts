import type { Clock } from '../../clock.ts';
import type { Log } from '../../telemetry/log.ts';
import { isGraphError } from '../errors.ts';
import { headerText, type Policy } from './pipeline.ts';

/** Writes one line for each attempt, whatever becomes of it. */
export function createObserve(log: Log, clock: Clock): Policy {
  return async (request, next) => {
    const startedAt = clock.now();
    const fields = { requestId: request.call.requestId, operation: request.operation };
    try {
      const response = await next(request);
      log.info('Microsoft Graph answered', {
        ...fields,
        status: response.status,
        durationMs: clock.now() - startedAt,
        graphRequestId: headerText(response, 'request-id'),
      });
      return response;
    } catch (error) {
      log.warn('Microsoft Graph gave no answer', {
        ...fields,
        durationMs: clock.now() - startedAt,
        code: isGraphError(error) ? error.code : 'unexpected',
        mayHaveBeenApplied: isGraphError(error) ? error.mayHaveBeenApplied : undefined,
        reason: systemCodeOf(error),
      });
      throw error;
    }
  };
}

/** The code of the fault underneath, such as ECONNRESET; its message could name hosts. */
function systemCodeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
