import type { ProblemBody } from '../server/problemBody.ts';

/** A request that is refused before it is an operation; thrown by whoever finds out, answered in one place. */
export class RequestProblem extends Error {
  override readonly name: string = 'RequestProblem';
  readonly status: number;
  readonly body: ProblemBody;

  constructor(
    status: number,
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.body = { errors: [{ message, extensions: { ...details, code } }] };
  }
}

/** When to come back after an overload. */
export const retryAfterSeconds = 1;

/** The rejection of a request that was not processed, because the gateway is overloaded. */
export function overloaded(): RequestProblem {
  return new RequestProblem(
    503,
    'OVERLOADED',
    'The gateway is overloaded. The request was not processed; retry later.',
    { retryAfterSeconds },
  );
}
