import type {
  AssignmentFilterType,
  PartnerState,
  Platform,
  UserError,
} from '../generated/graphql.ts';
import type { PartnerResource, PartnerTenantState, WirePlatform } from '../graph/types.ts';

/** The schema's `AssignmentFilter`, but for its name, which is looked up. */
export interface AssignmentFilterModel {
  readonly id: string;
  readonly type: AssignmentFilterType;
}

/** The schema's `AssignmentTarget`: one plain object for each type, told apart by `__typename`. */
export type AssignmentTargetModel =
  | {
      readonly __typename: 'AllLicensedUsersAssignmentTarget' | 'AllDevicesAssignmentTarget';
      readonly filter: AssignmentFilterModel | null;
    }
  | {
      readonly __typename: 'GroupAssignmentTarget' | 'ExclusionGroupAssignmentTarget';
      readonly filter: AssignmentFilterModel | null;
      readonly groupId: string | null;
    }
  | {
      readonly __typename: 'ConfigurationManagerCollectionAssignmentTarget';
      readonly filter: AssignmentFilterModel | null;
      readonly collectionId: string | null;
    }
  | {
      readonly __typename: 'UnrecognizedAssignmentTarget';
      readonly filter: AssignmentFilterModel | null;
      readonly odataType: string;
      readonly properties: Record<string, unknown>;
    };

/** The schema's `DirectoryGroup`, but for its name, which is looked up. */
export interface DirectoryGroupModel {
  readonly id: string;
}

/** The schema's `ComplianceManagementPartnerAssignment`. */
export interface AssignmentModel {
  readonly target: AssignmentTargetModel | null;
}

type OnboardedFields = { readonly [P in WirePlatform as `${P}Onboarded`]: boolean | null };
type AssignmentFields = {
  readonly [P in WirePlatform as `${P}EnrollmentAssignments`]: readonly AssignmentModel[] | null;
};

/**
 * The schema's `ComplianceManagementPartner`, mapped once: its properties are the schema's fields, so GraphQL's
 * default property resolver serves all of them. The revision is digested when
 * (and only when) an operation asks for it.
 */
export interface PartnerModel extends OnboardedFields, AssignmentFields {
  readonly id: string;
  readonly displayName: string | null;
  readonly partnerState: PartnerState | null;
  readonly lastHeartbeatDateTime: string | null;
  readonly revision: () => string;
  /** The row as Graph wrote it; no field of the schema. */
  readonly wire: PartnerResource;
  readonly platforms: (args: PlatformArguments) => readonly PlatformEnrollmentModel[];
}

/** What every mutation answers; one or the other has more fields, which are plain values. */
export interface Payload {
  readonly complianceManagementPartner?: PartnerModel | null;
  readonly userErrors: UserError[];
}

/** The schema's `PlatformEnrollment`. */
export interface PlatformEnrollmentModel {
  readonly platform: Platform;
  readonly onboarded: boolean | null;
  readonly enrollmentAssignments: readonly AssignmentModel[] | null;
}

interface PlatformArguments {
  readonly in?: readonly Platform[] | null | undefined;
}

/** The schema's `ComplianceManagementPartnerConnection`; what costs something, further calls above all, is a function. */
export interface PartnerConnectionModel {
  readonly edges: readonly PartnerEdgeModel[];
  readonly nodes: readonly PartnerModel[];
  readonly pageInfo: PageInfoModel;
  readonly totalCount: () => Promise<number>;
}

/** The schema's `ComplianceManagementPartnerEdge`. */
export interface PartnerEdgeModel {
  readonly cursor: () => string;
  readonly node: PartnerModel;
}

/** The schema's `PageInfo`. */
export interface PageInfoModel {
  readonly hasNextPage: () => Promise<boolean>;
  readonly hasPreviousPage: () => Promise<boolean>;
  readonly startCursor: () => string | null;
  readonly endCursor: () => string | null;
}

const wireByPlatform: Readonly<Record<Platform, WirePlatform>> = {
  MAC_OS: 'macOs',
  WINDOWS: 'windows',
  ANDROID: 'android',
  IOS: 'ios',
  LINUX: 'linux',
};

/** In the order of the schema's enum. */
const allPlatforms = Object.keys(wireByPlatform) as readonly Platform[];

/** Names made once: a list reads them for each platform of each row. */
const fieldNames = new Map(
  allPlatforms.map((platform) => {
    const wire = wireByPlatform[platform];
    return [platform, [`${wire}Onboarded`, `${wire}EnrollmentAssignments`]] as const;
  }),
);

/** Gives what a partner has of platforms, each once: those that are asked for in the order in which they are. */
export function platformsOfPartner(
  partner: OnboardedFields & AssignmentFields,
  { in: wanted }: PlatformArguments,
): readonly PlatformEnrollmentModel[] {
  const platforms: PlatformEnrollmentModel[] = [];
  for (const platform of wanted ? new Set(wanted) : allPlatforms) {
    const names = fieldNames.get(platform);
    if (names !== undefined) {
      const [onboarded, assignments] = names;
      platforms.push({
        platform,
        onboarded: partner[onboarded],
        enrollmentAssignments: partner[assignments],
      });
    }
  }
  return platforms;
}

/** Gives the prefix that a platform's properties have in Graph. */
export function wirePlatformOf(platform: Platform): WirePlatform {
  return wireByPlatform[platform];
}

/** Something in an input that the caller can fix, found before anything is sent. */
export interface InputProblem {
  /** The path of the input field, beginning with `input`; list positions as decimal text. */
  readonly path: readonly string[];
  /** What is wrong and what would be right. */
  readonly message: string;
}

/** A state that may be sent. */
type KnownPartnerState = Exclude<PartnerState, 'UNKNOWN_FUTURE_VALUE'>;

const wireByState = {
  UNKNOWN: 'unknown',
  UNAVAILABLE: 'unavailable',
  ENABLED: 'enabled',
  TERMINATED: 'terminated',
  REJECTED: 'rejected',
  UNRESPONSIVE: 'unresponsive',
} as const satisfies Readonly<Record<KnownPartnerState, PartnerTenantState>>;

/** Graph's spelling of all states that the schema has. */
export const wirePartnerStates: readonly (typeof wireByState)[KnownPartnerState][] =
  Object.values(wireByState);

const stateByWire: ReadonlyMap<string, KnownPartnerState> = new Map(
  (Object.keys(wireByState) as KnownPartnerState[]).map((state) => [wireByState[state], state]),
);

/** The states that may be sent, for messages that say what would be right. */
export const knownPartnerStates = Object.keys(wireByState) as readonly KnownPartnerState[];

/**
 * Gives the schema's state for any text: an unlisted one becomes `UNKNOWN_FUTURE_VALUE`, so that one row with a new
 * state (or the reference page's own `"String"`) never fails a read. Graph's `unknown` is a state, not a fallback.
 */
export function partnerStateFromWire(wire: string): PartnerState {
  return stateByWire.get(wire) ?? 'UNKNOWN_FUTURE_VALUE';
}

/** Gives Graph's spelling, or undefined for the one state that is never sent. */
export function partnerStateToWire(state: PartnerState): PartnerTenantState | undefined {
  return state === 'UNKNOWN_FUTURE_VALUE' ? undefined : wireByState[state];
}
