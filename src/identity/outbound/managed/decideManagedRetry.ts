const maximumAttempts = 4;
const firstDelayMs = 1_000;
/** What Microsoft asks for after a 410, when the service is being updated. */
const updateDelayMs = 3_000;

/**
 * How long to wait before the machine is asked again; undefined where its answer is final. Its service answers 404 and
 * 410 while it starts, 429 and 5xx when it is busy.
 */
export function decideManagedRetry(status: number, attempt: number): number | undefined {
  const isPassing = status === 404 || status === 410 || status === 429 || status >= 500;
  if (!isPassing || attempt >= maximumAttempts) {
    return undefined;
  }
  return Math.max(status === 410 ? updateDelayMs : 0, firstDelayMs * 2 ** (attempt - 1));
}
