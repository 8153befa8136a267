import { errnoCodeOf } from '../shared/errnoCode.ts';
import { type GraphError, GraphNetworkError, GraphProtocolError } from './errors.ts';

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

/** What the connection broke at, for the judgement. */
interface ConnectionFault {
  readonly cause: Error;
  /** Whether the request had begun to go out. */
  readonly wasSent: boolean;
  readonly isWrite: boolean;
}

/** Understands why an exchange gave no answer. */
export function networkErrorOf({ cause, wasSent, isWrite }: ConnectionFault): GraphError {
  const code = codeOf(cause);
  const mayHaveBeenApplied = wasSent && isWrite;
  if (untrustedCodes.has(code) || code.startsWith('CERT_')) {
    const message = "Microsoft Graph's certificate cannot be trusted, so nothing was sent.";
    return new GraphNetworkError('unavailable', message, { cause, fault: 'untrusted' });
  }
  if (rejectsCredentials(cause)) {
    const message =
      "The forward proxy rejects the gateway's credentials (407), so nothing was sent. Its operator has to set " +
      'them in HTTPS_PROXY.';
    return new GraphNetworkError('unavailable', message, { cause, fault: 'proxy-credentials' });
  }
  if (!wasSent) {
    const message = 'No connection to Microsoft Graph could be made.';
    return new GraphNetworkError('unavailable', message, { cause, fault: 'not-connected' });
  }
  if (isNotHttp(code)) {
    const message = "Microsoft Graph's answer is not HTTP as this gateway reads it.";
    return new GraphProtocolError('badResponse', message, { cause, mayHaveBeenApplied });
  }
  const message = 'The connection to Microsoft Graph broke before its answer was complete.';
  return new GraphNetworkError('unavailable', message, {
    cause,
    fault: 'broken',
    mayHaveBeenApplied,
  });
}

/** The parser gave up on what came; an end in the middle is a break and no fault of form. */
function isNotHttp(code: string): boolean {
  const isParser = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
  return isParser || code === 'UND_ERR_HEADERS_OVERFLOW';
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The proxy opened no tunnel, so nothing of a request went out. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  /** The system's code if the connection failed. */
  readonly code: string;
  /** What the proxy answered in place of opening the tunnel. */
  readonly status: number | undefined;

  constructor(status: number | undefined, cause?: unknown) {
    super('The forward proxy opened no tunnel.', { cause });
    // Never undici's own code for a broken socket: undici would connect again and again.
    const code = errnoCodeOf(cause) ?? 'unknown';
    this.code = code.startsWith('UND_ERR_') || status !== undefined ? 'EPROXY' : code;
    this.status = status;
  }
}

/** Whether a proxy asks for other credentials than the gateway has. */
export function rejectsCredentials(error: unknown): boolean {
  return error instanceof TunnelError && error.status === 407;
}
