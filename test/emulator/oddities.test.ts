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
const filter = {
  deviceAndAppManagementAssignmentFilterId: 'f',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const all = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const exclusion = {
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId: 'g',
  ...filter,
};
const collection = {
  '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
  collectionId: 'SMS00014',
};
const row: PartnerResource = {
  id: 'row',
  displayName: 'Fleet',
  partnerState: 'rejected',
  macOsEnrollmentAssignments: [null, {}, { target: null }, { target: all }, { target: exclusion }],
  iosEnrollmentAssignments: [{ target: collection }],
};
const plainRow: PartnerResource = { id: 'plain', displayName: 'Jamf', partnerState: 'enabled' };
const rowPath = `${collectionPath}/row`;
const missingPath = `${collectionPath}/none`;

let graph: TestEmulator;

afterEach(() => graph.close());

async function start(
  chosen: EmulatorOptions['oddities'] = [],
  change: Partial<EmulatorOptions> = {},
): Promise<void> {
  graph = await startTestEmulator({ seed: [row, plainRow], oddities: chosen, ...change });
}

const read = async (path = rowPath) => (await graph.ask('GET', path)).json;
const patch = (body: object) => graph.ask('PATCH', rowPath, body);
const rows = async () => (await read(collectionPath))?.['value'] as PartnerResource[];
const targetsOf = (partner: unknown, platform: 'macOs' | 'ios' = 'macOs') =>
  (partner as PartnerResource)[`${platform}EnrollmentAssignments`]?.map((item) => item?.target);

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

it('reads a missing partner as a blank one and deletes it, but neither changes nor lists it', async () => {
  await start(['missing-as-200']);
  expect(await graph.ask('GET', missingPath)).toMatchObject({
    status: 200,
    json: {
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: 'none',
      displayName: null,
      partnerState: 'unknown',
      linuxOnboarded: false,
      iosEnrollmentAssignments: [],
    },
  });
  expect((await graph.ask('GET', `${missingPath}?$select=mood`)).status).toBe(400);
  for (const path of [missingPath, rowPath, rowPath]) {
    expect(await graph.ask('DELETE', path)).toMatchObject({ status: 204, text: '' });
  }
  expect((await graph.ask('PATCH', missingPath, {})).status).toBe(404);
  expect((await graph.ask('POST', collectionPath, { id: 'none' })).status).toBe(201);
  expect(graph.partners().map(({ id }) => id)).toEqual(['plain', 'none']);
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
  expect(await read(missingPath)).toHaveProperty('error.code', 'ResourceNotFound');
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

it('reads targets of types that no schema lists instead of some, and takes them back', async () => {
  const scopeTag = {
    '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
    ...filter,
    entraObjectId: 'g',
    targetType: 'user',
  };
  const fota = {
    '@odata.type': '#microsoft.graph.androidFotaDeploymentAssignmentTarget',
    groupId: 'SMS00014',
    ...noFilter,
  };
  const write = (target: object) => patch({ macOsEnrollmentAssignments: [{ target }] });
  await start(['unknown-target-types']);
  const partner = await read();
  const expected = [undefined, undefined, null, { ...all, ...noFilter }, scopeTag];
  expect([targetsOf(partner), targetsOf((await rows())[0])]).toEqual([expected, expected]);
  expect(targetsOf(partner, 'ios')).toEqual([fota]);
  expect(graph.partners()[0]).toEqual(row);
  for (const target of [scopeTag, withoutHash(scopeTag)]) {
    const { status, json } = await write(target);
    expect([status, targetsOf(json)]).toEqual([200, [scopeTag]]);
    expect(targetsOf(graph.partners()[0])).toEqual([exclusion]);
  }
  const planet = { '@odata.type': '#microsoft.graph.planetAssignmentTarget' };
  for (const target of [planet, { ...scopeTag, entraObjectId: 7 }, { ...scopeTag, mood: 'good' }]) {
    expect((await write(target)).status).toBe(400);
  }
});

it('shows an empty page before each one with rows, with the count and the options', async () => {
  await start(['empty-pages'], { seed: ['a', 'b', 'c'].map((id) => ({ id })), pageSize: 2 });
  const pages: unknown[] = [];
  let next: string | undefined = `${collectionPath}?$count=true&$select=id`;
  while (next !== undefined) {
    const json: Readonly<Record<string, unknown>> = (await read(next)) ?? {};
    pages.push([json['@odata.count'], json['value']]);
    next = (json['@odata.nextLink'] as string | undefined)?.slice(graph.baseUrl.length);
  }
  expect(pages).toEqual([
    [3, []],
    [undefined, [{ id: 'a' }, { id: 'b' }]],
    [undefined, []],
    [undefined, [{ id: 'c' }]],
  ]);
});

it('leaves the stored rows alone with all oddities, if a partner is written back as it was read', async () => {
  await start(oddities);
  const { value } = (await read()) as { value: PartnerResource };
  // Only Graph may write null entries into a list.
  const list = value.macOsEnrollmentAssignments?.filter((one) => one !== null);
  expect((await patch({ ...value, macOsEnrollmentAssignments: list })).status).toBe(204);
  expect(graph.partners().map((one) => one.partnerState)).toEqual(['rejected', 'enabled']);
  expect(targetsOf(graph.partners()[0])?.[3]).toMatchObject({
    ...exclusion,
    '@odata.type': expect.stringContaining('exclusionGroupAssignmentTarget'),
  });
});
