import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { request } from 'undici';
import { catalogue } from '../../src/emulator/catalogue.ts';
import { metadataXml } from '../../src/emulator/metadata.ts';
import { type Generation, modelOf, readPartner } from '../../src/emulator/model.ts';
import { projectPartner } from '../../src/emulator/operations.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { systemClock } from '../../src/shared/clock.ts';
import {
  collectionPath,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

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

describe('generation refusals', () => {
  const partners = '/deviceManagement/complianceManagementPartners';
  const row = `${partners}/row`;

  let today: TestEmulator;
  let page: TestEmulator;
  let both: TestEmulator;

  beforeAll(async () => {
    const seed = [{ id: 'row' }];
    today = await startTestEmulator({ seed });
    page = await startTestEmulator({ generation: 'reference-page', seed });
    both = await startTestEmulator({ generation: 'windows-and-filters', seed });
  });

  afterAll(() => Promise.all([today, page, both].map((graph) => graph.close())));

  interface Place {
    readonly graph: TestEmulator;
    readonly version: 'beta' | 'v1.0';
  }

  interface Reply {
    readonly status: number;
    readonly body: unknown;
  }

  /** Where a generation answers; v1.0 is the same beside either beta. */
  const placesOf = (generation: Generation): Place[] => {
    const graphs = { today: [today], 'reference-page': [page], 'windows-and-filters': [both] };
    return generation === 'v1.0'
      ? [today, page].map((graph) => ({ graph, version: 'v1.0' }))
      : graphs[generation].map((graph) => ({ graph, version: 'beta' }));
  };

  async function ask({ graph, version }: Place, method: string, url: string, body?: object) {
    const { status, json } = await graph.ask(method, `/${version}${url}`, body);
    return { status, body: json };
  }

  async function askInBatch({ graph, version }: Place, method: string, url: string, body: object) {
    const requests = [writeOf('1', method, url, body)];
    const [reply] = await graph.batch(requests, `/${version}/$batch`);
    return { status: reply?.status ?? 0, body: reply?.body };
  }

  type Way = (place: Place, body: object) => Promise<Reply>;

  const ways: readonly (readonly [string, Way, number])[] = [
    ['an add', (place, body) => ask(place, 'POST', partners, body), 201],
    ['an update', (place, body) => ask(place, 'PATCH', row, body), 200],
    ['a batched add', (place, body) => askInBatch(place, 'POST', partners, body), 201],
    ['a batched update', (place, body) => askInBatch(place, 'PATCH', row, body), 200],
  ];

  const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g' };
  const to = (filter: object) => ({
    iosEnrollmentAssignments: [{ target: { ...group, ...filter } }],
  });

  const filterId = 'deviceAndAppManagementAssignmentFilterId';
  const filterType = 'deviceAndAppManagementAssignmentFilterType';

  const withWindows: readonly Generation[] = ['reference-page', 'windows-and-filters'];
  const withFilters: readonly Generation[] = ['windows-and-filters', 'today'];

  /** A property, a body with it, and who knows it. */
  const bodies: readonly (readonly [string, object, readonly Generation[]])[] = [
    ['windowsOnboarded', { windowsOnboarded: true }, withWindows],
    ['windowsEnrollmentAssignments', { windowsEnrollmentAssignments: [] }, withWindows],
    ['linuxOnboarded', { linuxOnboarded: true }, ['today']],
    ['linuxEnrollmentAssignments', { linuxEnrollmentAssignments: [] }, ['today']],
    [filterId, to({ [filterId]: 'f' }), withFilters],
    [filterType, to({ [filterType]: 'none' }), withFilters],
    [filterType, to({ [filterType]: 'include' }), withFilters],
  ];

  const generations: readonly Generation[] = [
    'v1.0',
    'reference-page',
    'windows-and-filters',
    'today',
  ];

  describe.each(ways)('%s', (_way, send, success) => {
    const table = generations.flatMap((generation) =>
      bodies.map(([name, body, knowing]) => ({
        name,
        body,
        generation,
        status: knowing.includes(generation) ? success : 400,
      })),
    );

    it.each(table)('with $name on $generation is answered with $status', async (row) => {
      for (const place of placesOf(row.generation)) {
        const reply = await send(place, row.body);
        expect(reply.status).toBe(row.status);
        if (row.status === 400) {
          expect(reply.body).toHaveProperty(
            'error.message',
            expect.stringContaining(`The property '${row.name}' does not exist on type`),
          );
        }
      }
    });
  });

  describe('what a generation does not know', () => {
    it.each<[Generation, string]>([
      ['v1.0', 'windowsOnboarded'],
      ['v1.0', 'linuxOnboarded'],
      ['reference-page', 'linuxEnrollmentAssignments'],
      ['today', 'windowsEnrollmentAssignments'],
    ])('%s neither selects nor shows: %s', async (generation, name) => {
      for (const place of placesOf(generation)) {
        expect((await ask(place, 'GET', `${row}?$select=${name}`)).status).toBe(400);
        expect((await ask(place, 'GET', `${partners}?$select=${name}`)).status).toBe(400);
        const body = { id: `${generation}-${name}-${placesOf(generation).indexOf(place)}` };
        const added = await ask(place, 'POST', partners, body);
        expect(added.body).toHaveProperty('iosOnboarded');
        expect(added.body).not.toHaveProperty(name);
      }
    });
  });
});

/** The start tags in their order, as `Element/Name`; throws where the text is no XML with namespaces. */
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

const list = 'Collection(graph.complianceManagementPartnerAssignment)';
const target = 'graph.deviceAndAppManagementAssignmentTarget';

describe('the metadata of a generation', () => {
  it.each<[Generation, string[], string[]]>([
    ['v1.0', ['android', 'ios', 'macOs'], ['linux', 'windows', 'AssignmentFilter']],
    ['reference-page', ['android', 'ios', 'macOs', 'windows'], ['linux', 'AssignmentFilter']],
    ['windows-and-filters', ['android', 'ios', 'macOs', 'windows'], ['linux']],
    ['today', ['android', 'ios', 'linux', 'macOs'], ['windows']],
  ])('of %s has what that generation plays and nothing else', (generation, platforms, absent) => {
    const xml = metadataXml(modelOf(generation));
    for (const platform of platforms) {
      expect(xml).toContain(
        `<Property Name="${platform}Onboarded" Type="Edm.Boolean" Nullable="false" />`,
      );
      expect(xml).toContain(`<Property Name="${platform}EnrollmentAssignments" Type="${list}" />`);
    }
    expect(absent.filter((word) => xml.includes(word))).toEqual([]);
  });

  it.each<Generation>(['v1.0', 'reference-page', 'today'])(
    'of %s is XML that leads from the container to the partners',
    (generation) => {
      const tags = tagsOf(metadataXml(modelOf(generation)));
      expect(tags.slice(0, 3)).toEqual(['edmx:Edmx', 'edmx:DataServices', 'Schema']);
      expect(tags.slice(-4)).toEqual([
        'EntityType/deviceManagement',
        'NavigationProperty/complianceManagementPartners',
        'EntityContainer/GraphService',
        'Singleton/deviceManagement',
      ]);
      expect(new Set(tags.filter((tag) => /^(Entity|Complex|Enum)Type/.test(tag))).size).toBe(
        tags.filter((tag) => /^(Entity|Complex|Enum)Type/.test(tag)).length,
      );
    },
  );

  it.each([
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
  ])("of today's beta has the line that Microsoft's has: %s", (line) => {
    const lines = metadataXml(modelOf('today')).split('\n');
    expect(lines.map((one) => one.trim())).toContain(line);
  });
});

describe('$metadata', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator({ seed: [{ id: 'one' }] });
  });

  afterAll(() => graph.close());

  it.each<[string, Generation]>([
    ['/beta/$metadata', 'today'],
    ['/v1.0/$metadata', 'v1.0'],
    ['/v1.0/%24metadata?x=y', 'v1.0'],
  ])('is served at %s to callers without a token', async (path, generation) => {
    const answer = await graph.ask('GET', path, undefined, { authorization: '' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.headers['odata-version']).toBe('4.0');
    expect(answer.text).toBe(metadataXml(modelOf(generation)));
  });

  it('is where the context of an answer leads', async () => {
    const { json } = await graph.ask('GET', collectionPath);
    const { pathname } = new URL(String(json?.['@odata.context']));
    expect((await graph.ask('GET', pathname)).status).toBe(200);
  });

  it.each<[string, string, number]>([
    ['POST', 'good', 405],
    ['PUT', 'good', 405],
    ['POST', 'bad', 401],
  ])('answers %s of a caller with a %s token with %d', async (method, token, status) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await graph.ask(method, '/beta/$metadata', {}, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers['allow']).toBe(status === 405 ? 'GET' : undefined);
  });

  it('is not to be had inside a batch', async () => {
    const [reply] = await graph.batch([{ id: '1', method: 'GET', url: '/$metadata' }]);
    expect(reply).toMatchObject({
      status: 400,
      body: { error: { message: "Resource not found for the segment '$metadata'." } },
    });
  });
});

const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

describe('the catalogue', () => {
  it('has the 18 partners that Intune offers, under ids of their own', () => {
    expect(catalogue).toHaveLength(18);
    expect(new Set(catalogue.map(({ displayName }) => displayName)).size).toBe(18);
    const ids = catalogue.map(({ id }) => id);
    expect(new Set(ids).size).toBe(18);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(ids.filter((id) => !uuid.test(id))).toEqual([]);
  });

  it.each(platforms)('connects at most one partner for %s', (platform) => {
    const connected = catalogue.filter((row) => row[`${platform}Onboarded`] === true);
    expect(connected).toHaveLength(1);
  });

  it('shows never-connected partners with year 1 and nothing set up', () => {
    const unknown = catalogue.filter(({ partnerState }) => partnerState === 'unknown');
    expect(unknown.length).toBeGreaterThan(5);
    for (const row of unknown) {
      expect(row.lastHeartbeatDateTime).toBe('0001-01-01T00:00:00Z');
      expect(platforms.filter((platform) => row[`${platform}Onboarded`])).toEqual([]);
      expect(platforms.flatMap((platform) => row[`${platform}EnrollmentAssignments`])).toEqual([]);
    }
  });

  it('has every state and every kind of target but all devices', () => {
    expect(new Set(catalogue.map(({ partnerState }) => partnerState)).size).toBe(6);
    const targets = catalogue
      .flatMap((row) => platforms.flatMap((name) => row[`${name}EnrollmentAssignments`] ?? []))
      .map((assignment) => Object.entries(assignment?.target ?? {}))
      .map((members) =>
        members.map(([name, value]) => (name === '@odata.type' ? value : name)).join(' '),
      );
    expect([...new Set(targets)].sort()).toEqual([
      '#microsoft.graph.allLicensedUsersAssignmentTarget',
      '#microsoft.graph.configurationManagerCollectionAssignmentTarget collectionId',
      '#microsoft.graph.exclusionGroupAssignmentTarget groupId',
      '#microsoft.graph.groupAssignmentTarget groupId',
      '#microsoft.graph.groupAssignmentTarget groupId deviceAndAppManagementAssignmentFilterId deviceAndAppManagementAssignmentFilterType',
    ]);
  });

  it.each<Generation>(['v1.0', 'reference-page', 'today'])('fits what %s would accept', (name) => {
    const model = modelOf(name);
    for (const row of catalogue) {
      expect(readPartner(model, projectPartner(model, row))).toHaveProperty('id', row.id);
    }
  });
});

describe('an embedded Graph without a seed', () => {
  let close: () => Promise<void>;
  let baseUrl: string;

  beforeAll(async () => {
    ({ close, baseUrl } = await startEmulator({
      port: 0,
      generation: 'today',
      acceptToken: () => true,
      clock: systemClock,
    }));
  });

  afterAll(() => close());

  it('serves the catalogue on 127.0.0.1', async () => {
    expect(new URL(baseUrl).hostname).toBe('127.0.0.1');
    const { body } = await request(`${baseUrl}${collectionPath}`, {
      headers: { authorization: 'Bearer any' },
    });
    const { value } = (await body.json()) as { value: { displayName: string }[] };
    expect(value.map(({ displayName }) => displayName)).toEqual(
      catalogue.map(({ displayName }) => displayName),
    );
  });
});
