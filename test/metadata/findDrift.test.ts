import { describe, expect, it } from '@jest/globals';
import { metadataXml } from '../../src/emulator/metadataXml.ts';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import type { GraphApiVersion } from '../../src/graph/apiVersion.ts';
import type { Drift } from '../../src/metadata/drift.ts';
import { findDrift } from '../../src/metadata/findDrift.ts';
import { generationOf } from '../../src/metadata/generation.ts';
import { knownModelOf } from '../../src/metadata/knownModel.ts';
import { readCsdl } from '../../src/metadata/readCsdl.ts';
import { changedMetadata } from './metadataHarness.ts';

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

describe('the metadata of the embedded Graph', () => {
  it.each<[Generation, GraphApiVersion]>([
    ['v1.0', 'v1.0'],
    ['reference-page', 'beta'],
    ['today', 'beta'],
    ['windows-and-filters', 'beta'],
  ])('of %s has no drift as %s', (generation, version) => {
    expect(driftOf(metadataXml(modelOf(generation)), version)).toEqual([]);
  });

  it.each<[Generation, GraphApiVersion]>([
    ['v1.0', 'beta'],
    ['reference-page', 'v1.0'],
    ['today', 'v1.0'],
  ])('of %s has drift as %s', (generation, version) => {
    expect(driftOf(metadataXml(modelOf(generation)), version)).not.toEqual([]);
  });
});

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
  ])('is missing as a whole without %s, and nothing else is told', (_what, from, to) => {
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
    ['an unbound action', behind(action('wipe', 'graph.complianceManagementPartner', 'false')), []],
    [
      'a type that is open',
      [entity, entity.replace('>', ' OpenType="true">')],
      [{ kind: 'typeOpened', type: partner }],
    ],
  ])('tell of %s', (_what, [from, to], expected) => {
    expect(driftOf(changedMetadata(from, to))).toEqual(expected);
  });
});
