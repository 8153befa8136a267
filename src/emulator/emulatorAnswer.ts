import { type ErrorStamp, plainError } from './errorEnvelopes.ts';

/** An answer before it becomes HTTP. */
export interface EmulatorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Why Graph itself, and no service behind it, does not answer. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** An answer in Graph's own envelope. */
export function refuse({ status, code, message }: Refusal, stamp: ErrorStamp): EmulatorAnswer {
  return { status, body: plainError(code, message, stamp) };
}

/** The answer to a method that a path does not have; `allow` names those that it has. */
export function refuseMethod(allow: string, stamp: ErrorStamp): EmulatorAnswer {
  const message = 'Specified HTTP method is not allowed for the request target.';
  return {
    ...refuse({ status: 405, code: 'Request_BadRequest', message }, stamp),
    headers: { allow },
  };
}
