type WaitHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Gives how long, in milliseconds, a caller is ready to wait: `Prefer: wait=<seconds>` of RFC 7240, decimals allowed.
 * Undefined where there is no such preference; one that makes no sense is ignored, as the RFC has it.
 */
export function readRequestedWaitMs(headers: WaitHeaders): number | undefined {
  const prefer = headers['prefer'];
  const text = Array.isArray(prefer) ? prefer.join() : (prefer ?? '');
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6}(?:\.\d{1,3})?)"?\s*(?:[,;]|$)/i.exec(text)?.[1];
  return seconds === undefined || Number(seconds) === 0 ? undefined : Number(seconds) * 1000;
}
