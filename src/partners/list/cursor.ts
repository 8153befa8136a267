import { digestOf } from '../../shared/secret.ts';
import type { CutText, OrderPlace } from './order.ts';

/** A place in Graph's own order: a row, where it stood, and what stood just before it. */
interface ListPlace {
  /** The row's `idKey`. */
  readonly id: string;
  readonly index: number;
  /** Fingerprints of the rows before, the nearest first, in case the row itself is gone. */
  readonly before: readonly number[];
}

/** What a cursor says. Each of the two kinds is of use in its own list only. */
export type CursorPlace = { readonly kind: 'list'; readonly place: ListPlace } | OrderCursor;

interface OrderCursor {
  readonly kind: 'order';
  readonly signature: string;
  readonly place: OrderPlace;
}

/** No cursor has more characters, whatever is in its row: 96 bytes in base64url. */
const maximumCursorLength = 128;
const maximumBytes = 96;

const kinds = { list: 1, order: 2 } as const;
const nullLength = 0xffff;
/** Added to the length of a value that is cut: its digest, then its start. */
const cutFlag = 0x8000;
const digestBytes = 6;

/** Writes a cursor. Clients hand it back as it is, so its form may change: a byte for the kind, then its parts. */
export function cursorOf(cursor: CursorPlace): string {
  const parts = cursor.kind === 'list' ? listParts(cursor.place) : orderParts(cursor);
  return Buffer.concat([Buffer.of(kinds[cursor.kind]), ...parts]).toString('base64url');
}

function listParts({ id, index, before }: ListPlace): readonly Buffer[] {
  return [textPart(id), numberPart(index), ...before.map(numberPart)];
}

function orderParts({ signature, place }: OrderCursor): readonly Buffer[] {
  const head = [textPart(signature), textPart(place.id)];
  const used = head.reduce((sum, { length }) => sum + length, 1);
  const values = place.values.map((value) => Buffer.from(typeof value === 'string' ? value : ''));
  let left = maximumBytes - used - 2 * values.length;
  const allowed = new Map<Buffer, number>();
  // The shortest first: what they leave is for the others.
  for (const [index, value] of [...values]
    .sort((one, other) => one.length - other.length)
    .entries()) {
    const share = Math.min(value.length, Math.floor(left / (values.length - index)));
    allowed.set(value, share);
    left -= share;
  }
  return [
    ...head,
    ...place.values.map((value, index) => {
      const bytes = values[index];
      const share = bytes && allowed.get(bytes);
      return typeof value === 'string' &&
        bytes !== undefined &&
        share !== undefined &&
        share < bytes.length
        ? cutPart(cut(value, bytes, share))
        : valuePart(value);
    }),
  ];
}

/** Gives the start of a text, in whole characters, and its digest, in no more bytes than given. */
function cut(text: string, bytes: Buffer, allowedBytes: number): CutText {
  let end = Math.max(0, allowedBytes - digestBytes);
  // Bytes inside a character begin like this.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1;
  }
  return { start: bytes.toString('utf8', 0, end), digest: cutDigestOf(text) };
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

function parseList(bytes: Buffer): CursorPlace | undefined {
  const id = readText(bytes, 1);
  if (typeof id?.text !== 'string') {
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
  const texts: (string | CutText | null)[] = [];
  for (let start = 1; start < bytes.length; ) {
    const part = readText(bytes, start);
    if (part === undefined) {
      return undefined;
    }
    texts.push(part.text);
    start = part.end;
  }
  const [signature, id, ...values] = texts;
  return typeof signature !== 'string' || typeof id !== 'string'
    ? undefined
    : { kind: 'order', signature, place: { id, values } };
}

function valuePart(value: string | CutText | null): Buffer {
  return value === null
    ? lengthPart(nullLength)
    : typeof value === 'string'
      ? textPart(value)
      : cutPart(value);
}

/** Its length in two bytes, then UTF-8. */
function textPart(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([lengthPart(bytes.length), bytes]);
}

function cutPart({ start, digest }: CutText): Buffer {
  const bytes = Buffer.concat([Buffer.from(digest, 'base64url'), Buffer.from(start)]);
  return Buffer.concat([lengthPart(bytes.length | cutFlag), bytes]);
}

function lengthPart(length: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(length);
  return bytes;
}

function numberPart(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function readText(
  bytes: Buffer,
  start: number,
): { readonly text: string | CutText | null; readonly end: number } | undefined {
  const textStart = start + 2;
  if (textStart > bytes.length) {
    return undefined;
  }
  const length = bytes.readUInt16BE(start);
  if (length === nullLength) {
    return { text: null, end: textStart };
  }
  const end = textStart + (length & ~cutFlag);
  if (end > bytes.length) {
    return undefined;
  }
  if (length < cutFlag) {
    return { text: bytes.toString('utf8', textStart, end), end };
  }
  const digestEnd = textStart + digestBytes;
  const digest = bytes.toString('base64url', textStart, digestEnd);
  return digestEnd > end
    ? undefined
    : { text: { start: bytes.toString('utf8', digestEnd, end), digest }, end };
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
