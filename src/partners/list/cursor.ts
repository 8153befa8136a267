import type { OrderPlace } from './order.ts';

/** A place in Graph's own order: a row, where it stood, and what stood just before it. */
interface ListPlace {
  /** The row's `idKey`. */
  readonly id: string;
  readonly index: number;
  /** Fingerprints of the rows before, the nearest first, in case the row itself is gone. */
  readonly before: readonly number[];
}

/** What a cursor says. Each of the two kinds is of use in its own list only. */
export type CursorPlace =
  | { readonly kind: 'list'; readonly place: ListPlace }
  | { readonly kind: 'order'; readonly signature: string; readonly place: OrderPlace };

/** No cursor has more characters, whatever is in its row: all that it holds is bounded. */
const maximumCursorLength = 1024;

const kinds = { list: 1, order: 2 } as const;
const nullLength = 0xffff;

/** Writes a cursor. Clients hand it back as it is, so its form may change: a byte for the kind, then its parts. */
export function cursorOf(cursor: CursorPlace): string {
  const parts =
    cursor.kind === 'list'
      ? [textPart(cursor.place.id), numberPart(cursor.place.index)].concat(
          cursor.place.before.map(numberPart),
        )
      : [cursor.signature, cursor.place.id, ...cursor.place.values].map(textPart);
  return Buffer.concat([Buffer.of(kinds[cursor.kind]), ...parts]).toString('base64url');
}

/** Reads a cursor, or gives undefined for a text that this gateway never gave out. */
export function parseCursor(cursor: string): CursorPlace | undefined {
  if (cursor.length > maximumCursorLength) {
    return undefined;
  }
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor) {
    return undefined;
  }
  switch (bytes[0]) {
    case kinds.list:
      return parseList(bytes);
    case kinds.order:
      return parseOrder(bytes);
    default:
      return undefined;
  }
}

function parseList(bytes: Buffer): CursorPlace | undefined {
  const id = readText(bytes, 1);
  if (id?.text == null) {
    return undefined;
  }
  const rest = bytes.subarray(id.end);
  if (rest.length === 0 || rest.length % 4 !== 0) {
    return undefined;
  }
  const numbers = Array.from({ length: rest.length / 4 }, (_value, place) =>
    rest.readUInt32BE(place * 4),
  );
  const [index = 0, ...before] = numbers;
  return { kind: 'list', place: { id: id.text, index, before } };
}

function parseOrder(bytes: Buffer): CursorPlace | undefined {
  const texts: (string | null)[] = [];
  for (let start = 1; start < bytes.length; ) {
    const part = readText(bytes, start);
    if (part === undefined) {
      return undefined;
    }
    texts.push(part.text);
    start = part.end;
  }
  const [signature, id, ...values] = texts;
  return signature == null || id == null
    ? undefined
    : { kind: 'order', signature, place: { id, values } };
}

/** Its length in two bytes, then UTF-8. */
function textPart(text: string | null): Buffer {
  const bytes = Buffer.from(text ?? '');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text === null ? nullLength : bytes.length);
  return Buffer.concat([length, bytes]);
}

function numberPart(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function readText(
  bytes: Buffer,
  start: number,
): { readonly text: string | null; readonly end: number } | undefined {
  const textStart = start + 2;
  if (textStart > bytes.length) {
    return undefined;
  }
  const length = bytes.readUInt16BE(start);
  if (length === nullLength) {
    return { text: null, end: textStart };
  }
  const end = textStart + length;
  return end > bytes.length ? undefined : { text: bytes.toString('utf8', textStart, end), end };
}

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
