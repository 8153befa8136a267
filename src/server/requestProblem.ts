import type { ProblemBody } from './problemBody.ts';

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
