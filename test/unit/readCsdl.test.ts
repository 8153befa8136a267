import { describe, expect, it } from '@jest/globals';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';
import { edmxOf, schemaOf } from '../support/metadataHarness.ts';

const graph = 'Namespace="microsoft.graph" Alias="graph"';

function read(content: string, attributes = graph): Csdl {
  return readCsdl(edmxOf(schemaOf(attributes, content)));
}

describe('a metadata document', () => {
  it('gives its enums, types and singletons by their full names', () => {
    const csdl = read(`
      <EnumType Name="colour"><Member Name="red" Value="0" /><Member Value="1" Name="blue" /></EnumType>
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id" /></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" />
      </EntityType>
      <EntityType BaseType="graph.entity" Name="car">
        <Property Nullable="false" Type="graph.colour" Name="colour" />
        <NavigationProperty Name="drivers" Type="Collection(graph.driver)" ContainsTarget="true" />
        <Annotation Term="Org.OData.Core.V1.Description" String="A &lt;car&gt;" />
      </EntityType>
      <ComplexType Name="empty" />
      <EntityContainer Name="GraphService"><Singleton Name="car" Type="graph.car" /></EntityContainer>`);
    expect(csdl.enums).toEqual(new Map([['microsoft.graph.colour', ['red', 'blue']]]));
    expect(csdl.singletons).toEqual(new Map([['car', 'microsoft.graph.car']]));
    expect([...csdl.types.keys()]).toEqual([
      'microsoft.graph.entity',
      'microsoft.graph.car',
      'microsoft.graph.empty',
    ]);
    expect(csdl.types.get('microsoft.graph.car')).toMatchObject({
      base: 'microsoft.graph.entity',
      isAbstract: false,
    });
    expect(csdl.types.get('microsoft.graph.entity')?.isAbstract).toBe(true);
    expect([...propertiesOf(csdl, 'microsoft.graph.car')]).toEqual([
      ['id', { type: 'Edm.String', isNullable: false }],
      ['colour', { type: 'microsoft.graph.colour', isNullable: false }],
      ['drivers', { type: 'Collection(microsoft.graph.driver)', isNullable: true }],
    ]);
  });

  it.each<[string, string, string]>([
    ['the alias', graph, 'graph.x'],
    ['another alias', 'Alias="self" Namespace="microsoft.graph"', 'self.x'],
    ['the namespace', graph, 'microsoft.graph.x'],
    ['no alias at all', 'Namespace="microsoft.graph"', 'microsoft.graph.x'],
  ])('may name its types by %s', (_what, attributes, name) => {
    const csdl = read(
      `<ComplexType Name="y" BaseType="${name}">
         <Property Name="one" Type="${name}" /><Property Name="all" Type="Collection(${name})" />
       </ComplexType>`,
      attributes,
    );
    expect(csdl.types.get('microsoft.graph.y')?.base).toBe('microsoft.graph.x');
    expect([...propertiesOf(csdl, 'microsoft.graph.y').values()].map(({ type }) => type)).toEqual([
      'microsoft.graph.x',
      'Collection(microsoft.graph.x)',
    ]);
  });

  it('may have several schemas, which use aliases that come later', () => {
    const csdl = readCsdl(
      edmxOf(
        schemaOf(
          'Namespace="microsoft.graph.calls"',
          '<ComplexType Name="call" BaseType="graph.base" />',
        ) +
          schemaOf(graph, '<ComplexType Name="base" /><ComplexType Name="call" />') +
          schemaOf('Namespace="other" Alias="o"', '<ComplexType Name="x" BaseType="graph.base" />'),
      ),
    );
    const derived = [...csdl.types.keys()].filter((name) =>
      derivesFrom(csdl, name, 'microsoft.graph.base'),
    );
    expect(derived).toEqual(['microsoft.graph.calls.call', 'other.x']);
  });

  it.each([
    ['', true],
    ['Nullable="true"', true],
    ['Nullable="false"', false],
    ['Nullable=" 1 "', true],
    ['Nullable="0"', false],
  ])('reads the facet %j as nullable: %j', (facet, isNullable) => {
    const csdl = read(`<ComplexType Name="x"><Property Name="p" ${facet} Type="t"/></ComplexType>`);
    expect(propertiesOf(csdl, 'microsoft.graph.x').get('p')).toEqual({ type: 't', isNullable });
  });

  it('reads only what stands where it belongs', () => {
    const csdl = read(`
      <Function Name="f"><Parameter Name="p" Type="graph.x" /><Property Name="q" Type="Edm.String" /></Function>
      <ComplexType Name="x">
        <Annotation Term="t"><Record><Property Name="r" Type="Edm.String" /></Record></Annotation>
        <Property xmlns="urn:other" Name="s" Type="Edm.String" />
        <Property Name="__proto__" Type="Edm.String" />
      </ComplexType>`);
    expect([...csdl.types.keys()]).toEqual(['microsoft.graph.x']);
    expect([...propertiesOf(csdl, 'microsoft.graph.x').keys()]).toEqual(['__proto__']);
  });

  it('may have bases that go round in a circle, or that are not there', () => {
    const csdl = read(`
      <ComplexType Name="a" BaseType="graph.b"><Property Name="p" Type="Edm.String" /></ComplexType>
      <ComplexType Name="b" BaseType="graph.a"><Property Name="q" Type="Edm.String" /></ComplexType>
      <ComplexType Name="c" BaseType="graph.nowhere" />`);
    expect([...propertiesOf(csdl, 'microsoft.graph.a').keys()]).toEqual(['q', 'p']);
    expect(derivesFrom(csdl, 'microsoft.graph.a', 'microsoft.graph.a')).toBe(false);
    expect(derivesFrom(csdl, 'microsoft.graph.c', 'microsoft.graph.nowhere')).toBe(false);
    expect(propertiesOf(csdl, 'microsoft.graph.nowhere').size).toBe(0);
  });
});

const bomb = `<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<Edmx>&c;</Edmx>`;
const outside = '<!DOCTYPE x SYSTEM "file:///etc/hostname"><Edmx />';
const whole = edmxOf(schemaOf(graph, '<ComplexType Name="x" />'));

describe('what is no metadata', () => {
  it.each<[string, string, RegExp]>([
    ['an empty file', '', /not well-formed/],
    ['JSON', '{"error":{"code":"InvalidAuthenticationToken"}}', /not well-formed/],
    ['a page', '<html><body>Sign in</body></html>', /its root is html/],
    ['a page with its DTD', '<!DOCTYPE html><html></html>', /DTD/],
    ['entities in entities', bomb, /DTD/],
    ['a DTD from elsewhere', outside, /DTD/],
    ['an entity without a DTD', edmxOf('&c;'), /undefined entity/],
    ['half a file', whole.slice(0, -40), /not well-formed/],
    ['a file with something behind it', `${whole}<more />`, /not well-formed/],
    ['an attribute given twice', '<a x="1" x="2" />', /duplicate attribute/],
    ['OData 3', '<Edmx xmlns="http://schemas.microsoft.com/ado/2007/06/edmx" />', /of OData 4/],
    ['an Edmx without a namespace', '<Edmx />', /of OData 4/],
    ['a document without a schema', edmxOf(''), /no Schema/],
  ])('is rejected with its reason: %s', (_what, text, reason) => {
    expect(() => readCsdl(text)).toThrow(reason);
  });

  it('says where the XML breaks', () => {
    expect(() => readCsdl(edmxOf('\n<b></a>'))).toThrow(/line:column 4:7: unexpected close tag/);
  });
});
