import type { PartnerState } from '../../../src/generated/graphql.ts';

/** A name or a part of one, and how it reads when neither case nor Unicode spelling counts. */
type Word = readonly [text: string, folded: string];

/** Names as a dictionary orders them, written down by hand; those in one group are alike to it. */
const dictionary: readonly (readonly Word[])[] = [
  [['42Gears', '42gears']],
  [['7P', '7p']],
  [
    ['Äpfel', 'äpfel'],
    ['A\u0308pfel', 'äpfel'],
  ],
  ...['apple', 'Apple', 'apple tree', 'cafe'].map((text): Word[] => [[text, text.toLowerCase()]]),
  [
    ['café', 'café'],
    ['cafe\u0301', 'café'],
  ],
  [['CAFÉ', 'café']],
  [['Jamf', 'jamf']],
  [['\uff2aamf', 'jamf']],
  ...['Strasse', 'Straße', 'STRA\u1e9eE'].map((text): Word[] => [[text, 'strasse']]),
  [['zebra "\\\n"', 'zebra "\\\n"']],
  ...['Σίσυφος', 'ΣΊΣΥΦΟΣ'].map((text): Word[] => [[text, 'σίσυφοσ']]),
];

const words: readonly Word[] = [
  ...dictionary.flat(),
  ...Object.entries({
    '': '',
    P: 'p',
    AP: 'ap',
    'a\u0308': 'ä',
    ß: 'ss',
    É: 'é',
    ος: 'οσ',
    4: '4',
  }),
  ...Object.entries({ '\\': '\\', nobody: 'nobody' }),
];

/** The names that partners may have. */
export const names = dictionary.flat().map(([text]) => text);

/** Texts to look for in names; not all are found. */
export const parts = words.map(([text]) => text);

const foldedOf = new Map(words);
const positionOf = new Map(
  dictionary.flatMap((group, position) => group.map(([text]) => [text, position])),
);

/** Date-times in the order of their instants; those in one group are the same instant. */
const calendar: readonly (readonly string[])[] = [
  ['0001-01-01T00:00:00Z', '0001-01-01T14:00:00+14:00'],
  ['0099-12-31T23:59:59.5Z'],
  ['1969-12-31T23:59:59Z'],
  ['2025-12-31T23:59:59.999999999999Z'],
  ['2026-01-01T00:00:00Z', '2026-01-01T02:00:00.000+02:00', '2025-12-31T19:00:00.0000000-05:00'],
  ['2026-01-01T00:00:00.0000001Z', '2026-01-01T00:00:00.000000100Z'],
  ['2026-01-01T00:00:00.1Z'],
  ['2026-02-01T00:00:00Z', '2026-01-31T23:00:00-01:00'],
  ['9999-12-31T23:59:59-00:00'],
];

/** The heartbeats that partners may have and filters may name. */
export const heartbeats: readonly string[] = calendar.flat();

const instantOf = new Map(
  calendar.flatMap((group, position) => group.map((text) => [text, position])),
);

/** The states that can be sent, in the order in which the schema lists them. */
export const sendableStates: readonly PartnerState[] = [
  'UNKNOWN',
  'UNAVAILABLE',
  'ENABLED',
  'TERMINATED',
  'REJECTED',
  'UNRESPONSIVE',
];

/** All states in that order. */
export const states: readonly PartnerState[] = [...sendableStates, 'UNKNOWN_FUTURE_VALUE'];

/** How a name or a part of one reads when neither case nor spelling counts. */
export function folded(text: string): string {
  return lookUp(foldedOf, text);
}

/** The position of a name in the dictionary. */
export function positionOfName(text: string): number {
  return lookUp(positionOf, text);
}

/** The position of a date-time among all instants; null for what is none. */
export function instant(text: string | null): number | null {
  return text === null ? null : (instantOf.get(text) ?? null);
}

function lookUp<Value>(values: ReadonlyMap<string, Value>, text: string): Value {
  const value = values.get(text);
  if (value === undefined) {
    throw new Error(`${JSON.stringify(text)} is not in the model's vocabulary`);
  }
  return value;
}
