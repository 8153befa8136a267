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

const places: fc.Arbitrary<Parameters<typeof cursorOf>[0]> = fc.oneof(
  fc
    .record({
      id: texts,
      index: fc.nat(),
      before: fc.array(fc.string().map(fingerprintOf), { maxLength: 8 }),
    })
    .map((place) => ({ kind: 'list' as const, place })),
  fc
    .record({
      signature: fc.string({ maxLength: 6 }),
      place: fc.record({
        id: texts,
        values: fc.array(fc.oneof(texts, fc.constant(null)), { maxLength: 3 }),
      }),
    })
    .map((order) => ({ kind: 'order' as const, ...order })),
);

const encoded = (...bytes: (number | string)[]): string =>
  Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  ).toString('base64url');

describe('cursors', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(parseCursor(cursorOf(place))).toEqual(place);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['what an earlier version wrote', encoded(JSON.stringify(['l', 'a', 1, '']))],
    ['another kind', encoded(3, 0, 1, 'a', 0, 0, 0, 1)],
    ['an id that ends too early', encoded(1, 0, 5, 'a')],
    ['an id of null', encoded(1, 255, 255, 0, 0, 0, 1)],
    ['no position', encoded(1, 0, 1, 'a')],
    ['half a neighbour', encoded(1, 0, 1, 'a', 0, 0, 0, 1, 7, 7)],
    ['an order without an id', encoded(2, 0, 1, 'n')],
    ['an order with half a value', encoded(2, 0, 1, 'n', 0, 1, 'a', 0)],
    ['an order without a signature', encoded(2, 255, 255, 0, 1, 'a')],
    ['a value that was cut to nothing', encoded(2, 0, 1, 'n', 0, 1, 'a', 128, 0)],
    ['a value with half a digest', encoded(2, 0, 1, 'n', 0, 1, 'a', 128, 3, 'abc')],
    ['another spelling of base64url', `${encoded(1, 0, 1, 'a', 0, 0, 0, 1)}=`],
    ['more than a cursor can have', encoded(2, 0, 1, 'n', 4, 0, 'a'.repeat(1024))],
  ])('are not made of %s', (_what, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('hold short values whole, and of long ones the first characters with a digest', () => {
    const [letters, umlauts] = ['x'.repeat(60), `y${'ä'.repeat(60)}`];
    const values = [umlauts, 'short', letters, null];
    const cursor = cursorOf({ kind: 'order', signature: 'n+s+', place: { id: 'abc', values } });
    expect(cursor.length).toBeLessThanOrEqual(128);
    expect(parseCursor(cursor)).toEqual({
      kind: 'order',
      signature: 'n+s+',
      place: {
        id: 'abc',
        values: [
          { start: `y${'ä'.repeat(14)}`, digest: cutDigestOf(umlauts) },
          'short',
          { start: 'x'.repeat(29), digest: cutDigestOf(letters) },
          null,
        ],
      },
    });
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
    const apart = characters.filter((character) =>
      [
        character.toUpperCase(),
        character.toLowerCase(),
        character.normalize('NFD'),
        character.normalize('NFC'),
      ].some((variant) => normalizeForComparison(variant) !== normalizeForComparison(character)),
    );
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

describe('idKeyOf', () => {
  it.each([
    ['x'.repeat(48), /^x{48}$/],
    ['x'.repeat(49), /^x{32}[\w-]{16}$/],
    ['ä'.repeat(16), /^ä{16}$/],
    ['ä'.repeat(17), /^[\w-]{16}$/],
    ['a\ud800', /^a\ufffd$/],
  ])('bounds %j', (id, key) => {
    expect(idKeyOf(partnerFromWire({ id }))).toMatch(key);
  });
});

const listCursor = cursorOf({ kind: 'list', place: { id: 'a', index: 3, before: [] } });
const byName = [{ field: 'DISPLAY_NAME', direction: 'ASC' } as const];
const nameCursor = cursorOf({
  kind: 'order',
  signature: 'n+',
  place: { id: 'a', values: ['A'] },
});

describe('readPageArguments', () => {
  const nulls = { first: null, last: null, after: null, before: null, filter: null, orderBy: null };
  it.each<[QueryComplianceManagementPartnersArgs, number | undefined, number | undefined]>([
    [{}, 100, undefined],
    [nulls, 100, undefined],
    [{ first: 1000 }, 1000, undefined],
    [{ last: 5 }, undefined, 5],
    [{ first: 0, last: 0 }, 0, 0],
    [{ after: listCursor, orderBy: [] }, 100, undefined],
    [{ after: nameCursor, orderBy: byName }, 100, undefined],
    [{ filter: { displayName: { eq: null }, partnerState: { eq: null } } }, 100, undefined],
  ])('takes %j for first %p and last %p', (args, first, last) => {
    expect(readPageArguments(args)).toMatchObject({ first, last });
  });

  it.each<[QueryComplianceManagementPartnersArgs, string, RegExp]>([
    [{ first: -1 }, 'first', /^The argument "first" is -1; it must be from 0 to 1000/],
    [{ last: 1001 }, 'last', /^The argument "last" is 1001; it must be from 0 to 1000/],
    [{ after: 'rubbish' }, 'after', /is not a cursor of this list/],
    [{ after: nameCursor }, 'after', /another order/],
    [{ after: listCursor, orderBy: byName }, 'after', /another order/],
    [
      { before: nameCursor, orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }] },
      'before',
      /another order/,
    ],
    [{ filter: { displayName: null } }, 'filter', /filter\.displayName is null/],
    [
      { filter: { displayName: { contains: 'a' }, onboarded: null } },
      'filter',
      /filter\.onboarded is null/,
    ],
    [{ filter: { and: [{ not: null }] } }, 'filter', /filter\.and\.0\.not is null/],
    [
      { orderBy: [...byName, { field: 'PARTNER_STATE', direction: 'ASC' }, ...byName] },
      'orderBy',
      /has DISPLAY_NAME more than once; order by each field once/,
    ],
  ])('rejects %j at %s', (args, argumentName, problem) => {
    expect(readPageArguments(args)).toEqual({
      argumentName,
      problem: expect.stringMatching(problem),
    });
  });
});

const rows = [
  {
    id: 'jamf',
    displayName: 'Jamf Pro',
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-01-01T00:00:00.0000001Z',
    macOsOnboarded: true,
    iosOnboarded: true,
  },
  {
    id: 'strasse',
    displayName: 'Straße',
    partnerState: 'unknown',
    lastHeartbeatDateTime: '2026-01-01T02:00:00+02:00',
    macOsOnboarded: true,
  },
  {
    id: 'odd',
    displayName: 'Café Σίσυφος',
    partnerState: 'hibernating',
    lastHeartbeatDateTime: 'yesterday',
  },
  { id: 'bare', displayName: null, partnerState: null, lastHeartbeatDateTime: null },
  { id: 'empty' },
].map(partnerFromWire);
const all = ['jamf', 'strasse', 'odd', 'bare', 'empty'];

describe('a filter', () => {
  it.each<[string, ComplianceManagementPartnerFilter, string[]]>([
    ['no condition', {}, all],
    ['a state', { partnerState: { eq: 'ENABLED' } }, ['jamf']],
    ['an unlisted state', { partnerState: { eq: 'UNKNOWN_FUTURE_VALUE' } }, ['odd']],
    ['no state', { partnerState: { eq: null } }, ['bare', 'empty']],
    ['one of states', { partnerState: { in: ['ENABLED', 'UNKNOWN'] } }, ['jamf', 'strasse']],
    ['one of none', { partnerState: { in: [] } }, []],
    [
      'none of states',
      { partnerState: { notIn: ['ENABLED'] } },
      ['strasse', 'odd', 'bare', 'empty'],
    ],
    ['none of none', { partnerState: { notIn: [] } }, all],
    ['two conditions on a state', { partnerState: { in: ['ENABLED'], notIn: ['ENABLED'] } }, []],
    ['a name in any case', { displayName: { eq: 'JAMF pro' } }, ['jamf']],
    ['a part of a name is no name', { displayName: { eq: 'Jamf' } }, []],
    ['a full-width letter', { displayName: { startsWith: '\uff2aamf' } }, ['jamf']],
    ['the start of a name', { displayName: { startsWith: 'jam' } }, ['jamf']],
    ['not the start of a name', { displayName: { startsWith: 'pro' } }, []],
    ['a part of a name', { displayName: { contains: 'PRO' } }, ['jamf']],
    ['no name', { displayName: { eq: null } }, ['bare', 'empty']],
    [
      'before an instant, by the last digit',
      { lastHeartbeatDateTime: { before: '2026-01-01T00:00:00.0000001Z' } },
      ['strasse'],
    ],
    [
      'after an instant, across offsets',
      { lastHeartbeatDateTime: { after: '2025-12-31T19:00:00-05:00' } },
      ['jamf'],
    ],
    [
      'between two',
      { lastHeartbeatDateTime: { after: '2025-01-01T00:00:00Z', before: '2027-01-01T00:00:00Z' } },
      ['jamf', 'strasse'],
    ],
    ['a platform', { onboarded: ['MAC_OS'] }, ['jamf', 'strasse']],
    ['all of the platforms', { onboarded: ['MAC_OS', 'IOS'] }, ['jamf']],
    ['and', { and: [{ onboarded: ['MAC_OS'] }, { partnerState: { eq: 'UNKNOWN' } }] }, ['strasse']],
    ['and of none', { and: [] }, all],
    [
      'or',
      { or: [{ displayName: { eq: null } }, { partnerState: { eq: 'ENABLED' } }] },
      ['jamf', 'bare', 'empty'],
    ],
    ['or of none', { or: [] }, []],
    ['not', { not: { partnerState: { in: ['ENABLED', 'UNKNOWN'] } } }, ['odd', 'bare', 'empty']],
    [
      'fields of one filter together',
      { onboarded: ['MAC_OS'], displayName: { contains: 'a' } },
      ['jamf', 'strasse'],
    ],
  ])('finds by %s', (_what, filter, ids) => {
    const page = readPageArguments({ filter });
    const found = 'isIncluded' in page ? rows.filter(page.isIncluded) : [];
    expect(found.map(({ id }) => id)).toEqual(ids);
  });
});

describe('createPartnerOrder', () => {
  type Keys = readonly (readonly [ComplianceManagementPartnerOrder['field'], 'ASC' | 'DESC'])[];
  const orderOf = (keys: Keys) =>
    createPartnerOrder(keys.map(([field, direction]) => ({ field, direction })));
  const named = (...names: (string | null)[]) =>
    names.map((displayName, index) => ({ id: `${index} ${displayName}`, displayName }));
  const instants = [
    '2026-01-01T00:00:00.00000001Z',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:30:00+01:00',
    'yesterday',
  ];
  const states = ['unknown', 'enabled', 'rejected', 'unresponsive', 'hibernating', null];
  const asWell = { displayName: 'a', partnerState: 'enabled' };

  /** The rows stand in the order that is expected; they are sorted from the opposite one. */
  it.each<[string, Keys, object[]]>([
    [
      'names as dictionaries do, with case only where they are alike otherwise',
      [['DISPLAY_NAME', 'ASC']],
      named('Äpfel', 'apple', 'Apple', 'Echo', 'éclair', 'zebra', 'Zebra'),
    ],
    ['rows without a value last', [['DISPLAY_NAME', 'ASC']], named('a', 'b', null)],
    [
      'rows without a value last even if backward',
      [['DISPLAY_NAME', 'DESC']],
      named('b', 'a', null),
    ],
    [
      "states as the enum lists them, with Graph's news at the end",
      [['PARTNER_STATE', 'ASC']],
      states.map((partnerState) => ({ id: String(partnerState), partnerState })),
    ],
    [
      'heartbeats as instants, what is no instant last',
      [['LAST_HEARTBEAT_DATE_TIME', 'DESC']],
      instants.map((lastHeartbeatDateTime, id) => ({ id: `${id}`, lastHeartbeatDateTime })),
    ],
    [
      'by the next key and at the end by the id',
      [
        ['PARTNER_STATE', 'DESC'],
        ['DISPLAY_NAME', 'DESC'],
      ],
      [
        { ...asWell, id: '2', displayName: 'b' },
        { ...asWell, id: '1' },
        { ...asWell, id: '3' },
        { ...asWell, id: '0', partnerState: 'unknown' },
      ],
    ],
  ])('orders %s', (_what, keys, expected) => {
    const order = orderOf(keys);
    const sorted = expected
      .map(partnerFromWire)
      .reverse()
      .sort((left, right) => order.compare(order.placeOf(left), order.placeOf(right)));
    expect(sorted.map(({ wire }) => wire)).toEqual(expected);
  });

  it('signs its keys and directions, so that cursors of another order are noticed', () => {
    const keys: Keys = [
      ['DISPLAY_NAME', 'ASC'],
      ['DISPLAY_NAME', 'DESC'],
      ['PARTNER_STATE', 'ASC'],
      ['LAST_HEARTBEAT_DATE_TIME', 'ASC'],
    ];
    expect(keys.map((key) => orderOf([key]).signature)).toEqual(['n+', 'n-', 's+', 'h+']);
    expect(orderOf(keys).signature).toBe('n+n-s+h+');
  });
});
