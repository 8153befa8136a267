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
