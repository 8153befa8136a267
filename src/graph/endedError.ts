import { GraphDeadlineError, type GraphErrorCode } from './errors.ts';
import type { EndReason } from './request.ts';

const endings: Readonly<Record<EndReason, { code: GraphErrorCode; message: string }>> = {
  deadline: {
    code: 'timeout',
    message: "Microsoft Graph did not answer within the operation's time.",
  },
  callerLeft: {
    code: 'callerLeft',
    message: 'The caller went away before Microsoft Graph answered.',
  },
  answered: {
    code: 'callerLeft',
    message: 'The operation was answered before Microsoft Graph answered this.',
  },
  shutdown: {
    code: 'unavailable',
    message: 'The gateway stopped before Microsoft Graph answered.',
  },
};

/** Makes the error of an operation that a signal ended; `mayHaveBeenApplied` where a write had gone out by then. */
export function endedErrorOf(
  { reason }: Pick<AbortSignal, 'reason'>,
  mayHaveBeenApplied = false,
  fault: 'ended' | 'queued' = 'ended',
): GraphDeadlineError {
  const known: unknown = reason;
  const { code, message } = endings[isEndReason(known) ? known : 'deadline'];
  return new GraphDeadlineError(code, message, { mayHaveBeenApplied, fault });
}

function isEndReason(reason: unknown): reason is EndReason {
  return typeof reason === 'string' && Object.hasOwn(endings, reason);
}
