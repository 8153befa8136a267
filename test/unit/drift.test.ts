import { describe, expect, it } from '@jest/globals';
import { type Generation, metadataXml, modelOf } from '../../src/emulator/model.ts';
import { type CommandResult, driftCommand } from '../../tools/drift/command.ts';
import { findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf } from '../../tools/drift/knownModel.ts';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';

const xmlOf = (generation: Generation): string => metadataXml(modelOf(generation));
const today = xmlOf('today');

/** Today's metadata with a text in it replaced; throws unless it is there once. */
function changed(from: string, to: string): string {
  const parts = today.split(from);
  if (parts.length !== 2) {
    throw new Error(`The metadata has ${parts.length - 1} times ${from}`);
  }
  return parts.join(to);
}

const property = (name: string, type = 'Edm.String', more = '') =>
  `<Property Name="${name}" Type="${type}"${more} />`;
const never = ' Nullable="false"';
const member = (name: string, value: number) => `<Member Name="${name}" Value="${value}" />`;

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
  const usage = /^Usage: npm run drift -- path\/to\/metadata\.xml \[beta\|v1\.0\]\n$/;
  const noDrift =
    /^Microsoft Graph beta, as this gateway knows it: no drift\.\nNote: This is the .* has one\.\n$/;
  const dtd = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>';
  const wide = Buffer.from(`\ufeff${today}`, 'utf16le');
  const file = 'metadata.xml';

  it.each<[string[], string | Buffer, number, RegExp]>([
    [[file], today, 0, noDrift],
    [[file], `\ufeff${today}`, 0, noDrift],
    [[file], wide, 0, noDrift],
    [[file], Buffer.from(wide).swap16(), 0, noDrift],
    [[file, 'v1.0'], xmlOf('v1.0'), 0, /^Microsoft Graph v1\.0, as .* it: no drift\.\n$/],
    [
      [file, 'beta'],
      changed(member('rejected', 4), ''),
      1,
      /^.* beta, as .*: 1 difference\.\n- .*\nNote: This .*\n$/,
    ],
    [[file, 'v1.0'], today, 1, isOther('v1.0', 'beta')],
    [[file, 'beta'], xmlOf('v1.0'), 1, isOther('beta', 'v1.0')],
    [[], today, 2, usage],
    [[file, 'BETA'], today, 2, usage],
    [[file, 'beta', 'v1.0'], today, 2, usage],
    [['-h'], today, 0, /^Usage: npm run drift -- .*\n\nCompares /],
    [['--help'], '', 0, /^Usage: npm run drift -- .*\n\nCompares /],
    [['nowhere.xml'], today, 2, /^nowhere\.xml cannot be used .*ENOENT/],
    [[file], '{"error":{}}', 2, /not well-formed XML/],
    [[file], dtd, 2, /DTD, which is never read/],
    [[file], Buffer.from([0x3c, 0x80]), 2, /UTF-8 or UTF-16/],
  ])('called with %j and %.20p explains how it ends', async (args, content, exitCode, output) => {
    expect(await run(args, content)).toEqual({ exitCode, output: expect.stringMatching(output) });
  });

  function isOther(version: string, fitting: string): RegExp {
    const head = `${version}, as .*: \\d differences\\.`;
    const note = `Compared with ${fitting}, it has no drift\\. Is it the metadata of ${fitting}\\?`;
    return new RegExp(`^Microsoft Graph ${head}\n(- .*\n)+(Note: .*\n)?Note: ${note}\n$`);
  }
});

describe('drift', () => {
  const partner = 'complianceManagementPartner';
  const collection = `deviceManagement/${partner}s`;
  const target = 'BaseType="graph.deviceAndAppManagementAssignmentTarget"';
  const exclusion = '<ComplexType Name="exclusionGroupAssignmentTarget" BaseType="graph.group';
  const container = '<EntityContainer';
  const revisions = `<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record> <PropertyValue Property="Date" Date="2026-10-01" /> <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated" /> <PropertyValue Property="RemovalDate" Date="2027-03-31" /> </Record></Collection></Annotation>`;
  const about = (subject: string, annotation = revisions): string =>
    `<Annotations Target="graph.${subject}">${annotation}</Annotations>`;
  const description = '<Annotation Term="Org.OData.Core.V1.Description" String="x" />';
  const action = (type: string, isBound = 'true'): string =>
    `<Action Name="end" IsBound="${isBound}"><Parameter Name="it" Type="${type}" /><Parameter Name="x" Type="graph.${partner}" /></Action>`;
  const noWrite = 'Graph rejects a write that has it.';
  const noSend = 'and cannot send it.';
  const unrecognized = `the gateway reads it as UnrecognizedAssignmentTarget ${noSend}`;
  const noCollection = `There is no ${collection}, as in some national clouds; the gateway cannot be used there.`;

  /** A text of the metadata, what takes its place, and the lines about it. */
  const drifts = `
"iosOnboarded" => "chromeOsOnboarded"
  ${partner} has a property that the gateway does not expect: chromeOsOnboarded (Edm.Boolean, never null).
  ${partner} has no iosOnboarded any more; the gateway still offers it, it reads null, and ${noWrite}
<Property Name="displayName" => <NavigationProperty Name="devices" Type="Collection(graph.device)" /><Property Name="displayName"
  ${partner} has a property that the gateway does not expect: devices (Collection(device), nullable).
<Property Name="deviceAndAppManagementAssignmentFilterId" => ${property('note')}<Property Name="deviceAndAppManagementAssignmentFilterId"
  deviceAndAppManagementAssignmentTarget has a property that the gateway does not expect: note (Edm.String, nullable).
"displayName" Type="Edm.String" => "displayName" Type="Edm.String"${never}
  displayName of ${partner} may not be null any more; Graph rejects a write that clears it.
Edm.DateTimeOffset => Edm.Date
  lastHeartbeatDateTime of ${partner} is Edm.Date; the gateway expects Edm.DateTimeOffset.
"linuxOnboarded" Type="Edm.Boolean"${never} => "linuxOnboarded" Type="Edm.Boolean"
  linuxOnboarded of ${partner} may be null now.
${member('unresponsive', 5)} => ${member('unresponsive', 5)}${member('paused', 6)}
  deviceManagementPartnerTenantState has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE ${noSend}
"include" => "only"
  deviceAndAppManagementAssignmentFilterType has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget ${noSend}
  deviceAndAppManagementAssignmentFilterType has no include any more; ${noWrite}
<EnumType Name="deviceManagementPartnerTenantState"> => <EnumType Name="otherState">
  The enum deviceManagementPartnerTenantState is gone.
"allDevicesAssignmentTarget" => "fotaTarget"
  There is a new target, fotaTarget, without properties of its own; ${unrecognized}
  allDevicesAssignmentTarget is no target any more; ${noWrite}
"allLicensedUsersAssignmentTarget" ${target} => "allLicensedUsersAssignmentTarget" ${target} Abstract="true"
  allLicensedUsersAssignmentTarget is no target any more; ${noWrite}
<EntityType Name="entity" => <ComplexType Name="scope" ${target}>${property('id')}${property('kind', 'graph.k', never)}</ComplexType><EntityType Name="entity"
  There is a new target, scope, with id (Edm.String, nullable) and kind (k, never null); ${unrecognized}
<EntityType Name="entity" => <ComplexType Name="between" BaseType="graph.groupAssignmentTarget" Abstract="true" /><ComplexType Name="dynamic" BaseType="graph.between" /><EntityType Name="entity"
  There is a new target, dynamic, with groupId (Edm.String, nullable); ${unrecognized}
${container} => ${about('groupAssignmentTarget')}${container}
  groupAssignmentTarget is deprecated; Graph removes it on 2027-03-31.
${container} => ${about(collection)}${container}
  ${collection} is deprecated; Graph removes it on 2027-03-31.
"displayName" Type="Edm.String" /> => "displayName" Type="Edm.String">${revisions}</Property>
  ${partner}/displayName is deprecated; Graph removes it on 2027-03-31.
${container} => ${action(`graph.${partner}`)}${container}
  The partner has a new operation, end; the gateway does not offer it.
${container} => ${action(`Collection(graph.${partner})`)}${container}
  The partner has a new operation, end; the gateway does not offer it.
<EntityType Name="${partner}" => <EntityType OpenType="true" Name="${partner}"
  ${partner} is an open type now: it may have properties that no metadata declares; the gateway does not show them.
"${partner}" BaseType="graph.entity" => "${partner}" BaseType="graph.between"><Property Name="id" Type="Edm.String"${never} /></EntityType><EntityType Name="between" BaseType="graph.entity"
${member('rejected', 4)} => ${member('rejected', 40)}
${exclusion}AssignmentTarget" /> => ${exclusion}AssignmentTarget">${property('groupId')}</ComplexType>
${container} => ${about('entity')}${about('groupAssignmentTarget', description)}${container}
${container} => ${action('graph.entity')}${action(`graph.${partner}`, 'false')}${container}
<NavigationProperty Name="${partner}s" => <NavigationProperty Name="others"
  ${noCollection}
<Singleton Name="deviceManagement" => <Singleton Name="otherManagement"
  ${noCollection}
<EntityType Name="${partner}" => <EntityType Name="otherPartner"
  ${noCollection}
Collection(graph.${partner})" => microsoft.graph.other.partner"
  ${partner}s of deviceManagement is microsoft.graph.other.partner; the gateway expects Collection(${partner}).`;

  it.each(
    drifts
      .trim()
      .split(/\n(?=\S)/)
      .map((block) => block.split('\n  ')),
  )('of %s is reported', (change = '', ...expected) => {
    const [from = '', to = ''] = change.split(' => ');
    const csdl = readCsdl(changed(from, to));
    const drift = findDrift(knownModelOf(generationOf(csdl, 'beta')), csdl);
    expect(drift.toSorted()).toEqual(expected);
  });
});

describe('the generation', () => {
  const onboarded = (name: string) => property(`${name}Onboarded`, 'Edm.Boolean', never);
  const [macOs, windows, linux] = [onboarded('macOs'), onboarded('windows'), onboarded('linux')];

  it.each<[string, string, string, boolean, RegExp]>([
    ['beta', today, 'macOs android ios linux', true, /current beta/],
    ['beta', xmlOf('reference-page'), 'macOs windows android ios', false, /older beta/],
    ['beta', xmlOf('windows-and-filters'), 'macOs windows android ios', true, /older beta/],
    // With half of windows*.
    [
      'beta',
      changed(macOs, macOs + windows),
      'macOs windows android ios linux',
      true,
      /beside lin/,
    ],
    ['beta', changed(linux, ''), 'macOs android ios linux', true, /current beta/],
    ['beta', xmlOf('v1.0'), 'macOs android ios linux', true, /^$/],
    ['v1.0', today, 'macOs android ios', false, /^$/],
  ])('of %s is that of the document, and of v1.0 always the same: %#', (...row) => {
    const [version, xml, platforms, hasFilters, note] = row;
    const generation = generationOf(readCsdl(xml), version as 'beta');
    expect(generation).toMatchObject({ platforms: platforms.split(' '), hasFilters });
    expect(generation.note ?? '').toMatch(note);
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
  const propertiesIn = (csdl: Csdl, type: string) => [
    ...propertiesOf(csdl, `microsoft.graph.${type}`),
  ];

  it('gives its enums, types and singletons by their full names, and properties inside types only', () => {
    const csdl = read(`
      <EnumType Name="color"><Member Name="red" Value="0" /><Member Value="1" Name="blue" /></EnumType>
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id" /></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" />
      </EntityType>
      <EntityType BaseType="graph.entity" Name="car">
        <Annotation Term="t"><Record><Property Name="r" Type="Edm.String" /></Record></Annotation>
        <Property xmlns="urn:other" Name="s" Type="Edm.String" />
        <Property Nullable="0" Type="graph.color" Name="color" />
        <Property Nullable=" 1 " Type="graph.color" Name="__proto__" />
        <NavigationProperty Name="drivers" Type="Collection(graph.driver)" ContainsTarget="true" />
        <Annotation Term="Org.OData.Core.V1.Description" String="A &lt;car&gt;" />
      </EntityType>
      <Function Name="f"><Parameter Name="p" Type="graph.x" /><Property Name="q" Type="Edm.String" /></Function>
      <ComplexType Name="empty" />
      <EntityContainer Name="GraphService"><Singleton Name="car" Type="graph.car" /></EntityContainer>`);
    expect(csdl.enums).toEqual(new Map([['microsoft.graph.color', ['red', 'blue']]]));
    expect(csdl.singletons).toEqual(new Map([['car', 'microsoft.graph.car']]));
    expect([...csdl.types]).toMatchObject([
      ['microsoft.graph.entity', { isAbstract: true }],
      ['microsoft.graph.car', { base: 'microsoft.graph.entity', isAbstract: false }],
      ['microsoft.graph.empty', {}],
    ]);
    expect(propertiesIn(csdl, 'car')).toEqual([
      ['id', { type: 'Edm.String', isNullable: false }],
      ['color', { type: 'microsoft.graph.color', isNullable: false }],
      ['__proto__', { type: 'microsoft.graph.color', isNullable: true }],
      ['drivers', { type: 'Collection(microsoft.graph.driver)', isNullable: true }],
    ]);
  });

  it.each([
    ['another alias', 'Alias="self" Namespace="microsoft.graph"', 'self.x'],
    ['the namespace', graph, 'microsoft.graph.x'],
    ['no alias at all', 'Namespace="microsoft.graph"', 'microsoft.graph.x'],
  ])('may name its types by %s', (_what, attributes, name) => {
    const all = property('all', `Collection(${name})`);
    const csdl = read(`<ComplexType Name="y" BaseType="${name}">${all}</ComplexType>`, attributes);
    expect(csdl.types.get('microsoft.graph.y')?.base).toBe('microsoft.graph.x');
    const type = 'Collection(microsoft.graph.x)';
    expect(propertiesIn(csdl, 'y')).toMatchObject([['all', { type }]]);
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

  it('may have bases that form a circle, or that are missing', () => {
    const csdl = read(`
      <ComplexType Name="a" BaseType="graph.b">${property('p')}</ComplexType>
      <ComplexType Name="b" BaseType="graph.a">${property('q')}</ComplexType>
      <ComplexType Name="c" BaseType="graph.nowhere" />`);
    expect(propertiesIn(csdl, 'a').map(([name]) => name)).toEqual(['q', 'p']);
    expect(propertiesIn(csdl, 'nowhere')).toEqual([]);
    expect(derivesFrom(csdl, 'microsoft.graph.a', 'microsoft.graph.a')).toBe(false);
    expect(derivesFrom(csdl, 'microsoft.graph.c', 'microsoft.graph.nowhere')).toBe(false);
  });

  const whole = edmxOf(schemaOf(graph, '<ComplexType Name="x" />'));
  it.each<[string, RegExp]>([
    ['', /not well-formed/],
    ['<html><body>Sign in</body></html>', /its root is html/],
    ['<!DOCTYPE x SYSTEM "file:///etc/hostname"><Edmx />', /DTD/],
    [edmxOf('&c;'), /undefined entity/],
    [whole.slice(0, -40), /not well-formed/],
    [`${whole}<more />`, /not well-formed/],
    ['<a x="1" x="2" />', /duplicate attribute/],
    ['<Edmx xmlns="http://schemas.microsoft.com/ado/2007/06/edmx" />', /of OData 4/],
    [edmxOf(''), /no Schema/],
    [edmxOf('\n<b></a>'), /line:column 4:7: unexpected close tag/],
  ])('is not %j', (text, reason) => {
    expect(() => readCsdl(text)).toThrow(reason);
  });
});
