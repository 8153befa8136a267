import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { type Generation, metadataXml, modelOf, readPartner } from '../../src/emulator/model.ts';
import { projectPartner } from '../../src/emulator/operations.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { catalogue } from '../../src/emulator/store.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { systemClock } from '../../src/shared/clock.ts';
import {
  collectionPath,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const generations = ['v1.0', 'reference-page', 'windows-and-filters', 'today'] as const;
const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;
const assignment = '#microsoft.graph.complianceManagementPartnerAssignment';
const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g' };
const allDevices = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const filter = {
  deviceAndAppManagementAssignmentFilterId: 'f',
  deviceAndAppManagementAssignmentFilterType: 'exclude',
};
const row: PartnerResource = { id: 'row', displayName: 'Fleet', linuxOnboarded: true };

describe('a stored row', () => {
  const noId = { '@odata.type': group['@odata.type'] };
  const filtered = { ...group, ...filter };
  const planet = { '@odata.type': '#microsoft.graph.planetTarget', planet: 'Mars' };
  const hashless = { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' };
  const noFilter = {
    deviceAndAppManagementAssignmentFilterId: null,
    deviceAndAppManagementAssignmentFilterType: 'none',
  };

  it.each<[string, Generation, object | null, object | null]>([
    ['an item of null', 'v1.0', null, null],
    ['an item without a target', 'v1.0', {}, {}],
    ['a target of null', 'v1.0', { target: null }, { target: null }],
    ['a type without #', 'v1.0', { target: hashless }, { target: allDevices }],
    ['a group without an id', 'v1.0', { target: noId }, { target: { ...noId, groupId: null } }],
    ['an unknown type', 'v1.0', { target: planet }, { target: planet }],
    ['no filter', 'today', { target: allDevices }, { target: { ...allDevices, ...noFilter } }],
    ['a filter', 'today', { target: filtered }, { target: filtered }],
    ['a filter', 'windows-and-filters', { target: filtered }, { target: filtered }],
    ['a filter that it does not know', 'v1.0', { target: filtered }, { target: group }],
    ['a filter that it does not know', 'reference-page', { target: filtered }, { target: group }],
  ])('may have %s in a list, in %s', (_what, generation, item, shown) => {
    const odd = { id: 'odd', iosEnrollmentAssignments: [item] } as PartnerResource;
    expect(projectPartner(modelOf(generation), odd)).toEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: 'odd',
      iosEnrollmentAssignments: [shown && { '@odata.type': assignment, ...shown }],
    });
  });

  it('keeps properties that the version which changes it cannot show', async () => {
    const graph = await startTestEmulator({ seed: [row] });
    const path = 'deviceManagement/complianceManagementPartners/row';
    const patched = await graph.ask('PATCH', `/v1.0/${path}`, { displayName: 'Jamf' });
    expect(patched.json).not.toHaveProperty('linuxOnboarded');
    const { json } = await graph.ask('GET', `/beta/${path}`);
    await graph.close();
    expect(json).toMatchObject({ displayName: 'Jamf', linuxOnboarded: true });
  });
});

describe.each(generations)('a generation: %s', (generation) => {
  const version = generation === 'v1.0' ? 'v1.0' : 'beta';
  const partners = '/deviceManagement/complianceManagementPartners';
  let graph: TestEmulator;

  beforeAll(async () => {
    const beta = generation === 'v1.0' ? 'reference-page' : generation;
    graph = await startTestEmulator({ generation: beta, seed: [{ id: 'row' }] });
  });

  afterAll(() => graph.close());

  const send = async (method: string, url: string, body: object) => {
    const { status, json } = await graph.ask(method, `/${version}${url}`, body);
    const requests = [writeOf('1', method, url, body)];
    const [batched] = await graph.batch(requests, `/${version}/$batch`);
    return [
      { status, body: json },
      { status: batched?.status, body: batched?.body },
    ];
  };

  const withWindows: readonly Generation[] = ['reference-page', 'windows-and-filters'];
  const withFilters: readonly Generation[] = ['windows-and-filters', 'today'];
  const idName = 'deviceAndAppManagementAssignmentFilterId';
  const typeName = 'deviceAndAppManagementAssignmentFilterType';
  const to = (more: object) => ({ iosEnrollmentAssignments: [{ target: { ...group, ...more } }] });

  it.each<[string, object, readonly Generation[]]>([
    ['windowsOnboarded', { windowsOnboarded: true }, withWindows],
    ['windowsEnrollmentAssignments', { windowsEnrollmentAssignments: [] }, withWindows],
    ['linuxOnboarded', { linuxOnboarded: true }, ['today']],
    ['linuxEnrollmentAssignments', { linuxEnrollmentAssignments: [] }, ['today']],
    [idName, to({ [idName]: 'f' }), withFilters],
    [typeName, to({ [typeName]: 'none' }), withFilters],
    [typeName, to({ [typeName]: 'include' }), withFilters],
  ])('accepts %s (%j) only if it knows it', async (name, body, knowing) => {
    const isKnown = knowing.includes(generation);
    const added = await send('POST', partners, body);
    const changed = await send('PATCH', `${partners}/row`, body);
    const statuses = isKnown ? [201, 201, 200, 200] : [400, 400, 400, 400];
    expect([...added, ...changed].map(({ status }) => status)).toEqual(statuses);
    for (const reply of isKnown ? [] : [...added, ...changed]) {
      const message = `The property '${name}' does not exist on type`;
      expect(reply.body).toHaveProperty('error.message', expect.stringContaining(message));
    }
    if (!name.startsWith('device')) {
      for (const path of [partners, `${partners}/row`]) {
        const { status } = await graph.ask('GET', `/${version}${path}?$select=${name}`);
        expect(status).toBe(isKnown ? 200 : 400);
      }
      expect(Object.keys(added[0]?.body ?? {}).includes(name)).toBe(isKnown);
    }
  });

  it('writes its own metadata, which leads from the container to the partners', () => {
    const xml = metadataXml(modelOf(generation));
    const list = 'Collection(graph.complianceManagementPartnerAssignment)';
    const known = platforms.filter((name) => `${name}Onboarded` in modelProperties(generation));
    for (const name of platforms) {
      const lines = [
        `<Property Name="${name}Onboarded" Type="Edm.Boolean" Nullable="false" />`,
        `<Property Name="${name}EnrollmentAssignments" Type="${list}" />`,
      ];
      expect(lines.map((line) => xml.includes(line))).toEqual(
        lines.map(() => known.includes(name)),
      );
    }
    expect(xml.includes('AssignmentFilter')).toBe(withFilters.includes(generation));
    const tags = tagsOf(xml);
    expect(tags.slice(0, 3)).toEqual(['edmx:Edmx', 'edmx:DataServices', 'Schema']);
    expect(tags.slice(-4)).toEqual([
      'EntityType/deviceManagement',
      'NavigationProperty/complianceManagementPartners',
      'EntityContainer/GraphService',
      'Singleton/deviceManagement',
    ]);
    const types = tags.filter((tag) => /^(Entity|Complex|Enum)Type/.test(tag));
    expect(new Set(types).size).toBe(types.length);
  });

  it('accepts its own view of each row of the catalogue', () => {
    const model = modelOf(generation);
    for (const one of catalogue) {
      expect(readPartner(model, projectPartner(model, one))).toHaveProperty('id', one.id);
    }
  });
});

function modelProperties(generation: Generation): object {
  return modelOf(generation)['complianceManagementPartner']?.properties ?? {};
}

/** The start tags in their order, as `Element/Name`; throws if the text is no XML with namespaces. */
function tagsOf(xml: string): string[] {
  const tags: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    tags.push([name, attributes['Name']?.value].filter(Boolean).join('/'));
  });
  parser.write(xml).close();
  return tags;
}

describe('the metadata', () => {
  const target = 'graph.deviceAndAppManagementAssignmentTarget';
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator({ seed: [{ id: 'one' }] });
  });

  afterAll(() => graph.close());

  it("has the lines of Microsoft's own beta", () => {
    const lines = metadataXml(modelOf('today')).split('\n');
    expect(lines.map((one) => one.trim())).toEqual(
      expect.arrayContaining([
        '<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
        '<EntityType Name="entity" Abstract="true">',
        '<PropertyRef Name="id" />',
        '<Property Name="id" Type="Edm.String" Nullable="false" />',
        '<EntityType Name="complianceManagementPartner" BaseType="graph.entity">',
        '<Property Name="displayName" Type="Edm.String" />',
        '<Property Name="lastHeartbeatDateTime" Type="Edm.DateTimeOffset" Nullable="false" />',
        '<Property Name="partnerState" Type="graph.deviceManagementPartnerTenantState" Nullable="false" />',
        '<Member Name="unresponsive" Value="5" />',
        '<Member Name="exclude" Value="2" />',
        `<Property Name="target" Type="${target}" />`,
        '<ComplexType Name="deviceAndAppManagementAssignmentTarget" Abstract="true">',
        '<Property Name="deviceAndAppManagementAssignmentFilterId" Type="Edm.String" />',
        '<Property Name="deviceAndAppManagementAssignmentFilterType" Type="graph.deviceAndAppManagementAssignmentFilterType" Nullable="false" />',
        `<ComplexType Name="allDevicesAssignmentTarget" BaseType="${target}" />`,
        '<ComplexType Name="exclusionGroupAssignmentTarget" BaseType="graph.groupAssignmentTarget" />',
        '<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.complianceManagementPartner)" ContainsTarget="true" />',
        '<Singleton Name="deviceManagement" Type="graph.deviceManagement" />',
      ]),
    );
  });

  it.each<[string, Generation]>([
    ['/beta/$metadata', 'today'],
    ['/v1.0/$metadata', 'v1.0'],
    ['/v1.0/%24metadata?x=y', 'v1.0'],
  ])('is served at %s to callers without a token', async (path, generation) => {
    expect(await graph.ask('GET', path, undefined, { authorization: '' })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/xml', 'odata-version': '4.0' },
      text: metadataXml(modelOf(generation)),
    });
  });

  it('is at the address that the context of an answer has', async () => {
    const { json } = await graph.ask('GET', collectionPath);
    const { pathname } = new URL(String(json?.['@odata.context']));
    expect((await graph.ask('GET', pathname)).status).toBe(200);
  });

  it.each<[string, string, number, string | undefined]>([
    ['POST', 'good', 405, 'GET'],
    ['PUT', 'good', 405, 'GET'],
    ['POST', 'bad', 401, undefined],
  ])('answers %s with a %s token with %d', async (method, token, status, allow) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await graph.ask(method, '/beta/$metadata', {}, headers);
    expect([answer.status, answer.headers['allow']]).toEqual([status, allow]);
  });

  it('is not served inside a batch', async () => {
    const [reply] = await graph.batch([{ id: '1', method: 'GET', url: '/$metadata' }]);
    const message = "Resource not found for the segment '$metadata'.";
    expect(reply).toMatchObject({ status: 400, body: { error: { message } } });
  });
});

describe('the catalogue', () => {
  it('has the 18 partners that Intune offers, one connected for each platform', () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(new Set(catalogue.map(({ id }) => id).filter((id) => uuid.test(id))).size).toBe(18);
    expect(new Set(catalogue.map(({ displayName }) => displayName)).size).toBe(18);
    for (const platform of platforms) {
      expect(catalogue.filter((one) => one[`${platform}Onboarded`] === true)).toHaveLength(1);
    }
  });

  it('has every state, with year 1 and nothing set up for those never connected', () => {
    expect(new Set(catalogue.map(({ partnerState }) => partnerState)).size).toBe(6);
    const never = catalogue.filter(({ partnerState }) => partnerState === 'unknown');
    expect(never.length).toBeGreaterThan(5);
    for (const one of never) {
      expect(one.lastHeartbeatDateTime).toBe('0001-01-01T00:00:00Z');
      expect(platforms.filter((platform) => one[`${platform}Onboarded`])).toEqual([]);
      expect(platforms.flatMap((platform) => one[`${platform}EnrollmentAssignments`])).toEqual([]);
    }
  });

  it('has every kind of target but all devices', () => {
    const targets = catalogue
      .flatMap((one) => platforms.flatMap((name) => one[`${name}EnrollmentAssignments`] ?? []))
      .map((item) => {
        const { '@odata.type': type = '', ...members } = item?.target ?? {};
        return [type.replace('#microsoft.graph.', ''), ...Object.keys(members)].join(' ');
      });
    expect([...new Set(targets)].sort()).toEqual([
      'allLicensedUsersAssignmentTarget',
      'configurationManagerCollectionAssignmentTarget collectionId',
      'exclusionGroupAssignmentTarget groupId',
      'groupAssignmentTarget groupId',
      `groupAssignmentTarget groupId ${Object.keys(filter).join(' ')}`,
    ]);
  });

  it('is served on 127.0.0.1 without a seed', async () => {
    const base = { port: 0, generation: 'today', clock: systemClock } as const;
    const { close, baseUrl, partners } = await startEmulator({ ...base, acceptToken: () => true });
    await close();
    expect(new URL(baseUrl).hostname).toBe('127.0.0.1');
    expect(partners()).toEqual(catalogue);
  });
});
