import { describe, expect, it } from '@jest/globals';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';
import { edmxOf, schemaOf } from '../support/metadataHarness.ts';

const graph = 'Namespace="microsoft.graph" Alias="graph"';

function read(content: string, attributes = graph): Csdl {
  return readCsdl(edmxOf(schemaOf(attributes, content)));
}
const namesIn = (csdl: Csdl, type: string) => [
  ...propertiesOf(csdl, `microsoft.graph.${type}`).keys(),
];

describe('a metadata document', () => {
  it('gives its enums, types and singletons by their full names', () => {
    const csdl = read(`
      <EnumType Name="color"><Member Name="red" Value="0" /><Member Value="1" Name="blue" /></EnumType>
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id" /></Key>
        <Property Name="id" Type="Edm.String" Nullable="false" />
      </EntityType>
      <EntityType BaseType="graph.entity" Name="car">
        <Property Nullable="false" Type="graph.color" Name="color" />
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
      ['drivers', { type: 'Collection(microsoft.graph.driver)', isNullable: true }],
    ]);
  });

  it.each([
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
    const types = [...propertiesOf(csdl, 'microsoft.graph.y').values()].map(({ type }) => type);
    expect(types).toEqual(['microsoft.graph.x', 'Collection(microsoft.graph.x)']);
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
    expect(namesIn(csdl, 'a')).toEqual(['q', 'p']);
    expect(derivesFrom(csdl, 'microsoft.graph.a', 'microsoft.graph.a')).toBe(false);
    expect(derivesFrom(csdl, 'microsoft.graph.c', 'microsoft.graph.nowhere')).toBe(false);
    expect(namesIn(csdl, 'nowhere')).toEqual([]);
  });
});

describe('a text that is no metadata', () => {
  const bomb = `<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<Edmx>&c;</Edmx>`;
  const whole = edmxOf(schemaOf(graph, '<ComplexType Name="x" />'));

  it.each<[string, string, RegExp]>([
    ['an empty file', '', /not well-formed/],
    ['JSON', '{"error":{"code":"InvalidAuthenticationToken"}}', /not well-formed/],
    ['a page', '<html><body>Sign in</body></html>', /its root is html/],
    ['a page with its DTD', '<!DOCTYPE html><html></html>', /DTD/],
    ['entities in entities', bomb, /DTD/],
    ['an external DTD', '<!DOCTYPE x SYSTEM "file:///etc/hostname"><Edmx />', /DTD/],
    ['an entity without a DTD', edmxOf('&c;'), /undefined entity/],
    ['half a file', whole.slice(0, -40), /not well-formed/],
    ['a file with something behind it', `${whole}<more />`, /not well-formed/],
    ['an attribute given twice', '<a x="1" x="2" />', /duplicate attribute/],
    ['OData 3', '<Edmx xmlns="http://schemas.microsoft.com/ado/2007/06/edmx" />', /of OData 4/],
    ['an Edmx without a namespace', '<Edmx />', /of OData 4/],
    ['a document without a schema', edmxOf(''), /no Schema/],
    ['an end tag without a start', edmxOf('\n<b></a>'), /line:column 4:7: unexpected close tag/],
  ])('is rejected with its reason: %s', (_what, text, reason) => {
    expect(() => readCsdl(text)).toThrow(reason);
  });
});
