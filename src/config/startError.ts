/** Something outside keeps the gateway from starting, such as a port in use. The message names the variable to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** The system's code, such as EADDRINUSE. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}
