import { describe, expect, it } from '@jest/globals';
import { type Generation, metadataXml, modelOf } from '../../src/emulator/model.ts';
import { type CommandResult, driftCommand } from '../../tools/drift/command.ts';
import { findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf } from '../../tools/drift/knownModel.ts';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';

const xmlOf = (generation: Generation): string => metadataXml(modelOf(generation));
const today = xmlOf('today');

/** A text of the metadata and what takes its place. */
type Change = readonly [from: string, to: string];

/** Today's metadata with some texts in it replaced; throws unless each of them is there once. */
function changed(...changes: readonly Change[]): string {
  return changes.reduce((xml, [from, to]) => {
    const parts = xml.split(from);
    if (parts.length !== 2) {
      throw new Error(`The metadata has ${parts.length - 1} times ${from}`);
    }
    return parts.join(to);
  }, today);
}

const property = (name: string, type = 'Edm.String', more = '') =>
  `<Property Name="${name}" Type="${type}"${more} />`;
const never = ' Nullable="false"';
const member = (name: string, value: number) => `<Member Name="${name}" Value="${value}" />`;
const complex = (name: string, base: string, more = ' />') =>
  `<ComplexType Name="${name}" BaseType="graph.${base}"${more}`;

const rejected = member('rejected', 4);

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
    [['v1.0'], xmlOf('v1.0'), 0, head('v1.0', 'no drift'), head('v1.0', 'no drift')],
    [['beta'], changed([rejected, '']), 1, head('beta', '1 difference'), note],
    [['v1.0'], today, 1, differences('v1\\.0'), isOther('beta')],
    [['beta'], xmlOf('v1.0'), 1, differences('beta'), isOther('v1.0')],
  ])('compares with the version %j', async (version, xml, code, first, last) => {
    const { exitCode, output } = await run(['metadata.xml', ...version], xml);
    const lines = output.trimEnd().split('\n');
    expect([exitCode, lines[0], lines.at(-1)]).toEqual([code, first, last]);
    expect(lines.filter((line) => line.startsWith('- ')).length === 0).toBe(code === 0);
  });

  const usage = 'Usage: npm run drift -- path/to/metadata.xml [beta|v1.0]\n';
  const dtd = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>';

  it.each<[string[], string | Buffer, number, unknown]>([
    [[], today, 2, usage],
    [['metadata.xml', 'BETA'], today, 2, usage],
    [['metadata.xml', 'beta', 'v1.0'], today, 2, usage],
    [['-h'], today, 0, expect.stringMatching(/^Usage: npm run drift -- .*\n\nCompares /)],
    [['nowhere.xml'], today, 2, expect.stringMatching(/^nowhere\.xml cannot be used .*ENOENT/)],
    [['metadata.xml'], '{"error":{}}', 2, expect.stringMatching(/not well-formed XML/)],
    [['metadata.xml'], dtd, 2, expect.stringMatching(/DTD, which is never read/)],
    [['metadata.xml'], Buffer.from([0x3c, 0x80]), 2, expect.stringMatching(/UTF-8 or UTF-16/)],
  ])('called with %j and %p explains how it ends', async (args, content, exitCode, output) => {
    expect(await run(args, content)).toEqual({ exitCode, output });
  });

  it.each<[string, Buffer]>([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${today}`)],
    ['UTF-16 as Windows writes it', Buffer.from(`\ufeff${today}`, 'utf16le')],
    ['UTF-16 in big-endian order', Buffer.from(`\ufeff${today}`, 'utf16le').swap16()],
  ])('reads %s', async (_what, bytes) => {
    expect((await run(['metadata.xml'], bytes)).exitCode).toBe(0);
  });
});

describe('drift', () => {
  const driftOf = (...changes: readonly Change[]) => {
    const csdl = readCsdl(changed(...changes));
    return findDrift(knownModelOf(generationOf(csdl, 'beta')), csdl);
  };

  const partner = 'complianceManagementPartner';
  const baseTarget = 'deviceAndAppManagementAssignmentTarget';
  const group = 'groupAssignmentTarget';
  const groupId = property('groupId');
  const displayName = property('displayName');
  const heartbeat = property('lastHeartbeatDateTime', 'Edm.DateTimeOffset', never);
  const linux = property('linuxOnboarded', 'Edm.Boolean', never);
  const ios = property('iosOnboarded', 'Edm.Boolean', never);
  const allDevices = complex('allDevicesAssignmentTarget', baseTarget);
  const everyone = complex('allLicensedUsersAssignmentTarget', baseTarget);
  const exclusion = complex('exclusionGroupAssignmentTarget', group);
  const filterId = property('deviceAndAppManagementAssignmentFilterId');
  const entity = `<EntityType Name="${partner}" BaseType="graph.entity">`;
  const container = '<EntityContainer';
  const states = '<EnumType Name="deviceManagementPartnerTenantState">';

  it('lists the properties that came, went or changed', () => {
    const more = property('chromeOsOnboarded', 'Edm.Boolean', never);
    const devices = '<NavigationProperty Name="devices" Type="Collection(graph.device)" />';
    const drift = driftOf(
      [displayName, property('displayName', 'Edm.String', never) + more + devices],
      [heartbeat, heartbeat.replace('Edm.DateTimeOffset', 'Edm.Date')],
      [linux, linux.replace(never, '')],
      [ios, ''],
      [filterId, filterId + property('note')],
    );
    expect(drift.toSorted()).toEqual([
      'complianceManagementPartner has a property that the gateway does not expect: chromeOsOnboarded (Edm.Boolean, never null).',
      'complianceManagementPartner has a property that the gateway does not expect: devices (Collection(device), nullable).',
      'complianceManagementPartner has no iosOnboarded any more; the gateway still offers it, it reads null, and Graph rejects a write that has it.',
      // Once, and not for each target.
      'deviceAndAppManagementAssignmentTarget has a property that the gateway does not expect: note (Edm.String, nullable).',
      'displayName of complianceManagementPartner may not be null any more; Graph rejects a write that clears it.',
      'lastHeartbeatDateTime of complianceManagementPartner is Edm.Date; the gateway expects Edm.DateTimeOffset.',
      'linuxOnboarded of complianceManagementPartner may be null now.',
    ]);
  });

  it('lists the members of enums that came or went', () => {
    const paused = member('unresponsive', 5) + member('paused', 6);
    const drift = driftOf(
      [member('unresponsive', 5), paused],
      [member('include', 1), member('only', 1)],
    );
    expect(drift.toSorted()).toEqual([
      'deviceAndAppManagementAssignmentFilterType has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget and cannot send it.',
      'deviceAndAppManagementAssignmentFilterType has no include any more; Graph rejects a write that has it.',
      'deviceManagementPartnerTenantState has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE and cannot send it.',
    ]);
    expect(driftOf([states, states.replace('device', 'other')])).toEqual([
      'The enum deviceManagementPartnerTenantState is gone.',
    ]);
  });

  it('lists the targets that came or went', () => {
    const scope = `${complex('scopeTarget', baseTarget, '>')}${groupId}${property('kind', 'graph.scopeKind', never)}</ComplexType>`;
    const between = complex('between', group, ' Abstract="true" />');
    const drift = driftOf(
      [allDevices, scope + complex('fotaTarget', baseTarget)],
      [everyone, everyone.replace(' />', ' Abstract="true" />')],
      [exclusion, exclusion + between + complex('dynamicTarget', 'between')],
    );
    const ending = 'the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.';
    const gone = 'is no target any more; Graph rejects a write that has it.';
    expect(drift.toSorted()).toEqual([
      `There is a new target, dynamicTarget, with groupId (Edm.String, nullable); ${ending}`,
      `There is a new target, fotaTarget, without properties of its own; ${ending}`,
      `There is a new target, scopeTarget, with groupId (Edm.String, nullable) and kind (scopeKind, never null); ${ending}`,
      `allDevicesAssignmentTarget ${gone}`,
      `allLicensedUsersAssignmentTarget ${gone}`,
    ]);
  });

  const revisions = `<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
     <PropertyValue Property="Date" Date="2026-10-01" />
     <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated" />
     <PropertyValue Property="RemovalDate" Date="2027-03-31" />
   </Record></Collection></Annotation>`;
  const about = (subject: string, annotation = revisions): string =>
    `<Annotations Target="${subject}">${annotation}</Annotations>`;
  const action = (name: string, type: string, isBound = 'true'): string =>
    `<Action Name="${name}" IsBound="${isBound}"><Parameter Name="it" Type="${type}" /><Parameter Name="x" Type="graph.${partner}" /></Action>`;

  it('lists what is deprecated, open or an operation', () => {
    const drift = driftOf(
      [
        container,
        about(`graph.${group}`) +
          about('graph.deviceManagement/complianceManagementPartners') +
          action('end', `graph.${partner}`) +
          action('purge', `Collection(graph.${partner})`) +
          container,
      ],
      [displayName, `${displayName.replace(' />', '>')}${revisions}</Property>`],
      [entity, entity.replace('>', ' OpenType="true">')],
    );
    const ending = 'is deprecated; Graph removes it on 2027-03-31.';
    expect(drift.toSorted()).toEqual([
      'The partner has a new operation, end; the gateway does not offer it.',
      'The partner has a new operation, purge; the gateway does not offer it.',
      'complianceManagementPartner is an open type now: it may have properties that no metadata declares; the gateway does not show them.',
      `complianceManagementPartner/displayName ${ending}`,
      `deviceManagement/complianceManagementPartners ${ending}`,
      `groupAssignmentTarget ${ending}`,
    ]);
  });

  it('lists nothing that does not show on the wire, or is of other types', () => {
    const description = '<Annotation Term="Org.OData.Core.V1.Description" String="x" />';
    const flat = complex('exclusionGroupAssignmentTarget', baseTarget, '>');
    const drift = driftOf(
      [
        entity,
        `<EntityType Name="between" BaseType="graph.entity" />${entity.replace('graph.entity', 'graph.between')}`,
      ],
      [rejected, member('rejected', 40)],
      [exclusion, `${flat}${groupId.replace(' Type', '  Type')}</ComplexType>`],
      [
        container,
        about('graph.entity') +
          about(`graph.${group}`, description) +
          action('wipe', 'graph.entity') +
          action('wipe', `graph.${partner}`, 'false') +
          container,
      ],
    );
    expect(drift).toEqual([]);
  });

  const navigation = `<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.${partner})" ContainsTarget="true" />`;
  const singleton = '<Singleton Name="deviceManagement" Type="graph.deviceManagement" />';

  it.each([
    ['the way to it', navigation, ''],
    ['the singleton', singleton, ''],
    ['its type', entity, entity.replace(partner, 'otherPartner')],
  ])('is only that the collection is missing, without %s', (_what, from, to) => {
    expect(driftOf([from, to])).toEqual([
      'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway cannot be used there.',
    ]);
  });

  it('has a collection that became a single partner, in another namespace', () => {
    const type = 'microsoft.graph.other.partner';
    const single = navigation.replace(`Collection(graph.${partner})`, type);
    expect(driftOf([navigation, single])).toEqual([
      `complianceManagementPartners of deviceManagement is ${type}; the gateway expects Collection(${partner}).`,
    ]);
  });
});

describe('the generation', () => {
  const onboarded = (name: string) => property(`${name}Onboarded`, 'Edm.Boolean', never);
  const older = ['macOs', 'windows', 'android', 'ios'];
  const current = ['macOs', 'android', 'ios', 'linux'];
  const halfOfWindows = onboarded('macOs') + onboarded('windows');
  const both = ['macOs', 'windows', 'android', 'ios', 'linux'];

  it.each<[string, string, string[], boolean, RegExp]>([
    ['the current beta', today, current, true, /current beta/],
    ["the reference page's", xmlOf('reference-page'), older, false, /older beta/],
    ['an older beta with filters', xmlOf('windows-and-filters'), older, true, /older beta/],
    [
      'a beta with half of windows*',
      changed([onboarded('macOs'), halfOfWindows]),
      both,
      true,
      /windows\* of the reference page beside linux\*/,
    ],
    ['half of linux*', changed([onboarded('linux'), '']), current, true, /current beta/],
    ['a beta with neither', xmlOf('v1.0'), current, true, /^$/],
  ])('of beta is that of the document: %s', (_what, xml, platforms, hasFilters, note) => {
    const generation = generationOf(readCsdl(xml), 'beta');
    expect(generation).toMatchObject({ platforms, hasFilters });
    expect(generation.note ?? '').toMatch(note);
  });

  it('of v1.0 is always the same', () => {
    const expected = { platforms: ['macOs', 'android', 'ios'], hasFilters: false };
    expect(generationOf(readCsdl(today), 'v1.0')).toEqual(expected);
  });
});

describe('a metadata document', () => {
  const graph = 'Namespace="microsoft.graph" Alias="graph"';
  /** A document of OData 4 around some schemas. */
  const edmxOf = (schemas: string) => `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>${schemas}</edmx:DataServices>
</edmx:Edmx>`;
  const schemaOf = (attributes: string, content: string) =>
    `<Schema ${attributes} xmlns="http://docs.oasis-open.org/odata/ns/edm">${content}</Schema>`;
  const read = (content: string, attributes = graph): Csdl =>
    readCsdl(edmxOf(schemaOf(attributes, content)));
  const namesIn = (csdl: Csdl, type: string) => [
    ...propertiesOf(csdl, `microsoft.graph.${type}`).keys(),
  ];

  it('gives its enums, types and singletons by their full names', () => {
    const csdl = read(`
      <EnumType Name="color"><Member Name="red" Value="0" /><Member Value="1" Name="blue" /></EnumType>
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id" /></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" />
      </EntityType>
      <EntityType BaseType="graph.entity" Name="car">
        <Property Nullable="0" Type="graph.color" Name="color" />
        <Property Nullable=" 1 " Type="graph.color" Name="roof" />
        <NavigationProperty Name="drivers" Type="Collection(graph.driver)" ContainsTarget="true" />
        <Annotation Term="Org.OData.Core.V1.Description" String="A &lt;car&gt;" />
      </EntityType>
      <ComplexType Name="empty" />
      <EntityContainer Name="GraphService"><Singleton Name="car" Type="graph.car" /></EntityContainer>`);
    expect(csdl.enums).toEqual(new Map([['microsoft.graph.color', ['red', 'blue']]]));
    expect(csdl.singletons).toEqual(new Map([['car', 'microsoft.graph.car']]));
    expect([...csdl.types]).toMatchObject([
      ['microsoft.graph.entity', { isAbstract: true }],
      ['microsoft.graph.car', { base: 'microsoft.graph.entity', isAbstract: false }],
      ['microsoft.graph.empty', {}],
    ]);
    expect([...propertiesOf(csdl, 'microsoft.graph.car')]).toEqual([
      ['id', { type: 'Edm.String', isNullable: false }],
      ['color', { type: 'microsoft.graph.color', isNullable: false }],
      ['roof', { type: 'microsoft.graph.color', isNullable: true }],
      ['drivers', { type: 'Collection(microsoft.graph.driver)', isNullable: true }],
    ]);
  });

  it.each([
    ['another alias', 'Alias="self" Namespace="microsoft.graph"', 'self.x'],
    ['the namespace', graph, 'microsoft.graph.x'],
    ['no alias at all', 'Namespace="microsoft.graph"', 'microsoft.graph.x'],
  ])('may name its types by %s', (_what, attributes, name) => {
    const csdl = read(
      `<ComplexType Name="y" BaseType="${name}"><Property Name="all" Type="Collection(${name})" /></ComplexType>`,
      attributes,
    );
    expect(csdl.types.get('microsoft.graph.y')?.base).toBe('microsoft.graph.x');
    const types = [...propertiesOf(csdl, 'microsoft.graph.y').values()].map(({ type }) => type);
    expect(types).toEqual(['Collection(microsoft.graph.x)']);
  });

  it('may have several schemas, which use aliases that come later', () => {
    const derived = '<ComplexType Name="call" BaseType="graph.base" />';
    const schemas = [
      schemaOf('Namespace="microsoft.graph.calls"', derived),
      schemaOf(graph, '<ComplexType Name="base" /><ComplexType Name="call" />'),
      schemaOf('Namespace="other" Alias="o"', derived),
    ];
    const csdl = readCsdl(edmxOf(schemas.join('')));
    const isDerived = (name: string) => derivesFrom(csdl, name, 'microsoft.graph.base');
    const names = [...csdl.types.keys()].filter(isDerived);
    expect(names).toEqual(['microsoft.graph.calls.call', 'other.call']);
  });

  it('ignores properties outside types', () => {
    const csdl = read(`
      <Function Name="f"><Parameter Name="p" Type="graph.x" /><Property Name="q" Type="Edm.String" /></Function>
      <ComplexType Name="x">
        <Annotation Term="t"><Record><Property Name="r" Type="Edm.String" /></Record></Annotation>
        <Property xmlns="urn:other" Name="s" Type="Edm.String" />
        <Property Name="__proto__" Type="Edm.String" />
      </ComplexType>`);
    expect([...csdl.types.keys()]).toEqual(['microsoft.graph.x']);
    expect(namesIn(csdl, 'x')).toEqual(['__proto__']);
  });

  it('may have bases that form a circle, or that are missing', () => {
    const csdl = read(`
      <ComplexType Name="a" BaseType="graph.b"><Property Name="p" Type="Edm.String" /></ComplexType>
      <ComplexType Name="b" BaseType="graph.a"><Property Name="q" Type="Edm.String" /></ComplexType>
      <ComplexType Name="c" BaseType="graph.nowhere" />`);
    expect([namesIn(csdl, 'a'), namesIn(csdl, 'nowhere')]).toEqual([['q', 'p'], []]);
    expect(derivesFrom(csdl, 'microsoft.graph.a', 'microsoft.graph.a')).toBe(false);
    expect(derivesFrom(csdl, 'microsoft.graph.c', 'microsoft.graph.nowhere')).toBe(false);
  });

  const whole = edmxOf(schemaOf(graph, '<ComplexType Name="x" />'));

  it.each<[string, string, RegExp]>([
    ['an empty file', '', /not well-formed/],
    ['a page', '<html><body>Sign in</body></html>', /its root is html/],
    ['an external DTD', '<!DOCTYPE x SYSTEM "file:///etc/hostname"><Edmx />', /DTD/],
    ['an entity without a DTD', edmxOf('&c;'), /undefined entity/],
    ['half a file', whole.slice(0, -40), /not well-formed/],
    ['a file with something behind it', `${whole}<more />`, /not well-formed/],
    ['an attribute given twice', '<a x="1" x="2" />', /duplicate attribute/],
    ['OData 3', '<Edmx xmlns="http://schemas.microsoft.com/ado/2007/06/edmx" />', /of OData 4/],
    ['a document without a schema', edmxOf(''), /no Schema/],
    ['an end tag without a start', edmxOf('\n<b></a>'), /line:column 4:7: unexpected close tag/],
  ])('is not %s', (_what, text, reason) => {
    expect(() => readCsdl(text)).toThrow(reason);
  });
});
