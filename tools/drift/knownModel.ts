import {
  type AssignmentResource,
  type AssignmentTargetResource,
  type GraphApiVersion,
  knowsAssignmentFilters,
  type NewAssignmentTargetResource,
  type PartnerResource,
  platformsOf,
  type WirePlatform,
} from '../../src/graph/types.ts';
import { wireByState, wireNameByTypename } from '../../src/partners/model.ts';
import { type Csdl, type CsdlProperty, propertiesOf } from './readCsdl.ts';

/** Properties by their names. */
export type Properties = ReadonlyMap<string, CsdlProperty>;

/** What the gateway knows of a generation, to be compared with what its metadata says. */
export interface KnownModel {
  readonly partner: Properties;
  readonly assignment: Properties;
  /** What all targets have. */
  readonly anyTarget: Properties;
  /** The targets by their full names with all their properties. */
  readonly targets: ReadonlyMap<string, Properties>;
  /** The members of the enums by their full names. */
  readonly enums: ReadonlyMap<string, readonly string[]>;
}

/** Gives the gateway's knowledge from the tables that its mapping and its wire types are checked against. */
export function knownModelOf({ platforms, hasFilters }: Generation): KnownModel {
  const absent = platformsOf('beta')
    .filter((platform) => !platforms.includes(platform))
    .flatMap(platformProperties);
  const partner = Object.entries(partnerProperties).filter(([name]) => !absent.includes(name));
  const filters = hasFilters ? filterProperties : [];
  const states: [string, readonly string[]] = [typeNames.partnerState, Object.values(wireByState)];
  return {
    partner: new Map(partner),
    assignment: new Map(Object.entries(assignmentProperties)),
    anyTarget: pick(filters),
    targets: new Map(
      (Object.keys(wireNameByTypename) as (keyof typeof wireNameByTypename)[]).map((typename) => [
        `microsoft.graph.${wireNameByTypename[typename]}`,
        pick([...filters, ...ownProperties[typename]]),
      ]),
    ),
    enums: new Map(hasFilters ? [states, [typeNames.filterType, filterTypes]] : [states]),
  };
}

function pick(names: readonly (keyof typeof targetProperties)[]): Properties {
  return new Map(names.map((name) => [name, targetProperties[name]]));
}

/** The full names of the types that the gateway is about. */
export const typeNames = {
  deviceManagement: 'microsoft.graph.deviceManagement',
  partner: 'microsoft.graph.complianceManagementPartner',
  partners: 'Collection(microsoft.graph.complianceManagementPartner)',
  partnerState: 'microsoft.graph.deviceManagementPartnerTenantState',
  assignments: 'Collection(microsoft.graph.complianceManagementPartnerAssignment)',
  assignment: 'microsoft.graph.complianceManagementPartnerAssignment',
  target: 'microsoft.graph.deviceAndAppManagementAssignmentTarget',
  filterType: 'microsoft.graph.deviceAndAppManagementAssignmentFilterType',
} as const;

type TypeName<Value> = Value extends boolean
  ? 'Edm.Boolean'
  : Value extends string
    ?
        | 'Edm.String'
        | 'Edm.DateTimeOffset'
        | typeof typeNames.partnerState
        | typeof typeNames.filterType
    : Value extends readonly unknown[]
      ? typeof typeNames.assignments
      : typeof typeNames.target;

/** The named properties of a wire type, without annotations and unknown ones. */
type WireName<Resource> = keyof {
  [Name in keyof Resource as string extends Name
    ? never
    : number extends Name
      ? never
      : Exclude<Name, '@odata.type'>]: true;
};

/** Exactly the properties of a wire type; one that the wire type never leaves null is not nullable. */
type Declared<Resource> = {
  readonly [Name in WireName<Resource>]-?: {
    readonly type: TypeName<NonNullable<Resource[Name & keyof Resource]>>;
    readonly isNullable: null extends Resource[Name & keyof Resource] ? boolean : false;
  };
};

const flag = { type: 'Edm.Boolean', isNullable: false } as const;
const list = { type: typeNames.assignments, isNullable: true } as const;

/** The properties of a partner in all generations. The reference page's are taken to be declared like the others. */
const partnerProperties = {
  id: { type: 'Edm.String', isNullable: false },
  displayName: { type: 'Edm.String', isNullable: true },
  partnerState: { type: typeNames.partnerState, isNullable: false },
  lastHeartbeatDateTime: { type: 'Edm.DateTimeOffset', isNullable: false },
  macOsOnboarded: flag,
  windowsOnboarded: flag,
  androidOnboarded: flag,
  iosOnboarded: flag,
  linuxOnboarded: flag,
  macOsEnrollmentAssignments: list,
  windowsEnrollmentAssignments: list,
  androidEnrollmentAssignments: list,
  iosEnrollmentAssignments: list,
  linuxEnrollmentAssignments: list,
} as const satisfies Declared<PartnerResource>;

/** The one property of an assignment. */
const assignmentProperties = {
  target: { type: typeNames.target, isNullable: true },
} as const satisfies Declared<AssignmentResource>;

/** The properties of all targets. */
const targetProperties = {
  groupId: { type: 'Edm.String', isNullable: true },
  collectionId: { type: 'Edm.String', isNullable: true },
  deviceAndAppManagementAssignmentFilterId: { type: 'Edm.String', isNullable: true },
  deviceAndAppManagementAssignmentFilterType: { type: typeNames.filterType, isNullable: false },
} as const satisfies Declared<AssignmentTargetResource>;

type TargetProperty = keyof typeof targetProperties;

/** Those of them that every target has where there are filters. */
const filterProperties = [
  'deviceAndAppManagementAssignmentFilterId',
  'deviceAndAppManagementAssignmentFilterType',
] as const satisfies readonly TargetProperty[];

/** What each target that the schema has adds to them, what it inherits from another target included. */
const ownProperties = {
  AllLicensedUsersAssignmentTarget: [],
  AllDevicesAssignmentTarget: [],
  GroupAssignmentTarget: ['groupId'],
  ExclusionGroupAssignmentTarget: ['groupId'],
  ConfigurationManagerCollectionAssignmentTarget: ['collectionId'],
} as const satisfies Readonly<Record<keyof typeof wireNameByTypename, readonly TargetProperty[]>>;

type SentFilterType = NonNullable<
  NewAssignmentTargetResource['deviceAndAppManagementAssignmentFilterType']
>;

/** The filter types; `none` is read as no filter and never sent. */
const filterTypes = Object.keys({
  none: true,
  include: true,
  exclude: true,
} satisfies Record<SentFilterType | 'none', true>);

/** What a version is expected to have, of all that the gateway knows. */
interface Generation {
  readonly platforms: readonly WirePlatform[];
  readonly hasFilters: boolean;
  /** What is absent and why that is no drift. */
  readonly note?: string;
}

/**
 * Decides which generation a document is to be measured by. Beta is today's, where `windows*` may be absent, unless it
 * has `windows*` and no `linux*`: then it is an older one like the reference page's, where filters may be absent too.
 * Half of a platform counts as the platform, so that the other half is missed.
 */
export function generationOf(csdl: Csdl, version: GraphApiVersion): Generation {
  const platforms = platformsOf(version);
  if (version === 'v1.0') {
    return { platforms, hasFilters: knowsAssignmentFilters(version) };
  }
  const partner = propertiesOf(csdl, typeNames.partner);
  const has = (platform: WirePlatform): boolean =>
    platformProperties(platform).some((name) => partner.has(name));
  if (has('linux')) {
    return has('windows')
      ? { platforms, hasFilters: true, note: bothNote }
      : { platforms: without(platforms, 'windows'), hasFilters: true, note: todayNote };
  }
  if (has('windows')) {
    const target = propertiesOf(csdl, typeNames.target);
    const hasFilters = filterProperties.some((name) => target.has(name));
    return { platforms: without(platforms, 'linux'), hasFilters, note: olderNote };
  }
  return { platforms: without(platforms, 'windows'), hasFilters: true };
}

/** The names of the properties that a partner has for a platform. */
function platformProperties(platform: WirePlatform): readonly string[] {
  return [`${platform}Onboarded`, `${platform}EnrollmentAssignments`];
}

function without(platforms: readonly WirePlatform[], absent: WirePlatform): WirePlatform[] {
  return platforms.filter((platform) => platform !== absent);
}

const consequence =
  'The gateway still offers absent properties: they read null, and Graph rejects a write that has one.';

const bothNote = 'This beta has the windows* of the reference page beside the linux* of today.';

const todayNote = `This is today's beta, which has no windows*; only the reference page's has. ${consequence}`;

const olderNote = `This is an older beta, like the reference page's: it has windows* and no linux*, and may have no filters. ${consequence}`;
