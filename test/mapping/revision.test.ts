import { describe, expect, it } from '@jest/globals';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { revisionOf } from '../../src/mapping/revision.ts';

const partner: PartnerResource = {
  id: 'a',
  displayName: 'Fleet',
  macOsOnboarded: true,
  macOsEnrollmentAssignments: [
    { target: { '@odata.type': '#microsoft.graph.newTarget', x: { y: 1, z: [2] } } },
  ],
};

describe('revisionOf', () => {
  it.each<[string, Partial<PartnerResource>]>([
    ['the name', { displayName: 'fleet' }],
    ['a flag', { macOsOnboarded: false }],
    ['a flag that was missing', { linuxOnboarded: false }],
    ['a list that was missing', { iosEnrollmentAssignments: [] }],
    ['an added entry', { macOsEnrollmentAssignments: [] }],
    [
      'a property of a target that the schema does not know',
      {
        macOsEnrollmentAssignments: [
          { target: { '@odata.type': '#microsoft.graph.newTarget', x: { y: 1, z: [3] } } },
        ],
      },
    ],
  ])('changes with %s', (_what, change) => {
    expect(revisionOf({ ...partner, ...change })).not.toBe(revisionOf(partner));
  });

  it.each<[string, Partial<PartnerResource>]>([
    ['the heartbeat', { lastHeartbeatDateTime: '2026-01-01T00:00:00Z' }],
    ['the state', { partnerState: 'enabled' }],
    ['an annotation of the row', { '@odata.type': '#microsoft.graph.complianceManagementPartner' }],
    ['null in place of a missing property', { windowsOnboarded: null }],
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

  it('changes with the order of entries', () => {
    const [one, two] = [{ target: null }, {}];
    expect(revisionOf({ id: 'a', iosEnrollmentAssignments: [one, two] })).not.toBe(
      revisionOf({ id: 'a', iosEnrollmentAssignments: [two, one] }),
    );
  });
});
