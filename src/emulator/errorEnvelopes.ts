/** The ids and the time that Graph puts into each error. */
export interface ErrorStamp {
  readonly requestId: string;
  readonly clientRequestId: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Graph's own envelope, with a plain message. */
export function plainError(code: string, message: string, stamp: ErrorStamp): object {
  return { error: { code, message, innerError: innerErrorOf(stamp) } };
}

/** A body that does not fit the model, as Intune refuses it: the inner error repeats the message. */
export function modelError(message: string, stamp: ErrorStamp): object {
  return {
    error: {
      code: 'ModelValidationFailure',
      message,
      innerError: { message, ...innerErrorOf(stamp) },
    },
  };
}

/** Intune's service answers with JSON in the message, which names its internal address; clients have to bear it. */
export function serviceError(code: string, text: string, path: string, stamp: ErrorStamp): object {
  const message = {
    _version: 3,
    Message:
      `${text} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000` +
      ` - Activity ID: ${stamp.clientRequestId}` +
      ` - Url: https://fef.embedded.manage.microsoft.com/StatelessOnboardingService${path}?api-version=5025-09-01`,
    CustomApiErrorPhrase: '',
    RetryAfter: null,
    ErrorSourceService: '',
    HttpHeaders: '{}',
  };
  const json = JSON.stringify(message, null, 2).replaceAll('\n', '\r\n');
  return { error: { code, message: json, innerError: innerErrorOf(stamp) } };
}

function innerErrorOf({ requestId, clientRequestId, nowMs }: ErrorStamp): object {
  return {
    // Graph writes this date without an offset.
    date: new Date(nowMs).toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': clientRequestId,
  };
}
