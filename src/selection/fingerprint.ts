/** How many characters a fingerprint has. */
export const fingerprintLength = 7;

/**
 * Gives a short text for an id, the same on every replica and at any time (FNV-1a, 32 bits). Two ids of one list
 * share one so rarely that a cursor may carry a hundred of them in the place of ids.
 */
export function fingerprintOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36).padStart(fingerprintLength, '0');
}
