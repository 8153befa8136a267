import type { AssignmentFilterType, PartnerState } from '../generated/graphql.ts';
import type { WirePlatform } from '../graph/types.ts';

/** The schema's `AssignmentFilter`. */
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
