/**
 * The shapes that Microsoft Graph writes and reads for a compliance management partner, annotations included.
 *
 * Reading is tolerant, so states, type names and filter types are plain strings there and every property may be
 * absent; what the gateway writes is narrower. Source: the metadata of v1.0 and beta, and the reference page, whose
 * `windows*` properties neither has today.
 */

/** The platforms whose properties follow the pattern `<platform>Onboarded` and `<platform>EnrollmentAssignments`. */
export type WirePlatform = 'macOs' | 'windows' | 'android' | 'ios' | 'linux';

/** The members of `microsoft.graph.deviceManagementPartnerTenantState`, the same in v1.0 and beta. */
export type PartnerTenantState =
  | 'unknown'
  | 'unavailable'
  | 'enabled'
  | 'terminated'
  | 'rejected'
  | 'unresponsive';

/** A target as Graph writes it: the type annotation and whatever properties that type has. */
export interface AssignmentTargetResource {
  readonly '@odata.type'?: string;
  readonly groupId?: string | null;
  readonly collectionId?: string | null;
  readonly deviceAndAppManagementAssignmentFilterId?: string | null;
  readonly deviceAndAppManagementAssignmentFilterType?: string | null;
  readonly [property: string]: unknown;
}

/** One entry of an assignment list as Graph writes it. A missing target is legal. */
export interface AssignmentResource {
  readonly '@odata.type'?: string;
  readonly target?: AssignmentTargetResource | null;
  readonly [property: string]: unknown;
}

type PlatformProperties<Flag, List> = { readonly [P in WirePlatform as `${P}Onboarded`]?: Flag } & {
  readonly [P in WirePlatform as `${P}EnrollmentAssignments`]?: List;
};

/** A partner as Graph writes it. Only the id is sure to be there. */
export interface PartnerResource
  extends PlatformProperties<boolean | null, readonly (AssignmentResource | null)[] | null> {
  readonly '@odata.type'?: string;
  readonly id: string;
  readonly displayName?: string | null;
  readonly partnerState?: string | null;
  readonly lastHeartbeatDateTime?: string | null;
}

/** A target as the gateway sends it: the type is mandatory, because the declared type is abstract. */
export interface NewAssignmentTargetResource {
  readonly '@odata.type': `#microsoft.graph.${string}AssignmentTarget`;
  readonly groupId?: string;
  readonly collectionId?: string;
  readonly deviceAndAppManagementAssignmentFilterId?: string;
  readonly deviceAndAppManagementAssignmentFilterType?: 'include' | 'exclude';
}

/** One entry of an assignment list as the gateway sends it. */
export interface NewAssignmentResource {
  readonly '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment';
  readonly target?: NewAssignmentTargetResource;
}

/** The body of an update: exactly what is to change. Absent means not sent; nothing is ever sent as null. */
export interface PartnerChanges
  extends PlatformProperties<boolean, readonly NewAssignmentResource[]> {
  readonly displayName?: string;
  readonly partnerState?: PartnerTenantState;
  readonly lastHeartbeatDateTime?: string;
}

/** The body of an add. Absent means not sent. */
export interface NewPartnerResource extends PartnerChanges {
  readonly '@odata.type': '#microsoft.graph.complianceManagementPartner';
  readonly id?: string;
  readonly displayName: string;
}

/** The version segment of Graph's URLs. */
export type GraphApiVersion = 'beta' | 'v1.0';
