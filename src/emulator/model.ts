/** What `/beta` knows: the reference page's `windows*`, that beta once it had filters too, or `linux*` and filters. */
export type BetaGeneration = 'reference-page' | 'windows-and-filters' | 'today';

/** What a path of the embedded Graph knows. */
export type Generation = 'v1.0' | BetaGeneration;

/** The type of a property: a primitive, an enum, the list of assignments or a target. */
export type EdmKind =
  | 'Edm.String'
  | 'Edm.Boolean'
  | 'Edm.DateTimeOffset'
  | 'partnerState'
  | 'filterType'
  | 'assignments'
  | 'target';

/** A property as the metadata declares it. */
export interface EdmProperty {
  readonly kind: EdmKind;
  readonly isNullable: boolean;
}

/** A type with its own properties only. */
export interface EdmType {
  readonly base?: string;
  readonly isAbstract?: boolean;
  /** The key, on the type that declares it. */
  readonly key?: string;
  readonly properties: Readonly<Record<string, EdmProperty>>;
}

/** The types of one generation by their names without the namespace. Source: the metadata, and the reference page. */
export type Model = Readonly<Record<string, EdmType>>;

/** The abstract type of all entities. */
export const entityType = 'entity';
/** The entity. */
export const partnerType = 'complianceManagementPartner';
/** The complex type in its lists. */
export const assignmentType = 'complianceManagementPartnerAssignment';
/** The abstract type of all targets. */
export const targetType = 'deviceAndAppManagementAssignmentTarget';

/** The members of the enums; neither is evolvable. */
export const enumMembers: Readonly<Partial<Record<EdmKind, readonly string[]>>> = {
  partnerState: ['unknown', 'unavailable', 'enabled', 'terminated', 'rejected', 'unresponsive'],
  filterType: ['none', 'include', 'exclude'],
};

const text: EdmProperty = { kind: 'Edm.String', isNullable: true };
const flag: EdmProperty = { kind: 'Edm.Boolean', isNullable: false };
const list: EdmProperty = { kind: 'assignments', isNullable: true };

function platform(name: string): Record<string, EdmProperty> {
  return { [`${name}Onboarded`]: flag, [`${name}EnrollmentAssignments`]: list };
}

function modelFor(platforms: readonly string[], hasFilters: boolean): Model {
  return {
    [entityType]: {
      isAbstract: true,
      key: 'id',
      properties: { id: { kind: 'Edm.String', isNullable: false } },
    },
    [partnerType]: {
      base: entityType,
      properties: {
        lastHeartbeatDateTime: { kind: 'Edm.DateTimeOffset', isNullable: false },
        partnerState: { kind: 'partnerState', isNullable: false },
        displayName: text,
        ...Object.assign({}, ...platforms.map(platform)),
      },
    },
    [assignmentType]: { properties: { target: { kind: 'target', isNullable: true } } },
    [targetType]: {
      isAbstract: true,
      properties: hasFilters
        ? {
            deviceAndAppManagementAssignmentFilterId: text,
            deviceAndAppManagementAssignmentFilterType: { kind: 'filterType', isNullable: false },
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

/** The types that a generation knows. */
export function modelOf(generation: Generation): Model {
  return models[generation];
}

/** A type by its name; undefined for a name that the model does not have, `constructor` included. */
export function typeOf(model: Model, name: string): EdmType | undefined {
  return Object.hasOwn(model, name) ? model[name] : undefined;
}

/** All properties of a type, those of its bases first. */
export function propertiesOf(model: Model, name: string): Readonly<Record<string, EdmProperty>> {
  const type = typeOf(model, name);
  const inherited = type?.base === undefined ? {} : propertiesOf(model, type.base);
  return { ...inherited, ...type?.properties };
}

/** Whether a type is another one or derives from it. */
export function isAssignable(model: Model, name: string, expected: string): boolean {
  const base = typeOf(model, name)?.base;
  return name === expected || (base !== undefined && isAssignable(model, base, expected));
}

const namespace = 'microsoft.graph.';
/** Under which Intune's own service names the same types in its messages. */
const backendNamespace = 'microsoft.management.services.api.';

/** Says in Graph's own words what keeps a JSON value from being a partner; undefined if nothing does. */
export function findModelProblem(model: Model, body: unknown): string | undefined {
  return findObjectProblem(model, body, partnerType);
}

function findObjectProblem(model: Model, value: unknown, declared: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return nodeProblem(value, 'StartObject');
  }
  const members = Object.entries(value);
  const annotation: unknown = Object.getOwnPropertyDescriptor(value, '@odata.type')?.value;
  const name = annotation === undefined ? declared : typeNameOf(annotation);
  const type = name === undefined ? undefined : typeOf(model, name);
  if (name === undefined || type === undefined) {
    return `A type named '${String(annotation).replace(/^#/, '')}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`;
  }
  if (!isAssignable(model, name, declared)) {
    return `A value with type name '${namespace}${name}' was found, which is not assignable to the expected type '${namespace}${declared}'.`;
  }
  if (type.isAbstract) {
    return 'Cannot create an abstract class.';
  }
  const properties = propertiesOf(model, name);
  // Annotations, of the object or of a member: what was answered can be sent back.
  for (const [member, content] of members.filter(([key]) => !key.includes('@'))) {
    const property = Object.hasOwn(properties, member) ? properties[member] : undefined;
    const problem =
      property === undefined
        ? `The property '${member}' does not exist on type '${backendNamespace}${name}'. Make sure to only use property names that are defined by the type.`
        : findPropertyProblem(model, member, property, content);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function typeNameOf(annotation: unknown): string | undefined {
  const text = typeof annotation === 'string' ? annotation.replace(/^#/, '') : '';
  return text.startsWith(namespace) ? text.slice(namespace.length) : undefined;
}

function findPropertyProblem(
  model: Model,
  member: string,
  { kind, isNullable }: EdmProperty,
  value: unknown,
): string | undefined {
  if (value === null) {
    return findNullProblem(member, kind, isNullable);
  }
  if (kind === 'target') {
    return findObjectProblem(model, value, targetType);
  }
  if (kind === 'assignments') {
    return findListProblem(model, value);
  }
  if (typeof value === 'object') {
    return nodeProblem(value, 'PrimitiveValue');
  }
  return isLiteral(kind, value)
    ? undefined
    : `Cannot convert the literal '${String(value)}' to the expected type '${wireNameOf(kind)}'.`;
}

/** A collection is never null, whatever its facet says, which is about what is in it. */
function findNullProblem(member: string, kind: EdmKind, isNullable: boolean): string | undefined {
  if (isNullable && kind !== 'assignments') {
    return undefined;
  }
  const type = `${wireNameOf(kind)}[Nullable=${isNullable ? 'True' : 'False'}]`;
  const rule = isNullable
    ? 'cannot be null but it can have null values'
    : 'does not allow null values';
  return `A null value was found for the property named '${member}', which has the expected type '${type}'. The expected type '${type}' ${rule}.`;
}

function findListProblem(model: Model, value: unknown): string | undefined {
  if (!Array.isArray(value)) {
    return nodeProblem(value, 'StartArray');
  }
  for (const item of value) {
    const problem = findObjectProblem(model, item, assignmentType);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

type JsonNode = 'StartObject' | 'StartArray' | 'PrimitiveValue';

function nodeProblem(value: unknown, expected: JsonNode): string {
  const isComplex = typeof value === 'object' && value !== null;
  const complex: JsonNode = Array.isArray(value) ? 'StartArray' : 'StartObject';
  const found: JsonNode = isComplex ? complex : 'PrimitiveValue';
  return `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
}

function isLiteral(kind: EdmKind, value: unknown): boolean {
  switch (kind) {
    case 'Edm.Boolean':
      return typeof value === 'boolean';
    case 'Edm.DateTimeOffset':
      return typeof value === 'string' && isDateTimeLiteral(value);
    case 'partnerState':
    case 'filterType':
      return enumMembers[kind]?.some((name) => name === value) ?? false;
    default:
      return typeof value === 'string';
  }
}

function wireNameOf(kind: EdmKind): string {
  switch (kind) {
    case 'partnerState':
      return `${backendNamespace}deviceManagementPartnerTenantState`;
    case 'filterType':
      return `${backendNamespace}deviceAndAppManagementAssignmentFilterType`;
    case 'assignments':
      return `Collection(${backendNamespace}${assignmentType})`;
    default:
      return kind;
  }
}

const literal =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d{1,12})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const largestOffsetMinutes = 14 * 60;

/**
 * Whether a text is an `Edm.DateTimeOffset` that .NET can hold: `T` and `Z` in either case, up to twelve fractional
 * digits, an offset of at most 14 hours, a day that exists, and an instant from year 1 to year 9999 in UTC.
 */
export function isDateTimeLiteral(text: string): boolean {
  const match = literal.exec(text);
  const [, year, month, day, hour = 0, minute = 0] = (match ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) {
    return false;
  }
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const offsetMinutes = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  if (Math.abs(offsetMinutes) > largestOffsetMinutes) {
    return false;
  }
  // Day 0 of the next month is the last of this one; setUTCFullYear keeps years below 100 as they are.
  const lastDay = new Date(0);
  lastDay.setUTCFullYear(year, month, 0);
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  instant.setUTCHours(hour, minute - offsetMinutes);
  const utcYear = instant.getUTCFullYear();
  return day <= lastDay.getUTCDate() && utcYear >= 1 && utcYear <= 9999;
}
