import type {
  AssignmentResource,
  AssignmentTargetResource,
  NewAssignmentTargetResource,
  PartnerResource,
} from '../graph/types.ts';
import type { RecognizedTypename } from '../mapping/assignmentTarget.ts';

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

/** The named properties of a wire type, without annotations and without those that nobody knows yet. */
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
export const partnerProperties = {
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
export const assignmentProperties = {
  target: { type: typeNames.target, isNullable: true },
} as const satisfies Declared<AssignmentResource>;

/** The properties of all targets. */
export const targetProperties = {
  groupId: { type: 'Edm.String', isNullable: true },
  collectionId: { type: 'Edm.String', isNullable: true },
  deviceAndAppManagementAssignmentFilterId: { type: 'Edm.String', isNullable: true },
  deviceAndAppManagementAssignmentFilterType: { type: typeNames.filterType, isNullable: false },
} as const satisfies Declared<AssignmentTargetResource>;

type TargetProperty = keyof typeof targetProperties;

/** Those of them that every target has where there are filters. */
export const filterProperties = [
  'deviceAndAppManagementAssignmentFilterId',
  'deviceAndAppManagementAssignmentFilterType',
] as const satisfies readonly TargetProperty[];

/** What each target that the schema has adds to them, what it inherits from another target included. */
export const ownProperties = {
  AllLicensedUsersAssignmentTarget: [],
  AllDevicesAssignmentTarget: [],
  GroupAssignmentTarget: ['groupId'],
  ExclusionGroupAssignmentTarget: ['groupId'],
  ConfigurationManagerCollectionAssignmentTarget: ['collectionId'],
} as const satisfies Readonly<Record<RecognizedTypename, readonly TargetProperty[]>>;

type SentFilterType = NonNullable<
  NewAssignmentTargetResource['deviceAndAppManagementAssignmentFilterType']
>;

/** The filter types; `none` is read as no filter and never sent. */
export const filterTypes = Object.keys({
  none: true,
  include: true,
  exclude: true,
} satisfies Record<SentFilterType | 'none', true>);
