import type { IncomingHttpHeaders } from 'node:http';

export interface EmulatorRequest {
  readonly isSecure: boolean;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** `tooLarge` above the server's limit; the bytes are gone then. */
  readonly body: Buffer | 'tooLarge';
}

/** An answer before it becomes HTTP. */
export interface EmulatorAnswer {
  readonly status: number;
  /** These replace the headers that Graph always sends. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Objects are sent as JSON. */
  readonly body?: string | Buffer | object | undefined;
}

export function splitPath(path: string): { path: string; query: URLSearchParams } {
  const [, before = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(path) ?? [];
  return { path: before, query: new URLSearchParams(query) };
}

/** The headers from which `callerRootOf` reads; requests of a batch share those of the batch. */
export const rootHeaders = ['host', 'x-forwarded-host', 'x-forwarded-proto'] as const;

export const collectionPath = '/deviceManagement/complianceManagementPartners';

export type Version = 'v1.0' | 'beta';

/** The ids and the time that Graph puts into each error. */
export interface ErrorStamp {
  readonly requestId: string;
  readonly clientRequestId: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Thrown instead of giving an answer; becomes Graph's error once the request has its stamp. */
export class Refusal extends Error {
  readonly status: number;
  readonly answerFor: (stamp: ErrorStamp) => EmulatorAnswer;

  constructor(
    status: number,
    message: string,
    errorFor: (stamp: ErrorStamp) => object,
    headers = {},
  ) {
    super(message);
    this.status = status;
    this.answerFor = (stamp) => ({ status, headers, body: { error: errorFor(stamp) } });
  }
}

/** An error of Graph itself and of no service behind it. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers?: EmulatorAnswer['headers'],
): Refusal {
  return new Refusal(
    status,
    message,
    (stamp) => ({ code, message, innerError: innerErrorOf(stamp) }),
    headers,
  );
}

/** The error for a method that a path does not have; `allow` names those that it has. */
export function methodRefusal(allow: string): Refusal {
  const message = 'Specified HTTP method is not allowed for the request target.';
  return refusal(405, 'Request_BadRequest', message, { allow });
}

/** A body that does not fit the model, as Intune rejects it: the inner error repeats the message. */
export function modelRefusal(message: string): Refusal {
  return new Refusal(400, message, (stamp) => ({
    code: 'ModelValidationFailure',
    message,
    innerError: { message, ...innerErrorOf(stamp) },
  }));
}

/** Intune's service answers with JSON in the message, which names its internal address. */
export function serviceRefusal(status: number, code: string, text: string, path: string): Refusal {
  return new Refusal(status, text, (stamp) => {
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
    return { code, message: json, innerError: innerErrorOf(stamp) };
  });
}

function innerErrorOf({ requestId, clientRequestId, nowMs }: ErrorStamp): object {
  return {
    // Graph writes this date without an offset.
    date: new Date(nowMs).toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': clientRequestId,
  };
}

/** Reads a body as Graph does before any service sees it: JSON by its media type, in UTF-8. */
export function readJsonBody({ headers, body }: EmulatorRequest): unknown {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    const message = 'A supported MIME type could not be found that matches the content type.';
    throw refusal(415, 'UnsupportedMediaType', message);
  }
  try {
    const bytes = body === 'tooLarge' ? undefined : body;
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const message =
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.';
    throw refusal(400, 'BadRequest', message);
  }
}

/**
 * What happens to the connection: `reset` sends RST, `close` sends FIN without an answer, `silence` never answers,
 * `truncate` announces the whole answer, sends half of its body and then FIN; a 204 has no half, so it is `close`.
 * For a request in a batch it happens to the batch's connection, and the requests after it never happen.
 */
export type Kill = 'reset' | 'close' | 'silence' | 'truncate';

/** The media type of every answer with a body. */
export const contentType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
