import { hash } from 'node:crypto';

/** With so many characters of a digest, no two texts are taken for one. */
const digestLength = 16;

/**
 * Gives the text, or the start of a longer one with a digest of the whole: never more than `maximum` UTF-16 units, the
 * same on every replica, and equal only for equal texts. It has no half of a surrogate pair, so that UTF-8 can carry it.
 */
export function boundText(text: string, maximum: number): string {
  if (text.length <= maximum) {
    return text.isWellFormed() ? text : text.toWellFormed();
  }
  const start = text.slice(0, maximum - digestLength).toWellFormed();
  return start + hash('sha256', text, 'base64url').slice(0, digestLength);
}
