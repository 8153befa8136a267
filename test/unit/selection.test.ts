import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
  QueryComplianceManagementPartnersArgs,
} from '../../src/generated/graphql.ts';
import { readPageArguments } from '../../src/partners/list/arguments.ts';
import {
  cursorOf,
  cutDigestOf,
  fingerprintOf,
  parseCursor,
} from '../../src/partners/list/cursor.ts';
import {
  createPartnerOrder,
  idKeyOf,
  normalizeForComparison,
} from '../../src/partners/list/order.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';

/** Short enough that a cursor holds four of them whole. */
const texts = fc.string({ unit: 'binary', maxLength: 4 }).map((text) => text.toWellFormed());

const before = fc.array(fc.string().map(fingerprintOf), { maxLength: 8 });
const values = fc.array(fc.oneof(texts, fc.constant(null)), { maxLength: 3 });
const places = fc.oneof(
  fc.record({
    kind: fc.constant('list' as const),
    place: fc.record({ id: texts, index: fc.nat(), before }),
  }),
  fc.record({
    kind: fc.constant('order' as const),
    signature: fc.string({ maxLength: 6 }),
    place: fc.record({ id: texts, values }),
  }),
);

const encoded = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');

describe('cursors', () => {
  it('are read back as they were written', () => {
    const readBack = fc.property(places, (place) => {
      expect(parseCursor(cursorOf(place))).toEqual(place);
    });
    fc.assert(readBack);
  });

  it.each([
    ['nothing', ''],
    ['what an earlier version wrote', encoded(JSON.stringify(['l', 'a', 1, '']))],
    ['another kind', encoded('\x03\0\x01a\0\0\0\x01')],
    ['an id that ends too early', encoded('\x01\0\x05a')],
    ['an id of null', encoded('\x01\xff\xff\0\0\0\x01')],
    ['no position', encoded('\x01\0\x01a')],
    ['half a neighbour', encoded('\x01\0\x01a\0\0\0\x01\x07\x07')],
    ['an order without an id', encoded('\x02\0\x01n')],
    ['an order with half a value', encoded('\x02\0\x01n\0\x01a\0')],
    ['an order without a signature', encoded('\x02\xff\xff\0\x01a')],
    ['a value that was cut to nothing', encoded('\x02\0\x01n\0\x01a\x80\0')],
    ['a value with half a digest', encoded('\x02\0\x01n\0\x01a\x80\x03abc')],
    ['another spelling of base64url', `${encoded('\x01\0\x01a\0\0\0\x01')}=`],
    ['more than a cursor can have', encoded(`\x02\0\x01n\x04\0${'a'.repeat(1024)}`)],
  ])('are not made of %s', (_what, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('hold short values whole, and of long ones the first characters with a digest', () => {
    const [letters, umlauts] = ['x'.repeat(60), `y${'ä'.repeat(60)}`];
    const place = { id: 'abc', values: [umlauts, 'short', letters, null] };
    const cursor = cursorOf({ kind: 'order', signature: 'n+s+', place });
    expect(cursor.length).toBeLessThanOrEqual(128);
    const start = { start: `y${'ä'.repeat(14)}`, digest: cutDigestOf(umlauts) };
    const other = { start: 'x'.repeat(29), digest: cutDigestOf(letters) };
    const kept = { id: 'abc', values: [start, 'short', other, null] };
    expect(parseCursor(cursor)).toEqual({ kind: 'order', signature: 'n+s+', place: kept });
  });

  it('tell ids and texts apart in the same way on every replica', () => {
    expect([fingerprintOf('jamf'), cutDigestOf('jamf')]).toEqual([861_426_087, 'ioCfBqLh']);
  });
});

describe('normalizeForComparison', () => {
  // Only the first two planes have letters with cases; half a surrogate pair is no character.
  const characters = Array.from({ length: 0x20000 }, (_value, code) =>
    code >= 0xd800 && code <= 0xdfff ? '' : String.fromCodePoint(code),
  );

  it('takes every character for the same in upper and lower case and in each spelling', () => {
    const apart = characters.filter((one) => {
      const cases = [one.toUpperCase(), one.toLowerCase()];
      const spellings = [...cases, one.normalize('NFD'), one.normalize('NFC')];
      return new Set([one, ...spellings].map(normalizeForComparison)).size > 1;
    });
    expect(apart).toEqual([]);
  });

  it('takes both small sigmas for one, leaves 30 marks as they are, and keeps letters apart', () => {
    expect(normalizeForComparison('ας')).toBe(normalizeForComparison('ασ'));
    expect(normalizeForComparison(`a${'\u0300'.repeat(30)}`)).not.toContain('\u034f');
    const texts = ['a', 'ä', 's', 'ss', 'o', 'ø', 'i', 'σ'];
    expect(new Set(texts.map(normalizeForComparison)).size).toBe(texts.length);
  });

  it('bounds every run of what Unicode turns into marks', () => {
    const unbounded = characters
      .filter((character) => /^\p{M}+$/u.test(character.normalize('NFKC')))
      .filter((mark) => !normalizeForComparison(`a${mark.repeat(40)}`).includes('\u034f'));
    expect(unbounded).toEqual([]);
  });

  it.each([
    ['marks in the wrong order', `a${'\u0300\u0327'.repeat(14_000)}`],
    ['halfwidth sound marks', `a${'\uff9e\u0327\u0334'.repeat(14_000)}`],
    ['letters that become many', '\ufdfa'.repeat(28_000)],
    ['letters that grow in upper case', '\u0390ß'.repeat(14_000)],
  ])('compares the first characters only of %s', (_what, text) => {
    expect(normalizeForComparison(text)).toBe(normalizeForComparison(text.slice(0, 256)));
    expect(normalizeForComparison(text).length).toBeLessThanOrEqual(256);
  });
});

it.each([
  ['x'.repeat(48), /^x{48}$/],
  ['x'.repeat(49), /^x{32}[\w-]{16}$/],
  ['ä'.repeat(16), /^ä{16}$/],
  ['ä'.repeat(17), /^[\w-]{16}$/],
  ['a\ud800', /^a\ufffd$/],
])('idKeyOf bounds %j', (id, key) => {
  expect(idKeyOf(partnerFromWire({ id }))).toMatch(key);
});

const listCursor = cursorOf({ kind: 'list', place: { id: 'a', index: 3, before: [] } });
const nameCursor = cursorOf({ kind: 'order', signature: 'n+', place: { id: 'a', values: ['A'] } });
const fields = { n: 'DISPLAY_NAME', s: 'PARTNER_STATE', h: 'LAST_HEARTBEAT_DATE_TIME' } as const;
/** `n+s-` as keys of an order. */
const orderBy = (keys: string): ComplianceManagementPartnerOrder[] =>
  (keys.match(/../g) ?? []).map((key) => ({
    field: fields[key.charAt(0) as keyof typeof fields],
    direction: key.endsWith('+') ? 'ASC' : 'DESC',
  }));

describe('readPageArguments', () => {
  const nulls = { first: null, last: null, after: null, before: null, filter: null, orderBy: null };
  it.each<[QueryComplianceManagementPartnersArgs, (number | undefined)?, number?]>([
    [{}, 100],
    [nulls, 100],
    [{ first: 1000 }, 1000],
    [{ last: 5 }, undefined, 5],
    [{ first: 0, last: 0 }, 0, 0],
    [{ after: listCursor, orderBy: [] }, 100],
    [{ after: nameCursor, orderBy: orderBy('n+') }, 100],
    [{ filter: { displayName: { eq: null }, partnerState: { eq: null } } }, 100],
  ])('takes %j for its first and last rows', (...[args, first, last]) => {
    expect(readPageArguments(args)).toMatchObject({ first, last });
  });

  const unaimed = { displayName: { contains: 'a' }, onboarded: null };
  it.each<[QueryComplianceManagementPartnersArgs, RegExp]>([
    [{ first: -1 }, /^The argument "first" is -1; it must be from 0 to 1000/],
    [{ last: 1001 }, /^The argument "last" is 1001; it must be from 0 to 1000/],
    [{ after: 'rubbish' }, /is not a cursor of this list/],
    [{ after: nameCursor }, /another order/],
    [{ after: listCursor, orderBy: orderBy('n+') }, /another order/],
    [{ before: nameCursor, orderBy: orderBy('n-') }, /another order/],
    [{ filter: { displayName: null } }, /filter\.displayName is null/],
    [{ filter: unaimed }, /filter\.onboarded is null/],
    [{ filter: { and: [{ not: null }] } }, /filter\.and\.0\.not is null/],
    [{ orderBy: orderBy('n+s+n+') }, /has DISPLAY_NAME more than once; order by each field once/],
  ])('rejects %j at its first argument', (args, problem) => {
    const [argumentName] = Object.keys(args);
    const expected = { argumentName, problem: expect.stringMatching(problem) };
    expect(readPageArguments(args)).toEqual(expected);
  });
});

describe('a filter', () => {
  const at = (lastHeartbeatDateTime: string) => ({ lastHeartbeatDateTime });
  const onMac = { macOsOnboarded: true, ...at('2026-01-01T02:00:00+02:00') };
  const onBoth = { ...onMac, iosOnboarded: true, ...at('2026-01-01T00:00:00.0000001Z') };
  const nulls = { displayName: null, partnerState: null, lastHeartbeatDateTime: null };
  const rows = [
    { id: 'jamf', displayName: 'Jamf Pro', partnerState: 'enabled', ...onBoth },
    { id: 'strasse', displayName: 'Straße', partnerState: 'unknown', ...onMac },
    { id: 'odd', displayName: 'Café Σίσυφος', partnerState: 'hibernating', ...at('yesterday') },
    { id: 'bare', ...nulls },
    { id: 'empty' },
  ].map(partnerFromWire);
  const all = 'jamf strasse odd bare empty';
  type Filter = ComplianceManagementPartnerFilter;
  const state = (partnerState: NonNullable<Filter['partnerState']>) => ({ partnerState });
  const name = (displayName: NonNullable<Filter['displayName']>) => ({ displayName });
  const heartbeat = (after?: string, before?: string) => ({
    lastHeartbeatDateTime: { ...(after && { after }), ...(before && { before }) },
  });
  const onMacOs: Filter = { onboarded: ['MAC_OS'] };
  const [enabled, unknown] = ['ENABLED', 'UNKNOWN'] as const;

  it.each<[string, Filter, string]>([
    ['no condition', {}, all],
    ['a state', state({ eq: enabled }), 'jamf'],
    ['an unlisted state', state({ eq: 'UNKNOWN_FUTURE_VALUE' }), 'odd'],
    ['no state', state({ eq: null }), 'bare empty'],
    ['one of states', state({ in: [enabled, unknown] }), 'jamf strasse'],
    ['one of none', state({ in: [] }), ''],
    ['none of states', state({ notIn: [enabled] }), 'strasse odd bare empty'],
    ['none of none', state({ notIn: [] }), all],
    ['two conditions on a state', state({ in: [enabled], notIn: [enabled] }), ''],
    ['a name in any case', name({ eq: 'JAMF pro' }), 'jamf'],
    ['a part of a name is no name', name({ eq: 'Jamf' }), ''],
    ['a full-width letter', name({ startsWith: '\uff2aamf' }), 'jamf'],
    ['not the start of a name', name({ startsWith: 'pro' }), ''],
    ['a part of a name', name({ contains: 'PRO' }), 'jamf'],
    ['no name', name({ eq: null }), 'bare empty'],
    ['before an instant, by a digit', heartbeat('', '2026-01-01T00:00:00.0000001Z'), 'strasse'],
    ['after an instant, across offsets', heartbeat('2025-12-31T19:00:00-05:00'), 'jamf'],
    ['between two', heartbeat('2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z'), 'jamf strasse'],
    ['a platform', onMacOs, 'jamf strasse'],
    ['all of the platforms', { onboarded: ['MAC_OS', 'IOS'] }, 'jamf'],
    ['and', { and: [onMacOs, state({ eq: unknown })] }, 'strasse'],
    ['and of none', { and: [] }, all],
    ['or', { or: [name({ eq: null }), state({ eq: enabled })] }, 'jamf bare empty'],
    ['or of none', { or: [] }, ''],
    ['not', { not: state({ in: [enabled, unknown] }) }, 'odd bare empty'],
    ['fields of one filter together', { ...onMacOs, ...name({ contains: 'f' }) }, 'jamf'],
  ])('finds by %s', (_what, filter, ids) => {
    const page = readPageArguments({ filter });
    const found = 'isIncluded' in page ? rows.filter(page.isIncluded) : [];
    expect(found.map(({ id }) => id).join(' ')).toBe(ids);
  });
});

describe('createPartnerOrder', () => {
  const named = (...names: (string | null)[]) =>
    names.map((displayName, index) => ({ id: `${index} ${displayName}`, displayName }));
  const words = named('Äpfel', 'apple', 'Apple', 'Echo', 'éclair', 'zebra', 'Zebra');
  const times = ['00:00:00.00000001Z', '00:00:00Z', '00:30:00+01:00'];
  const beats = [...times.map((time) => `2026-01-01T${time}`), 'yesterday'].map((text, index) => ({
    id: `${index}`,
    lastHeartbeatDateTime: text,
  }));
  const states = ['unknown', 'enabled', 'rejected', 'unresponsive', 'hibernating', null].map(
    (partnerState) => ({ id: String(partnerState), partnerState }),
  );
  const asWell = { displayName: 'a', partnerState: 'enabled' };
  const tied = [{ id: '2', displayName: 'b' }, { id: '1' }, { id: '3' }];
  const ties = [...tied, { id: '0', partnerState: 'unknown' }].map((row) => ({
    ...asWell,
    ...row,
  }));

  /** The rows stand in the order that is expected; they are sorted from the opposite one. */
  it.each<[string, string, object[]]>([
    ['names as dictionaries do, with case only where they are alike otherwise', 'n+', words],
    ['rows without a value last', 'n+', named('a', 'b', null)],
    ['rows without a value last even if backward', 'n-', named('b', 'a', null)],
    ["states as the enum lists them, with Graph's news at the end", 's+', states],
    ['heartbeats as instants, what is no instant last', 'h-', beats],
    ['by the next key and at the end by the id', 's-n-', ties],
  ])('orders %s', (_what, keys, expected) => {
    const order = createPartnerOrder(orderBy(keys));
    const sorted = expected
      .map(partnerFromWire)
      .reverse()
      .sort((left, right) => order.compare(order.placeOf(left), order.placeOf(right)));
    expect(sorted.map(({ wire }) => wire)).toEqual(expected);
  });

  it('signs its keys and directions, so that cursors of another order are noticed', () => {
    for (const keys of ['n+', 'n-', 's+', 'h+', 'n+n-s+h+']) {
      expect(createPartnerOrder(orderBy(keys)).signature).toBe(keys);
    }
  });
});
