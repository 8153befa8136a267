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
  const usage = /^Usage: npm run drift -- path\/to\/metadata\.xml \[beta\|v1\.0\]\n$/;
  const noDrift = /^Microsoft Graph beta, as this gateway knows it: no drift\.\nNote: This is the /;
  const dtd = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>';
  const wide = Buffer.from(`\ufeff${today}`, 'utf16le');
  const file = 'metadata.xml';

  it.each<[string[], string | Buffer, number, RegExp]>([
    [[file], today, 0, noDrift],
    [[file], `\ufeff${today}`, 0, noDrift],
    [[file], wide, 0, noDrift],
    [[file], Buffer.from(wide).swap16(), 0, noDrift],
    [[file, 'v1.0'], xmlOf('v1.0'), 0, /^Microsoft Graph v1\.0, as .* it: no drift\.\n$/],
    [[file, 'beta'], changed([rejected, '']), 1, /^.* beta, as .*: 1 difference\.\n- .*\nNote: T/],
    [[file, 'v1.0'], today, 1, isOther('v1.0', 'beta')],
    [[file, 'beta'], xmlOf('v1.0'), 1, isOther('beta', 'v1.0')],
    [[], today, 2, usage],
    [[file, 'BETA'], today, 2, usage],
    [[file, 'beta', 'v1.0'], today, 2, usage],
    [['-h'], today, 0, /^Usage: npm run drift -- .*\n\nCompares /],
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
  const driftOf = (...changes: readonly Change[]) => {
    const csdl = readCsdl(changed(...changes));
    return findDrift(knownModelOf(generationOf(csdl, 'beta')), csdl).toSorted();
  };
  const partner = 'complianceManagementPartner';
  const baseTarget = 'deviceAndAppManagementAssignmentTarget';
  const group = 'groupAssignmentTarget';
  const groupId = property('groupId');
  const displayName = property('displayName');
  const heartbeat = property('lastHeartbeatDateTime', 'Edm.DateTimeOffset', never);
  const linux = property('linuxOnboarded', 'Edm.Boolean', never);
  const allDevices = complex('allDevicesAssignmentTarget', baseTarget);
  const everyone = complex('allLicensedUsersAssignmentTarget', baseTarget);
  const exclusion = complex('exclusionGroupAssignmentTarget', group);
  const filterId = property('deviceAndAppManagementAssignmentFilterId');
  const entity = `<EntityType Name="${partner}" BaseType="graph.entity">`;
  const container = '<EntityContainer';
  const states = '<EnumType Name="deviceManagementPartnerTenantState">';
  const navigation = `<NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.${partner})" ContainsTarget="true" />`;

  const revisions = `<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
     <PropertyValue Property="Date" Date="2026-10-01" />
     <PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated" />
     <PropertyValue Property="RemovalDate" Date="2027-03-31" />
   </Record></Collection></Annotation>`;
  const about = (subject: string, annotation = revisions): string =>
    `<Annotations Target="${subject}">${annotation}</Annotations>`;
  const action = (name: string, type: string, isBound = 'true'): string =>
    `<Action Name="${name}" IsBound="${isBound}"><Parameter Name="it" Type="${type}" /><Parameter Name="x" Type="graph.${partner}" /></Action>`;
  const operations =
    action('end', `graph.${partner}`) + action('purge', `Collection(graph.${partner})`);
  const collection = about('graph.deviceManagement/complianceManagementPartners');
  const more = property('chromeOsOnboarded', 'Edm.Boolean', never);
  const devices = '<NavigationProperty Name="devices" Type="Collection(graph.device)" />';
  const kind = property('kind', 'graph.scopeKind', never);
  const scope = `${complex('scopeTarget', baseTarget, '>')}${groupId}${kind}</ComplexType>`;
  const between = complex('between', group, ' Abstract="true" />');
  const description = '<Annotation Term="Org.OData.Core.V1.Description" String="x" />';
  const flat = complex('exclusionGroupAssignmentTarget', baseTarget, '>');
  const apart = `<EntityType Name="between" BaseType="graph.entity" />${entity.replace('entity"', 'between"')}`;
  const single = navigation.replace(
    `Collection(graph.${partner})`,
    'microsoft.graph.other.partner',
  );

  const unexpected = 'has a property that the gateway does not expect';
  const [noWrite, noSend] = ['Graph rejects a write that has it.', 'and cannot send it.'];
  const newTarget = `the gateway reads it as UnrecognizedAssignmentTarget ${noSend}`;
  const removal = 'is deprecated; Graph removes it on 2027-03-31.';
  const noCollection = `There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway cannot be used there.`;

  it.each<[string, Change[], string[]]>([
    [
      'properties that came, went or changed',
      [
        [displayName, property('displayName', 'Edm.String', never) + more + devices],
        [heartbeat, heartbeat.replace('Edm.DateTimeOffset', 'Edm.Date')],
        [linux, linux.replace(never, '')],
        [linux.replace('linux', 'ios'), ''],
        [filterId, filterId + property('note')],
      ],
      [
        `complianceManagementPartner ${unexpected}: chromeOsOnboarded (Edm.Boolean, never null).`,
        `complianceManagementPartner ${unexpected}: devices (Collection(device), nullable).`,
        `complianceManagementPartner has no iosOnboarded any more; the gateway still offers it, it reads null, and ${noWrite}`,
        // Once, and not for each target.
        `deviceAndAppManagementAssignmentTarget ${unexpected}: note (Edm.String, nullable).`,
        'displayName of complianceManagementPartner may not be null any more; Graph rejects a write that clears it.',
        'lastHeartbeatDateTime of complianceManagementPartner is Edm.Date; the gateway expects Edm.DateTimeOffset.',
        'linuxOnboarded of complianceManagementPartner may be null now.',
      ],
    ],
    [
      'members of enums, and targets, that came or went',
      [
        [member('unresponsive', 5), member('unresponsive', 5) + member('paused', 6)],
        [member('include', 1), member('only', 1)],
        [allDevices, scope + complex('fotaTarget', baseTarget)],
        [everyone, everyone.replace(' />', ' Abstract="true" />')],
        [exclusion, exclusion + between + complex('dynamicTarget', 'between')],
      ],
      [
        `There is a new target, dynamicTarget, with groupId (Edm.String, nullable); ${newTarget}`,
        `There is a new target, fotaTarget, without properties of its own; ${newTarget}`,
        `There is a new target, scopeTarget, with groupId (Edm.String, nullable) and kind (scopeKind, never null); ${newTarget}`,
        `allDevicesAssignmentTarget is no target any more; ${noWrite}`,
        `allLicensedUsersAssignmentTarget is no target any more; ${noWrite}`,
        `deviceAndAppManagementAssignmentFilterType has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget ${noSend}`,
        `deviceAndAppManagementAssignmentFilterType has no include any more; ${noWrite}`,
        `deviceManagementPartnerTenantState has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE ${noSend}`,
      ],
    ],
    [
      'what is deprecated, open or an operation',
      [
        [container, about(`graph.${group}`) + collection + operations + container],
        [displayName, `${displayName.replace(' />', '>')}${revisions}</Property>`],
        [entity, entity.replace('>', ' OpenType="true">')],
      ],
      [
        'The partner has a new operation, end; the gateway does not offer it.',
        'The partner has a new operation, purge; the gateway does not offer it.',
        'complianceManagementPartner is an open type now: it may have properties that no metadata declares; the gateway does not show them.',
        `complianceManagementPartner/displayName ${removal}`,
        `deviceManagement/complianceManagementPartners ${removal}`,
        `groupAssignmentTarget ${removal}`,
      ],
    ],
    [
      'nothing that does not show on the wire, or is of other types',
      [
        [entity, apart],
        [rejected, member('rejected', 40)],
        [exclusion, `${flat}${groupId.replace(' Type', '  Type')}</ComplexType>`],
        [container, about('graph.entity') + about(`graph.${group}`, description) + container],
        [container, action('wipe', 'graph.entity') + container],
        [container, action('wipe', `graph.${partner}`, 'false') + container],
      ],
      [],
    ],
    [
      'an enum that is gone',
      [[states, states.replace('device', 'other')]],
      ['The enum deviceManagementPartnerTenantState is gone.'],
    ],
    ['only the collection, without the way to it', [[navigation, '']], [noCollection]],
    [
      'only the collection, without the singleton',
      [['<Singleton Name="deviceManagement" Type="graph.deviceManagement" />', '']],
      [noCollection],
    ],
    [
      'only the collection, without its type',
      [[entity, entity.replace(partner, 'otherPartner')]],
      [noCollection],
    ],
    [
      'a collection that became a single partner, in another namespace',
      [[navigation, single]],
      [
        `complianceManagementPartners of deviceManagement is microsoft.graph.other.partner; the gateway expects Collection(${partner}).`,
      ],
    ],
  ])('lists %s', (_what, changes, expected) => {
    expect(driftOf(...changes)).toEqual(expected);
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
      changed([macOs, macOs + windows]),
      'macOs windows android ios linux',
      true,
      /beside lin/,
    ],
    ['beta', changed([linux, '']), 'macOs android ios linux', true, /current beta/],
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
