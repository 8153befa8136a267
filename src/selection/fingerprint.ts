/**
 * Gives a number for an id, the same on every replica and at any time (FNV-1a, 32 bits). Two ids of one list share one
 * so rarely that a cursor may carry it in the place of the id.
 */
export function fingerprintOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
