import { fingerprintLength } from './fingerprint.ts';
import type { OrderPlace } from './partnerOrder.ts';

/** A place in Graph's own order: a row, where it stood, and what stood just before it. */
export interface ListPlace {
  readonly id: string;
  readonly index: number;
  /** Fingerprints of the rows before, the nearest first, for the day when the row itself is gone. */
  readonly before: readonly string[];
}

/** What a cursor says. Each of the two kinds is of use in its own list only. */
export type CursorPlace =
  | { readonly kind: 'list'; readonly place: ListPlace }
  | { readonly kind: 'order'; readonly signature: string; readonly place: OrderPlace };

/** Writes a cursor. Its form is nobody's business: clients hand it back as it is. */
export function cursorOf(cursor: CursorPlace): string {
  const content =
    cursor.kind === 'list'
      ? ['l', cursor.place.id, cursor.place.index, cursor.place.before.join('')]
      : ['o', cursor.place.id, cursor.signature, cursor.place.values];
  return Buffer.from(JSON.stringify(content)).toString('base64url');
}

/** Reads a cursor, or gives undefined for a text that this gateway never gave out. */
export function parseCursor(cursor: string): CursorPlace | undefined {
  const content = parseContent(cursor);
  if (!Array.isArray(content) || content.length !== 4) {
    return undefined;
  }
  const [kind, id, second, third]: unknown[] = content;
  if (typeof id !== 'string') {
    return undefined;
  }
  if (kind === 'l' && Number.isSafeInteger(second) && Number(second) >= 0 && isRow(third)) {
    const before = third.match(fingerprints) ?? [];
    return { kind: 'list', place: { id, index: Number(second), before } };
  }
  if (kind === 'o' && typeof second === 'string' && Array.isArray(third) && third.every(isValue)) {
    return { kind: 'order', signature: second, place: { id, values: third } };
  }
  return undefined;
}

const fingerprints = new RegExp(`[0-9a-z]{${fingerprintLength}}`, 'g');

function parseContent(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Fingerprints in a row, without anything between them. */
const isRow = (value: unknown): value is string =>
  typeof value === 'string' && value.replace(fingerprints, '') === '';

const isValue = (value: unknown): value is string | number | null =>
  value === null || typeof value === 'string' || typeof value === 'number';
