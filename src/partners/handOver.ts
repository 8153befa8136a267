import type { RowSource } from '../graph/client.ts';
import type { PartnerResource, WirePlatform } from '../graph/types.ts';
import { isJsonObject, parseJson, rawItems, rawMembers, withExactNumbers } from '../shared/json.ts';
import { digestOf } from '../shared/secret.ts';
import {
  type AssignmentSource,
  meaningOf,
  type RevisedProperty,
  revisedProperties,
} from './meaning.ts';
import type { PartnerModel } from './model.ts';
import { partnerFromWire, readPartner } from './partnerMapping.ts';

/** For so long a read of Graph may still show what was there before a write. */
export const lagMs = 10_000;

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
export type HandOver = Readonly<Partial<Record<RevisedProperty, Written>>>;

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

/** Decides by digests of meanings, and by how long ago the write was. */
function decideVerdict(
  read: string,
  { written, older, ageMs }: { written: string; older: readonly string[]; ageMs: number },
): Verdict {
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
export interface PartnerView {
  readonly partner: PartnerModel;
  /** As it was read. */
  readonly read: PartnerModel;
  /** The entries of a platform's list in `partner`; empty if the list is missing or null. */
  assignments(platform: WirePlatform): readonly AssignmentSource[];
  /** The properties that a read does not show as they were written. */
  readonly behind: readonly RevisedProperty[];
  /** The properties of which only another read can say whether this one lags. */
  readonly unclear: readonly RevisedProperty[];
  /** What of the hand-over still counts. */
  readonly pending: HandOver;
}

/** Lays what was written last over what was read, property by property. */
export function viewOf(
  { partner: read, body }: RowSource<PartnerModel>,
  handOver: HandOver,
  nowMs: number,
): PartnerView {
  const pending: { [P in RevisedProperty]?: Written } = {};
  const values: { [P in RevisedProperty]?: unknown } = {};
  const unclear: RevisedProperty[] = [];
  for (const [property, last] of entriesOf(handOver)) {
    const value = parseExactly(last.text);
    const readDigest = meaningDigestOf(property, read.wire[property]);
    const written = meaningDigestOf(property, value);
    const older = last.older.filter(([, untilMs]) => untilMs > nowMs);
    const verdict = decideVerdict(readDigest, {
      written,
      older: older.map(([digest]) => digest),
      ageMs: nowMs - last.atMs,
    });
    if (verdict === 'unclear' || verdict === 'behind') {
      pending[property] = { ...last, older };
    }
    if (verdict === 'unclear') {
      unclear.push(property);
    } else if (verdict === 'behind' && readDigest !== written) {
      values[property] = value;
    }
  }
  const behind = Object.keys(values) as RevisedProperty[];
  const partner = behind.length === 0 ? read : partnerFromWire({ ...read.wire, ...values });
  return {
    partner,
    read,
    assignments(platform) {
      const property = `${platform}EnrollmentAssignments` as const;
      const text = behind.includes(property)
        ? pending[property]?.text
        : rawPropertyOf(body.toString('utf8'), property);
      const texts = rawItems(text ?? '') ?? [];
      return (partner.wire[property] ?? []).map((assignment, index) => ({
        assignment,
        text: texts[index] ?? JSON.stringify(assignment),
      }));
    },
    behind,
    unclear,
    pending,
  };
}

/** The JSON text of a partner's property in a body, with or without the wrapper `{"value": {…}}`. */
function rawPropertyOf(body: string, property: string): string | undefined {
  const outer = rawMembers(body);
  const members = outer?.has('id') ? outer : rawMembers(outer?.get('value') ?? '');
  return members?.get(property);
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
  written: Readonly<Partial<Record<RevisedProperty, string>>>,
  { pending, read }: { readonly pending: HandOver; readonly read: PartnerResource | undefined },
  nowMs: number,
): HandOver {
  const next: { [P in RevisedProperty]?: Written } = { ...pending };
  const untilMs = nowMs + lagMs;
  for (const [property, text] of entriesOf(written)) {
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

/** The properties of a hand-over that are there, in the order of `revisedProperties`. */
function entriesOf<Value>(
  values: Readonly<Partial<Record<RevisedProperty, Value>>>,
): (readonly [RevisedProperty, Value])[] {
  return revisedProperties.flatMap((property) => {
    const value = values[property];
    return value === undefined ? [] : [[property, value] as const];
  });
}

/**
 * Whether a property shows a value that it had before a change. `first` is what Graph showed first after it, which
 * stands for what was there if nothing was read before.
 */
export function isFromBefore(
  property: RevisedProperty,
  seen: PartnerResource,
  { handOver, first }: { readonly handOver: HandOver; readonly first: PartnerResource },
): boolean {
  const older = handOver[property]?.older ?? [];
  const digest = meaningDigestOf(property, seen[property]);
  return older.length > 0
    ? older.some(([other]) => other === digest)
    : digest === meaningDigestOf(property, first[property]);
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
  const handOver: { [P in RevisedProperty]?: Written } = {};
  for (const [property, entry] of isJsonObject(parsed) ? entriesOf<unknown>(parsed) : []) {
    const { text, ageMs: oldMs, older } = isJsonObject(entry) ? entry : {};
    const value = typeof text === 'string' ? parseJson(text) : undefined;
    if (
      typeof text === 'string' &&
      value !== undefined &&
      typeof readPartner({ id: '?', [property]: value }) === 'object' &&
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

function parseExactly(text: string): unknown {
  return withExactNumbers(text, JSON.parse(text));
}

function meaningDigestOf(property: RevisedProperty, value: unknown): string {
  return digestOf(meaningOf(property, value));
}
