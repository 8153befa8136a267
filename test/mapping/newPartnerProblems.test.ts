import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findNewPartnerProblems } from '../../src/mapping/newPartnerProblems.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';

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
      'Microsoft Graph v1.0, which this gateway is configured for, does not know windowsOnboarded. ' +
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

  it('refuses null at its field for every property that has none in Graph', () => {
    const input = {
      displayName: 'Fleet',
      id: null,
      partnerState: null,
      lastHeartbeatDateTime: null,
      macOsOnboarded: null,
      linuxOnboarded: null,
      macOsEnrollmentAssignments: null,
      iosEnrollmentAssignments: [{}, { target: null }],
    };
    expect(pathsOf(input, 'beta')).toEqual([
      'input.partnerState',
      'input.lastHeartbeatDateTime',
      'input.macOsOnboarded',
      'input.linuxOnboarded',
    ]);
    expect(findNewPartnerProblems(input, 'beta')[0]?.message).toBe(
      'partnerState cannot be null. Send a value, or leave the field out to keep what is there.',
    );
    // What v1.0 does not know has one problem, whatever its value is.
    expect(pathsOf({ displayName: 'Fleet', linuxOnboarded: null }, 'v1.0')).toHaveLength(1);
  });

  it('lists all problems at once', () => {
    const input = {
      displayName: 'Fleet',
      id: '..',
      partnerState: 'UNKNOWN_FUTURE_VALUE',
      windowsOnboarded: true,
    } as const;
    expect(pathsOf(input, 'v1.0')).toEqual([
      'input.id',
      'input.partnerState',
      'input.windowsOnboarded',
    ]);
  });
});
