import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AssignmentTargetResource,
  NewPartnerResource,
  PartnerResource,
} from '../../src/graph/types.ts';
import { findDateTimeOffsetProblem, instantKeyOf } from '../../src/partners/dateTimeOffset.ts';
import { newPartnerToWire } from '../../src/partners/partnerMapping.ts';
import { revisionOf } from '../../src/partners/revision.ts';
import { createSeenPartnerIds } from '../../src/partners/seenPartnerIds.ts';
import { findUnconfirmedAdd, matchesSubmitted } from '../../src/partners/unclearAdd.ts';
import { type LoopShare, wholeLoop } from '../../src/shared/loopShare.ts';
import { dateTimeOffsets, newPartnerInputs } from '../support/arbitraryInputs.ts';
import { useClosing } from '../support/closing.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const type = '#microsoft.graph.complianceManagementPartner';
const entryType = '#microsoft.graph.complianceManagementPartnerAssignment';
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';

type Sent = Omit<NewPartnerResource, '@odata.type' | 'displayName'>;
type Held = Omit<PartnerResource, 'id'> & { readonly id?: string };
type Json = Record<string, unknown>;

const compare = (sent: Sent, held: Held): boolean =>
  matchesSubmitted(
    { '@odata.type': type, displayName: 'Fleet', ...sent },
    { id: 'new', displayName: 'Fleet', ...held },
  );
const toGroup = (more: object = {}): Sent => ({
  iosEnrollmentAssignments: [
    {
      '@odata.type': entryType,
      target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId, ...more },
    },
  ],
});
const toCollection = (collectionId: string) =>
  ({
    iosEnrollmentAssignments: [
      {
        '@odata.type': entryType,
        target: {
          '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
          collectionId,
        },
      },
    ],
  }) as const;
const heldGroup = (more: object = {}): Held => ({
  iosEnrollmentAssignments: [{ target: { '@odata.type': toType('group'), groupId, ...more } }],
});
const toType = (kind: string): string => `#microsoft.graph.${kind}AssignmentTarget`;
const filter = (filterType: string, id: string | null = filterId): object => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: filterType,
});

describe('matchesSubmitted', () => {
  it.each<[string, Sent, Held]>([
    ['what was not sent', {}, { iosOnboarded: true, partnerState: 'unavailable' }],
    ['an id in another case', { id: groupId }, { id: groupId.toUpperCase() }],
    [
      'the same instant with another offset',
      { lastHeartbeatDateTime: '2026-02-11T08:30:05.120+03:00' },
      { lastHeartbeatDateTime: '2026-02-11T05:30:05.12Z' },
    ],
    ['nothing for false', { iosOnboarded: false }, {}],
    ['null for false', { iosOnboarded: false }, { iosOnboarded: null }],
    [
      'the same entries in another order',
      {
        iosEnrollmentAssignments: [
          ...(toGroup().iosEnrollmentAssignments ?? []),
          { '@odata.type': entryType },
        ],
      },
      { iosEnrollmentAssignments: [null, ...(heldGroup().iosEnrollmentAssignments ?? [])] },
    ],
    [
      'null for an empty list',
      { iosEnrollmentAssignments: [] },
      { iosEnrollmentAssignments: null },
    ],
    ['no list for an empty one', { iosEnrollmentAssignments: [] }, {}],
    ['a type without #', toGroup(), heldGroup({ '@odata.type': toType('group').slice(1) })],
    ['a group in another case', toGroup(), heldGroup({ groupId: groupId.toUpperCase() })],
    ['a collection in another case', toCollection('SMS0001a'), toCollection('sms0001A')],
    ['no filter as none', toGroup(), heldGroup(filter('none', null))],
    ['the same filter', toGroup(filter('include')), heldGroup(filter('include'))],
    [
      'a null entry for one without a target',
      { iosEnrollmentAssignments: [{ '@odata.type': entryType }] },
      { iosEnrollmentAssignments: [null] },
    ],
  ])('recognises %s', (_what, sent, held) => {
    expect(compare(sent, held)).toBe(true);
  });

  it.each<[string, Sent, Held]>([
    ['another name', {}, { displayName: 'fleet' }],
    ['no name', {}, { displayName: null }],
    ['another id', { id: groupId }, { id: filterId }],
    ['another state', { partnerState: 'enabled' }, { partnerState: 'unavailable' }],
    ['true for false', { iosOnboarded: false }, { iosOnboarded: true }],
    [
      'another instant',
      { lastHeartbeatDateTime: '2026-02-11T08:30:05.1200001Z' },
      { lastHeartbeatDateTime: '2026-02-11T08:30:05.12Z' },
    ],
    ['no instant', { lastHeartbeatDateTime: '2026-02-11T08:30:05Z' }, {}],
    [
      'a text that is no instant',
      { lastHeartbeatDateTime: '2026-02-11T08:30:05Z' },
      { lastHeartbeatDateTime: 'soon' },
    ],
    ['another group', toGroup(), heldGroup({ groupId: filterId })],
    ['another kind', toGroup(), heldGroup({ '@odata.type': toType('exclusionGroup') })],
    ['a filter where none was sent', toGroup(), heldGroup(filter('include'))],
    ['no filter where one was sent', toGroup(filter('include')), heldGroup()],
    ['the other filter type', toGroup(filter('include')), heldGroup(filter('exclude'))],
    ['one entry more', { iosEnrollmentAssignments: [] }, heldGroup()],
    ['one entry less', toGroup(), { iosEnrollmentAssignments: [] }],
    ['no list', toGroup(), {}],
    ['no target', toGroup(), { iosEnrollmentAssignments: [{ target: null }] }],
  ])('does not take %s for it', (_what, sent, held) => {
    expect(compare(sent, held)).toBe(false);
  });

  it('recognises every add in every spelling that Graph may give it', () => {
    fc.assert(
      fc.property(newPartnerInputs, fc.gen(), (input, gen) => {
        const sent = newPartnerToWire(input);
        const pick = (...spellings: readonly unknown[]): unknown =>
          gen(fc.constantFrom, ...spellings);
        expect(matchesSubmitted(sent, respell(sent, pick))).toBe(true);
      }),
    );
  });

  it('does not recognise an add of which any one property has changed', () => {
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

describe('findUnconfirmedAdd', () => {
  const closeLater = useClosing();

  it('does not find what another look is still comparing', async () => {
    const server = await startScriptedServer(
      json(200, { value: [{ id: 'new', displayName: 'Fleet' }] }),
    );
    const { graph, close } = createTestClient(server.url);
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
    expect([await first, second]).toEqual([{ id: 'new', displayName: 'Fleet' }, undefined]);
  });
});

type Pick = (...spellings: readonly unknown[]) => unknown;

/** The partner as Graph may write it: annotations, cases, offsets and ways to say nothing as they are picked. */
function respell(sent: NewPartnerResource, pick: Pick): PartnerResource {
  const held: Json = { id: 'new', extra: { unknown: [1] } };
  for (const [name, value] of Object.entries(sent)) {
    if (Array.isArray(value)) {
      held[name] = value.length === 0 ? pick([], null, undefined) : entries(value, pick);
    } else if (value === null || value === false) {
      held[name] = name.endsWith('Assignments')
        ? pick(null, undefined, [])
        : pick(value, null, undefined);
    } else if (name === 'lastHeartbeatDateTime') {
      held[name] = pick(value, inUtc(String(value)));
    } else {
      held[name] = name === 'id' ? cases(value, pick) : value;
    }
  }
  return held as unknown as PartnerResource;
}

/** In the order that they were sent in, or in the other one. */
function entries(sent: readonly Json[], pick: Pick): unknown[] {
  const held = sent.map((one) => entry(one, pick));
  return pick(true, false) ? held : held.reverse();
}

function entry({ target }: { readonly target?: Json | null }, pick: Pick): unknown {
  if (target == null) {
    return pick(null, {}, { target: null });
  }
  const { '@odata.type': odataType, groupId: group, collectionId, ...rest } = target;
  return {
    target: {
      '@odata.type': pick(odataType, String(odataType).slice(1)),
      ...(group !== undefined && { groupId: cases(group, pick) }),
      ...(collectionId !== undefined && { collectionId }),
      ...(Object.keys(rest).length > 0 ? rest : (pick({}, filter('none', null)) as object)),
    },
  };
}

const cases = (id: unknown, pick: Pick): unknown => pick(id, String(id).toUpperCase());

/** The same instant in UTC, with all its digits and a needless one; as it was where its year has not four digits then. */
function inUtc(text: string): string {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const shifted = new Date(text.replace(/\.\d+/, '')).toISOString();
  return shifted.length === 24 && !shifted.startsWith('0000')
    ? `${shifted.slice(0, 19)}.${fraction}0Z`
    : text;
}

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

describe('revision', () => {
  const partner: PartnerResource = {
    id: 'a',
    displayName: 'Fleet',
    macOsOnboarded: true,
    macOsEnrollmentAssignments: [
      { target: { '@odata.type': '#microsoft.graph.newTarget', x: { y: 1, z: [2] } } },
    ],
  };

  const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
  const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId };
  const everyone = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
  const filterOf = (type: unknown, id: unknown = filterId) => ({
    deviceAndAppManagementAssignmentFilterId: id,
    deviceAndAppManagementAssignmentFilterType: type,
  });
  const ios = (...targets: readonly (object | null)[]): Partial<PartnerResource> => ({
    iosEnrollmentAssignments: targets.map((target) => ({
      target: target as AssignmentTargetResource | null,
    })),
  });

  const toExclusion = '#microsoft.graph.exclusionGroupAssignmentTarget';

  describe('revisionOf', () => {
    it.each<[string, Partial<PartnerResource>]>([
      ['the name', { displayName: 'fleet' }],
      ['a flag', { macOsOnboarded: false }],
      ['a flag that was missing', { linuxOnboarded: true }],
      ['an entry less', { macOsEnrollmentAssignments: [] }],
      ['an entry more', { iosEnrollmentAssignments: [{}] }],
      [
        'a property of a target that the schema does not know',
        {
          macOsEnrollmentAssignments: [
            { target: { '@odata.type': '#microsoft.graph.newTarget', x: { y: 1, z: [3] } } },
          ],
        },
      ],
      [
        'the platform of an entry',
        {
          macOsEnrollmentAssignments: null,
          iosEnrollmentAssignments: partner.macOsEnrollmentAssignments ?? [],
        },
      ],
    ])('changes with %s', (_what, change) => {
      expect(revisionOf({ ...partner, ...change })).not.toBe(revisionOf(partner));
    });

    it.each<[string, Partial<PartnerResource>, Partial<PartnerResource>]>([
      ['the type of a target', ios(group), ios({ ...group, '@odata.type': toExclusion })],
      ['the id of a group', ios(group), ios({ ...group, groupId: filterId })],
      [
        'a group for a collection',
        ios(group),
        ios({ ...group, groupId: null, collectionId: groupId }),
      ],
      ['a filter', ios(everyone), ios({ ...everyone, ...filterOf('include') })],
      [
        'the type of a filter',
        ios({ ...everyone, ...filterOf('include') }),
        ios({ ...everyone, ...filterOf('exclude') }),
      ],
      [
        'the id of a filter',
        ios({ ...everyone, ...filterOf('include') }),
        ios({ ...everyone, ...filterOf('include', groupId) }),
      ],
      ['an entry that is there twice', ios(group), ios(group, group)],
      ['a target instead of none', ios(null), ios(group)],
      [
        'the order inside of an unknown member',
        ios({ ...group, x: [1, 2] }),
        ios({ ...group, x: [2, 1] }),
      ],
      [
        'a member of an entry',
        { iosEnrollmentAssignments: [{}] },
        { iosEnrollmentAssignments: [{ note: 1 }] },
      ],
    ])('changes with %s', (_what, before, after) => {
      expect(revisionOf({ ...partner, ...after })).not.toBe(revisionOf({ ...partner, ...before }));
    });

    it.each<[string, Partial<PartnerResource>]>([
      ['the heartbeat', { lastHeartbeatDateTime: '2026-01-01T00:00:00Z' }],
      ['the state', { partnerState: 'enabled' }],
      [
        'an annotation of the row',
        { '@odata.type': '#microsoft.graph.complianceManagementPartner' },
      ],
      ['null in place of a missing property', { windowsOnboarded: null }],
      ['false in place of a missing flag', { linuxOnboarded: false }],
      ['an empty list in place of a missing one', { iosEnrollmentAssignments: [] }],
      [
        'the order of members',
        {
          macOsEnrollmentAssignments: [
            { target: { x: { z: [2], y: 1 }, '@odata.type': '#microsoft.graph.newTarget' } },
          ],
        },
      ],
    ])('does not change with %s', (_what, change) => {
      expect(revisionOf({ ...partner, ...change })).toBe(revisionOf(partner));
    });

    it.each<[string, Partial<PartnerResource>, Partial<PartnerResource>]>([
      ['the order of entries', ios(group, everyone, null), ios(null, everyone, group)],
      ['# in a type', ios(group), ios({ ...group, '@odata.type': group['@odata.type'].slice(1) })],
      [
        'the case of a type',
        ios(group),
        ios({ ...group, '@odata.type': '#Microsoft.Graph.GroupAssignmentTarget' }),
      ],
      ['the case of a group', ios(group), ios({ ...group, groupId: groupId.toUpperCase() })],
      [
        'the case of a filter',
        ios({ ...group, ...filterOf('include') }),
        ios({ ...group, ...filterOf('Include', filterId.toUpperCase()) }),
      ],
      ['a filter of none', ios(group), ios({ ...group, ...filterOf('none', null) })],
      ['a filter of none with an id', ios(group), ios({ ...group, ...filterOf('none') })],
      ['a filter of null', ios(group), ios({ ...group, ...filterOf(null, null) })],
      ['an id of null', ios(everyone), ios({ ...everyone, groupId: null })],
      ['an annotation of a member', ios(group), ios({ ...group, 'groupId@odata.type': '#String' })],
      [
        'the case of a UUID that the schema does not know',
        ios({ ...group, x: { y: groupId } }),
        ios({ ...group, x: { y: groupId.toUpperCase() } }),
      ],
      [
        'an annotation of an entry',
        { iosEnrollmentAssignments: [{}] },
        {
          iosEnrollmentAssignments: [
            { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' },
          ],
        },
      ],
      ['a null entry for one without a target', { iosEnrollmentAssignments: [null] }, ios(null)],
    ])('does not change with %s', (_what, before, after) => {
      expect(revisionOf({ ...partner, ...after })).toBe(revisionOf({ ...partner, ...before }));
    });
  });
});

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
  });

  it.each([
    '',
    'yesterday',
    '2020-01-01',
    '2020-01-01T00:00:00',
    '2020-02-30T00:00:00Z',
    '2020-13-01T00:00:00Z',
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
    ['2016-12-31T23:56:56', /no offset/],
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
    ['2023-01-01T00:60:00Z', /time of day that does not exist/],
    ['2023-01-01T00:00:61Z', /time of day that does not exist/],
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
  ])('refuses %j and says why', (text, reason) => {
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
