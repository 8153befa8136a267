import type { FaultAnswer } from './faults.ts';
import { type EmulatorRequest, type ErrorStamp, refuseMethod, type Version } from './http.ts';
import {
  assignmentType,
  type EdmKind,
  type EdmProperty,
  type EdmType,
  entityType,
  enumMembers,
  isAssignable,
  type Model,
  modelOf,
  partnerType,
  propertiesOf,
  targetType,
} from './model.ts';
import { type EmulatorParts, findAccessRefusal } from './routes.ts';

interface Element {
  readonly name: string;
  /** In this order; undefined ones are left out, because their absence has a meaning. */
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly Element[];
}

type Named<Value> = readonly [name: string, value: Value];

const typeNames: Readonly<Record<EdmKind, string>> = {
  'Edm.String': 'Edm.String',
  'Edm.Boolean': 'Edm.Boolean',
  'Edm.DateTimeOffset': 'Edm.DateTimeOffset',
  partnerState: 'graph.deviceManagementPartnerTenantState',
  filterType: 'graph.deviceAndAppManagementAssignmentFilterType',
  assignments: `Collection(graph.${assignmentType})`,
  target: `graph.${targetType}`,
};

/** Writes a model as the XML of CSDL that Graph serves: enums, complex types, entities and the way to them. */
export function metadataXml(model: Model): string {
  const document: Element = {
    name: 'edmx:Edmx',
    attributes: { Version: '4.0', 'xmlns:edmx': 'http://docs.oasis-open.org/odata/ns/edmx' },
    children: [{ name: 'edmx:DataServices', attributes: {}, children: [schemaOf(model)] }],
  };
  return `<?xml version="1.0" encoding="utf-8"?>\n${write(document, '')}`;
}

function schemaOf(model: Model): Element {
  const types = Object.entries(model).sort(byName);
  const isEntity = ([name]: Named<EdmType>): boolean => isAssignable(model, name, entityType);
  return {
    name: 'Schema',
    attributes: {
      Namespace: 'microsoft.graph',
      Alias: 'graph',
      xmlns: 'http://docs.oasis-open.org/odata/ns/edm',
    },
    children: [
      ...enumsOf(model),
      ...types.filter((type) => !isEntity(type)).map((type) => typeElement('ComplexType', type)),
      ...types.filter(isEntity).map((type) => typeElement('EntityType', type)),
      ...wayToPartners,
    ],
  };
}

/** The enums that some property of the model has. */
function enumsOf(model: Model): readonly Element[] {
  const kinds = Object.keys(model).flatMap((name) =>
    Object.values(propertiesOf(model, name)).map(({ kind }) => kind),
  );
  return Object.entries(enumMembers)
    .filter(([kind]) => kinds.some((used) => used === kind))
    .map(([kind, members = []]) => ({
      name: 'EnumType',
      attributes: { Name: unqualified(typeNames[kind as EdmKind]) },
      children: members.map((member, value) => ({
        name: 'Member',
        attributes: { Name: member, Value: String(value) },
      })),
    }));
}

function typeElement(element: 'ComplexType' | 'EntityType', [name, type]: Named<EdmType>): Element {
  const { base, isAbstract, key, properties } = type;
  const declared = Object.entries(properties).sort(byName).map(propertyElement);
  return {
    name: element,
    attributes: {
      Name: name,
      BaseType: base && `graph.${base}`,
      Abstract: isAbstract ? 'true' : undefined,
    },
    children: key === undefined ? declared : [keyElement(key), ...declared],
  };
}

function keyElement(key: string): Element {
  const reference: Element = { name: 'PropertyRef', attributes: { Name: key } };
  return { name: 'Key', attributes: {}, children: [reference] };
}

function propertyElement([name, { kind, isNullable }]: Named<EdmProperty>): Element {
  const facet = isNullable ? undefined : 'false';
  return { name: 'Property', attributes: { Name: name, Type: typeNames[kind], Nullable: facet } };
}

/** The same in all generations, and without the rest of `deviceManagement`. */
const wayToPartners: readonly Element[] = [
  {
    name: 'EntityType',
    attributes: { Name: 'deviceManagement', BaseType: `graph.${entityType}` },
    children: [
      {
        name: 'NavigationProperty',
        attributes: {
          Name: 'complianceManagementPartners',
          Type: `Collection(graph.${partnerType})`,
          ContainsTarget: 'true',
        },
      },
    ],
  },
  {
    name: 'EntityContainer',
    attributes: { Name: 'GraphService' },
    children: [
      {
        name: 'Singleton',
        attributes: { Name: 'deviceManagement', Type: 'graph.deviceManagement' },
      },
    ],
  },
];

function byName([one]: Named<unknown>, [other]: Named<unknown>): number {
  return one < other ? -1 : 1;
}

function unqualified(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

/** Escapes nothing: all names and values are this module's and the model's own. */
function write({ name, attributes, children = [] }: Element, indent: string): string {
  const texts = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${value}"`);
  const tag = `${indent}<${name}${texts.join('')}`;
  return children.length === 0
    ? `${tag} />\n`
    : `${tag}>\n${children.map((child) => write(child, `${indent}  `)).join('')}${indent}</${name}>\n`;
}

/** A request for the metadata as it came. */
interface MetadataCall {
  readonly version: Version;
  readonly request: EmulatorRequest;
  readonly stamp: ErrorStamp;
}

/** Answers with the model of a version, also without a token: Graph publishes its metadata. */
export function answerMetadata(
  parts: EmulatorParts,
  { version, request, stamp }: MetadataCall,
): FaultAnswer {
  if (request.method !== 'GET') {
    return findAccessRefusal(parts.acceptToken, request, stamp) ?? refuseMethod('GET', stamp);
  }
  const model = modelOf(version === 'v1.0' ? 'v1.0' : parts.generation);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: metadataXml(model),
  };
}
