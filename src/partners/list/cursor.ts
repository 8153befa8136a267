import { digestOf } from '../../shared/secret.ts';
import type { OrderPlace } from './order.ts';

/** A place in Graph's own order: a row, where it stood, and what stood just before it. */
interface ListCursor {
  readonly kind: 'list';
  readonly place: {
    /** The row's `idKey`. */
    readonly id: string;
    readonly index: number;
    /** Fingerprints of the rows before, the nearest first, in case the row itself is gone. */
    readonly before: readonly number[];
  };
}

interface OrderCursor<Place = OrderPlace> {
  readonly kind: 'order';
  readonly signature: string;
  readonly place: Place;
}

/** The place of a row that is there: no value of it is cut. */
type RowCursor = OrderCursor<OrderPlace<string | null>>;

/** What a cursor says. Each of the two kinds is of use in its own list only. */
export type CursorPlace = ListCursor | OrderCursor;

/** No cursor has more characters, whatever is in its row: 96 bytes in base64url. */
const maximumCursorLength = 128;
const maximumBytes = 96;

const kinds = { list: 1, order: 2 } as const;
const nullLength = 0xffff;
/** Added to the length of a value that is cut: its digest, then its start. */
const cutFlag = 0x8000;
const digestBytes = 6;

/** Writes a cursor. Clients hand it back as it is, so its form may change: a byte for the kind, then its parts. */
export function cursorOf(cursor: ListCursor | RowCursor): string {
  const parts = cursor.kind === 'list' ? listParts(cursor) : orderParts(cursor);
  return Buffer.concat([Buffer.of(kinds[cursor.kind]), ...parts]).toString('base64url');
}

function listParts({ place: { id, index, before } }: ListCursor): Buffer[] {
  const numbers = Buffer.alloc(4 * (before.length + 1));
  for (const [place, number] of [index, ...before].entries()) {
    numbers.writeUInt32BE(number, 4 * place);
  }
  return [part(Buffer.from(id)), numbers];
}

function orderParts({ signature, place: { id, values } }: RowCursor): Buffer[] {
  const head = [part(Buffer.from(signature)), part(Buffer.from(id))];
  const used = head.reduce((sum, { length }) => sum + length, 1);
  const texts = values.map((value) => Buffer.from(value ?? ''));
  let left = maximumBytes - used - 2 * values.length;
  const parts: Buffer[] = [];
  // The shortest first: what they leave is for the others.
  const shortestFirst = [...texts.entries()].sort(
    ([, { length }], [, other]) => length - other.length,
  );
  for (const [done, [index, text]] of shortestFirst.entries()) {
    const share = Math.min(text.length, Math.floor(left / (values.length - done)));
    const value = values[index] ?? null;
    const isCut = value !== null && share < text.length;
    parts[index] = isCut ? cutPart(value, text, share) : part(value === null ? null : text);
    left -= share;
  }
  return [...head, ...parts];
}

/** The length in two bytes, then the bytes. */
function part(bytes: Buffer | null, flag = 0): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes === null ? nullLength : bytes.length | flag);
  return bytes === null ? length : Buffer.concat([length, bytes]);
}

/** The digest of a text and its start, in whole characters, in no more bytes than given. */
function cutPart(text: string, bytes: Buffer, allowedBytes: number): Buffer {
  let end = Math.max(0, allowedBytes - digestBytes);
  // Bytes inside a character begin like this.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1;
  }
  const digest = Buffer.from(cutDigestOf(text), 'base64url');
  return part(Buffer.concat([digest, bytes.subarray(0, end)]), cutFlag);
}

/** Tells texts with one start apart. */
export function cutDigestOf(text: string): string {
  return Buffer.from(digestOf(text), 'base64url').toString('base64url', 0, digestBytes);
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

function parseList(bytes: Buffer): ListCursor | undefined {
  const id = readPart(bytes, 1);
  const rest = bytes.subarray(id?.end);
  if (typeof id?.text !== 'string' || rest.length === 0 || rest.length % 4 !== 0) {
    return undefined;
  }
  const [index = 0, ...before] = Array.from({ length: rest.length / 4 }, (_value, place) =>
    rest.readUInt32BE(place * 4),
  );
  return { kind: 'list', place: { id: id.text, index, before } };
}

function parseOrder(bytes: Buffer): OrderCursor | undefined {
  const texts: OrderPlace['values'][number][] = [];
  for (let start = 1; start < bytes.length; ) {
    const read = readPart(bytes, start);
    if (read === undefined) {
      return undefined;
    }
    texts.push(read.text);
    start = read.end;
  }
  const [signature, id, ...values] = texts;
  return typeof signature !== 'string' || typeof id !== 'string'
    ? undefined
    : { kind: 'order', signature, place: { id, values } };
}

function readPart(
  bytes: Buffer,
  start: number,
): { readonly text: OrderPlace['values'][number]; readonly end: number } | undefined {
  const textStart = start + 2;
  const length = textStart > bytes.length ? 0 : bytes.readUInt16BE(start);
  const isCut = length >= cutFlag && length !== nullLength;
  const end = textStart + (length === nullLength ? 0 : length & ~cutFlag);
  const digestEnd = textStart + (isCut ? digestBytes : 0);
  if (end > bytes.length || digestEnd > end) {
    return undefined;
  }
  const text = bytes.toString('utf8', digestEnd, end);
  const digest = bytes.toString('base64url', textStart, digestEnd);
  return { text: length === nullLength ? null : isCut ? { start: text, digest } : text, end };
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
