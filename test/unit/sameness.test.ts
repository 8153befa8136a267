import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NewPartnerResource, PartnerResource } from '../../src/graph/types.ts';
import { findDateTimeOffsetProblem, instantKeyOf } from '../../src/partners/dateTimeOffset.ts';
import { revisionOf } from '../../src/partners/meaning.ts';
import { newPartnerToWire, partnerFromWire } from '../../src/partners/partnerMapping.ts';
import {
  createSeenPartnerIds,
  findUnconfirmedAdd,
  isAnswerToAdd,
  matchesSubmitted,
} from '../../src/partners/unclearAdd.ts';
import { type LoopShare, wholeLoop } from '../../src/shared/loopShare.ts';
import { dateTimeOffsets, newPartnerInputs } from '../support/arbitraryInputs.ts';
import { useClosing } from '../support/closing.ts';
import { createPartnerClient, testCall } from '../support/graphClients.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

const type = '#microsoft.graph.complianceManagementPartner';
const entryType = '#microsoft.graph.complianceManagementPartnerAssignment';
const toType = (kind: string): string => `#microsoft.graph.${kind}AssignmentTarget`;
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
const upper = groupId.toUpperCase();
const list = (...entries: unknown[]): Json => ({ iosEnrollmentAssignments: entries });
const group = (more: object = {}): object => ({
  target: { '@odata.type': toType('group'), groupId, ...more },
});
const everyone = (more: object = {}): object => ({
  target: { '@odata.type': toType('allDevices'), ...more },
});
const collection = (collectionId: string): object => ({
  target: { '@odata.type': toType('configurationManagerCollection'), collectionId },
});
const filter = (filterType: unknown, id: unknown = filterId): object => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: filterType,
});

const partnerOf = (properties: Json): PartnerResource =>
  ({ id: 'a', displayName: 'Fleet', ...properties }) as PartnerResource;
const sentOf = (properties: Json): NewPartnerResource =>
  ({ '@odata.type': type, displayName: 'Fleet', ...properties }) as NewPartnerResource;
const revisionFor = (properties: Json): string => revisionOf(partnerOf(properties));
const matches = (sent: Json, held: Json): boolean =>
  matchesSubmitted(sentOf(sent), partnerOf(held));

describe('what a user can change', () => {
  it.each<[string, Json, Json]>([
    ['nothing for false', { iosOnboarded: false }, {}],
    ['null for false', { iosOnboarded: false }, { iosOnboarded: null }],
    ['null for an empty list', list(), { iosEnrollmentAssignments: null }],
    ['no list for an empty one', list(), {}],
    ['the order of entries', list(group(), everyone(), null), list(null, everyone(), group())],
    ['# in a type', list(group()), list(group({ '@odata.type': toType('group').slice(1) }))],
    ['the case of a type', list(group()), list(group({ '@odata.type': toType('GROUP') }))],
    ['the case of a group', list(group()), list(group({ groupId: upper }))],
    ['the case of a collection', list(collection('SMS1a')), list(collection('sms1A'))],
    [
      'the case of a filter',
      list(group(filter('include'))),
      list(group(filter('Include', filterId.toUpperCase()))),
    ],
    ['a filter of none', list(group()), list(group(filter('none', null)))],
    ['a filter of none with an id', list(group()), list(group(filter('none')))],
    ['a filter of no type', list(group()), list(group(filter(undefined)))],
    ['a filter without an id', list(group()), list(group(filter('include', null)))],
    ['a filter of null', list(group()), list(group(filter(null, null)))],
    ['a filter of an empty type', list(group()), list(group(filter('')))],
    ['a filter of an empty id', list(group()), list(group(filter('include', '')))],
    ['an id of null', list(everyone()), list(everyone({ groupId: null }))],
    ['an annotation of a member', list(group()), list(group({ 'groupId@odata.type': '#String' }))],
    [
      'the case of an unknown UUID',
      list(group({ x: { y: groupId } })),
      list(group({ x: { y: upper } })),
    ],
    [
      'the order of members',
      list(group({ x: { y: 1, z: 2 } })),
      list(group({ x: { z: 2, y: 1 } })),
    ],
    [
      'the order of ids',
      list(group({ collectionId: 'x' })),
      list({ target: { collectionId: 'x', '@odata.type': toType('group'), groupId } }),
    ],
    ['the order of unknown members', list(group({ x: 1, y: 2 })), list(group({ y: 2, x: 1 }))],
    [
      'the order of members in an unknown list',
      list(group({ x: [{ y: 1, z: 2 }] })),
      list(group({ x: [{ z: 2, y: 1 }] })),
    ],
    [
      'an empty type',
      list({ target: { groupId } }),
      list({ target: { groupId, '@odata.type': '' } }),
    ],
    ["the order of an entry's members", list({ x: 1, y: 2 }), list({ y: 2, x: 1 })],
    ['an annotation of an entry', list({}), list({ '@odata.type': entryType })],
    ['a null entry for one without a target', list(null), list({ target: null })],
  ])('is the same with %s', (_what, left, right) => {
    expect(revisionFor(left)).toBe(revisionFor(right));
    expect([matches(left, right), matches(right, left)]).not.toContain(false);
  });

  it.each<[string, Json, Json]>([
    ['another name', { displayName: 'Fleet' }, { displayName: 'fleet' }],
    ['another object for a text', { displayName: { x: 1 } }, { displayName: { x: 2 } }],
    ['another number for an entry', list(7), list(8)],
    ['no name', { displayName: 'Fleet' }, { displayName: null }],
    ['true for false', { iosOnboarded: false }, { iosOnboarded: true }],
    [
      'the flag of another platform',
      { iosOnboarded: true, linuxOnboarded: false },
      { linuxOnboarded: true },
    ],
    [
      'the list of another platform',
      { ...list(group()), linuxEnrollmentAssignments: [] },
      { linuxEnrollmentAssignments: [group()] },
    ],
    ['one entry more', list(), list({})],
    ['an entry that is there twice', list(group()), list(group(), group())],
    ['no list', list(group()), {}],
    ['no target', list(group()), list({ target: null })],
    ['another kind', list(group()), list(group({ '@odata.type': toType('exclusionGroup') }))],
    [
      'a namespace inside the name of a kind',
      list(everyone({ '@odata.type': 'amicrosoft.graph.x' })),
      list(everyone({ '@odata.type': 'ax' })),
    ],
    ['another group', list(group()), list(group({ groupId: filterId }))],
    [
      'a collection for a group',
      list(group()),
      list(group({ groupId: null, collectionId: groupId })),
    ],
    ['another collection', list(collection('SMS1a')), list(collection('SMS1b'))],
    ['a filter', list(everyone()), list(everyone(filter('include')))],
    ['the other filter type', list(group(filter('include'))), list(group(filter('exclude')))],
    ['another filter', list(group(filter('include'))), list(group(filter('include', groupId)))],
    [
      'an unknown member of a target',
      list(group({ x: { y: [2] } })),
      list(group({ x: { y: [3] } })),
    ],
    ['the order in an unknown list', list(group({ x: [1, 2] })), list(group({ x: [2, 1] }))],
    ['text for an unknown number', list(group({ x: 1 })), list(group({ x: '1' }))],
    ['a member of an entry', list({}), list({ note: 1 })],
    ['the type of an entry', list({}), list({ '@odata.type': '#microsoft.graph.other' })],
  ])('differs with %s', (_what, left, right) => {
    expect(revisionFor(left)).not.toBe(revisionFor(right));
    expect([matches(left, right), matches(right, left)]).toContain(false);
  });

  it.each<[string, Json]>([
    ['the heartbeat', { lastHeartbeatDateTime: '2026-01-01T00:00:00Z' }],
    ['the state', { partnerState: 'enabled' }],
    ['an annotation of the row', { '@odata.type': type }],
    ['the id', { id: 'b' }],
  ])('does not include %s', (_what, change) => {
    expect(revisionFor(change)).toBe(revisionFor({}));
  });
});

describe('the revision', () => {
  it('stays the same from release to release, because callers keep it', () => {
    const x = { b: [1, upper], a: { '@odata.type': 'x', d: null, c: 'Text' } };
    const entries = [
      group({ ...filter('Include'), collectionId: 'SMS1a', x, w: true }),
      { ...everyone({ groupId: upper, a: 1 }), '@odata.type': '#x', note: 'n' },
      null,
    ];
    expect(revisionFor({ iosOnboarded: true, linuxOnboarded: false, ...list(...entries) })).toBe(
      'vq5-6TJIxak1xTFn6uVCj3FMNX9mB-AOISVReegNIZM',
    );
  });
});

describe('matchesSubmitted', () => {
  const at = (lastHeartbeatDateTime: string) => ({ lastHeartbeatDateTime });
  it.each<[string, Json, Json, boolean]>([
    ['what was not sent', {}, { iosOnboarded: true, partnerState: 'unavailable' }, true],
    ['an id in another case', { id: groupId }, { id: upper }, true],
    ['another id', { id: groupId }, { id: filterId }, false],
    ['another state', { partnerState: 'enabled' }, { partnerState: 'unavailable' }, false],
    ['the same instant', at('2026-02-11T08:30:05.120+03:00'), at('2026-02-11T05:30:05.12Z'), true],
    ['another instant', at('2026-02-11T08:30:05.1200001Z'), at('2026-02-11T08:30:05.12Z'), false],
    ['no instant', at('2026-02-11T08:30:05Z'), {}, false],
    ['a text that is no instant', at('2026-02-11T08:30:05Z'), at('soon'), false],
  ])('knows what to make of %s', (_what, sent, held, isMatch) => {
    expect(matches(sent, held)).toBe(isMatch);
  });

  it('recognizes every add as it was sent', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const sent = newPartnerToWire(input);
        expect(matchesSubmitted(sent, partnerOf({ ...sent }))).toBe(true);
      }),
    );
  });

  it('does not recognize an add of which any one property has changed', () => {
    fc.assert(
      fc.property(newPartnerInputs, fc.nat(), (input, at) => {
        const sent = newPartnerToWire(input);
        const held: Json = { id: 'new', ...structuredClone(sent) };
        const names = Object.keys(sent).filter((name) => name !== '@odata.type');
        const name = names[at % names.length] ?? 'displayName';
        held[name] = changed(name, held[name]);
        expect(matchesSubmitted(sent, held as unknown as PartnerResource)).toBe(false);
      }),
    );
  });
});

describe('isAnswerToAdd', () => {
  it.each<[string, Json, Json, boolean]>([
    ['the id that was sent', { id: 'a' }, { id: 'A', displayName: 'Other' }, true],
    ['another id and all else as it was sent', { id: 'b' }, {}, true],
    ['another id and another name', { id: 'b' }, { displayName: 'Other' }, false],
    ['an id if none was sent', {}, { displayName: 'Other' }, true],
  ])('decides about %s', (_what, sent, answered, isAnswer) => {
    expect(isAnswerToAdd(sentOf(sent), partnerFromWire(partnerOf(answered)))).toBe(isAnswer);
  });
});

describe('findUnconfirmedAdd', () => {
  const closeLater = useClosing();

  it('does not find what another look is still comparing', async () => {
    const server = await startScriptedServer(
      json(200, { value: [{ id: 'new', displayName: 'Fleet' }] }),
    );
    const { graph, close } = createPartnerClient(server.url);
    closeLater(close, server.close);
    const seenPartnerIds = createSeenPartnerIds();
    const look = (share: LoopShare) =>
      findUnconfirmedAdd(
        { '@odata.type': type, displayName: 'Fleet' },
        { graph, call: testCall(), seenPartnerIds, maximumRows: 10, share },
      );
    let resume: (() => void) | undefined;
    const nextTurn = () =>
      new Promise<void>((resolve) => {
        resume = resolve;
      });
    const first = look({ isUsedUp: () => true, nextTurn });
    await until(() => resume !== undefined);
    const second = await look(wholeLoop);
    resume?.();
    expect((await first)?.wire).toEqual({ id: 'new', displayName: 'Fleet' });
    expect(second).toBeUndefined();
  });
});

function changed(name: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...value, null];
  }
  if (name.endsWith('Onboarded')) {
    return value !== true;
  }
  if (name.endsWith('Assignments')) {
    return [{}];
  }
  if (name === 'lastHeartbeatDateTime' && typeof value === 'string') {
    const other = '2001-01-01T00:00:00Z';
    return instantKeyOf(value) === instantKeyOf(other) ? '2002-01-01T00:00:00Z' : other;
  }
  return `${value ?? ''}x`;
}

/** Nanoseconds and beyond as one whole number, computed in another way than the code under test does. */
function picosecondsOf(text: string): bigint {
  const [, date = '', fraction = '', offset = ''] =
    /^(.{19})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  const utc = new Date(`${date}Z`).getTime();
  const sign = offset.startsWith('-') ? -1 : 1;
  const minutes =
    offset === 'Z' ? 0 : sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)));
  return BigInt(utc - minutes * 60_000) * 1_000_000_000n + BigInt(fraction.padEnd(12, '0'));
}

describe('instantKeyOf', () => {
  it.each([
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.7799755Z'],
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.779975500000Z'],
    ['2020-01-01T00:00:00Z', '2019-12-31T19:00:00-05:00'],
    ['2020-01-01T00:00:00Z', '2020-01-01T05:45:00+05:45'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2020-01-01T00:00:00Z', '2020-01-01t01:00:00+01:00'],
    ['2020-01-01T00:00:00Z', '2020-01-01t00:00:00z'],
  ])('gives %s and %s the same key', (left, right) => {
    expect(instantKeyOf(left)).toBe(instantKeyOf(right));
  });

  it.each([
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.77997551Z'],
    ['2016-12-31T20:56:56Z', '2016-12-31T20:56:56.000000000001Z'],
    ['0001-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z'],
    ['0099-12-31T23:59:59Z', '1900-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59'],
  ])('puts %s before %s', (earlier, later) => {
    const [left = '', right = ''] = [instantKeyOf(earlier), instantKeyOf(later)];
    expect(left < right).toBe(true);
  });

  it('orders any two date-times as their instants are ordered', () => {
    fc.assert(
      fc.property(dateTimeOffsets, dateTimeOffsets, (left, right) => {
        const [leftKey = '', rightKey = ''] = [instantKeyOf(left), instantKeyOf(right)];
        const [leftPs, rightPs] = [picosecondsOf(left), picosecondsOf(right)];
        expect(leftKey < rightKey).toBe(leftPs < rightPs);
        expect(leftKey === rightKey).toBe(leftPs === rightPs);
      }),
    );
  });

  it('keeps more digits than an input may have', () => {
    expect(instantKeyOf('2020-01-01T00:00:00.12345678901234Z')).toMatch(/\.12345678901234$/);
    // The longest text that is read; cursors of earlier answers hold such keys.
    expect(instantKeyOf(`1970-01-02T00:00:00.${'1'.repeat(43)}Z`)).toBe(
      `062167392000.${'1'.repeat(43)}`,
    );
  });

  it.each([
    '',
    'yesterday',
    '2020-01-01',
    '2020-01-01T00:00:00',
    '2020-02-30T00:00:00Z',
    '2020-13-01T00:00:00Z',
    'at 2020-01-01T00:00:00Z',
    `2020-01-01T00:00:00.${'1'.repeat(44)}Z`,
  ])('gives none for %j, which an answer may hold', (text) => {
    expect(instantKeyOf(text)).toBeUndefined();
  });
});

describe('findDateTimeOffsetProblem', () => {
  it.each([
    '2016-12-31T23:56:56.7799755+03:00',
    '0001-01-01T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2000-02-29T00:00:00-12:30',
    '2016-12-31T23:59:60Z',
    '2017-01-01T02:59:60.5+03:00',
    '2016-12-31T23:56:56.123456789012Z',
    '2016-12-31t23:56:56.7799755z',
    '2016-12-31t23:59:60z',
  ])('finds nothing wrong with %s', (text) => {
    expect(findDateTimeOffsetProblem(text)).toBeUndefined();
  });

  it.each([
    ['2016-12-31T23:56:56', /no offset: .*, as in 2016-12-31T23:56:56.7799755\+03:00$/],
    ['2016-12-31T23:56:56.1234567890123', /no offset/],
    ['2016-12-31T23:56:56.7799755', /no offset/],
    ['2016-12-31T23:56:56.1234567890123Z', /13 fractional digits; at most 12/],
    ['2016-12-31T23:56:56.Z', /decimal point without digits/],
    ['2023-02-30T00:00:00Z', /month 02 of 2023 has 28 days/],
    ['2023-02-29T00:00:00Z', /month 02 of 2023 has 28 days/],
    ['1900-02-29T00:00:00Z', /month 02 of 1900 has 28 days/],
    ['2023-04-31T00:00:00Z', /month 04 of 2023 has 30 days/],
    ['2023-01-00T00:00:00Z', /names a day that does not exist/],
    ['2023-13-01T00:00:00Z', /month 13; months go from 01 to 12/],
    ['2023-00-01T00:00:00Z', /month 00/],
    ['2023-01-01T24:00:00Z', /time of day that does not exist: 24:00:00/],
    ['2023-01-01T00:60:00Z', /time of day that does not exist: 00:60:00/],
    ['2023-01-01T00:00:61Z', /time of day that does not exist: 00:00:61/],
    ['2023-01-01T00:00:60Z', /leap seconds exist at 23:59:60 UTC only/],
    ['2023-01-01T23:59:60+01:00', /leap seconds exist at 23:59:60 UTC only/],
    ['2023-01-01T00:00:00+24:00', /offset that does not exist/],
    ['2023-01-01T00:00:00+01:60', /offset that does not exist/],
    ['2023-01-01 00:00:00Z', /not a date-time as RFC 3339 writes it/],
    ['2023-01-01', /not a date-time/],
    ['2023-1-1T00:00:00Z', /not a date-time/],
    ['2023-01-01T00:00Z', /not a date-time/],
    ['2023-01-01T00:00:00+0300', /not a date-time/],
    ['2023-01-01T00:00:00Z\n', /not a date-time/],
    ['', /not a date-time/],
  ])('rejects %j and says why', (text, reason) => {
    expect(findDateTimeOffsetProblem(text)).toMatch(reason);
  });

  it('accepts every date-time that exists, with any digits and offset', () => {
    fc.assert(
      fc.property(dateTimeOffsets, (text) => findDateTimeOffsetProblem(text) === undefined),
    );
  });

  it('agrees with the calendar of the platform on which days exist', () => {
    const dates = fc.tuple(fc.nat(9999), fc.nat(13), fc.nat(32));
    fc.assert(
      fc.property(dates, ([year, month, day]) => {
        const pad = (number: number, width: number) => String(number).padStart(width, '0');
        const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
        const instant = new Date(`${text}T00:00:00Z`);
        const exists =
          !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(`${text}T`);
        expect(findDateTimeOffsetProblem(`${text}T00:00:00Z`) === undefined).toBe(exists);
      }),
    );
  });
});
