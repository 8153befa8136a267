import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { metadataXml } from '../../src/emulator/metadataXml.ts';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import { collectionPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

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

  it('can be the victim of a fault', async () => {
    graph.faults.add({ when: { path: '$metadata' }, respond: { status: 503 } });
    expect((await graph.ask('GET', '/beta/$metadata')).status).toBe(503);
  });
});
