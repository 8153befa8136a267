/** Where a page begins. */
export interface PageStart {
  /** The number of the row behind which it begins. */
  readonly after: number;
  /** Whether it has no rows and only leads on. */
  readonly isHollow: boolean;
}

/** The parts of a token that are written into it. */
interface TokenParts extends PageStart {
  /** The other options of the query, as the nextLink repeats them. */
  readonly options: string;
}

/** Writes the token of a page. */
export function writeSkipToken({ after, isHollow, options }: TokenParts): string {
  return Buffer.from(JSON.stringify([after, isHollow, options])).toString('base64url');
}

/**
 * Reads a token back; undefined for one that was not written here, or that stands beside other options than it was
 * written for: a nextLink is followed as it is, or not at all.
 */
export function parseSkipToken(token: string, options: string): PageStart | undefined {
  const text = Buffer.from(token, 'base64url').toString();
  const [, after, isHollow] = /^\[(\d{1,9}),(true|false),/.exec(text) ?? [];
  if (after === undefined) {
    return undefined;
  }
  const start = { after: Number(after), isHollow: isHollow === 'true' };
  return writeSkipToken({ ...start, options }) === token ? start : undefined;
}
