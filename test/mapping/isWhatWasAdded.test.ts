import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NewPartnerResource, PartnerResource } from '../../src/graph/resource.ts';
import { instantKeyOf } from '../../src/mapping/instantKey.ts';
import { isWhatWasAdded } from '../../src/mapping/isWhatWasAdded.ts';
import { newPartnerToWire } from '../../src/mapping/partner.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';

const type = '#microsoft.graph.complianceManagementPartner';
const entryType = '#microsoft.graph.complianceManagementPartnerAssignment';
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';

type Sent = Omit<NewPartnerResource, '@odata.type' | 'displayName'>;
type Held = Omit<PartnerResource, 'id'> & { readonly id?: string };
type Json = Record<string, unknown>;

const compare = (sent: Sent, held: Held): boolean =>
  isWhatWasAdded(
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
const heldGroup = (more: object = {}): Held => ({
  iosEnrollmentAssignments: [{ target: { '@odata.type': toType('group'), groupId, ...more } }],
});
const toType = (kind: string): string => `#microsoft.graph.${kind}AssignmentTarget`;
const filter = (filterType: string, id: string | null = filterId): object => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: filterType,
});

describe('isWhatWasAdded', () => {
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
        expect(isWhatWasAdded(sent, respell(sent, pick))).toBe(true);
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
        expect(isWhatWasAdded(sent, held as unknown as PartnerResource)).toBe(false);
      }),
    );
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
