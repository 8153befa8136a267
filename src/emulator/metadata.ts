import {
  type EdmType,
  enumMembers,
  isAssignable,
  type Model,
  partnerType,
  propertiesOf,
  typeNameIn,
} from './model.ts';

const head = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">`;

/** The same in all generations, and without the rest of `deviceManagement`. */
const tail = `
      <EntityType Name="deviceManagement" BaseType="graph.entity">
        <NavigationProperty Name="complianceManagementPartners" Type="Collection(graph.${partnerType})" ContainsTarget="true" />
      </EntityType>
      <EntityContainer Name="GraphService">
        <Singleton Name="deviceManagement" Type="graph.deviceManagement" />
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
`;

/** Writes a model as the XML of CSDL that Graph serves: enums, complex types, entities and the way to them. */
export function metadataXml(model: Model): string {
  const names = Object.keys(model).sort();
  const isEntity = (name: string): boolean => isAssignable(model, name, 'entity');
  return [
    head,
    ...enumsOf(model),
    ...names.filter((name) => !isEntity(name)).map((name) => typeXml('ComplexType', name, model)),
    ...names.filter(isEntity).map((name) => typeXml('EntityType', name, model)),
    tail,
  ].join('');
}

function enumsOf(model: Model): string[] {
  const used: string[] = Object.keys(model).flatMap((name) =>
    Object.values(propertiesOf(model, name)).map(({ kind }) => kind),
  );
  return Object.entries(enumMembers)
    .filter(([name]) => used.includes(name))
    .map(([name, members]) =>
      elementXml(
        'EnumType',
        ` Name="${name}"`,
        members.map((member, value) => `<Member Name="${member}" Value="${value}" />`),
      ),
    );
}

function typeXml(element: string, name: string, model: Model): string {
  const { base, isAbstract, key, properties }: EdmType = model[name] ?? { properties: {} };
  const attributes = [
    ` Name="${name}"`,
    base === undefined ? '' : ` BaseType="graph.${base}"`,
    isAbstract ? ' Abstract="true"' : '',
  ];
  const keys = key === undefined ? [] : ['<Key>', `  <PropertyRef Name="${key}" />`, '</Key>'];
  const lines = Object.entries(properties)
    .map(([property, { kind, isNullable }]) => {
      const facet = isNullable ? '' : ' Nullable="false"';
      return `<Property Name="${property}" Type="${typeNameIn('graph.', kind)}"${facet} />`;
    })
    .sort();
  return elementXml(element, attributes.join(''), [...keys, ...lines]);
}

/** Escapes nothing: all names and values are this module's and the model's own. */
function elementXml(name: string, attributes: string, children: readonly string[]): string {
  return children.length === 0
    ? `\n      <${name}${attributes} />`
    : `\n      <${name}${attributes}>${children.map((line) => `\n        ${line}`).join('')}\n      </${name}>`;
}
