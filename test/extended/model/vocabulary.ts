import type { PartnerState } from '../../../src/generated/graphql.ts';

/** Names as a dictionary orders them, written down by hand; those in one group are alike to it. */
const dictionary: readonly (readonly string[])[] = [
  ['42Gears'],
  ['Äpfel', 'A\u0308pfel'],
  ['apple'],
  ['Apple'],
  ['CAFÉ', 'CAFE\u0301'],
  ['Jamf'],
  ['\uff2aamf'],
  ['Strasse'],
  ['Straße'],
  ['zebra "\\\n"'],
  ['Σίσυφος'],
];

/** The names that partners may have. */
export const names = dictionary.flat();

/** Texts to look for in names; not all are found. */
export const parts = [...names, '', 'P', 'AP', 'a\u0308', 'ss', 'é', 'Οσ', '4', '\\', 'nobody'];

/** How one of these texts reads when neither case nor spelling counts. */
export const folded = (text: string): string =>
  text.normalize('NFKC').toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ');

/** Date-times in the order of their instants; those in one group are the same instant. */
const calendar: readonly (readonly string[])[] = [
  ['0001-01-01T00:00:00Z', '0001-01-01T14:00:00+14:00'],
  ['1969-12-31T23:59:59Z'],
  ['2025-12-31T23:59:59.999999999999Z'],
  ['2026-01-01T00:00:00Z', '2026-01-01T02:00:00.000+02:00', '2025-12-31T19:00:00.0000000-05:00'],
  ['2026-01-01T00:00:00.0000001Z', '2026-01-01T00:00:00.000000100Z'],
  ['9999-12-31T23:59:59-00:00'],
];

/** The heartbeats that partners may have and filters may name. */
export const heartbeats: readonly string[] = calendar.flat();

/** The states in the order in which the schema lists them; the last one cannot be sent. */
export const states: readonly PartnerState[] = [
  ...(['UNKNOWN', 'UNAVAILABLE', 'ENABLED', 'TERMINATED', 'REJECTED', 'UNRESPONSIVE'] as const),
  'UNKNOWN_FUTURE_VALUE',
];

/** The position of a name in the dictionary. */
export const positionOfName = (text: string): number =>
  dictionary.findIndex((group) => group.includes(text));

/** The position of a date-time among all instants; null for what is none. */
export function instantOf(text: string | null): number | null {
  const position = calendar.findIndex((group) => text !== null && group.includes(text));
  return position === -1 ? null : position;
}
