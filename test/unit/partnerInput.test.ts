import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
} from '../../src/generated/graphql.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { findNewPartnerProblems, locateInput } from '../../src/partners/inputRules.ts';
import {
  knownPartnerStates,
  partnerStateFromWire,
  partnerStateToWire,
} from '../../src/partners/model.ts';
import { newPartnerToWire, partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';

describe('partnerFromWire', () => {
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
    const methods = { revision: null, platforms: null, wire: null };
    expect({ ...absent, ...methods }).toEqual({ ...nulls, ...methods });
    expect(absent).toMatchObject({ displayName: null, iosEnrollmentAssignments: null });
  });

  it('keeps an empty list apart from a missing one', () => {
    const partner = partnerFromWire({ id: 'a', iosEnrollmentAssignments: [] });
    expect(partner.iosEnrollmentAssignments).toEqual([]);
    expect(partner.macOsEnrollmentAssignments).toBeNull();
  });
});

describe('newPartnerToWire', () => {
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
        const {
          revision: _r,
          platforms: _p,
          wire: _wire,
          ...partner
        } = partnerFromWire({
          ...sent,
          id: 'given',
        });
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

describe('partnerState', () => {
  it.each([
    ['unknown', 'UNKNOWN'],
    ['unavailable', 'UNAVAILABLE'],
    ['enabled', 'ENABLED'],
    ['terminated', 'TERMINATED'],
    ['rejected', 'REJECTED'],
    ['unresponsive', 'UNRESPONSIVE'],
  ] as const)('reads %s as %s and writes it back', (wire, state) => {
    expect(partnerStateFromWire(wire)).toBe(state);
    expect(partnerStateToWire(state)).toBe(wire);
  });

  it.each(['String', 'Enabled', '', '6', 'toString', '__proto__', 'unknownFutureValue'])(
    'reads the unlisted state %j as UNKNOWN_FUTURE_VALUE',
    (wire) => {
      expect(partnerStateFromWire(wire)).toBe('UNKNOWN_FUTURE_VALUE');
    },
  );

  it('has no wire form for UNKNOWN_FUTURE_VALUE', () => {
    expect(partnerStateToWire('UNKNOWN_FUTURE_VALUE')).toBeUndefined();
    expect(knownPartnerStates).not.toContain('UNKNOWN_FUTURE_VALUE');
  });
});

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: groupId, type: 'INCLUDE' } as const;

const pathsOf = (...args: Parameters<typeof findNewPartnerProblems>): string[] =>
  findNewPartnerProblems(...args).map(({ path }) => path.join('.'));

describe('findNewPartnerProblems', () => {
  it('finds nothing in an input that beta can know when null stands only where it may', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => findNewPartnerProblems(input, 'beta').length === 0),
    );
  });

  it('refuses the state that is only ever an answer, and lists the others', () => {
    const input = { displayName: 'Fleet', partnerState: 'UNKNOWN_FUTURE_VALUE' } as const;
    expect(findNewPartnerProblems(input, 'beta')).toEqual([
      {
        path: ['input', 'partnerState'],
        message:
          'UNKNOWN_FUTURE_VALUE only ever comes as an answer; send one of ' +
          'UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE.',
      },
    ]);
  });

  it.each([
    '..',
    '.',
    '../x',
    'a/b',
    '%2e%2e',
    'a b',
    '',
    "x')",
    'a?b',
    'a#b',
    'ä',
    'x'.repeat(257),
  ])('refuses the id %j', (id) => {
    expect(pathsOf({ displayName: 'Fleet', id }, 'beta')).toEqual(['input.id']);
  });

  it.each(['0c65e46a-e46a-0c65-6ae4-650c6ae4650c', 'A_b.c~d=e-1', null, undefined])(
    'accepts the id %j',
    (id) => {
      const input = { displayName: 'Fleet', ...(id !== undefined && { id }) };
      expect(pathsOf(input, 'beta')).toEqual([]);
    },
  );

  it('refuses what v1.0 does not have, with the version and the way out', () => {
    const input = {
      displayName: 'Fleet',
      macOsOnboarded: true,
      windowsOnboarded: false,
      linuxOnboarded: null,
      windowsEnrollmentAssignments: [],
      linuxEnrollmentAssignments: null,
    };
    expect(pathsOf(input, 'v1.0')).toEqual([
      'input.windowsOnboarded',
      'input.windowsEnrollmentAssignments',
      'input.linuxOnboarded',
      'input.linuxEnrollmentAssignments',
    ]);
    expect(findNewPartnerProblems(input, 'v1.0')[0]?.message).toBe(
      'Microsoft Graph v1.0, as configured for this gateway, does not have windowsOnboarded. ' +
        'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
    );
  });

  it('refuses filters on v1.0 where they stand, and lets "no filter" pass', () => {
    const input = {
      displayName: 'Fleet',
      iosEnrollmentAssignments: [
        { target: { allDevices: { filter: null } } },
        { target: { exclusionGroup: { groupId, filter } } },
      ],
    };
    expect(pathsOf(input, 'v1.0')).toEqual([
      'input.iosEnrollmentAssignments.1.target.exclusionGroup.filter',
    ]);
    expect(pathsOf(input, 'beta')).toEqual([]);
  });
});

const body = {
  '@odata.type': '#microsoft.graph.complianceManagementPartner',
  displayName: 'Fleet',
  windowsOnboarded: true,
  iosEnrollmentAssignments: [
    { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
    {
      target: {
        '@odata.type': '#microsoft.graph.groupAssignmentTarget',
        groupId: 'g',
        deviceAndAppManagementAssignmentFilterId: 'f',
      },
    },
  ],
};

describe('locateInput', () => {
  it.each<[string, string[], string[] | undefined]>([
    ['a property of the partner', ['windowsOnboarded', 'x'], ['input', 'windowsOnboarded']],
    [
      'a property inside a target, ending at the target',
      ['deviceAndAppManagementAssignmentFilterId'],
      ['input', 'iosEnrollmentAssignments', '1', 'target'],
    ],
    ['a value', ['x', 'Fleet'], ['input', 'displayName']],
    [
      'a type name',
      ['#microsoft.graph.groupAssignmentTarget'],
      ['input', 'iosEnrollmentAssignments', '1', 'target'],
    ],
    ['nothing for a name that is not there', ['macOsOnboarded'], undefined],
    ['nothing for a name that stands in several places', ['target'], undefined],
    ['nothing without names', [], undefined],
  ])('finds %s', (_what, names, path) => {
    expect(locateInput(body, names)).toEqual(path);
  });
});
