import { afterEach, expect, it } from '@jest/globals';
import { oddities } from '../../src/emulator/quirks.ts';
import type { EmulatorOptions } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { collectionPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

const assignment = 'microsoft.graph.complianceManagementPartnerAssignment';
const withoutHash = (typed: { '@odata.type': string }) => ({
  ...typed,
  '@odata.type': typed['@odata.type'].slice(1),
});
const noFilter = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};
const all = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const exclusion = {
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId: 'g',
  deviceAndAppManagementAssignmentFilterId: 'f',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const row: PartnerResource = {
  id: 'row',
  displayName: 'Fleet',
  partnerState: 'rejected',
  macOsEnrollmentAssignments: [null, {}, { target: null }, { target: all }, { target: exclusion }],
};
const plainRow: PartnerResource = { id: 'plain', displayName: 'Jamf', partnerState: 'enabled' };
const rowPath = `${collectionPath}/row`;

let graph: TestEmulator;

afterEach(() => graph.close());

async function start(chosen: NonNullable<EmulatorOptions['oddities']>): Promise<void> {
  graph = await startTestEmulator({ seed: [row, plainRow], oddities: chosen });
}

const read = async (path = rowPath) => (await graph.ask('GET', path)).json;
const patch = (body: object) => graph.ask('PATCH', rowPath, body);
const rows = async () => (await read(collectionPath))?.['value'] as PartnerResource[];

it('writes types inside a partner without # in every answer, but not the type of the partner', async () => {
  await start(['hash-less-types']);
  const list = [
    null,
    { '@odata.type': assignment },
    { '@odata.type': assignment, target: null },
    { '@odata.type': assignment, target: { ...withoutHash(all), ...noFilter } },
    { '@odata.type': assignment, target: withoutHash(exclusion) },
  ];
  const type = { '@odata.type': '#microsoft.graph.complianceManagementPartner' };
  const entity = { ...type, macOsEnrollmentAssignments: list };
  expect(await read()).toMatchObject(entity);
  expect((await rows())[0]).toHaveProperty('macOsEnrollmentAssignments', list);
  expect((await patch({ displayName: 'new' })).json).toMatchObject(entity);
  const body = { macOsEnrollmentAssignments: list.slice(1) };
  const added = await graph.ask('POST', collectionPath, body);
  expect(added.json).toMatchObject({ ...type, ...body });
});

it('wraps a partner that is read, and nothing else', async () => {
  await start(['value-wrapper']);
  const type = '#microsoft.graph.complianceManagementPartner';
  expect(await read(`${rowPath}?$select=id`)).toEqual({
    '@odata.context': expect.stringContaining('/beta/$metadata#'),
    value: { '@odata.type': type, id: 'row' },
  });
  expect(await rows()).toHaveLength(2);
  expect((await patch({})).json).toHaveProperty('id', 'row');
  expect((await graph.ask('POST', collectionPath, {})).json).toHaveProperty('id');
  expect(await read(`${collectionPath}/none`)).toHaveProperty('error.code', 'ResourceNotFound');
});

it('reads a state that no schema lists instead of a stored one, and writes that one for it', async () => {
  await start(['unknown-enum-members']);
  expect((await rows()).map((one) => one.partnerState)).toEqual(['suspended', 'enabled']);
  expect(await read(`${rowPath}?$select=displayName`)).not.toHaveProperty('partnerState');
  const written = await patch({ partnerState: 'suspended' });
  expect([written.status, written.json?.['partnerState']]).toEqual([200, 'suspended']);
  expect(graph.partners()[0]).toHaveProperty('partnerState', 'rejected');
  expect((await patch({ partnerState: 'gone' })).status).toBe(400);
});

it('leaves the stored rows alone with all oddities, if a partner is written back as it was read', async () => {
  await start(oddities);
  const { value } = (await read()) as { value: PartnerResource };
  // Only Graph may write null entries into a list.
  const list = value.macOsEnrollmentAssignments?.filter((one) => one !== null);
  expect((await patch({ ...value, macOsEnrollmentAssignments: list })).status).toBe(204);
  expect(graph.partners().map((one) => one.partnerState)).toEqual(['rejected', 'enabled']);
  expect(graph.partners()[0]?.macOsEnrollmentAssignments?.[3]?.target).toMatchObject({
    ...exclusion,
    '@odata.type': expect.stringContaining('exclusionGroupAssignmentTarget'),
  });
  const target = { ...list?.[3]?.target, mood: 'good' };
  expect((await patch({ macOsEnrollmentAssignments: [{ target }] })).status).toBe(400);
});
