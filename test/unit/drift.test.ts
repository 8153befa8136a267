import { describe, expect, it } from '@jest/globals';
import { metadataXml } from '../../src/emulator/metadata.ts';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import type { GraphApiVersion } from '../../src/graph/types.ts';
import {
  type CommandResult,
  driftCommand,
  driftReport,
  driftSentence,
} from '../../tools/drift/command.ts';
import { type Drift, findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf } from '../../tools/drift/knownModel.ts';
import { readCsdl } from '../../tools/drift/readCsdl.ts';
import { changedMetadata } from '../support/metadataHarness.ts';

const today = metadataXml(modelOf('today'));

/** Runs the command where the file `metadata.xml` has these bytes. */
function run(args: readonly string[], content: Buffer | string): Promise<CommandResult> {
  return driftCommand(
    args,
    async (path) => {
      if (path !== 'metadata.xml') {
        throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      }
      return Buffer.from(content);
    },
    'npm run drift --',
  );
}

describe('the drift command', () => {
  it.each<[string[], string, 0 | 1]>([
    [['metadata.xml'], today, 0],
    [['metadata.xml', 'beta'], today, 0],
    [['metadata.xml', 'v1.0'], metadataXml(modelOf('v1.0')), 0],
    [['metadata.xml'], changedMetadata('<Member Name="rejected" Value="4" />', ''), 1],
    [['metadata.xml', 'v1.0'], today, 1],
  ])('ends %j with what the document says', async (args, xml, exitCode) => {
    const result = await run(args, xml);
    expect(result.exitCode).toBe(exitCode);
    expect(result.output).toMatch(/^Microsoft Graph (beta|v1\.0), as this gateway knows it: .*\n/);
  });

  it.each<[string[]]>([
    [[]],
    [['metadata.xml', 'v2.0']],
    [['metadata.xml', 'BETA']],
    [['metadata.xml', 'beta', 'v1.0']],
  ])('ends with 2 and says how to call it, where it was called with %j', async (args) => {
    expect(await run(args, today)).toEqual({
      exitCode: 2,
      output: 'Usage: npm run drift -- path/to/metadata.xml [beta|v1.0]\n',
    });
  });

  it.each(['--help', '-h'])('ends with 0 and explains itself at %s', async (option) => {
    expect(await run([option], today)).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/^Usage: npm run drift -- .*\n\nCompares /),
    });
  });

  it.each<[string, string, string | Buffer, RegExp]>([
    ['a missing file', 'nowhere.xml', today, /^nowhere\.xml cannot be used as metadata: ENOENT/],
    ['an answer that is an error', 'metadata.xml', '{"error":{}}', /not well-formed XML/],
    [
      'a DTD',
      'metadata.xml',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      /DTD, which is never read/,
    ],
    ['bytes of nothing', 'metadata.xml', Buffer.from([0x3c, 0x80, 0x80]), /UTF-8 or UTF-16/],
  ])('ends with 2 and the reason at %s', async (_what, path, content, reason) => {
    const { exitCode, output } = await run([path], content);
    expect(exitCode).toBe(2);
    expect(output).toMatch(reason);
  });

  it.each<[string, Buffer]>([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${today}`)],
    ['UTF-16 as Windows writes it', Buffer.from(`\ufeff${today}`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.from(`\ufeff${today}`, 'utf16le').swap16()],
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

const type = 'microsoft.graph.complianceManagementPartner';
const states = 'microsoft.graph.deviceManagementPartnerTenantState';
const filterTypes = 'microsoft.graph.deviceAndAppManagementAssignmentFilterType';
const text = { type: 'Edm.String', isNullable: true };

describe('a drift', () => {
  it.each<[Drift, string]>([
    [
      { kind: 'resourceMissing' },
      'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway is of no use there.',
    ],
    [
      {
        kind: 'propertyAppeared',
        type,
        name: 'chromeOsOnboarded',
        property: { type: 'Edm.Boolean', isNullable: false },
      },
      'complianceManagementPartner has a property that the gateway does not expect: chromeOsOnboarded (Edm.Boolean, never null).',
    ],
    [
      { kind: 'propertyVanished', type, name: 'iosOnboarded' },
      'complianceManagementPartner has no iosOnboarded any more; the gateway offers it still, it reads null, and Graph refuses a write that has it.',
    ],
    [
      {
        kind: 'typeChanged',
        type,
        name: 'partners',
        known: `Collection(${type})`,
        found: 'microsoft.graph.other.partner',
      },
      'partners of complianceManagementPartner is microsoft.graph.other.partner; the gateway takes it for Collection(complianceManagementPartner).',
    ],
    [
      { kind: 'nullabilityChanged', type, name: 'id', isNullable: true },
      'id of complianceManagementPartner may be null now.',
    ],
    [
      { kind: 'nullabilityChanged', type, name: 'displayName', isNullable: false },
      'displayName of complianceManagementPartner may not be null any more; Graph refuses a write that clears it.',
    ],
    [
      { kind: 'operationAppeared', type, name: 'terminate' },
      'complianceManagementPartner has a new operation, terminate; the gateway does not offer it.',
    ],
    [
      { kind: 'typeOpened', type },
      'complianceManagementPartner is an open type now: it may have properties that no metadata declares; the gateway does not show them.',
    ],
    [
      { kind: 'deprecated', subject: `${type}/iosOnboarded`, removalDate: '2027-03-31' },
      'complianceManagementPartner/iosOnboarded is deprecated; Graph removes it on 2027-03-31.',
    ],
    [
      { kind: 'enumVanished', type: states },
      'The enum deviceManagementPartnerTenantState is gone.',
    ],
    [
      { kind: 'memberAppeared', type: states, member: 'paused' },
      'deviceManagementPartnerTenantState has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE and cannot send it.',
    ],
    [
      { kind: 'memberAppeared', type: filterTypes, member: 'only' },
      'deviceAndAppManagementAssignmentFilterType has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      { kind: 'memberVanished', type: states, member: 'rejected' },
      'deviceManagementPartnerTenantState has no rejected any more; Graph refuses a write that has it.',
    ],
    [
      { kind: 'targetAppeared', type: 'microsoft.graph.fotaTarget', properties: new Map() },
      'There is a new target, fotaTarget, without properties of its own; the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      {
        kind: 'targetAppeared',
        type: 'microsoft.graph.scopeTarget',
        properties: new Map([
          ['scopeId', text],
          ['kind', { type: 'microsoft.graph.scopeKind', isNullable: false }],
        ]),
      },
      'There is a new target, scopeTarget, with scopeId (Edm.String, nullable) and kind (scopeKind, never null); the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      { kind: 'targetVanished', type: 'microsoft.graph.allDevicesAssignmentTarget' },
      'allDevicesAssignmentTarget is no target any more; Graph refuses a write that has it.',
    ],
  ])('is described in words: %j', (drift, sentence) => {
    expect(driftSentence(drift)).toBe(sentence);
  });
});

describe('a report', () => {
  it('without drift says so, and what is absent in this generation', () => {
    const { hasDrift, lines } = driftReport(readCsdl(metadataXml(modelOf('today'))), 'beta');
    expect(hasDrift).toBe(false);
    expect(lines).toEqual([
      'Microsoft Graph beta, as this gateway knows it: no drift.',
      expect.stringMatching(/^Note: This is today's beta, which has no windows\*/),
    ]);
  });

  it('of v1.0 has nothing to say about generations', () => {
    const { lines } = driftReport(readCsdl(metadataXml(modelOf('v1.0'))), 'v1.0');
    expect(lines).toEqual(['Microsoft Graph v1.0, as this gateway knows it: no drift.']);
  });

  it('with drift counts it and tells each on a line', () => {
    const xml = changedMetadata('<Member Name="rejected" Value="4" />', '');
    const { hasDrift, lines } = driftReport(readCsdl(xml), 'beta');
    expect(hasDrift).toBe(true);
    expect(lines).toEqual([
      'Microsoft Graph beta, as this gateway knows it: 1 difference.',
      '- deviceManagementPartnerTenantState has no rejected any more; Graph refuses a write that has it.',
      expect.stringMatching(/^Note: This is today's beta/),
    ]);
  });

  it.each<['v1.0' | 'today', 'beta' | 'v1.0', string]>([
    ['v1.0', 'beta', 'Note: Measured as v1.0 it has no drift. Is it the metadata of v1.0?'],
    ['today', 'v1.0', 'Note: Measured as beta it has no drift. Is it the metadata of beta?'],
  ])('of the metadata of %s as %s asks whether the version is right', (generation, as, note) => {
    const { hasDrift, lines } = driftReport(readCsdl(metadataXml(modelOf(generation))), as);
    expect(hasDrift).toBe(true);
    expect(lines.at(-1)).toBe(note);
    expect(lines[0]).toMatch(/: \d differences\.$/);
  });
});

describe('find drift', () => {
  function driftOf(xml: string, version: GraphApiVersion = 'beta'): readonly Drift[] {
    const csdl = readCsdl(xml);
    return findDrift(knownModelOf(generationOf(csdl, version)), csdl);
  }

  const partner = 'microsoft.graph.complianceManagementPartner';
  const base = 'microsoft.graph.deviceAndAppManagementAssignmentTarget';
  const group = 'microsoft.graph.groupAssignmentTarget';
  const states = 'microsoft.graph.deviceManagementPartnerTenantState';
  const displayName = '<Property Name="displayName" Type="Edm.String" />';
  const groupId = '<Property Name="groupId" Type="Edm.String" />';
  const heartbeat =
    '<Property Name="lastHeartbeatDateTime" Type="Edm.DateTimeOffset" Nullable="false" />';
  const allDevices =
    '<ComplexType Name="allDevicesAssignmentTarget" BaseType="graph.deviceAndAppManagementAssignmentTarget" />';
  const exclusion =
    '<ComplexType Name="exclusionGroupAssignmentTarget" BaseType="graph.groupAssignmentTarget" />';
  const filterId = '<Property Name="deviceAndAppManagementAssignmentFilterId" Type="Edm.String" />';
  const target = '<Property Name="target" Type="graph.deviceAndAppManagementAssignmentTarget" />';
  const entity = '<EntityType Name="complianceManagementPartner" BaseType="graph.entity">';
  const text = { type: 'Edm.String', isNullable: true };

  describe('drift of properties', () => {
    it.each<[string, string, string, Drift[]]>([
      [
        'appeared',
        displayName,
        `${displayName}<Property Name="chromeOsOnboarded" Type="Edm.Boolean" Nullable="false" />`,
        [
          {
            kind: 'propertyAppeared',
            type: partner,
            name: 'chromeOsOnboarded',
            property: { type: 'Edm.Boolean', isNullable: false },
          },
        ],
      ],
      [
        'appeared as a way to somewhere',
        displayName,
        `${displayName}<NavigationProperty Name="devices" Type="Collection(graph.device)" />`,
        [
          {
            kind: 'propertyAppeared',
            type: partner,
            name: 'devices',
            property: { type: 'Collection(microsoft.graph.device)', isNullable: true },
          },
        ],
      ],
      [
        'vanished',
        heartbeat,
        '',
        [{ kind: 'propertyVanished', type: partner, name: 'lastHeartbeatDateTime' }],
      ],
      [
        'changed its type',
        heartbeat,
        heartbeat.replace('Edm.DateTimeOffset', 'Edm.Date'),
        [
          {
            kind: 'typeChanged',
            type: partner,
            name: 'lastHeartbeatDateTime',
            known: 'Edm.DateTimeOffset',
            found: 'Edm.Date',
          },
        ],
      ],
      [
        'may be null now',
        heartbeat,
        heartbeat.replace(' Nullable="false"', ''),
        [
          {
            kind: 'nullabilityChanged',
            type: partner,
            name: 'lastHeartbeatDateTime',
            isNullable: true,
          },
        ],
      ],
      [
        'may not be null any more',
        displayName,
        displayName.replace(' />', ' Nullable="false" />'),
        [{ kind: 'nullabilityChanged', type: partner, name: 'displayName', isNullable: false }],
      ],
      [
        'changed in an assignment',
        target,
        target.replace('Name="target"', 'Name="targets"'),
        [
          {
            kind: 'propertyVanished',
            type: 'microsoft.graph.complianceManagementPartnerAssignment',
            name: 'target',
          },
          {
            kind: 'propertyAppeared',
            type: 'microsoft.graph.complianceManagementPartnerAssignment',
            name: 'targets',
            property: { type: base, isNullable: true },
          },
        ],
      ],
      [
        'moved to a base',
        entity,
        `<EntityType Name="between" BaseType="graph.entity" />${entity.replace('graph.entity', 'graph.between')}`,
        [],
      ],
    ])('is found where one %s', (_what, from, to, drift) => {
      expect(driftOf(changedMetadata(from, to))).toEqual(drift);
    });
  });

  describe('drift of enums', () => {
    it.each<[string, string, string, Drift[]]>([
      [
        'a new member',
        '<Member Name="unresponsive" Value="5" />',
        '<Member Name="unresponsive" Value="5" /><Member Name="unknownFutureValue" Value="6" />',
        [{ kind: 'memberAppeared', type: states, member: 'unknownFutureValue' }],
      ],
      [
        'a member less',
        '<Member Name="rejected" Value="4" />',
        '',
        [{ kind: 'memberVanished', type: states, member: 'rejected' }],
      ],
      [
        'a member of the filter types',
        '<Member Name="include" Value="1" />',
        '<Member Name="only" Value="1" />',
        [
          {
            kind: 'memberVanished',
            type: `${base.replace(/Target$/, '')}FilterType`,
            member: 'include',
          },
          {
            kind: 'memberAppeared',
            type: `${base.replace(/Target$/, '')}FilterType`,
            member: 'only',
          },
        ],
      ],
      [
        'another name',
        '<EnumType Name="deviceManagementPartnerTenantState">',
        '<EnumType Name="partnerTenantState">',
        [{ kind: 'enumVanished', type: states }],
      ],
      [
        'other values of the same names',
        '<Member Name="rejected" Value="4" />',
        '<Member Name="rejected" Value="40" />',
        [],
      ],
    ])('is found where there is %s', (_what, from, to, drift) => {
      expect(driftOf(changedMetadata(from, to))).toEqual(drift);
    });
  });

  describe('drift of targets', () => {
    it.each<[string, string, string, Drift[]]>([
      [
        'a new one',
        allDevices,
        `${allDevices}<ComplexType Name="fotaTarget" BaseType="graph.deviceAndAppManagementAssignmentTarget">${groupId}</ComplexType>`,
        [
          {
            kind: 'targetAppeared',
            type: 'microsoft.graph.fotaTarget',
            properties: new Map([['groupId', text]]),
          },
        ],
      ],
      [
        'a new one that derives through others, of which an abstract one is none itself',
        exclusion,
        `${exclusion}<ComplexType Name="between" BaseType="graph.groupAssignmentTarget" Abstract="true" />
       <ComplexType Name="dynamicGroupTarget" BaseType="graph.between" />`,
        [
          {
            kind: 'targetAppeared',
            type: 'microsoft.graph.dynamicGroupTarget',
            properties: new Map([['groupId', text]]),
          },
        ],
      ],
      [
        'one less',
        allDevices,
        '',
        [{ kind: 'targetVanished', type: 'microsoft.graph.allDevicesAssignmentTarget' }],
      ],
      [
        'one that is no target any more',
        allDevices,
        '<ComplexType Name="allDevicesAssignmentTarget" />',
        [{ kind: 'targetVanished', type: 'microsoft.graph.allDevicesAssignmentTarget' }],
      ],
      [
        'one that became abstract',
        allDevices,
        allDevices.replace(' />', ' Abstract="true" />'),
        [{ kind: 'targetVanished', type: 'microsoft.graph.allDevicesAssignmentTarget' }],
      ],
      [
        'a property that two of them have under another name',
        groupId,
        groupId.replace('groupId', 'entraGroupId'),
        [
          { kind: 'propertyVanished', type: group, name: 'groupId' },
          { kind: 'propertyAppeared', type: group, name: 'entraGroupId', property: text },
          {
            kind: 'propertyVanished',
            type: 'microsoft.graph.exclusionGroupAssignmentTarget',
            name: 'groupId',
          },
          {
            kind: 'propertyAppeared',
            type: 'microsoft.graph.exclusionGroupAssignmentTarget',
            name: 'entraGroupId',
            property: text,
          },
        ],
      ],
      [
        'a new property of all of them, told once',
        filterId,
        `${filterId}<Property Name="note" Type="Edm.String" />`,
        [{ kind: 'propertyAppeared', type: base, name: 'note', property: text }],
      ],
      [
        'another base that says the same',
        exclusion,
        `<ComplexType Name="exclusionGroupAssignmentTarget" BaseType="graph.deviceAndAppManagementAssignmentTarget">${groupId.replace(' Type', '  Type')}</ComplexType>`,
        [],
      ],
    ])('is found where there is %s', (_what, from, to, drift) => {
      expect(driftOf(changedMetadata(from, to))).toEqual(drift);
    });
  });

  describe('the collection', () => {
    const navigation =
      '<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.complianceManagementPartner)" ContainsTarget="true" />';
    const singleton = '<Singleton Name="deviceManagement" Type="graph.deviceManagement" />';

    it.each<[string, string, string]>([
      ['the way to it', navigation, ''],
      ['the singleton', singleton, ''],
      ['its type', entity, entity.replace('complianceManagementPartner', 'otherPartner')],
    ])('is reported as missing, and nothing else is, without %s', (_what, from, to) => {
      expect(driftOf(changedMetadata(from, to))).toEqual([{ kind: 'resourceMissing' }]);
      expect(driftOf(changedMetadata(from, to, 'v1.0'), 'v1.0')).toEqual([
        { kind: 'resourceMissing' },
      ]);
    });

    it('may have become a single partner', () => {
      const single = navigation.replace('Collection(graph.complianceManagementPartner)', partner);
      expect(driftOf(changedMetadata(navigation, single))).toEqual([
        {
          kind: 'typeChanged',
          type: 'microsoft.graph.deviceManagement',
          name: 'complianceManagementPartners',
          known: `Collection(${partner})`,
          found: partner,
        },
      ]);
    });
  });

  describe('announcements in the metadata', () => {
    const revisionsOf = (subject: string, kind = 'Deprecated', removal = '2027-03-31'): string =>
      `${subject}<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
       <PropertyValue Property="Date" Date="2026-10-01" />
       <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/${kind}" />
       <PropertyValue Property="RemovalDate" Date="${removal}" />
     </Record></Collection></Annotation>`;
    const inline = `${revisionsOf(displayName.replace(' />', '>'))}</Property>`;
    const apart = (target: string): string =>
      `${revisionsOf(`<Annotations Target="${target}">`)}</Annotations>`;
    const behind = (content: string): readonly [string, string] => [
      '<EntityContainer',
      `${content}<EntityContainer`,
    ];
    const action = (name: string, type: string, isBound = 'true'): string =>
      `<Action Name="${name}" IsBound="${isBound}"><Parameter Name="it" Type="${type}" /><Parameter Name="x" Type="graph.complianceManagementPartner" /></Action>`;
    const removalDate = '2027-03-31';

    it.each<[string, readonly [string, string], readonly Drift[]]>([
      [
        'a property that goes, told inside it',
        [displayName, inline],
        [{ kind: 'deprecated', subject: `${partner}/displayName`, removalDate }],
      ],
      [
        'a type that goes, told apart and by its alias',
        behind(apart('graph.groupAssignmentTarget')),
        [{ kind: 'deprecated', subject: group, removalDate }],
      ],
      [
        'the collection that goes',
        behind(apart('graph.deviceManagement/complianceManagementPartners')),
        [
          {
            kind: 'deprecated',
            subject: 'microsoft.graph.deviceManagement/complianceManagementPartners',
            removalDate,
          },
        ],
      ],
      ['another type that goes', behind(apart('graph.entity')), []],
      [
        'a description',
        behind(
          '<Annotations Target="graph.groupAssignmentTarget"><Annotation Term="Org.OData.Core.V1.Description" String="x" /></Annotations>',
        ),
        [],
      ],
      [
        'an action of a partner',
        behind(action('terminate', 'graph.complianceManagementPartner')),
        [{ kind: 'operationAppeared', type: partner, name: 'terminate' }],
      ],
      [
        'an action of all partners',
        behind(action('purge', 'Collection(graph.complianceManagementPartner)')),
        [{ kind: 'operationAppeared', type: partner, name: 'purge' }],
      ],
      ['an action of another type', behind(action('wipe', 'graph.entity')), []],
      [
        'an unbound action',
        behind(action('wipe', 'graph.complianceManagementPartner', 'false')),
        [],
      ],
      [
        'a type that is open',
        [entity, entity.replace('>', ' OpenType="true">')],
        [{ kind: 'typeOpened', type: partner }],
      ],
    ])('tell of %s', (_what, [from, to], expected) => {
      expect(driftOf(changedMetadata(from, to))).toEqual(expected);
    });
  });
});

const base = ['macOs', 'android', 'ios'];
const xmlOf = (generation: Generation): string => metadataXml(modelOf(generation));
const windows = '<Property Name="windowsOnboarded" Type="Edm.Boolean" Nullable="false" />';
const linux = '<Property Name="linuxOnboarded" Type="Edm.Boolean" Nullable="false" />';
const macOs = '<Property Name="macOsOnboarded" Type="Edm.Boolean" Nullable="false" />';
const filterId = '<Property Name="deviceAndAppManagementAssignmentFilterId" Type="Edm.String" />';
const emptyTarget = '<ComplexType Name="deviceAndAppManagementAssignmentTarget" Abstract="true" />';

describe('the generation of beta', () => {
  it.each<[string, string, string[], boolean, RegExp | undefined]>([
    ["today's", xmlOf('today'), ['macOs', 'android', 'ios', 'linux'], true, /today's beta/],
    [
      "the reference page's",
      xmlOf('reference-page'),
      ['macOs', 'windows', 'android', 'ios'],
      false,
      /older beta/,
    ],
    [
      'an older one with filters',
      changedMetadata(
        emptyTarget,
        emptyTarget.replace(' />', `>${filterId}</ComplexType>`),
        'reference-page',
      ),
      ['macOs', 'windows', 'android', 'ios'],
      true,
      /older beta/,
    ],
    [
      'one with half of windows*',
      changedMetadata(macOs, macOs + windows),
      ['macOs', 'windows', 'android', 'ios', 'linux'],
      true,
      /windows\* of the reference page beside the linux\* of today/,
    ],
    [
      'one with half of linux*',
      changedMetadata(linux, ''),
      ['macOs', 'android', 'ios', 'linux'],
      true,
      /today's beta/,
    ],
    ['one with neither', xmlOf('v1.0'), ['macOs', 'android', 'ios', 'linux'], true, undefined],
  ])('is seen in the document: %s', (_what, xml, platforms, hasFilters, note) => {
    const generation = generationOf(readCsdl(xml), 'beta');
    expect(generation).toMatchObject({ platforms, hasFilters });
    expect(generation.note ?? '').toMatch(note ?? /^$/);
  });
});

describe('the generation of v1.0', () => {
  it.each<Generation>(['v1.0', 'reference-page', 'today'])(
    'is always the same, and %s is measured by it',
    (generation) => {
      expect(generationOf(readCsdl(xmlOf(generation)), 'v1.0')).toEqual({
        platforms: base,
        hasFilters: false,
      });
    },
  );
});
