/** Which part of the list is asked for. */
export interface PageRequest {
  /** The number of the row behind which the page begins. */
  readonly after: number;
  /** Rows in the page. */
  readonly size: number;
  /** `$top` as it was asked for, to be carried along. */
  readonly top: number | undefined;
  readonly isCounted: boolean;
}

/**
 * Reads the query options that this resource heeds, or says what is wrong with one. All others are ignored without a
 * word, as Intune does with `$filter` and `$orderby`.
 */
export function parsePageRequest(
  query: URLSearchParams,
  pageSize: number,
): PageRequest | { readonly problem: string } {
  const top = query.get('$top') ?? undefined;
  const token = query.get('$skiptoken');
  if (top !== undefined && !/^\d{1,9}$/.test(top)) {
    return {
      problem: `Invalid value '${top}' for $top query option found. The $top query option requires a non-negative integer value.`,
    };
  }
  const after = token === null ? 0 : parseSkipToken(token);
  if (after === undefined) {
    return { problem: 'The $skiptoken query option is not one of this service.' };
  }
  return {
    after,
    size: top === undefined ? pageSize : Math.min(Number(top), pageSize),
    top: top === undefined ? undefined : Number(top),
    isCounted: query.get('$count') === 'true',
  };
}

/** Writes the token of the page behind a row. */
export function skipTokenOf(number: number): string {
  return Buffer.from(`row:${number}`).toString('base64url');
}

function parseSkipToken(token: string): number | undefined {
  const number = /^row:(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return number === undefined ? undefined : Number(number);
}
