/** Something outside keeps the gateway from starting, such as a port in use. The message names the variable to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
