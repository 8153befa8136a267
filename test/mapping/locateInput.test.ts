import { describe, expect, it } from '@jest/globals';
import { locateInput } from '../../src/mapping/locateInput.ts';

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
