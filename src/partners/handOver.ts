import { type AssignmentSource, type PartnerSource, readPartnerJson } from '../graph/readAnswer.ts';
import type { PartnerResource } from '../graph/types.ts';
import { isJsonObject, parseJson, rawItems, withExactNumbers } from '../shared/json.ts';
import { digestOf } from '../shared/secret.ts';
import { meaningOf } from './meaning.ts';
import { revisedProperties } from './revision.ts';

/** For so long a read of Graph may still show what was there before a write. */
export const lagMs = 10_000;

/** A property that is written from one change to the next. */
export type HandedProperty = (typeof revisedProperties)[number];

/** What was written last to a property. */
interface Written {
  /** Its JSON, byte for byte. */
  readonly text: string;
  readonly atMs: number;
  /**
   * Digests of the values before it that a read may still show, each with the time until when; the oldest first. Empty
   * if none is known, because the write was made without a read.
   */
  readonly older: readonly (readonly [digest: string, untilMs: number])[];
}

/** What one change to a partner hands to the next, because reads lag behind writes. */
export type HandOver = Readonly<Partial<Record<HandedProperty, Written>>>;

/** Whose value the next change works on. */
type Verdict =
  /** No read can lag so far behind. */
  | 'expired'
  /** The read shows what was written; it lags no more. */
  | 'shown'
  /** The read shows what was there before, or it cannot be told apart from that: what was written counts. */
  | 'behind'
  /** The read shows a third value. Another client of Graph wrote it, and it counts. */
  | 'foreign'
  /** The read shows another value, and nothing says which was there first: read again, then it counts. */
  | 'unclear';

/** All that the verdict depends on: digests of meanings, and how long ago the write was. */
export interface VerdictQuestion {
  readonly read: string;
  readonly written: string;
  readonly older: readonly string[];
  readonly ageMs: number;
}

export function decideVerdict({ read, written, older, ageMs }: VerdictQuestion): Verdict {
  if (ageMs >= lagMs) {
    return 'expired';
  }
  if (older.includes(read)) {
    return 'behind';
  }
  if (read === written) {
    return 'shown';
  }
  return older.length === 0 ? 'unclear' : 'foreign';
}

/** A partner as the next change has to see it. */
export interface PartnerView extends PartnerSource {
  /** As it was read. */
  readonly read: PartnerSource;
  /** The properties that a read does not show as they were written. */
  readonly behind: readonly HandedProperty[];
  /** The properties of which only another read can say whether this one lags. */
  readonly unclear: readonly HandedProperty[];
  /** What of the hand-over still counts. */
  readonly pending: HandOver;
}

/** Lays what was written last over what was read, property by property. */
export function viewOf(source: PartnerSource, handOver: HandOver, nowMs: number): PartnerView {
  const pending: { [P in HandedProperty]?: Written } = {};
  const values: Partial<Record<HandedProperty, unknown>> = {};
  const behind: HandedProperty[] = [];
  const unclear: HandedProperty[] = [];
  for (const property of revisedProperties) {
    const last = handOver[property];
    if (last === undefined) {
      continue;
    }
    const value = parseExactly(last.text);
    const [read, written] = [source.partner[property], value].map((one) =>
      meaningDigestOf(property, one),
    );
    const older = last.older.filter(([, untilMs]) => untilMs > nowMs);
    const verdict = decideVerdict({
      read: read ?? '',
      written: written ?? '',
      older: older.map(([digest]) => digest),
      ageMs: nowMs - last.atMs,
    });
    if (verdict === 'unclear' || verdict === 'behind') {
      pending[property] = { ...last, older };
    }
    if (verdict === 'unclear') {
      unclear.push(property);
    } else if (verdict === 'behind' && read !== written) {
      values[property] = value;
      behind.push(property);
    }
  }
  return {
    read: source,
    partner: { ...source.partner, ...(values as Partial<PartnerResource>) },
    assignments(platform) {
      const property = `${platform}EnrollmentAssignments` as const;
      const text = behind.includes(property) ? pending[property]?.text : undefined;
      return text === undefined ? source.assignments(platform) : entriesOf(text);
    },
    behind,
    unclear,
    pending,
  };
}

/** So many earlier values are remembered of a property: more than Graph's limits allow to write in that time. */
const maximumOlder = 256;
/** A larger value is not handed on: the next change works on what it reads. */
const maximumTextLength = 1024 * 1024;

/**
 * Gives the hand-over after a write of some properties, each as JSON. `read` is what Graph showed before it; undefined
 * if nothing was read, so that only earlier hand-overs say what a lagging read may show.
 */
export function handOverOf(
  written: Readonly<Partial<Record<HandedProperty, string>>>,
  { pending, read }: { readonly pending: HandOver; readonly read: PartnerResource | undefined },
  nowMs: number,
): HandOver {
  const next: { [P in HandedProperty]?: Written } = { ...pending };
  const untilMs = nowMs + lagMs;
  for (const property of revisedProperties) {
    const text = written[property];
    if (text === undefined) {
      continue;
    }
    const last = pending[property];
    const older = new Map(last?.older);
    const superseded = [
      ...(last === undefined ? [] : [parseExactly(last.text)]),
      ...(read === undefined ? [] : [read[property]]),
    ];
    for (const value of superseded) {
      const digest = meaningDigestOf(property, value);
      older.delete(digest);
      older.set(digest, untilMs);
    }
    if (text.length > maximumTextLength) {
      delete next[property];
    } else {
      next[property] = { text, atMs: nowMs, older: [...older].slice(-maximumOlder) };
    }
  }
  return next;
}

/** Whether a value is one that was there before the last write of its property. */
export function isOlder(handOver: HandOver, property: HandedProperty, value: unknown): boolean {
  const digest = meaningDigestOf(property, value);
  return handOver[property]?.older.some(([older]) => older === digest) ?? false;
}

/** Writes a hand-over for other replicas, whose clocks differ: ages and times left, no times. */
export function writeHandOver(handOver: HandOver, nowMs: number): string {
  const entries = Object.entries(handOver).map(([property, { text, atMs, older }]) => [
    property,
    {
      text,
      ageMs: nowMs - atMs,
      older: older.map(([digest, untilMs]) => [digest, untilMs - nowMs]),
    },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Reads what another replica wrote `ageMs` ago. What has another form counts as not there. */
export function readHandOver(json: string, ageMs: number, nowMs: number): HandOver {
  const parsed = parseJson(json);
  const thenMs = nowMs - ageMs;
  const handOver: { [P in HandedProperty]?: Written } = {};
  for (const property of revisedProperties) {
    const entry = isJsonObject(parsed) ? parsed[property] : undefined;
    const { text, ageMs: oldMs, older } = isJsonObject(entry) ? entry : {};
    const value = typeof text === 'string' ? parseJson(text) : undefined;
    const isValue =
      value !== undefined && 'partner' in readPartnerJson({ id: '?', [property]: value });
    if (
      isValue &&
      typeof text === 'string' &&
      typeof oldMs === 'number' &&
      Array.isArray(older) &&
      older.every(isOlderEntry)
    ) {
      handOver[property] = {
        text,
        atMs: thenMs - oldMs,
        older: older.map(([digest, leftMs]) => [digest, thenMs + leftMs]),
      };
    }
  }
  return handOver;
}

function isOlderEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number';
}

function entriesOf(text: string): readonly AssignmentSource[] {
  const list = parseExactly(text) as readonly AssignmentSource['assignment'][] | null;
  const texts = rawItems(text) ?? [];
  return (list ?? []).map((assignment, index) => ({ assignment, text: texts[index] ?? 'null' }));
}

function parseExactly(text: string): unknown {
  return withExactNumbers(text, JSON.parse(text));
}

function meaningDigestOf(property: HandedProperty, value: unknown): string {
  return digestOf(meaningOf(property, value));
}
