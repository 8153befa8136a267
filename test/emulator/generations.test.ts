import { describe, expect, it } from '@jest/globals';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import { projectPartner } from '../../src/emulator/projection.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { startTestEmulator } from './emulatorHarness.ts';

const assignment = '#microsoft.graph.complianceManagementPartnerAssignment';
const group = '#microsoft.graph.groupAssignmentTarget';
const row: PartnerResource = {
  id: 'row',
  displayName: 'Fleet',
  macOsOnboarded: true,
  windowsOnboarded: true,
  linuxOnboarded: true,
  macOsEnrollmentAssignments: [
    {
      target: {
        '@odata.type': group,
        groupId: 'g',
        deviceAndAppManagementAssignmentFilterId: 'f',
        deviceAndAppManagementAssignmentFilterType: 'exclude',
      },
    },
  ],
  windowsEnrollmentAssignments: [],
  linuxEnrollmentAssignments: [],
};

describe('a stored row', () => {
  it.each<[Generation, string[], object]>([
    ['v1.0', ['macOs'], { groupId: 'g' }],
    ['reference-page', ['macOs', 'windows'], { groupId: 'g' }],
    [
      'windows-and-filters',
      ['macOs', 'windows'],
      {
        groupId: 'g',
        deviceAndAppManagementAssignmentFilterId: 'f',
        deviceAndAppManagementAssignmentFilterType: 'exclude',
      },
    ],
    [
      'today',
      ['macOs', 'linux'],
      {
        groupId: 'g',
        deviceAndAppManagementAssignmentFilterId: 'f',
        deviceAndAppManagementAssignmentFilterType: 'exclude',
      },
    ],
  ])('is shown by %s with what that knows', (generation, platforms, target) => {
    const shown = projectPartner(modelOf(generation), row);
    expect(shown['macOsEnrollmentAssignments']).toEqual([
      { '@odata.type': assignment, target: { '@odata.type': group, ...target } },
    ]);
    const lists = Object.keys(shown).filter((name) => name.endsWith('EnrollmentAssignments'));
    const flags = Object.keys(shown).filter((name) => name.endsWith('Onboarded'));
    expect(lists).toEqual(platforms.map((platform) => `${platform}EnrollmentAssignments`));
    expect(flags).toEqual(platforms.map((platform) => `${platform}Onboarded`));
  });

  it.each<[string, unknown, unknown]>([
    ['an item of null', null, null],
    ['an item without a target', {}, { '@odata.type': assignment }],
    ['a target of null', { target: null }, { '@odata.type': assignment, target: null }],
    [
      'a type without #',
      { target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' } },
      {
        '@odata.type': assignment,
        target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
      },
    ],
    [
      'a group without an id',
      { target: { '@odata.type': group } },
      { '@odata.type': assignment, target: { '@odata.type': group, groupId: null } },
    ],
    [
      'a type from after the model',
      { target: { '@odata.type': '#microsoft.graph.planetTarget', planet: 'Mars' } },
      {
        '@odata.type': assignment,
        target: { '@odata.type': '#microsoft.graph.planetTarget', planet: 'Mars' },
      },
    ],
  ])('may have %s in a list', (_what, item, shown) => {
    const odd = { id: 'odd', iosEnrollmentAssignments: [item] } as PartnerResource;
    expect(projectPartner(modelOf('v1.0'), odd)).toEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: 'odd',
      iosEnrollmentAssignments: [shown],
    });
  });

  it("has the filter properties on each of today's targets, where there is no filter too", () => {
    const target = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
    const plain = { id: 'plain', iosEnrollmentAssignments: [{ target }] };
    expect(projectPartner(modelOf('today'), plain)).toHaveProperty(
      'iosEnrollmentAssignments.0.target',
      {
        ...target,
        deviceAndAppManagementAssignmentFilterId: null,
        deviceAndAppManagementAssignmentFilterType: 'none',
      },
    );
  });

  it('keeps what one version cannot show when that version changes it', async () => {
    const graph = await startTestEmulator({ seed: [row] });
    const path = 'deviceManagement/complianceManagementPartners/row';
    const patched = await graph.ask('PATCH', `/v1.0/${path}`, { displayName: 'Jamf' });
    expect(patched.json).not.toHaveProperty('linuxOnboarded');
    expect((await graph.ask('GET', `/beta/${path}`)).json).toMatchObject({
      displayName: 'Jamf',
      linuxOnboarded: true,
    });
    await graph.close();
  });
});
