/** A place in the list: the partner there, and where it stood when the cursor was given out. */
export interface PartnerPlace {
  readonly id: string;
  readonly index: number;
}

/** Writes a cursor. Its form is nobody's business: clients hand it back as it is. */
export function cursorOf(place: PartnerPlace): string {
  return Buffer.from(JSON.stringify([place.id, place.index])).toString('base64url');
}

/** Reads a cursor, or gives undefined for a text that this gateway never gave out. */
export function parseCursor(cursor: string): PartnerPlace | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(content) || content.length !== 2) {
      return undefined;
    }
    const [id, index]: unknown[] = content;
    const isPlace = typeof id === 'string' && Number.isSafeInteger(index) && Number(index) >= 0;
    return isPlace ? { id, index: Number(index) } : undefined;
  } catch {
    return undefined;
  }
}
