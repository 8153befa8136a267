import type {
  AssignmentFilterType,
  PartnerState,
  Platform,
  UserError,
} from '../generated/graphql.ts';
import type {
  GraphApiVersion,
  PartnerResource,
  PartnerTenantState,
  WirePlatform,
} from '../graph/types.ts';

/** The schema's `AssignmentTarget`: one plain object for each type, told apart by `__typename`. Names are looked up. */
export type AssignmentTargetModel = {
  readonly filter: { readonly id: string; readonly type: AssignmentFilterType } | null;
} & (
  | { readonly __typename: 'AllLicensedUsersAssignmentTarget' | 'AllDevicesAssignmentTarget' }
  | {
      readonly __typename: 'GroupAssignmentTarget' | 'ExclusionGroupAssignmentTarget';
      readonly groupId: string | null;
    }
  | {
      readonly __typename: 'ConfigurationManagerCollectionAssignmentTarget';
      readonly collectionId: string | null;
    }
  | {
      readonly __typename: 'UnrecognizedAssignmentTarget';
      readonly odataType: string;
      readonly properties: Record<string, unknown>;
    }
);

/** The names that the schema's targets have in Graph, without the namespace. */
export const wireNameByTypename = {
  AllLicensedUsersAssignmentTarget: 'allLicensedUsersAssignmentTarget',
  AllDevicesAssignmentTarget: 'allDevicesAssignmentTarget',
  GroupAssignmentTarget: 'groupAssignmentTarget',
  ExclusionGroupAssignmentTarget: 'exclusionGroupAssignmentTarget',
  ConfigurationManagerCollectionAssignmentTarget: 'configurationManagerCollectionAssignmentTarget',
} as const satisfies Readonly<
  Record<Exclude<AssignmentTargetModel['__typename'], 'UnrecognizedAssignmentTarget'>, string>
>;

/** The schema's `ComplianceManagementPartnerAssignment`. */
export interface AssignmentModel {
  readonly target: AssignmentTargetModel | null;
}

type OnboardedFields = { readonly [P in WirePlatform as `${P}Onboarded`]: boolean | null };
type AssignmentFields = {
  readonly [P in WirePlatform as `${P}EnrollmentAssignments`]: readonly AssignmentModel[] | null;
};

/**
 * The schema's `ComplianceManagementPartner`: its properties are the schema's fields, so GraphQL's default resolver
 * serves all of them. The revision is digested only if an operation asks for it.
 */
export interface PartnerModel extends OnboardedFields, AssignmentFields {
  readonly id: string;
  readonly displayName: string | null;
  readonly partnerState: PartnerState | null;
  readonly lastHeartbeatDateTime: string | null;
  readonly revision: () => string;
  /** The row as Graph wrote it; no field of the schema. */
  readonly wire: PartnerResource;
  readonly platforms: (args: { readonly in?: readonly Platform[] | null | undefined }) => readonly {
    readonly platform: Platform;
    readonly onboarded: boolean | null;
    readonly enrollmentAssignments: readonly AssignmentModel[] | null;
  }[];
}

/** What a mutation answers; the fields that only some mutations have are left out by the others' types. */
export interface Payload {
  readonly complianceManagementPartner: PartnerModel | null;
  readonly userErrors: UserError[];
  readonly changed: boolean;
  readonly deletedComplianceManagementPartnerId: string | null;
}

/** The prefixes that the properties of platforms have in Graph, in the order of the schema's enum. */
export const wireByPlatform = {
  MAC_OS: 'macOs',
  WINDOWS: 'windows',
  ANDROID: 'android',
  IOS: 'ios',
  LINUX: 'linux',
} as const satisfies Readonly<Record<Platform, WirePlatform>>;

export const wirePlatforms: readonly WirePlatform[] = Object.values(wireByPlatform);

/** Graph's spelling of the states that may be sent. */
export const wireByState = {
  UNKNOWN: 'unknown',
  UNAVAILABLE: 'unavailable',
  ENABLED: 'enabled',
  TERMINATED: 'terminated',
  REJECTED: 'rejected',
  UNRESPONSIVE: 'unresponsive',
} as const satisfies Readonly<
  Record<Exclude<PartnerState, 'UNKNOWN_FUTURE_VALUE'>, PartnerTenantState>
>;

/** The states that may be sent, in the order of the schema's enum. */
export const knownPartnerStates = Object.keys(wireByState) as readonly (keyof typeof wireByState)[];

/**
 * The platforms whose properties the version can know. Beta has had two generations: the reference page's with
 * `windows*` and today's with `linux*`; which one answers is only seen there, so both are sent.
 */
export function platformsOf(version: GraphApiVersion): readonly WirePlatform[] {
  return version === 'v1.0'
    ? ['macOs', 'android', 'ios']
    : ['macOs', 'windows', 'android', 'ios', 'linux'];
}

/** Whether the version can know assignment filters; in v1.0 the target's base type is empty. */
export function knowsAssignmentFilters(version: GraphApiVersion): boolean {
  return version !== 'v1.0';
}
