import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Generation } from '../../src/emulator/model.ts';
import { catalogue } from '../../src/emulator/store.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import {
  collectionPath,
  partnersPath,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;
const idName = 'deviceAndAppManagementAssignmentFilterId';
const typeName = 'deviceAndAppManagementAssignmentFilterType';
const withFilters: readonly Generation[] = ['windows-and-filters', 'today'];
const withWindows: readonly Generation[] = ['reference-page', 'windows-and-filters'];

const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g' };
const groupWithoutId = { '@odata.type': group['@odata.type'] };
const filtered = { ...group, [idName]: 'f', [typeName]: 'exclude' };
const planet = { '@odata.type': '#microsoft.graph.planetTarget', planet: 'Mars' };
const odd = {
  id: 'odd',
  iosEnrollmentAssignments: [
    null,
    {},
    { target: null },
    { target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' } },
    { target: groupWithoutId },
    { target: planet },
    { target: filtered },
  ],
} as unknown as PartnerResource;

describe.each<Generation>(['v1.0', 'reference-page', 'windows-and-filters', 'today'])(
  'a generation: %s',
  (generation) => {
    const version = generation === 'v1.0' ? 'v1.0' : 'beta';
    let graph: TestEmulator;

    beforeAll(async () => {
      const beta = generation === 'v1.0' ? 'reference-page' : generation;
      graph = await startTestEmulator({ generation: beta, seed: [...catalogue, odd] });
    });

    afterAll(() => graph.close());

    const ask = (method: string, path: string, body?: unknown) =>
      graph.ask(method, `/${version}${path}`, body);

    it('shows a row with its own properties, types with # and its filters', async () => {
      const noFilter = { [idName]: null, [typeName]: 'none' };
      const filterOf = (own: object) => (withFilters.includes(generation) ? own : {});
      const type = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
      const to = (target: object | null) => ({ ...type, target });
      const all = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
      expect((await ask('GET', `${partnersPath}/odd`)).json).toEqual({
        '@odata.context': expect.any(String),
        '@odata.type': '#microsoft.graph.complianceManagementPartner',
        id: 'odd',
        iosEnrollmentAssignments: [
          null,
          type,
          to(null),
          to({ ...all, ...filterOf(noFilter) }),
          to({ ...groupWithoutId, groupId: null, ...filterOf(noFilter) }),
          to(planet),
          to({ ...group, ...filterOf({ [idName]: 'f', [typeName]: 'exclude' }) }),
        ],
      });
    });

    it('accepts its own view of each row of the catalogue', async () => {
      const { json } = await ask('GET', partnersPath);
      const rows = json?.['value'] as readonly PartnerResource[] | undefined;
      const shown = rows?.filter(({ id }) => id !== 'odd') ?? [];
      const writes = shown.map((row) => writeOf(row.id, 'PATCH', `${partnersPath}/${row.id}`, row));
      const replies = await graph.batch(writes, `/${version}/$batch`);
      expect(replies.map(({ status }) => status)).toEqual(catalogue.map(() => 200));
    });

    const to = (more: object) => ({
      iosEnrollmentAssignments: [{ target: { ...group, ...more } }],
    });

    it.each<[string, object, readonly Generation[]]>([
      ['windowsOnboarded', { windowsOnboarded: true }, withWindows],
      ['windowsEnrollmentAssignments', { windowsEnrollmentAssignments: [] }, withWindows],
      ['linuxOnboarded', { linuxOnboarded: true }, ['today']],
      ['linuxEnrollmentAssignments', { linuxEnrollmentAssignments: [] }, ['today']],
      [idName, to({ [idName]: 'f' }), withFilters],
      [typeName, to({ [typeName]: 'none' }), withFilters],
    ])('accepts %s and has it in its metadata only if it knows it', async (name, body, knowing) => {
      const isKnown = knowing.includes(generation);
      const added = await ask('POST', partnersPath, body);
      const change = writeOf('1', 'PATCH', `${partnersPath}/odd`, body);
      const [changed] = await graph.batch([change], `/${version}/$batch`);
      expect([added.status, changed?.status]).toEqual(isKnown ? [201, 200] : [400, 400]);
      const { text } = await ask('GET', '/$metadata');
      expect(text.includes(`<Property Name="${name}" `)).toBe(isKnown);
      if (!isKnown) {
        const message = `The property '${name}' does not exist on type`;
        const error = { message: expect.stringContaining(message) };
        expect([added.json, changed?.body]).toMatchObject([{ error }, { error }]);
      }
      if (!name.startsWith('device')) {
        const { status } = await ask('GET', `${partnersPath}?$select=${name}`);
        expect(status).toBe(isKnown ? 200 : 400);
        expect(Object.keys(added.json ?? {}).includes(name)).toBe(isKnown);
      }
    });
  },
);

it('keeps properties that the version which changes a row cannot show', async () => {
  const graph = await startTestEmulator({ seed: [{ id: 'row', linuxOnboarded: true }] });
  const patched = await graph.ask('PATCH', `/v1.0${partnersPath}/row`, { displayName: 'Jamf' });
  expect(patched.json).not.toHaveProperty('linuxOnboarded');
  const { json } = await graph.ask('GET', `/beta${partnersPath}/row`);
  await graph.close();
  expect(json).toMatchObject({ displayName: 'Jamf', linuxOnboarded: true });
});

describe('the metadata', () => {
  const target = 'graph.deviceAndAppManagementAssignmentTarget';
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator();
  });

  afterAll(() => graph.close());

  it("has the lines of Microsoft's own beta at the address of an answer's context", async () => {
    const { json } = await graph.ask('GET', collectionPath);
    const { pathname } = new URL(String(json?.['@odata.context']));
    const { text } = await graph.ask('GET', pathname);
    expect(text.split('\n').map((one) => one.trim())).toEqual(
      expect.arrayContaining([
        '<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
        '<EntityType Name="entity" Abstract="true">',
        '<PropertyRef Name="id" />',
        '<Property Name="id" Type="Edm.String" Nullable="false" />',
        '<EntityType Name="complianceManagementPartner" BaseType="graph.entity">',
        '<Property Name="lastHeartbeatDateTime" Type="Edm.DateTimeOffset" Nullable="false" />',
        '<Property Name="partnerState" Type="graph.deviceManagementPartnerTenantState" Nullable="false" />',
        '<Member Name="unresponsive" Value="5" />',
        '<Member Name="exclude" Value="2" />',
        `<Property Name="target" Type="${target}" />`,
        '<ComplexType Name="deviceAndAppManagementAssignmentTarget" Abstract="true">',
        '<Property Name="deviceAndAppManagementAssignmentFilterType" Type="graph.deviceAndAppManagementAssignmentFilterType" Nullable="false" />',
        '<ComplexType Name="exclusionGroupAssignmentTarget" BaseType="graph.groupAssignmentTarget" />',
        '<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.complianceManagementPartner)" ContainsTarget="true" />',
        '<Singleton Name="deviceManagement" Type="graph.deviceManagement" />',
      ]),
    );
  });

  it.each<[string, string, string, number, object]>([
    ['GET', '/beta/$metadata', '', 200, { 'content-type': 'application/xml' }],
    ['GET', '/v1.0/%24metadata?x=y', '', 200, { 'odata-version': '4.0' }],
    ['POST', '/beta/$metadata', 'embedded-graph-token', 405, { allow: 'GET' }],
    ['POST', '/beta/$metadata', 'bad', 401, {}],
  ])('answers %s %s with the token "%s" with %d', async (method, path, token, status, headers) => {
    const body = method === 'GET' ? undefined : {};
    const authorization = `Bearer ${token}`;
    expect(await graph.ask(method, path, body, { authorization })).toMatchObject({
      status,
      headers,
    });
  });
});

it('has a catalogue of the 18 partners of Intune, one connected for each platform, in every state', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(new Set(catalogue.map(({ id }) => id).filter((id) => uuid.test(id))).size).toBe(18);
  expect(new Set(catalogue.map(({ displayName }) => displayName)).size).toBe(18);
  expect(new Set(catalogue.map(({ partnerState }) => partnerState)).size).toBe(6);
  const connected = platforms.map((name) => catalogue.filter((one) => one[`${name}Onboarded`]));
  expect(connected.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
  const never = catalogue.filter(({ partnerState }) => partnerState === 'unknown');
  const heartbeats = never.map((one) => one.lastHeartbeatDateTime);
  expect(new Set(heartbeats)).toEqual(new Set(['0001-01-01T00:00:00Z']));
});
