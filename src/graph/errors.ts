import { abortable, type Clock, type EndSignal } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { rejectsCredentials } from '../shared/proxy.ts';

/** What went wrong, in terms of what a caller can do about it. */
export type GraphErrorCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'approvalRequired'
  | 'tenantNotLicensed'
  | 'invalidRequest'
  | 'notFound'
  | 'conflict'
  | 'throttled'
  | 'overloaded'
  | 'timeout'
  | 'unavailable'
  | 'badResponse'
  | 'callerLeft';

export interface GraphErrorDetails {
  readonly cause?: unknown;
  /**
   * How far an attempt got that gave no answer.
   * - `not-connected`: nothing of the request went out: refused, not resolved, or no connection in time.
   * - `untrusted`: the other side has no certificate that can be trusted.
   * - `proxy-credentials`: a forward proxy asks for other credentials than the gateway has, so nothing went out.
   * - `broken`: the request went out; its answer never came, or not whole.
   * - `queued`: nothing was sent, because the operation ended while the request was still in this gateway.
   * - `ended`: the operation was over: its time was up, its caller left, or the gateway stops.
   */
  readonly fault?:
    | 'not-connected'
    | 'untrusted'
    | 'proxy-credentials'
    | 'broken'
    | 'queued'
    | 'ended';
  /** Whether a write was sent and may have been executed although no believable answer came. */
  readonly mayHaveBeenApplied?: boolean;
  /** How Graph answered, for a support case. Never its raw text. */
  readonly answer?:
    | {
        readonly status: number;
        /** Graph's own code, the outermost that says something. */
        readonly code?: string | undefined;
        readonly requestId?: string | undefined;
        readonly clientRequestId?: string | undefined;
        /** The time of the answer as Graph wrote it. */
        readonly date?: string | undefined;
      }
    | undefined;
  /** The claims that a token has to meet, as Graph's challenge carries them. */
  readonly claims?: string | undefined;
  /** The id of the partner that an answer is about, if another one was meant. */
  readonly answeredId?: string | undefined;
  readonly requiredScopes?: readonly string[] | undefined;
  /** What a caller that is forbidden lacks. */
  readonly lacking?: 'PERMISSION' | 'INTUNE_ROLE' | 'PERMISSION_OR_INTUNE_ROLE' | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Names that Graph's refusal puts in quotation marks: properties, types or values of the request. */
  readonly quotedNames?: readonly string[] | undefined;
}

/**
 * A call of Graph that gave no result. The message is fit for the caller: cleaned of internal hosts, addresses and
 * tokens. Details are not enumerable, so that writing the error out by accident shows code and message only.
 */
export class GraphError extends Error {
  readonly code: GraphErrorCode;
  readonly mayHaveBeenApplied: boolean;
  declare readonly details: GraphErrorDetails;

  constructor(code: GraphErrorCode, message: string, details: GraphErrorDetails = {}) {
    super(message);
    this.code = code;
    this.mayHaveBeenApplied = details.mayHaveBeenApplied ?? false;
    Object.defineProperty(this, 'details', { value: details });
    if (details.cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: details.cause });
    }
  }
}

export function isGraphError(error: unknown): error is GraphError {
  return error instanceof GraphError;
}

/** Whether only the operator can fix it, by another configuration. */
export function isConfigurationFault(error: unknown): error is GraphError {
  return isGraphError(error) && error.details.fault === 'proxy-credentials';
}

/** Why an operation ended before its answer was there. */
export type EndReason = 'deadline' | 'callerLeft' | 'shutdown' | 'answered';

const endings: Readonly<Record<EndReason, readonly [code: GraphErrorCode, message: string]>> = {
  deadline: ['timeout', "Microsoft Graph did not answer within the operation's time."],
  callerLeft: ['callerLeft', 'The caller went away before Microsoft Graph answered.'],
  answered: ['callerLeft', 'The operation was answered before Microsoft Graph answered this.'],
  shutdown: ['unavailable', 'The gateway stopped before Microsoft Graph answered.'],
};

/** Makes the error of an operation that a signal ended; `mayHaveBeenApplied` if a write had gone out by then. */
export function abortErrorOf(
  { reason }: Pick<EndSignal, 'reason'>,
  mayHaveBeenApplied = false,
  fault: 'ended' | 'queued' = 'ended',
): GraphError {
  const [code, message] = endings[isEndReason(reason) ? reason : 'deadline'];
  return new GraphError(code, message, { mayHaveBeenApplied, fault });
}

function isEndReason(reason: unknown): reason is EndReason {
  return typeof reason === 'string' && Object.hasOwn(endings, reason);
}

/**
 * Waits for something, but no longer than the operation lasts.
 * @throws GraphError as soon as the signal fires; what was waited for goes on by itself, unheard.
 */
export function untilEnded<Result>(signal: EndSignal, awaited: Promise<Result>): Promise<Result> {
  return abortable(signal, awaited, abortErrorOf);
}

/** Waits, in milliseconds, and leaves no timer behind. @throws GraphError as soon as the signal fires. */
export async function sleep(clock: Clock, durationMs: number, signal: EndSignal): Promise<void> {
  let stopTimer = (): void => undefined;
  const pause = new Promise<void>((resolve) => {
    stopTimer = clock.startTimer(durationMs, resolve);
  });
  await untilEnded(signal, pause).finally(() => stopTimer());
}

/** OpenSSL's and Node's codes for a certificate that does not prove what it should; none of them goes away by itself. */
const untrustedCodes: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);

/** Understands why an exchange gave no answer; `wasSent` if the request had begun to go out. */
export function networkErrorOf({
  cause,
  wasSent,
  isWrite,
}: {
  readonly cause: Error;
  readonly wasSent: boolean;
  readonly isWrite: boolean;
}): GraphError {
  const code = errnoCodeOf(cause) ?? '';
  const unavailable = (message: string, details: GraphErrorDetails): GraphError =>
    new GraphError('unavailable', message, { cause, ...details });
  if (untrustedCodes.has(code) || code.startsWith('CERT_')) {
    const message = "Microsoft Graph's certificate cannot be trusted, so nothing was sent.";
    return unavailable(message, { fault: 'untrusted' });
  }
  if (rejectsCredentials(cause)) {
    const message =
      "The forward proxy rejects the gateway's credentials (407), so nothing was sent. Its operator has to set " +
      'them in HTTPS_PROXY.';
    return unavailable(message, { fault: 'proxy-credentials' });
  }
  if (!wasSent) {
    const message = 'No connection to Microsoft Graph could be made.';
    return unavailable(message, { fault: 'not-connected' });
  }
  // The parser gave up on what came; an end in the middle is a break and no fault of form.
  const isParserFault = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
  if (isParserFault || code === 'UND_ERR_HEADERS_OVERFLOW') {
    const message = "Microsoft Graph's answer is not HTTP as this gateway reads it.";
    return new GraphError('badResponse', message, { cause, mayHaveBeenApplied: isWrite });
  }
  const message = 'The connection to Microsoft Graph broke before its answer was complete.';
  return unavailable(message, { fault: 'broken', mayHaveBeenApplied: isWrite });
}
