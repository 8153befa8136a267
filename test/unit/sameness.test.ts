import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NewPartnerResource, PartnerResource } from '../../src/graph/types.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import { findDateTimeOffsetProblem, instantKeyOf } from '../../src/partners/dateTimeOffset.ts';
import { findDifferences, revisionOf } from '../../src/partners/meaning.ts';
import {
  createSeenPartnerIds,
  findUnconfirmedAdd,
  isAnswerToAdd,
} from '../../src/partners/mutations.ts';
import { newPartnerToWire, partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { type LoopShare, wholeLoop } from '../../src/shared/loopShare.ts';
import { dateTimeOffsets, newPartnerInputs } from '../support/arbitraryInputs.ts';
import { testCall } from '../support/graphClients.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

const type = '#microsoft.graph.complianceManagementPartner';
const entryType = '#microsoft.graph.complianceManagementPartnerAssignment';
const toType = (kind: string): string => `#microsoft.graph.${kind}AssignmentTarget`;
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
const upper = groupId.toUpperCase();
const list = (...entries: unknown[]): Json => ({ iosEnrollmentAssignments: entries });
const to = (kind: string, more: object = {}) => ({
  target: { '@odata.type': toType(kind), ...more },
});
const group = (more: object = {}) => to('group', { groupId, ...more });
const typed = (name: string) => ({ '@odata.type': name });
const sms = { collectionId: 'SMS1a' };
const everyone = (more: object = {}) => to('allDevices', more);
const collection = (collectionId: string) => to('configurationManagerCollection', { collectionId });
const filter = (filterType: unknown, id: unknown = filterId): object => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: filterType,
});
/** A list of one group, for each of some members that it has besides. */
const groupsWith = (...members: object[]): Json[] => members.map((more) => list(group(more)));

const partnerOf = (properties: Json): PartnerResource =>
  ({ id: 'a', displayName: 'Fleet', ...properties }) as PartnerResource;
const sentOf = (properties: Json): NewPartnerResource =>
  ({ '@odata.type': type, displayName: 'Fleet', ...properties }) as NewPartnerResource;
const revisionFor = (properties: Json): string => revisionOf(partnerOf(properties));
const matches = (sent: Json, held: Json): boolean =>
  findDifferences(sentOf(sent), partnerOf(held)).length === 0;
const pairsOf = (values: Json[]) =>
  values.flatMap((left, index) => values.slice(index + 1).map((right) => [left, right] as const));

describe('what a user can change', () => {
  it.each<[string, Json[]]>([
    ['a flag that is off', [{ iosOnboarded: false }, { iosOnboarded: null }, {}]],
    ['an empty list', [list(), { iosEnrollmentAssignments: null }, {}]],
    ['the order of entries', [list(group(), everyone(), null), list(null, everyone(), group())]],
    ['an entry without a target', [list(null), list({}), list({ target: null })]],
    ['a type', groupsWith({}, typed(toType('group').slice(1)), typed(toType('GROUP')))],
    ['no type', [list({ target: { groupId } }), list({ target: { groupId, ...typed('') } })]],
    ['a group', groupsWith({}, { groupId: upper }, { 'groupId@odata.type': '#String' })],
    ['a collection', [list(collection('SMS1a')), list(collection('sms1A'))]],
    ['no group', [list(everyone()), list(everyone({ groupId: null }))]],
    ['a filter', groupsWith(filter('include'), filter('Include', filterId.toUpperCase()))],
    ['no filter', groupsWith({}, filter('none', null), filter('none'), filter(undefined))],
    ['no filter either', groupsWith({}, filter(''), filter(null, null), filter('include', null))],
    ['a filter without an id', groupsWith({}, filter('include', ''))],
    ['an unknown UUID', groupsWith({ x: { y: groupId } }, { x: { y: upper } })],
    ['unknown members', groupsWith({ w: [{ y: 1, z: 2 }], x: 3 }, { x: 3, w: [{ z: 2, y: 1 }] })],
    ['ids', [list(to('group', { groupId, ...sms })), list(to('group', { ...sms, groupId }))]],
    ["an entry's members", [list({ x: 1, y: 2 }), list({ y: 2, ...typed(entryType), x: 1 })]],
  ])('is the same for all ways to write %s', (_what, spellings) => {
    for (const [left, right] of pairsOf(spellings)) {
      expect(revisionFor(left)).toBe(revisionFor(right));
      expect([matches(left, right), matches(right, left)]).toEqual([true, true]);
    }
  });

  const asX = (x: unknown) => ({ x });
  const others = [group({ groupId: filterId }), group({ groupId: null, collectionId: groupId })];
  const ofTypes = ['amicrosoft.graph.x', 'ax'].map((name) => everyone(typed(name)));
  const collections = [collection('SMS1a'), collection('SMS1b')];
  const targets = [{}, everyone(), group(), ...others, to('exclusionGroup', { groupId })];
  targets.push(...collections, ...ofTypes);
  it.each<[string, Json[]]>([
    ['names', [{ displayName: 'Fleet' }, { displayName: 'fleet' }, { displayName: null }]],
    ['objects for a name', [{ displayName: { x: 1 } }, { displayName: { x: 2 } }]],
    ['flags', [{}, { iosOnboarded: true }, { linuxOnboarded: true }]],
    ['platforms', [list(group()), { linuxEnrollmentAssignments: [group()] }, {}]],
    ['entries', [[], [{}], [{ note: 1 }], [typed('#x')], [7], [8]].map((all) => list(...all))],
    ['numbers of entries', [list(group()), list(group(), group())]],
    ['targets', targets.map((target) => list({ target: null, ...target }))],
    ['filters', groupsWith({}, filter('include'), filter('exclude'), filter('include', groupId))],
    ['unknown members', groupsWith(...[{ y: [2] }, { y: [3] }, [1, 2], [2, 1], 1, '1'].map(asX))],
  ])('tells %s apart', (_what, values) => {
    for (const [left, right] of pairsOf(values)) {
      expect(revisionFor(left)).not.toBe(revisionFor(right));
      expect([matches(left, right), matches(right, left)]).toContain(false);
    }
  });
});

const at = (lastHeartbeatDateTime: string) => ({ lastHeartbeatDateTime });

describe('the revision', () => {
  it('does not include the id, the state, the heartbeat and the annotation of a row', () => {
    const others = { id: 'b', partnerState: 'enabled', ...at('2026-01-01T00:00:00Z') };
    expect(revisionFor({ ...others, '@odata.type': type })).toBe(revisionFor({}));
  });

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

  it('can be told of a filter with an object for a text, whose toString is no function', () => {
    const odd = { toString: 1, valueOf: 1 };
    for (const more of [filter(odd), filter(odd, null), filter('include', odd)]) {
      const revision = revisionFor(list(group(more)));
      expect(revision).toMatch(/^[\w-]{43}$/);
      expect(revisionFor(list(to('group', { ...more, groupId })))).toBe(revision);
    }
  });
});

describe('findDifferences', () => {
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

  it('finds none in an add as it was sent, and one if any one property has changed', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const sent = newPartnerToWire(input);
        expect(findDifferences(sent, partnerOf({ ...sent }))).toEqual([]);
        for (const name of Object.keys(sent).filter((name) => name !== '@odata.type')) {
          expect(findDifferences(sent, partnerOf({ ...sent, [name]: { x: 1 } }))).toEqual([name]);
        }
      }),
    );
  });
});

describe('an add', () => {
  it.each<[string, Json, Json, boolean]>([
    ['the id that was sent', { id: 'a' }, { id: 'A', displayName: 'Other' }, true],
    ['another id and all else as it was sent', { id: 'b' }, {}, true],
    ['another id and another name', { id: 'b' }, { displayName: 'Other' }, false],
    ['an id if none was sent', {}, { displayName: 'Other' }, true],
  ])('is answered by a partner with %s, or is not', (_what, sent, answered, isAnswer) => {
    expect(isAnswerToAdd(sentOf(sent), partnerFromWire(partnerOf(answered)))).toBe(isAnswer);
  });

  it('in doubt does not find what the look of another one is still comparing', async () => {
    const row = partnerFromWire({ id: 'new', displayName: 'Fleet' });
    const listPages = async function* () {
      yield [row];
    };
    const context = {
      graph: { listPages } as unknown as RequestContext['graph'],
      call: testCall(),
      seenPartnerIds: createSeenPartnerIds(),
      maximumRows: 10,
    };
    const look = (share: LoopShare) => findUnconfirmedAdd(sentOf({}), { ...context, share });
    const turns: (() => void)[] = [];
    const nextTurn = () => new Promise<void>((resolve) => turns.push(resolve));
    const first = look({ isUsedUp: () => true, nextTurn });
    await until(() => turns.length > 0);
    expect(await look(wholeLoop)).toBeUndefined();
    turns[0]?.();
    expect(await first).toBe(row);
  });
});

/** Nanoseconds and beyond as one whole number, computed in another way than the code under test does. */
function picosecondsOf(text: string): bigint {
  const [, date, fraction = '', offset] = /^(.{19})(?:\.(\d+))?(.+)$/.exec(text) ?? [];
  const ms = BigInt(Date.parse(`${date}${offset}`));
  return ms * 1_000_000_000n + BigInt(fraction.padEnd(12, '0'));
}

describe('instantKeyOf', () => {
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

  it.each([
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.77997551Z'],
    ['2016-12-31T20:56:56Z', '2016-12-31T20:56:56.000000000001Z'],
    ['0001-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z'],
    ['0099-12-31T23:59:59Z', '1900-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59'],
  ])('puts %s before %s', (earlier, later) => {
    expect(String(instantKeyOf(earlier)) < String(instantKeyOf(later))).toBe(true);
  });

  const ones = '1'.repeat(43);
  it.each([
    ['2020-01-01t00:00:00z', '063745142400.'],
    ['2020-01-01T01:00:00.0+01:00', '063745142400.'],
    // The longest text that is read; cursors of earlier answers hold such keys.
    [`1970-01-02T00:00:00.${ones}Z`, `062167392000.${ones}`],
    [`2020-01-01T00:00:00.${ones}1Z`, undefined],
    ['', undefined],
    ['2020-01-01T00:00:00', undefined],
    ['2020-02-30T00:00:00Z', undefined],
    ['at 2020-01-01T00:00:00Z', undefined],
  ])('gives for %j, which an answer may hold, %j', (text, key) => {
    expect(instantKeyOf(text)).toBe(key);
  });
});

describe('findDateTimeOffsetProblem', () => {
  it.each([
    ['2016-12-31T23:59:60Z', /^$/],
    ['2017-01-01T02:59:60.5+03:00', /^$/],
    ['2016-12-31t23:59:60z', /^$/],
    ['2016-12-31T23:56:56', /no offset: .*, as in 2016-12-31T23:56:56.7799755\+03:00$/],
    ['2016-12-31T23:56:56.1234567890123Z', /13 fractional digits; at most 12/],
    ['2016-12-31T23:56:56.Z', /decimal point without digits/],
    ['1900-02-29T00:00:00Z', /month 02 of 1900 has 28 days/],
    ['2023-04-31T00:00:00Z', /month 04 of 2023 has 30 days/],
    ['2023-13-01T00:00:00Z', /month 13; months go from 01 to 12/],
    ['2023-01-01T24:00:00Z', /time of day that does not exist: 24:00:00/],
    ['2023-01-01T00:60:00Z', /time of day that does not exist: 00:60:00/],
    ['2023-01-01T00:00:61Z', /time of day that does not exist: 00:00:61/],
    ['2023-01-01T00:00:60Z', /leap seconds exist at 23:59:60 UTC only/],
    ['2023-01-01T23:59:60+01:00', /leap seconds exist at 23:59:60 UTC only/],
    ['2023-01-01T00:00:00+24:00', /offset that does not exist/],
    ['2023-01-01T00:00:00+01:60', /offset that does not exist/],
    ['2023-01-01 00:00:00Z', /not a date-time as RFC 3339 writes it/],
    ['2023-01-01T00:00Z', /not a date-time/],
    ['2023-01-01T00:00:00+0300', /not a date-time/],
    ['2023-01-01T00:00:00Z\n', /not a date-time/],
  ])('says of %j what is wrong: %s', (text, reason) => {
    expect(findDateTimeOffsetProblem(text) ?? '').toMatch(reason);
  });

  it('accepts every date-time that exists, with any digits and offset', () => {
    const isAccepted = (text: string) => findDateTimeOffsetProblem(text) === undefined;
    fc.assert(fc.property(dateTimeOffsets, isAccepted));
  });

  it('agrees with the calendar of the platform on which days exist', () => {
    const dates = fc.tuple(fc.nat(9999), fc.nat(13), fc.nat(32));
    fc.assert(
      fc.property(dates, ([year, month, day]) => {
        const pad = (number: number, width: number) => String(number).padStart(width, '0');
        const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
        const exists = JSON.stringify(new Date(`${text}T00:00:00Z`)).startsWith(`"${text}T`);
        expect(findDateTimeOffsetProblem(`${text}T00:00:00Z`) === undefined).toBe(exists);
      }),
    );
  });
});
