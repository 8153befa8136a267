import { describe, expect, it } from '@jest/globals';
import { type Generation, metadataXml, modelOf } from '../../src/emulator/model.ts';
import type { GraphApiVersion } from '../../src/graph/types.ts';
import { type CommandResult, driftCommand } from '../../tools/drift/command.ts';
import { findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf } from '../../tools/drift/knownModel.ts';
import { readCsdl } from '../../tools/drift/readCsdl.ts';
import { changedMetadata } from '../support/metadataHarness.ts';

const xmlOf = (generation: Generation): string => metadataXml(modelOf(generation));
const today = xmlOf('today');
const property = (name: string, type = 'Edm.String', more = '') =>
  `<Property Name="${name}" Type="${type}"${more} />`;
const never = ' Nullable="false"';
const member = (name: string, value: number) => `<Member Name="${name}" Value="${value}" />`;
const complex = (name: string, base: string, more = ' />') =>
  `<ComplexType Name="${name}" BaseType="graph.${base}"${more}`;

const baseTarget = 'deviceAndAppManagementAssignmentTarget';
const rejected = member('rejected', 4);
const displayName = property('displayName');

describe('the drift command', () => {
  const run = (args: readonly string[], content: Buffer | string): Promise<CommandResult> =>
    driftCommand(
      args,
      async (path) => {
        if (path !== 'metadata.xml') {
          throw new Error(`ENOENT: no such file or directory, open '${path}'`);
        }
        return Buffer.from(content);
      },
      'npm run drift --',
    );
  const head = (version: string, result: string) =>
    `Microsoft Graph ${version}, as this gateway knows it: ${result}.`;
  const note = expect.stringMatching(/^Note: This is the current beta, which has no windows\*/);
  const differences = (version: string) =>
    expect.stringMatching(
      new RegExp(`^Microsoft Graph ${version}, as this gateway knows it: \\d differences\\.$`),
    );
  const isOther = (version: string) =>
    `Note: Compared with ${version}, it has no drift. Is it the metadata of ${version}?`;

  it.each<[string[], string, 0 | 1, unknown, unknown]>([
    [[], today, 0, head('beta', 'no drift'), note],
    [['beta'], today, 0, head('beta', 'no drift'), note],
    [['v1.0'], xmlOf('v1.0'), 0, head('v1.0', 'no drift'), head('v1.0', 'no drift')],
    [[], changedMetadata(rejected, ''), 1, head('beta', '1 difference'), note],
    [['v1.0'], today, 1, differences('v1\\.0'), isOther('beta')],
    [['beta'], xmlOf('v1.0'), 1, differences('beta'), isOther('v1.0')],
  ])('compares with the version %j', async (version, xml, code, first, last) => {
    const { exitCode, output } = await run(['metadata.xml', ...version], xml);
    const lines = output.trimEnd().split('\n');
    expect([exitCode, lines[0], lines.at(-1)]).toEqual([code, first, last]);
  });

  it('lists each difference on a line', async () => {
    const { output } = await run(['metadata.xml'], changedMetadata(rejected, ''));
    expect(output).toContain(
      '\n- deviceManagementPartnerTenantState has no rejected any more; Graph rejects a write that has it.\n',
    );
  });

  it.each([
    [[]],
    [['metadata.xml', 'v2.0']],
    [['metadata.xml', 'BETA']],
    [['metadata.xml', 'beta', 'v1.0']],
  ])('ends with 2 and its usage when called with %j', async (args) => {
    const output = 'Usage: npm run drift -- path/to/metadata.xml [beta|v1.0]\n';
    expect(await run(args, today)).toEqual({ exitCode: 2, output });
  });

  it.each(['--help', '-h'])('ends with 0 and explains itself at %s', async (option) => {
    const output = expect.stringMatching(/^Usage: npm run drift -- .*\n\nCompares /);
    expect(await run([option], today)).toEqual({ exitCode: 0, output });
  });

  const dtd = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>';

  it.each<[string, string | Buffer, RegExp]>([
    ['nowhere.xml', today, /^nowhere\.xml cannot be used as metadata: ENOENT/],
    ['metadata.xml', '{"error":{}}', /not well-formed XML/],
    ['metadata.xml', dtd, /DTD, which is never read/],
    ['metadata.xml', Buffer.from([0x3c, 0x80, 0x80]), /UTF-8 or UTF-16/],
  ])('ends with 2 and the reason at %s with %p', async (path, content, reason) => {
    const output = expect.stringMatching(reason);
    expect(await run([path], content)).toEqual({ exitCode: 2, output });
  });

  it.each<[string, Buffer]>([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${today}`)],
    ['UTF-16 as Windows writes it', Buffer.from(`\ufeff${today}`, 'utf16le')],
    ['UTF-16 in big-endian order', Buffer.from(`\ufeff${today}`, 'utf16le').swap16()],
  ])('reads %s', async (_what, bytes) => {
    expect((await run(['metadata.xml'], bytes)).exitCode).toBe(0);
  });

  it('finds its few types in a document of the size of Graph', async () => {
    const filler = Array.from(
      { length: 25_000 },
      (_, number) =>
        `<EntityType Name="filler${number}" BaseType="graph.entity"><Property Name="one" Type="Edm.String" Nullable="false" /><NavigationProperty Name="all" Type="Collection(graph.filler${number})" ContainsTarget="true" /></EntityType>`,
    );
    const xml = today.replace('<EntityContainer', `${filler.join('\n')}<EntityContainer`);
    expect(xml.length).toBeGreaterThan(5_000_000);
    expect((await run(['metadata.xml'], xml)).exitCode).toBe(0);
  });
});

describe('drift', () => {
  function driftOf(xml: string, version: GraphApiVersion = 'beta'): readonly string[] {
    const csdl = readCsdl(xml);
    return findDrift(knownModelOf(generationOf(csdl, version)), csdl);
  }

  const partner = 'complianceManagementPartner';
  const states = 'deviceManagementPartnerTenantState';
  const filterTypes = 'deviceAndAppManagementAssignmentFilterType';
  const group = 'groupAssignmentTarget';
  const groupId = property('groupId');
  const heartbeat = property('lastHeartbeatDateTime', 'Edm.DateTimeOffset', never);
  const allDevices = complex('allDevicesAssignmentTarget', baseTarget);
  const exclusion = complex('exclusionGroupAssignmentTarget', group);
  const filterId = property('deviceAndAppManagementAssignmentFilterId');
  const target = property('target', `graph.${baseTarget}`);
  const entity = `<EntityType Name="${partner}" BaseType="graph.entity">`;

  const appeared = (type: string, text: string) =>
    `${type} has a property that the gateway does not expect: ${text}.`;
  const vanished = (type: string, name: string) =>
    `${type} has no ${name} any more; the gateway still offers it, it reads null, and Graph rejects a write that has it.`;
  const noMember = (type: string, name: string) =>
    `${type} has no ${name} any more; Graph rejects a write that has it.`;
  const newTarget = (text: string) =>
    `There is a new target, ${text}; the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.`;
  const noTarget =
    'allDevicesAssignmentTarget is no target any more; Graph rejects a write that has it.';

  it.each<[string, string, string, string[]]>([
    [
      'a new property',
      displayName,
      displayName + property('chromeOsOnboarded', 'Edm.Boolean', never),
      [appeared(partner, 'chromeOsOnboarded (Edm.Boolean, never null)')],
    ],
    [
      'a new navigation property',
      displayName,
      `${displayName}<NavigationProperty Name="devices" Type="Collection(graph.device)" />`,
      [appeared(partner, 'devices (Collection(device), nullable)')],
    ],
    ['a missing property', heartbeat, '', [vanished(partner, 'lastHeartbeatDateTime')]],
    [
      'a changed type',
      heartbeat,
      heartbeat.replace('Edm.DateTimeOffset', 'Edm.Date'),
      [`lastHeartbeatDateTime of ${partner} is Edm.Date; the gateway expects Edm.DateTimeOffset.`],
    ],
    [
      'a property that may be null',
      heartbeat,
      heartbeat.replace(never, ''),
      [`lastHeartbeatDateTime of ${partner} may be null now.`],
    ],
    [
      'a property that may not be null',
      displayName,
      property('displayName', 'Edm.String', never),
      [`displayName of ${partner} may not be null any more; Graph rejects a write that clears it.`],
    ],
    [
      'another property in an assignment',
      target,
      target.replace('Name="target"', 'Name="targets"'),
      [
        vanished(`${partner}Assignment`, 'target'),
        appeared(`${partner}Assignment`, `targets (${baseTarget}, nullable)`),
      ],
    ],
    [
      'nothing in a base between',
      entity,
      `<EntityType Name="between" BaseType="graph.entity" />${entity.replace('graph.entity', 'graph.between')}`,
      [],
    ],
    [
      'a new state',
      member('unresponsive', 5),
      member('unresponsive', 5) + member('paused', 6),
      [
        `${states} has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE and cannot send it.`,
      ],
    ],
    ['a missing state', rejected, '', [noMember(states, 'rejected')]],
    [
      'another filter type',
      member('include', 1),
      member('only', 1),
      [
        noMember(filterTypes, 'include'),
        `${filterTypes} has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget and cannot send it.`,
      ],
    ],
    [
      'a missing enum',
      `<EnumType Name="${states}">`,
      '<EnumType Name="partnerTenantState">',
      [`The enum ${states} is gone.`],
    ],
    ['nothing in other values of an enum', rejected, member('rejected', 40), []],
    [
      'a new target',
      allDevices,
      `${allDevices}${complex('scopeTarget', baseTarget, '>')}${groupId}${property('kind', 'graph.scopeKind', never)}</ComplexType>`,
      [
        newTarget(
          'scopeTarget, with groupId (Edm.String, nullable) and kind (scopeKind, never null)',
        ),
      ],
    ],
    [
      'a new target without properties',
      allDevices,
      allDevices + complex('fotaTarget', baseTarget),
      [newTarget('fotaTarget, without properties of its own')],
    ],
    [
      'a new target that derives through an abstract one, and not the abstract one',
      exclusion,
      `${exclusion}${complex('between', group, ' Abstract="true" />')}${complex('dynamicTarget', 'between')}`,
      [newTarget('dynamicTarget, with groupId (Edm.String, nullable)')],
    ],
    ['a missing target', allDevices, '', [noTarget]],
    [
      'a type that is no target any more',
      allDevices,
      '<ComplexType Name="allDevicesAssignmentTarget" />',
      [noTarget],
    ],
    [
      'a target that became abstract',
      allDevices,
      allDevices.replace(' />', ' Abstract="true" />'),
      [noTarget],
    ],
    [
      'another name of a property of two targets',
      groupId,
      property('entraGroupId'),
      ['groupAssignmentTarget', 'exclusionGroupAssignmentTarget'].flatMap((type) => [
        vanished(type, 'groupId'),
        appeared(type, 'entraGroupId (Edm.String, nullable)'),
      ]),
    ],
    [
      'a new property of all targets, once',
      filterId,
      filterId + property('note'),
      [appeared(baseTarget, 'note (Edm.String, nullable)')],
    ],
    [
      'nothing in another base with the same properties',
      exclusion,
      `${complex('exclusionGroupAssignmentTarget', baseTarget, '>')}${groupId.replace(' Type', '  Type')}</ComplexType>`,
      [],
    ],
  ])('has %s', (_what, from, to, expected) => {
    expect(driftOf(changedMetadata(from, to))).toEqual(expected);
  });

  const navigation = `<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.${partner})" ContainsTarget="true" />`;
  const singleton = '<Singleton Name="deviceManagement" Type="graph.deviceManagement" />';

  it.each([
    ['the way to it', navigation, ''],
    ['the singleton', singleton, ''],
    ['its type', entity, entity.replace(partner, 'otherPartner')],
  ])('is only that the collection is missing, without %s', (_what, from, to) => {
    const missing = [
      'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway cannot be used there.',
    ];
    expect(driftOf(changedMetadata(from, to))).toEqual(missing);
    expect(driftOf(changedMetadata(from, to, 'v1.0'), 'v1.0')).toEqual(missing);
  });

  it('has a collection that became a single partner, in another namespace', () => {
    const single = navigation.replace(
      `Collection(graph.${partner})`,
      'microsoft.graph.other.partner',
    );
    expect(driftOf(changedMetadata(navigation, single))).toEqual([
      `complianceManagementPartners of deviceManagement is microsoft.graph.other.partner; the gateway expects Collection(${partner}).`,
    ]);
  });

  const revisions = `<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
     <PropertyValue Property="Date" Date="2026-10-01" />
     <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated" />
     <PropertyValue Property="RemovalDate" Date="2027-03-31" />
   </Record></Collection></Annotation>`;
  const about = (subject: string, annotation = revisions): string =>
    `<Annotations Target="${subject}">${annotation}</Annotations>`;
  const description = '<Annotation Term="Org.OData.Core.V1.Description" String="x" />';
  const action = (name: string, type: string, isBound = 'true'): string =>
    `<Action Name="${name}" IsBound="${isBound}"><Parameter Name="it" Type="${type}" /><Parameter Name="x" Type="graph.${partner}" /></Action>`;
  const deprecated = (subject: string) =>
    `${subject} is deprecated; Graph removes it on 2027-03-31.`;
  const operation = (name: string) =>
    `The partner has a new operation, ${name}; the gateway does not offer it.`;

  it.each<[string, string, string[]]>([
    ['a deprecated type', about(`graph.${group}`), [deprecated(group)]],
    [
      'the deprecated collection',
      about('graph.deviceManagement/complianceManagementPartners'),
      [deprecated('deviceManagement/complianceManagementPartners')],
    ],
    ['no other deprecated type', about('graph.entity'), []],
    ['no description', about(`graph.${group}`, description), []],
    ['an action of a partner', action('end', `graph.${partner}`), [operation('end')]],
    [
      'an action of all partners',
      action('purge', `Collection(graph.${partner})`),
      [operation('purge')],
    ],
    ['no action of another type', action('wipe', 'graph.entity'), []],
    ['no unbound action', action('wipe', `graph.${partner}`, 'false'), []],
  ])('has %s', (_what, content, expected) => {
    const from = '<EntityContainer';
    expect(driftOf(changedMetadata(from, content + from))).toEqual(expected);
  });

  it('has a property with a deprecation inside it', () => {
    const inline = `${displayName.replace(' />', '>')}${revisions}</Property>`;
    expect(driftOf(changedMetadata(displayName, inline))).toEqual([
      deprecated(`${partner}/displayName`),
    ]);
  });

  it('has an open type', () => {
    expect(driftOf(changedMetadata(entity, entity.replace('>', ' OpenType="true">')))).toEqual([
      `${partner} is an open type now: it may have properties that no metadata declares; the gateway does not show them.`,
    ]);
  });
});

describe('the generation', () => {
  const onboarded = (name: string) => property(`${name}Onboarded`, 'Edm.Boolean', never);
  const filterId = property('deviceAndAppManagementAssignmentFilterId');
  const emptyTarget = `<ComplexType Name="${baseTarget}" Abstract="true" />`;
  const withFilter = emptyTarget.replace(' />', `>${filterId}</ComplexType>`);
  const older = ['macOs', 'windows', 'android', 'ios'];
  const current = ['macOs', 'android', 'ios', 'linux'];

  it.each<[string, string, string[], boolean, RegExp]>([
    ['the current beta', today, current, true, /current beta/],
    ["the reference page's", xmlOf('reference-page'), older, false, /older beta/],
    [
      'an older beta with filters',
      changedMetadata(emptyTarget, withFilter, 'reference-page'),
      older,
      true,
      /older beta/,
    ],
    [
      'a beta with half of windows*',
      changedMetadata(onboarded('macOs'), onboarded('macOs') + onboarded('windows')),
      ['macOs', 'windows', 'android', 'ios', 'linux'],
      true,
      /windows\* of the reference page beside linux\*/,
    ],
    [
      'a beta with half of linux*',
      changedMetadata(onboarded('linux'), ''),
      current,
      true,
      /current beta/,
    ],
    ['a beta with neither', xmlOf('v1.0'), current, true, /^$/],
  ])('of beta is that of the document: %s', (_what, xml, platforms, hasFilters, note) => {
    const generation = generationOf(readCsdl(xml), 'beta');
    expect(generation).toMatchObject({ platforms, hasFilters });
    expect(generation.note ?? '').toMatch(note);
  });

  it.each<Generation>(['v1.0', 'reference-page', 'today'])(
    'of v1.0 is always the same, with the metadata of %s too',
    (generation) => {
      const expected = { platforms: ['macOs', 'android', 'ios'], hasFilters: false };
      expect(generationOf(readCsdl(xmlOf(generation)), 'v1.0')).toEqual(expected);
    },
  );
});
