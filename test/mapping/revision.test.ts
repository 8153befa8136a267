import { describe, expect, it } from '@jest/globals';
import type { AssignmentTargetResource, PartnerResource } from '../../src/graph/resource.ts';
import { revisionOf } from '../../src/mapping/revision.ts';

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
    ['an annotation of the row', { '@odata.type': '#microsoft.graph.complianceManagementPartner' }],
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
