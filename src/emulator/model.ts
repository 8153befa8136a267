import type { PartnerResource } from '../graph/types.ts';
import { isJsonObject } from '../shared/json.ts';
import { modelRefusal, type Refusal } from './http.ts';

/** The properties of `/beta`: the reference page's `windows*`, that beta once it had filters too, or `linux*` and filters. */
export type BetaGeneration = 'reference-page' | 'windows-and-filters' | 'today';

export type Generation = 'v1.0' | BetaGeneration;

/** The type of a property; `assignments` is the collection of them. */
type EdmKind =
  | 'Edm.String'
  | 'Edm.Boolean'
  | 'Edm.DateTimeOffset'
  | typeof stateType
  | typeof filterType
  | typeof targetType
  | 'assignments';

interface EdmProperty {
  readonly kind: EdmKind;
  readonly isNullable: boolean;
}

/** A type with its own properties only. */
interface EdmType {
  readonly base?: string;
  readonly isAbstract?: boolean;
  /** The key, on the type that declares it. */
  readonly key?: string;
  readonly properties: Readonly<Record<string, EdmProperty>>;
}

/** The types of one generation by their names without the namespace. Source: the metadata, and the reference page. */
export type Model = Readonly<Record<string, EdmType>>;

export const partnerType = 'complianceManagementPartner';
const assignmentType = 'complianceManagementPartnerAssignment';
/** The abstract type of all targets. */
export const targetType = 'deviceAndAppManagementAssignmentTarget';
const stateType = 'deviceManagementPartnerTenantState';
const filterType = 'deviceAndAppManagementAssignmentFilterType';

/** The members of the enums; neither is evolvable. */
const enumMembers: Readonly<Partial<Record<EdmKind, readonly string[]>>> = {
  [stateType]: ['unknown', 'unavailable', 'enabled', 'terminated', 'rejected', 'unresponsive'],
  [filterType]: ['none', 'include', 'exclude'],
};

/** How a type is written under a namespace or its alias, such as `graph.`. */
function typeNameIn(namespace: string, kind: EdmKind): string {
  if (kind === 'assignments') {
    return `Collection(${namespace}${assignmentType})`;
  }
  return kind.startsWith('Edm.') ? kind : `${namespace}${kind}`;
}

const text: EdmProperty = { kind: 'Edm.String', isNullable: true };
const flag: EdmProperty = { kind: 'Edm.Boolean', isNullable: false };
const list: EdmProperty = { kind: 'assignments', isNullable: true };

function modelFor(platforms: readonly string[], hasFilters: boolean): Model {
  const ofPlatforms = platforms.flatMap((name) => [
    [`${name}Onboarded`, flag],
    [`${name}EnrollmentAssignments`, list],
  ]);
  return {
    entity: {
      isAbstract: true,
      key: 'id',
      properties: { id: { kind: 'Edm.String', isNullable: false } },
    },
    [partnerType]: {
      base: 'entity',
      properties: {
        lastHeartbeatDateTime: { kind: 'Edm.DateTimeOffset', isNullable: false },
        partnerState: { kind: stateType, isNullable: false },
        displayName: text,
        ...Object.fromEntries(ofPlatforms),
      },
    },
    [assignmentType]: { properties: { target: { kind: targetType, isNullable: true } } },
    [targetType]: {
      isAbstract: true,
      properties: hasFilters
        ? {
            deviceAndAppManagementAssignmentFilterId: text,
            deviceAndAppManagementAssignmentFilterType: { kind: filterType, isNullable: false },
          }
        : {},
    },
    allLicensedUsersAssignmentTarget: { base: targetType, properties: {} },
    allDevicesAssignmentTarget: { base: targetType, properties: {} },
    groupAssignmentTarget: { base: targetType, properties: { groupId: text } },
    exclusionGroupAssignmentTarget: { base: 'groupAssignmentTarget', properties: {} },
    configurationManagerCollectionAssignmentTarget: {
      base: targetType,
      properties: { collectionId: text },
    },
  };
}

const models: Readonly<Record<Generation, Model>> = {
  'v1.0': modelFor(['macOs', 'android', 'ios'], false),
  'reference-page': modelFor(['macOs', 'windows', 'android', 'ios'], false),
  'windows-and-filters': modelFor(['macOs', 'windows', 'android', 'ios'], true),
  today: modelFor(['macOs', 'android', 'ios', 'linux'], true),
};

export function modelOf(generation: Generation): Model {
  return models[generation];
}

/** A type by its name; undefined for a name that the model does not have, `constructor` included. */
export function typeOf(model: Model, name: string): EdmType | undefined {
  return Object.hasOwn(model, name) ? model[name] : undefined;
}

/** All properties of a type, those of its bases first. */
export function propertiesOf(model: Model, name: string): EdmType['properties'] {
  const type = typeOf(model, name);
  const inherited = type?.base === undefined ? {} : propertiesOf(model, type.base);
  return { ...inherited, ...type?.properties };
}

/** Whether a type is another one or derives from it. */
function isAssignable(model: Model, name: string, expected: string): boolean {
  const base = typeOf(model, name)?.base;
  return name === expected || (base !== undefined && isAssignable(model, base, expected));
}

const namespace = 'microsoft.graph.';
/** Under which Intune's own service names the same types in its messages. */
const backendNamespace = 'microsoft.management.services.api.';

/**
 * Gives the properties of a body for a partner, without annotations.
 * @throws Refusal in Graph's own words if the model does not allow the body.
 */
export function readPartner(model: Model, body: unknown): Partial<PartnerResource> {
  checkObject(model, body, partnerType);
  return Object.fromEntries(
    Object.entries(body as object).filter(([member]) => !isAnnotation(member)),
  );
}

/** Annotations, of the object or of a member, may be sent back as they were answered. */
function isAnnotation(member: string): boolean {
  return member.includes('@');
}

function checkObject(model: Model, value: unknown, declared: string): void {
  if (!isJsonObject(value)) {
    throw nodeProblem(value, 'StartObject');
  }
  const { '@odata.type': annotation = `#${namespace}${declared}` } = value;
  const given = String(annotation).replace(/^#/, '');
  const name = given.startsWith(namespace) ? given.slice(namespace.length) : '';
  const type = typeOf(model, name);
  if (type === undefined) {
    throw modelRefusal(
      `A type named '${given}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`,
    );
  }
  if (!isAssignable(model, name, declared)) {
    throw modelRefusal(
      `A value with type name '${namespace}${name}' was found, which is not assignable to the expected type '${namespace}${declared}'.`,
    );
  }
  if (type.isAbstract) {
    throw modelRefusal('Cannot create an abstract class.');
  }
  const properties = propertiesOf(model, name);
  for (const [member, content] of Object.entries(value)) {
    const property = Object.hasOwn(properties, member) ? properties[member] : undefined;
    if (property !== undefined) {
      checkProperty(model, member, property, content);
    } else if (!isAnnotation(member)) {
      throw modelRefusal(
        `The property '${member}' does not exist on type '${backendNamespace}${name}'. Make sure to only use property names that are defined by the type.`,
      );
    }
  }
}

function checkProperty(
  model: Model,
  member: string,
  { kind, isNullable }: EdmProperty,
  value: unknown,
): void {
  if (value === null) {
    checkNull(member, kind, isNullable);
  } else if (kind === targetType) {
    checkObject(model, value, targetType);
  } else if (kind === 'assignments') {
    if (!Array.isArray(value)) {
      throw nodeProblem(value, 'StartArray');
    }
    for (const item of value) {
      checkObject(model, item, assignmentType);
    }
  } else if (typeof value === 'object') {
    throw nodeProblem(value, 'PrimitiveValue');
  } else if (!isLiteral(kind, value)) {
    throw modelRefusal(
      `Cannot convert the literal '${String(value)}' to the expected type '${typeNameIn(backendNamespace, kind)}'.`,
    );
  }
}

/** A collection is never null, whatever its facet says, which is about its items. */
function checkNull(member: string, kind: EdmKind, isNullable: boolean): void {
  if (isNullable && kind !== 'assignments') {
    return;
  }
  const type = `${typeNameIn(backendNamespace, kind)}[Nullable=${isNullable ? 'True' : 'False'}]`;
  const rule = isNullable
    ? 'cannot be null but it can have null values'
    : 'does not allow null values';
  throw modelRefusal(
    `A null value was found for the property named '${member}', which has the expected type '${type}'. The expected type '${type}' ${rule}.`,
  );
}

function nodeProblem(value: unknown, expected: string): Refusal {
  const complex = Array.isArray(value) ? 'StartArray' : 'StartObject';
  const found = typeof value === 'object' && value !== null ? complex : 'PrimitiveValue';
  return modelRefusal(
    `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`,
  );
}

function isLiteral(kind: EdmKind, value: unknown): boolean {
  if (kind === 'Edm.Boolean') {
    return typeof value === 'boolean';
  }
  const isTime = kind === 'Edm.DateTimeOffset';
  const members = enumMembers[kind];
  return (
    typeof value === 'string' &&
    (!isTime || isDateTimeLiteral(value)) &&
    (members === undefined || members.includes(value))
  );
}

const literal =
  /^((?!0000)\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):(?:[0-5]\d|60)(?:\.\d{1,12})?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Whether a text is an `Edm.DateTimeOffset` that .NET can hold: `T` and `Z` in either case, up to twelve fractional
 * digits, an offset of at most 14 hours, a day that exists, and an instant from year 1 to year 9999 in UTC.
 */
export function isDateTimeLiteral(text: string): boolean {
  const [, day = '', hour = 0, minute = 0, sign, offsetHours = 0, offsetMinutes = 0] =
    literal.exec(text) ?? [];
  const dayMs = Date.parse(day);
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes);
  // Some days that no month has are read as days of the next one.
  const isDay = !Number.isNaN(dayMs) && new Date(dayMs).toISOString().startsWith(day);
  if (!isDay || offset > 14 * 60) {
    return false;
  }
  const utcMinutes = Number(hour) * 60 + Number(minute) - (sign === '-' ? -offset : offset);
  const utcYear = new Date(dayMs + utcMinutes * 60_000).getUTCFullYear();
  return utcYear >= 1 && utcYear <= 9999;
}

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
