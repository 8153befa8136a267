import { afterEach, describe, expect, it } from '@jest/globals';
import type { Generation } from '../../src/emulator/model.ts';
import type { EmulatorOptions } from '../../src/emulator/server.ts';
import { catalogue } from '../../src/emulator/store.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import {
  collectionPath,
  partnersPath,
  startTestEmulator,
  type TestEmulator,
  useTestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const idName = 'deviceAndAppManagementAssignmentFilterId';
const typeName = 'deviceAndAppManagementAssignmentFilterType';
const withFilters: readonly Generation[] = ['windows-and-filters', 'today'];
const withWindows: readonly Generation[] = ['reference-page', 'windows-and-filters'];

const typed = (name: string) => ({ '@odata.type': `#microsoft.graph.${name}` });
const partnerType = typed('complianceManagementPartner');
const assignmentType = typed('complianceManagementPartnerAssignment');
const all = typed('allDevicesAssignmentTarget');
const group = { ...typed('groupAssignmentTarget'), groupId: 'g' };
const planet = { ...typed('planetTarget'), planet: 'Mars' };
const noFilter = { [idName]: null, [typeName]: 'none' };
const filter = { [idName]: 'f', [typeName]: 'exclude' };
const odd: PartnerResource = {
  id: 'odd',
  iosEnrollmentAssignments: [
    null,
    {},
    { target: null },
    { target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' } },
    { target: typed('groupAssignmentTarget') },
    { target: planet },
    { target: { ...group, ...filter } },
  ],
};

const generations: readonly Generation[] = ['v1.0', ...withWindows, 'today'];
const generationGraphs = await Promise.all(
  generations.map(async (generation) => {
    const beta = generation === 'v1.0' ? 'today' : generation;
    const seed = [...catalogue, odd];
    return [generation, await useTestEmulator({ generation: beta, seed })] as const;
  }),
);

describe.each(generationGraphs)('a generation: %s', (generation, graph) => {
  const version = generation === 'v1.0' ? 'v1.0' : 'beta';
  const ask = (method: string, path: string, body?: unknown) =>
    graph.ask(method, `/${version}${path}`, body);

  it('shows rows with its own properties, types with # and its filters, and accepts them', async () => {
    const filterOf = (own: object) => (withFilters.includes(generation) ? own : {});
    const to = (target: object | null) => ({ ...assignmentType, target });
    expect((await ask('GET', `${partnersPath}/odd`)).json).toEqual({
      '@odata.context': expect.any(String),
      ...partnerType,
      id: 'odd',
      iosEnrollmentAssignments: [
        null,
        assignmentType,
        to(null),
        to({ ...all, ...filterOf(noFilter) }),
        to({ ...group, groupId: null, ...filterOf(noFilter) }),
        to(planet),
        to({ ...group, ...filterOf(filter) }),
      ],
    });
    const { json } = await ask('GET', partnersPath);
    const shown = (json['value'] as PartnerResource[]).filter(({ id }) => id !== 'odd');
    const writes = shown.map((row) => writeOf(row.id, 'PATCH', `${partnersPath}/${row.id}`, row));
    const replies = await graph.batch(writes, `/${version}/$batch`);
    expect(replies.map(({ status }) => status)).toEqual(catalogue.map(() => 200));
  });

  const to = (more: object) => ({ iosEnrollmentAssignments: [{ target: { ...group, ...more } }] });

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
    const changed = await ask('PATCH', `${partnersPath}/odd`, body);
    expect([added.status, changed.status]).toEqual(isKnown ? [201, 200] : [400, 400]);
    const { text } = await ask('GET', '/$metadata');
    expect(text.includes(`<Property Name="${name}" `)).toBe(isKnown);
    const message = isKnown ? '' : `The property '${name}' does not exist on type`;
    expect([added.text, changed.text].every((one) => one.includes(message))).toBe(true);
    if (!name.startsWith('device')) {
      const { status } = await ask('GET', `${partnersPath}?$select=${name}`);
      expect([status, name in added.json]).toEqual([isKnown ? 200 : 400, isKnown]);
    }
  });
});

let graph: TestEmulator;
const start = async (change: Partial<EmulatorOptions>) => {
  graph = await startTestEmulator(change);
};

describe('one emulator', () => {
  afterEach(() => graph.close());

  it('keeps properties that the version which changes a row cannot show', async () => {
    await start({ seed: [{ id: 'row', linuxOnboarded: true }] });
    const patched = await graph.ask('PATCH', `/v1.0${partnersPath}/row`, { displayName: 'Jamf' });
    expect(patched.json).not.toHaveProperty('linuxOnboarded');
    const { json } = await graph.ask('GET', `/beta${partnersPath}/row`);
    expect(json).toMatchObject({ displayName: 'Jamf', linuxOnboarded: true });
  });

  it("has the lines of Microsoft's own metadata at the address of an answer's context", async () => {
    await start({});
    const { json } = await graph.ask('GET', collectionPath);
    const { pathname } = new URL(String(json['@odata.context']));
    const { text } = await graph.ask('GET', pathname);
    expect(text.split('\n').map((one) => one.trim())).toEqual(
      expect.arrayContaining([
        '<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
        '<EntityType Name="entity" Abstract="true">',
        '<PropertyRef Name="id" />',
        '<EntityType Name="complianceManagementPartner" BaseType="graph.entity">',
        '<Member Name="unresponsive" Value="5" />',
      ]),
    );
  });
});

it('has a catalogue of the 18 partners of Intune, one connected for each platform, in every state', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(new Set(catalogue.map(({ id }) => id).filter((id) => uuid.test(id))).size).toBe(18);
  expect(new Set(catalogue.map(({ displayName }) => displayName)).size).toBe(18);
  expect(new Set(catalogue.map(({ partnerState }) => partnerState)).size).toBe(6);
  const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;
  const connected = platforms.map((name) => catalogue.filter((one) => one[`${name}Onboarded`]));
  expect(connected.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
  const never = catalogue.filter(({ partnerState }) => partnerState === 'unknown');
  const heartbeats = new Set(never.map((one) => one.lastHeartbeatDateTime));
  expect([...heartbeats]).toEqual(['0001-01-01T00:00:00Z']);
});

describe('an emulator with oddities', () => {
  const bare = ({ '@odata.type': type, ...more }: { '@odata.type': string }) => ({
    '@odata.type': type.slice(1),
    ...more,
  });
  const exclusion = { ...typed('exclusionGroupAssignmentTarget'), groupId: 'g', ...filter };
  const list = [null, {}, { target: null }, { target: all }, { target: exclusion }];
  const row = { id: 'row', partnerState: 'rejected', macOsEnrollmentAssignments: list };
  const rowPath = `${collectionPath}/row`;

  afterEach(() => graph.close());

  const read = async (path = rowPath) => (await graph.ask('GET', path)).json;
  const patch = (body: object) => graph.ask('PATCH', rowPath, body);
  const add = async (body: object) => (await graph.ask('POST', collectionPath, body)).json;
  const rows = async () => (await read(collectionPath))['value'] as PartnerResource[];
  const startOdd = (...chosen: NonNullable<EmulatorOptions['oddities']>) =>
    start({ seed: [row, { id: 'plain', partnerState: 'enabled' }], oddities: chosen });

  it('writes types inside a partner without # in every answer, but not that of the partner', async () => {
    await startOdd('hash-less-types');
    const assignment = bare(assignmentType);
    const macOsEnrollmentAssignments = [
      null,
      assignment,
      { ...assignment, target: null },
      { ...assignment, target: { ...bare(all), ...noFilter } },
      { ...assignment, target: bare(exclusion) },
    ];
    const entity = { ...partnerType, macOsEnrollmentAssignments };
    expect(await read()).toMatchObject(entity);
    expect((await rows())[0]).toMatchObject({ macOsEnrollmentAssignments });
    expect((await patch({ displayName: 'new' })).json).toMatchObject(entity);
    const body = { macOsEnrollmentAssignments: macOsEnrollmentAssignments.slice(1) };
    expect(await add(body)).toMatchObject({ ...partnerType, ...body });
  });

  it('wraps a partner that is read, and nothing else', async () => {
    await startOdd('value-wrapper');
    const context = expect.stringContaining('/beta/$metadata#');
    const value = { ...partnerType, id: 'row' };
    expect(await read(`${rowPath}?$select=id`)).toEqual({ '@odata.context': context, value });
    expect(await rows()).toHaveLength(2);
    expect([(await patch({})).json, await add({})]).toMatchObject([{ id: 'row' }, partnerType]);
    expect(await read(`${collectionPath}/none`)).toHaveProperty('error.code', 'ResourceNotFound');
  });

  it('reads a state that no schema lists instead of a stored one, and writes that one for it', async () => {
    await startOdd('unknown-enum-members');
    expect((await rows()).map((one) => one.partnerState)).toEqual(['suspended', 'enabled']);
    expect(await read(`${rowPath}?$select=displayName`)).not.toHaveProperty('partnerState');
    const { json } = await patch({ partnerState: 'suspended' });
    expect([json, graph.partners()[0]]).toMatchObject([{ partnerState: 'suspended' }, row]);
    expect((await patch({ partnerState: 'gone' })).status).toBe(400);
  });
});
