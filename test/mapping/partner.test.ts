import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
} from '../../src/generated/graphql.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { newPartnerToWire, partnerFromWire } from '../../src/mapping/partner.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';

const pageResponse = JSON.parse(
  readFileSync(new URL('../fixtures/graph/addResponse.json', import.meta.url), 'utf8'),
) as PartnerResource;

describe('partnerFromWire', () => {
  it("reads every property of the reference page's response", () => {
    const withoutTarget = [{ target: null }];
    expect(partnerFromWire(pageResponse)).toEqual({
      id: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c',
      displayName: 'Display Name value',
      partnerState: 'UNKNOWN_FUTURE_VALUE',
      lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
      macOsOnboarded: true,
      windowsOnboarded: true,
      androidOnboarded: true,
      iosOnboarded: true,
      linuxOnboarded: null,
      macOsEnrollmentAssignments: [
        { target: { __typename: 'AllLicensedUsersAssignmentTarget', filter: null } },
      ],
      windowsEnrollmentAssignments: withoutTarget,
      androidEnrollmentAssignments: withoutTarget,
      iosEnrollmentAssignments: withoutTarget,
      linuxEnrollmentAssignments: null,
      revision: expect.any(Function),
    });
  });

  it('reads absent and null properties as null', () => {
    const absent = partnerFromWire({ id: 'a' });
    const nulls = partnerFromWire({
      id: 'a',
      displayName: null,
      partnerState: null,
      lastHeartbeatDateTime: null,
      macOsOnboarded: null,
      macOsEnrollmentAssignments: null,
    });
    expect({ ...absent, revision: null }).toEqual({ ...nulls, revision: null });
    expect(absent).toMatchObject({ displayName: null, iosEnrollmentAssignments: null });
  });

  it('keeps an empty list apart from a missing one', () => {
    const partner = partnerFromWire({ id: 'a', iosEnrollmentAssignments: [] });
    expect(partner.iosEnrollmentAssignments).toEqual([]);
    expect(partner.macOsEnrollmentAssignments).toBeNull();
  });

  it('survives null entries, missing targets, unlisted types and unknown properties', () => {
    const row = {
      id: 'a',
      '@odata.context': 'https://graph.microsoft.com/beta/$metadata#x',
      tomorrow: { is: 'new' },
      androidEnrollmentAssignments: [
        null,
        {},
        { target: null },
        { target: { '@odata.type': '#microsoft.graph.newAssignmentTarget', x: 1 }, more: true },
      ],
    };
    expect(partnerFromWire(row).androidEnrollmentAssignments).toEqual([
      { target: null },
      { target: null },
      { target: null },
      {
        target: {
          __typename: 'UnrecognizedAssignmentTarget',
          odataType: '#microsoft.graph.newAssignmentTarget',
          filter: null,
          properties: { x: 1 },
        },
      },
    ]);
  });
});

describe('newPartnerToWire', () => {
  it('sends only what was given', () => {
    expect(newPartnerToWire({ displayName: 'Fleet' })).toEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
    });
  });

  it('sends an empty list for null and leaves out a target of null', () => {
    const wire = newPartnerToWire({
      displayName: 'Fleet',
      macOsEnrollmentAssignments: null,
      iosEnrollmentAssignments: [],
      androidEnrollmentAssignments: [{}, { target: null }],
    });
    const odataType = '#microsoft.graph.complianceManagementPartnerAssignment';
    expect(wire).toEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
      macOsEnrollmentAssignments: [],
      iosEnrollmentAssignments: [],
      androidEnrollmentAssignments: [{ '@odata.type': odataType }, { '@odata.type': odataType }],
    });
  });

  it('sends an id only where one is given', () => {
    expect(newPartnerToWire({ displayName: 'Fleet', id: 'mine' })).toHaveProperty('id', 'mine');
    expect(newPartnerToWire({ displayName: 'Fleet', id: null })).not.toHaveProperty('id');
  });

  it.each<Omit<AddComplianceManagementPartnerInput, 'displayName'>>([
    { partnerState: 'UNKNOWN_FUTURE_VALUE' },
    { partnerState: null },
    { iosOnboarded: null },
  ])('throws rather than sending %j, which has no wire form', (input) => {
    expect(() => newPartnerToWire({ displayName: 'Fleet', ...input })).toThrow(TypeError);
  });
});

describe('an input that goes out and comes back', () => {
  it('loses nothing, whatever is absent, null or given', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const sent = JSON.parse(JSON.stringify(newPartnerToWire(input))) as PartnerResource;
        const { revision: _revision, ...partner } = partnerFromWire({ ...sent, id: 'given' });
        expect(partner).toEqual(expectedPartner(input));
      }),
      { numRuns: 150 },
    );
  });

  it('is sent with every field that is given, and without a null', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const text = JSON.stringify(newPartnerToWire(input), (name, value: unknown) => {
          expect([name, value]).not.toEqual([name, null]);
          return value;
        });
        const fields = Object.keys(input).sort();
        const sentFields = Object.keys(JSON.parse(text)).filter((name) => name !== '@odata.type');
        expect(sentFields.sort()).toEqual(fields);
      }),
    );
  });
});

function expectedPartner(input: AddComplianceManagementPartnerInput): object {
  const lists = (['macOs', 'windows', 'android', 'ios', 'linux'] as const).map((platform) => [
    `${platform}EnrollmentAssignments`,
    input[`${platform}EnrollmentAssignments`] === undefined
      ? null
      : (input[`${platform}EnrollmentAssignments`] ?? []).map(expectedAssignment),
  ]);
  return {
    id: 'given',
    displayName: input.displayName,
    partnerState: input.partnerState ?? null,
    lastHeartbeatDateTime: input.lastHeartbeatDateTime ?? null,
    macOsOnboarded: input.macOsOnboarded ?? null,
    windowsOnboarded: input.windowsOnboarded ?? null,
    androidOnboarded: input.androidOnboarded ?? null,
    iosOnboarded: input.iosOnboarded ?? null,
    linuxOnboarded: input.linuxOnboarded ?? null,
    ...Object.fromEntries(lists),
  };
}

function expectedAssignment({ target }: ComplianceManagementPartnerAssignmentInput): object {
  return { target: target ? expectedTarget(target) : null };
}

function expectedTarget(target: AssignmentTargetInput): object {
  const typenames: Record<string, string> = {
    allLicensedUsers: 'AllLicensedUsersAssignmentTarget',
    allDevices: 'AllDevicesAssignmentTarget',
    group: 'GroupAssignmentTarget',
    exclusionGroup: 'ExclusionGroupAssignmentTarget',
    configurationManagerCollection: 'ConfigurationManagerCollectionAssignmentTarget',
  };
  const [key = '', value] = Object.entries(target)[0] ?? [];
  return { filter: null, ...value, __typename: typenames[key] };
}
