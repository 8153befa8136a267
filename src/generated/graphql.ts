export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /**
   * A date-time with its offset, exactly as RFC 3339 writes it: `2016-12-31T23:56:56.7799755+03:00`.
   *
   * The offset is mandatory (`Z` or `+hh:mm`); `t` and `z` are valid too. 0 to 12 fractional digits are allowed, and every
   * digit and the offset survive in both directions, because the gateway keeps the text and parses no date object.
   */
  DateTimeOffset: { input: string; output: string; }
  /** A JSON object with any members. */
  JSONObject: { input: Record<string, unknown>; output: Record<string, unknown>; }
  /** A text with at least one character that is not white space. */
  NonEmptyString: { input: string; output: string; }
  /** A universally unique identifier such as `0c65e46a-e46a-0c65-6ae4-650c6ae4650c`. */
  UUID: { input: string; output: string; }
};

/**
 * The partner to add. A field that is absent is not sent and takes Microsoft Graph's default. Null for a list sends an
 * empty list; null for `id`, a target or a filter means absent; null for a state, a heartbeat or a flag is a user error
 * with its field, because Microsoft Graph accepts none. So is a property that the configured API version does not have;
 * nothing is sent then.
 */
export type AddComplianceManagementPartnerInput = {
  /** The assignments of Android devices to this partner. */
  androidEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's name as administrators see it. */
  displayName: Scalars['NonEmptyString']['input'];
  /** An id of your own. If absent or null, Microsoft Graph assigns one, as in all its examples. */
  id?: InputMaybe<Scalars['ID']['input']>;
  /**
   * A name for this change, 1 to 128 characters that you choose, such as a UUID. Send the same key with every retry of it.
   * For 24 hours the same caller with the same key and input gets the first outcome again, and nothing is written twice.
   * While the first request is in flight, a retry waits for it. Another input with the same key is
   * `IDEMPOTENCY_KEY_REUSED`. Null means absent: each request is then a change of its own.
   */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The assignments of iOS and iPadOS devices to this partner. */
  iosEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's last heartbeat. */
  lastHeartbeatDateTime?: InputMaybe<Scalars['DateTimeOffset']['input']>;
  /** The assignments of Linux devices to this partner. Beta only (checked August 2026). */
  linuxEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Linux devices. Beta only (checked August 2026). */
  linuxOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The assignments of macOS devices to this partner. */
  macOsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for macOS devices. */
  macOsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The state of the connection. The gateway rejects `UNKNOWN_FUTURE_VALUE`. */
  partnerState?: InputMaybe<PartnerState>;
  /** The assignments of Windows devices to this partner. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The result of `addComplianceManagementPartner`. If it is null, a top-level error gives the reason. */
export type AddComplianceManagementPartnerPayload = {
  __typename?: 'AddComplianceManagementPartnerPayload';
  /**
   * The partner as Microsoft Graph answered it; for a `CONFLICT` over an `id` of your own, the partner that has it; null
   * if `userErrors` gives another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/** The target to add to a list of assignments. */
export type AddEnrollmentAssignmentInput = {
  /** The id of the partner. */
  id: Scalars['ID']['input'];
  /** As for `addComplianceManagementPartner`: a retry with the same key and input gets the first outcome again. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /**
   * The `revision` that the change is based on. If the partner has another revision when it is read, nothing is written
   * and the answer is a `CONFLICT` with the partner as it is now.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
  /** The platform of the list to change. */
  platform: Platform;
  /**
   * The target to add. It is already there if an entry has the same type and the same group or collection; the case of
   * ids does not matter. If that entry has another filter, the answer is a `CONFLICT`: remove that entry first.
   */
  target: AssignmentTargetInput;
};

/** The result of `addEnrollmentAssignment`. If it is null, a top-level error gives the reason. */
export type AddEnrollmentAssignmentPayload = {
  __typename?: 'AddEnrollmentAssignmentPayload';
  /**
   * Whether the gateway wrote the list. False if nothing had to change, and with every user error but one:
   * true beside a `CONFLICT` means that the list was written, but Microsoft Graph now shows another one without the
   * change.
   */
  changed: Scalars['Boolean']['output'];
  /**
   * The partner as Microsoft Graph shows it now, also if nothing had to change and for a `CONFLICT`. With
   * `CHANGE_NOT_VISIBLE_YET` in `extensions.notices`, the write is not visible in it yet. Null if `userErrors` gives
   * another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/** All devices of the tenant. */
export type AllDevicesAssignmentTarget = AssignmentTarget & {
  __typename?: 'AllDevicesAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
};

/** All devices of the tenant. */
export type AllDevicesAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available if the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** All users of the tenant with an Intune license. */
export type AllLicensedUsersAssignmentTarget = AssignmentTarget & {
  __typename?: 'AllLicensedUsersAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
};

/** All users of the tenant with an Intune license. */
export type AllLicensedUsersAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available if the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** A filter on an assignment. Microsoft Graph has them in beta only (checked August 2026). */
export type AssignmentFilter = {
  __typename?: 'AssignmentFilter';
  /**
   * The filter's name. All names of an operation are read at once, 20 in one `$batch`; without this field nothing is read. An
   * operation reads at most 100 filters. Beta only; null on v1.0.
   *
   * Null without an error if Microsoft Graph does not have the filter, for example because it was deleted. If names cannot
   * be read, they are null, and one error of the operation says why: `FORBIDDEN` names the permission in `requiredScopes`.
   */
  displayName?: Maybe<Scalars['String']['output']>;
  /** The id of the assignment filter in Intune. */
  id: Scalars['ID']['output'];
  /** Whether matching devices are included or excluded. */
  type: AssignmentFilterType;
};

/** A filter on an assignment. */
export type AssignmentFilterInput = {
  /** The id of the assignment filter in Intune. */
  id: Scalars['UUID']['input'];
  /** Whether matching devices are included or excluded. */
  type: AssignmentFilterType;
};

/** The effect of an assignment filter on matching devices. */
export type AssignmentFilterType =
  /** All devices but those that match the filter. */
  | 'EXCLUDE'
  /** Only devices that match the filter. */
  | 'INCLUDE';

/**
 * The users or devices that an assignment covers. A type, or a kind of filter, that this schema does not list
 * arrives as `UnrecognizedAssignmentTarget`. Query `__typename` and handle that type.
 */
export type AssignmentTarget = {
  /** Narrows the target to the devices that match, or do not match, an assignment filter. Null without a filter. */
  filter?: Maybe<AssignmentFilter>;
};

/** The users or devices to cover: give exactly one of these keys. */
export type AssignmentTargetInput =
  /** All devices of the tenant: `{ allDevices: {} }`. */
  { allDevices: AllDevicesAssignmentTargetInput; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup?: never; group?: never; }
  |  /** All users of the tenant with an Intune license: `{ allLicensedUsers: {} }`. */
  { allDevices?: never; allLicensedUsers: AllLicensedUsersAssignmentTargetInput; configurationManagerCollection?: never; exclusionGroup?: never; group?: never; }
  |  /** A collection of Configuration Manager. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection: ConfigurationManagerCollectionAssignmentTargetInput; exclusionGroup?: never; group?: never; }
  |  /** A group with excluded members. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup: ExclusionGroupAssignmentTargetInput; group?: never; }
  |  /** The members of a group. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup?: never; group: GroupAssignmentTargetInput; };

/** How the gateway gets its token for Microsoft Graph. */
export type AuthMode =
  /** The gateway verifies the caller's token, then uses its own permissions. */
  | 'APP_ONLY'
  /** The gateway exchanges the caller's token for one for Microsoft Graph, on behalf of the caller. */
  | 'ON_BEHALF_OF'
  /** The gateway passes the caller's own token on to Microsoft Graph. */
  | 'PASSTHROUGH';

/** The kind of caller that a token was issued to. */
export type CallerKind =
  /** An application by itself. */
  | 'APPLICATION'
  /** A person, through an application. */
  | 'USER';

/**
 * A third-party device management product that reports the compliance of devices to Intune.
 *
 * Every field but `id` and `revision` is null if Microsoft Graph does not return it, for example because the
 * configured API version does not have the property.
 */
export type ComplianceManagementPartner = Node & {
  __typename?: 'ComplianceManagementPartner';
  /** The assignments of Android devices to this partner. */
  androidEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The partner's name as administrators see it. */
  displayName?: Maybe<Scalars['String']['output']>;
  /** The partner's id, given by Microsoft Graph. */
  id: Scalars['ID']['output'];
  /** The assignments of iOS and iPadOS devices to this partner. */
  iosEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /**
   * The partner's last heartbeat after an administrator onboarded it.
   * A partner without any heartbeat may have the year 1 here.
   */
  lastHeartbeatDateTime?: Maybe<Scalars['DateTimeOffset']['output']>;
  /** The assignments of Linux devices to this partner. Beta only (checked August 2026); null on v1.0. */
  linuxEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Linux devices. Beta only (checked August 2026); null on v1.0. */
  linuxOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The assignments of macOS devices to this partner. */
  macOsEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for macOS devices. */
  macOsOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The state of the connection between the tenant and the partner. */
  partnerState?: Maybe<PartnerState>;
  /**
   * The same values by platform, so that a page can loop over them. Each platform comes once: in the order of `in`, or in
   * the order of `Platform` if `in` is absent or null.
   */
  platforms: Array<PlatformEnrollment>;
  /**
   * A digest of everything that a user can change on this partner: the name, the platforms and their assignments.
   * It differs whenever one of them differs. The heartbeat and the state do not change it, nor does another spelling: the
   * order of assignments, `#` in a type, the case of a UUID, a filter of `none` or no filter, false or an absent flag.
   */
  revision: Scalars['String']['output'];
  /** The assignments of Windows devices to this partner. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsOnboarded?: Maybe<Scalars['Boolean']['output']>;
};


/**
 * A third-party device management product that reports the compliance of devices to Intune.
 *
 * Every field but `id` and `revision` is null if Microsoft Graph does not return it, for example because the
 * configured API version does not have the property.
 */
export type ComplianceManagementPartnerPlatformsArgs = {
  in?: InputMaybe<Array<Platform>>;
};

/** One entry of a platform's assignment list: users or devices that enroll through the partner. */
export type ComplianceManagementPartnerAssignment = {
  __typename?: 'ComplianceManagementPartnerAssignment';
  /** The users or devices that the assignment covers. Null if the assignment has no target, which Microsoft Graph allows. */
  target?: Maybe<AssignmentTarget>;
};

/** One entry of a platform's assignment list. */
export type ComplianceManagementPartnerAssignmentInput = {
  /** The users or devices to cover. Absent or null: an assignment without a target, as in the example of the reference page. */
  target?: InputMaybe<AssignmentTargetInput>;
};

/** A page of partners, in the form of the Relay cursor connection specification. */
export type ComplianceManagementPartnerConnection = {
  __typename?: 'ComplianceManagementPartnerConnection';
  /** The partners of this page, each with its cursor. */
  edges: Array<ComplianceManagementPartnerEdge>;
  /** The partners of this page, without cursors. */
  nodes: Array<ComplianceManagementPartner>;
  /** The position of this page in the whole list. */
  pageInfo: PageInfo;
  /**
   * The number of partners that match the filter, on all pages. Select it only if you need it: the gateway reads all of
   * them to count. To count without a page, give `first: 0`.
   */
  totalCount: Scalars['Int']['output'];
};

/** A partner and its place in the list. */
export type ComplianceManagementPartnerEdge = {
  __typename?: 'ComplianceManagementPartnerEdge';
  /** The partner's place; give it as `after` to continue after it, or as `before` to go back. Opaque: its form may change. */
  cursor: Scalars['String']['output'];
  /** The partner. */
  node: ComplianceManagementPartner;
};

/**
 * Selects the partners of a list. All given conditions must hold. An absent field sets no condition. Null is valid
 * only if the field's description gives it a meaning.
 */
export type ComplianceManagementPartnerFilter = {
  /** All of these filters hold; an empty list always does. */
  and?: InputMaybe<Array<ComplianceManagementPartnerFilter>>;
  /**
   * Conditions on the name. Case is ignored, and so are different Unicode spellings of one character. The
   * first 256 characters of a name are compared.
   */
  displayName?: InputMaybe<DisplayNameFilter>;
  /** Conditions on the last heartbeat. */
  lastHeartbeatDateTime?: InputMaybe<HeartbeatFilter>;
  /** This filter does not hold. */
  not?: InputMaybe<ComplianceManagementPartnerFilter>;
  /** The partner is onboarded for each of these platforms. */
  onboarded?: InputMaybe<Array<Platform>>;
  /** At least one of these filters holds; an empty list never does. */
  or?: InputMaybe<Array<ComplianceManagementPartnerFilter>>;
  /** Conditions on the state. */
  partnerState?: InputMaybe<PartnerStateFilter>;
};

/** One key to order partners by. */
export type ComplianceManagementPartnerOrder = {
  /** The direction. Partners without a value come last in both. */
  direction?: OrderDirection;
  /** The field to order by. */
  field: ComplianceManagementPartnerOrderField;
};

/** The fields that partners can be ordered by. */
export type ComplianceManagementPartnerOrderField =
  /**
   * The name, in dictionary order: case counts only between otherwise equal names. Names of more than 128 characters are
   * ordered by their first 112.
   */
  | 'DISPLAY_NAME'
  /** The last heartbeat as an instant, over all digits and across offsets. */
  | 'LAST_HEARTBEAT_DATE_TIME'
  /** The state, in the order in which `PartnerState` lists them. */
  | 'PARTNER_STATE';

/** A collection of Configuration Manager. */
export type ConfigurationManagerCollectionAssignmentTarget = AssignmentTarget & {
  __typename?: 'ConfigurationManagerCollectionAssignmentTarget';
  /** The id of the collection in Configuration Manager. */
  collectionId?: Maybe<Scalars['ID']['output']>;
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
};

/** A collection of Configuration Manager. */
export type ConfigurationManagerCollectionAssignmentTargetInput = {
  /** The id of the collection in Configuration Manager. */
  collectionId: Scalars['NonEmptyString']['input'];
  /** Narrows the target; absent or null means no filter. Not available if the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** The partner to delete. */
export type DeleteComplianceManagementPartnerInput = {
  /** The id of the partner. */
  id: Scalars['ID']['input'];
  /** As for `addComplianceManagementPartner`: a retry with the same key and input gets the first outcome again. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /**
   * The `revision` that the delete is based on. The partner is read just before it is deleted; if it has another
   * revision, nothing is deleted and the answer is a `CONFLICT`. Other changes through this gateway wait meanwhile;
   * without Redis, not those through another replica. A change by another client that arrives between that read and the
   * delete, usually some tens of milliseconds, goes undetected: Microsoft Graph has no ETag here.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
};

/** The result of `deleteComplianceManagementPartner`. If it is null, a top-level error gives the reason. */
export type DeleteComplianceManagementPartnerPayload = {
  __typename?: 'DeleteComplianceManagementPartnerPayload';
  /** For a `CONFLICT`: the partner as it is now, if it could be read; null otherwise. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The id of the deleted partner, or null if `userErrors` gives a reason. */
  deletedComplianceManagementPartnerId?: Maybe<Scalars['ID']['output']>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/** A group in Microsoft Entra. */
export type DirectoryGroup = {
  __typename?: 'DirectoryGroup';
  /**
   * The group's name. All names of an operation are read at once, with `POST /directoryObjects/getByIds`; without this
   * field nothing is read. An operation reads at most 3,000 groups.
   *
   * Null without an error if Microsoft Graph does not have the group, for example because it was deleted. If names cannot be
   * read, they are null, and one error of the operation says why: `FORBIDDEN` names the permission in `requiredScopes`.
   */
  displayName?: Maybe<Scalars['String']['output']>;
  /** The group's id: `groupId` of the target. */
  id: Scalars['ID']['output'];
};

/** Conditions on the name. */
export type DisplayNameFilter = {
  /** This text occurs in the name. */
  contains?: InputMaybe<Scalars['String']['input']>;
  /** The whole name is this one; null finds partners without a name. */
  eq?: InputMaybe<Scalars['String']['input']>;
  /** The name starts with this text. */
  startsWith?: InputMaybe<Scalars['String']['input']>;
};

/** A group with excluded members. */
export type ExclusionGroupAssignmentTarget = AssignmentTarget & {
  __typename?: 'ExclusionGroupAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The group itself; null without a `groupId`. */
  group?: Maybe<DirectoryGroup>;
  /** The id of the Microsoft Entra group. */
  groupId?: Maybe<Scalars['ID']['output']>;
};

/** A group with excluded members. */
export type ExclusionGroupAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available if the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
  /** The id of the Microsoft Entra group. */
  groupId: Scalars['UUID']['input'];
};

/** The members of a group. */
export type GroupAssignmentTarget = AssignmentTarget & {
  __typename?: 'GroupAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The group itself; null without a `groupId`. */
  group?: Maybe<DirectoryGroup>;
  /** The id of the Microsoft Entra group. */
  groupId?: Maybe<Scalars['ID']['output']>;
};

/** The members of a group. */
export type GroupAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available if the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
  /** The id of the Microsoft Entra group. */
  groupId: Scalars['UUID']['input'];
};

/** Conditions on the last heartbeat. Date-times are compared as instants, over all digits and across offsets. */
export type HeartbeatFilter = {
  /** The heartbeat is after this instant; partners without a heartbeat are not found. */
  after?: InputMaybe<Scalars['DateTimeOffset']['input']>;
  /** The heartbeat is before this instant; partners without a heartbeat are not found. */
  before?: InputMaybe<Scalars['DateTimeOffset']['input']>;
};

/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type Mutation = {
  __typename?: 'Mutation';
  /**
   * Adds a compliance management partner (`POST /deviceManagement/complianceManagementPartners`).
   *
   * The gateway retries the add only if Microsoft Graph surely did not execute it. Without a believable answer, the
   * gateway reads the list once. If exactly one new partner has everything that was sent, it is the answer, and
   * `extensions.notices` says that the gateway found it in the list. Otherwise the error is `OUTCOME_UNKNOWN`: the partner
   * may have been added.
   *
   * If the input has an `id` and Microsoft Graph adds the partner under another, with all else as sent, that partner is the
   * answer and `extensions.notices` has `ID_ASSIGNED_BY_GRAPH`. If anything else differs too, the error is
   * `OUTCOME_UNKNOWN` with the other id as `extensions.answeredId`.
   */
  addComplianceManagementPartner?: Maybe<AddComplianceManagementPartnerPayload>;
  /**
   * Adds one target to a platform's enrollment assignments and keeps all others byte for byte, including those that this
   * schema does not recognize. If the target is there already, nothing is written and `changed` is false.
   *
   * Microsoft Graph only accepts whole lists, so the list is read, changed and written back. Changes through this gateway
   * to one partner of one tenant wait for each other, even from different callers. Until a read shows
   * the last written list or ten seconds have passed, the next one starts from that list, because reads can lag behind writes.
   *
   * Replicas of the gateway share this through Redis. Without Redis, two replicas that change the same list at the same
   * moment, or within the seconds that reads lag, can lose one of both changes. A change by another client of Microsoft
   * Graph between the read and the write, usually some tens of milliseconds, is overwritten if it is in the same list:
   * Microsoft Graph has no ETag here that could prevent it.
   *
   * The gateway checks what Microsoft Graph shows after the write. If it shows the list from before, the gateway reads
   * again for some seconds; if that does not change, the payload has the list read and `extensions.notices` has
   * `CHANGE_NOT_VISIBLE_YET`. If it shows a third list without the change, the answer is a `CONFLICT`.
   */
  addEnrollmentAssignment?: Maybe<AddEnrollmentAssignmentPayload>;
  /**
   * Deletes a partner (`DELETE /deviceManagement/complianceManagementPartners/{id}`). A missing partner is a
   * `NOT_FOUND` user error. If the answer is unclear, the gateway reads the partner once: the delete
   * succeeded if Microsoft Graph reports it as missing; otherwise the error is `OUTCOME_UNKNOWN`.
   */
  deleteComplianceManagementPartner?: Maybe<DeleteComplianceManagementPartnerPayload>;
  /**
   * Removes one target from a platform's enrollment assignments and keeps all others byte for byte, including those that
   * this schema does not recognize. If the target is not there, nothing is written and `changed` is false.
   *
   * Changes from elsewhere are handled as in `addEnrollmentAssignment`.
   */
  removeEnrollmentAssignment?: Maybe<RemoveEnrollmentAssignmentPayload>;
  /**
   * Changes properties of a partner (`PATCH /deviceManagement/complianceManagementPartners/{id}`).
   *
   * Only the given fields are sent: an absent field stays untouched, a list replaces the whole list, null empties a
   * list. The gateway rejects null for the name, a state, a heartbeat and a flag.
   * To change one assignment and keep the others, use `addEnrollmentAssignment` and `removeEnrollmentAssignment`.
   *
   * If Microsoft Graph accepts the change and still shows the values from before, the gateway reads again for some
   * seconds. If that does not change, the payload has the values read and `extensions.notices` has
   * `CHANGE_NOT_VISIBLE_YET`. Microsoft Graph may ignore a state or a heartbeat, so the gateway does not wait for these.
   * If it shows a third value, the answer is a `CONFLICT`.
   */
  updateComplianceManagementPartner?: Maybe<UpdateComplianceManagementPartnerPayload>;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type MutationAddComplianceManagementPartnerArgs = {
  input: AddComplianceManagementPartnerInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type MutationAddEnrollmentAssignmentArgs = {
  input: AddEnrollmentAssignmentInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type MutationDeleteComplianceManagementPartnerArgs = {
  input: DeleteComplianceManagementPartnerInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type MutationRemoveEnrollmentAssignmentArgs = {
  input: RemoveEnrollmentAssignmentInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` gives the reason. The mutations of one operation are executed in order.
 * Such a failure stops none of them, as GraphQL prescribes: later ones still run, and earlier ones keep their effect.
 */
export type MutationUpdateComplianceManagementPartnerArgs = {
  input: UpdateComplianceManagementPartnerInput;
};

/** An object that can be refetched by its id. */
export type Node = {
  /** The object's id, unique among all types of this schema. */
  id: Scalars['ID']['output'];
};

/** The effect of an operation on the resource. */
export type OperationKind =
  /** It changes nothing. */
  | 'READ'
  /** It changes something. */
  | 'WRITE';

/** A direction to order in. */
export type OrderDirection =
  /** From small to large: A to Z, old to new. */
  | 'ASC'
  /** From large to small: Z to A, new to old. */
  | 'DESC';

/** The position of a page in the whole list. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** The cursor of the page's last partner, null on an empty page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether there are more partners after this page. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether there are partners before this page. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the page's first partner, null on an empty page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** The state of the connection between a tenant and a partner. */
export type PartnerState =
  /** The partner is connected and reports compliance. */
  | 'ENABLED'
  /** The partner's messages are rejected. */
  | 'REJECTED'
  /** The connection was ended. */
  | 'TERMINATED'
  /** The partner cannot be reached. */
  | 'UNAVAILABLE'
  /** No state is known: the partner is in Intune's catalog and was never set up. */
  | 'UNKNOWN'
  /**
   * Microsoft Graph reports a state that this schema does not list. Valid only in answers:
   * the gateway rejects it as an input.
   */
  | 'UNKNOWN_FUTURE_VALUE'
  /** The partner stopped answering. */
  | 'UNRESPONSIVE';

/** Conditions on the state. `UNKNOWN_FUTURE_VALUE` finds partners whose state this schema does not list. */
export type PartnerStateFilter = {
  /** The state is this one; null finds partners without a state. */
  eq?: InputMaybe<PartnerState>;
  /** The state is one of these; an empty list finds none. */
  in?: InputMaybe<Array<PartnerState>>;
  /** The state is none of these; partners without a state are found too. */
  notIn?: InputMaybe<Array<PartnerState>>;
};

/** The platforms that a partner can be onboarded for. */
export type Platform =
  /** Android. */
  | 'ANDROID'
  /** iOS and iPadOS. */
  | 'IOS'
  /** Linux. Its properties are in beta only (checked August 2026). */
  | 'LINUX'
  /** macOS. */
  | 'MAC_OS'
  /** Windows. Only the beta of the reference page has its properties, not v1.0 or beta of August 2026. */
  | 'WINDOWS';

/** A partner's values for one platform. */
export type PlatformEnrollment = {
  __typename?: 'PlatformEnrollment';
  /** The assignments of the platform's devices to this partner; null if Microsoft Graph does not return them. */
  enrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for the platform's devices; null if Microsoft Graph does not return it. */
  onboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The platform. */
  platform: Platform;
};

/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation intact: a field that fails is null, and
 * a top-level error with its path gives the reason.
 */
export type Query = {
  __typename?: 'Query';
  /** One partner by its id, or null if Microsoft Graph has none with this id. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /**
   * The partners of the tenant, page by page: in the order of Microsoft Graph, or of `orderBy`.
   *
   * The list also holds partners of Intune's catalog that were never set up; their state is `UNKNOWN`. Filtering and
   * ordering happen in this gateway, over all rows, because Intune silently ignores `$filter` and `$orderby`.
   * Without them, the gateway reads only the pages that the answer needs. A list that is longer
   * than this gateway is configured to read fails with the code `TOO_MANY_ROWS`.
   *
   * Cursors stay valid while rows come and go: no row is repeated or skipped because of it. A partner that is deleted and
   * added again under its id counts as the same one. Only if a cursor's partner and the eight before it have all gone
   * from a list without `orderBy`, the list starts again, so that some may come twice. In an order, a cursor holds the
   * first characters of a long name only: if its partner has gone, those whose names begin alike may come twice. A cursor
   * has at most 128 characters.
   */
  complianceManagementPartners?: Maybe<ComplianceManagementPartnerConnection>;
  /**
   * One object by its id, or null if Microsoft Graph has none with this id. Partners are the only objects with ids of this
   * kind, so this is `complianceManagementPartner` for clients that refetch by `Node`, as Relay does.
   */
  node?: Maybe<Node>;
  /**
   * Several objects by their ids, in the order of the ids; null for an id that Microsoft Graph does not have.
   * An object that could not be read is null too, with an error at its path. An id that occurs twice is read once.
   */
  nodes?: Maybe<Array<Maybe<Node>>>;
  /** The caller, and the queries and mutations that its token allows. Answered without a request to Microsoft Graph. */
  viewer?: Maybe<Viewer>;
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation intact: a field that fails is null, and
 * a top-level error with its path gives the reason.
 */
export type QueryComplianceManagementPartnerArgs = {
  id: Scalars['ID']['input'];
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation intact: a field that fails is null, and
 * a top-level error with its path gives the reason.
 */
export type QueryComplianceManagementPartnersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<ComplianceManagementPartnerFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<Array<ComplianceManagementPartnerOrder>>;
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation intact: a field that fails is null, and
 * a top-level error with its path gives the reason.
 */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation intact: a field that fails is null, and
 * a top-level error with its path gives the reason.
 */
export type QueryNodesArgs = {
  ids: Array<Scalars['ID']['input']>;
};

/** The target to remove from a list of assignments. */
export type RemoveEnrollmentAssignmentInput = {
  /** The id of the partner. */
  id: Scalars['ID']['input'];
  /** As for `addComplianceManagementPartner`: a retry with the same key and input gets the first outcome again. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /**
   * The `revision` that the change is based on. If the partner has another revision when it is read, nothing is written
   * and the answer is a `CONFLICT` with the partner as it is now.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
  /** The platform of the list to change. */
  platform: Platform;
  /**
   * The target to remove: every entry of the same type with the same group or collection. The case of ids does not matter.
   * With a filter, only entries with that filter; a filter of null means absent.
   */
  target: AssignmentTargetInput;
};

/** The result of `removeEnrollmentAssignment`. If it is null, a top-level error gives the reason. */
export type RemoveEnrollmentAssignmentPayload = {
  __typename?: 'RemoveEnrollmentAssignmentPayload';
  /**
   * Whether the gateway wrote the list. False if nothing had to change, and with every user error but one:
   * true beside a `CONFLICT` means that the list was written, but Microsoft Graph now shows another one without the
   * change.
   */
  changed: Scalars['Boolean']['output'];
  /**
   * The partner as Microsoft Graph shows it now, also if nothing had to change and for a `CONFLICT`. With
   * `CHANGE_NOT_VISIBLE_YET` in `extensions.notices`, the write is not visible in it yet. Null if `userErrors` gives
   * another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/**
 * A complete target that this schema does not list: of an unlisted type, or of a listed one with an unlisted kind of
 * filter, which `filter` then cannot show.
 */
export type UnrecognizedAssignmentTarget = AssignmentTarget & {
  __typename?: 'UnrecognizedAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The type's name exactly as Microsoft Graph wrote it, such as `#microsoft.graph.scopeTagGroupAssignmentTarget`. */
  odataType: Scalars['String']['output'];
  /**
   * All other members of the target as Microsoft Graph wrote them. A number with more digits than a double can hold is
   * a string with all its digits.
   */
  properties: Scalars['JSONObject']['output'];
};

/**
 * The changes to a partner. A field that is absent stays untouched; a list replaces the whole list, and null empties it;
 * null for `ifRevision`, a target or a filter means absent; null for the name, a state, a heartbeat or a flag is a user
 * error with its field, because a partner needs a name and Microsoft Graph accepts no null there. Without any change,
 * nothing is written and the answer is the partner as it is.
 */
export type UpdateComplianceManagementPartnerInput = {
  /** The assignments of Android devices to this partner. */
  androidEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's name as administrators see it. */
  displayName?: InputMaybe<Scalars['NonEmptyString']['input']>;
  /** The id of the partner. */
  id: Scalars['ID']['input'];
  /** As for `addComplianceManagementPartner`: a retry with the same key and input gets the first outcome again. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /**
   * The `revision` that the change is based on. The partner is read just before the write; if it has another revision,
   * nothing is written and the answer is a `CONFLICT` with the partner as it is now. Other changes through
   * this gateway wait meanwhile; without Redis, not those through another replica. A change by another client that
   * arrives between that read and the write, usually some tens of milliseconds, goes undetected: Microsoft Graph has no
   * ETag here.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
  /** The assignments of iOS and iPadOS devices to this partner. */
  iosEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's last heartbeat. */
  lastHeartbeatDateTime?: InputMaybe<Scalars['DateTimeOffset']['input']>;
  /** The assignments of Linux devices to this partner. Beta only (checked August 2026). */
  linuxEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Linux devices. Beta only (checked August 2026). */
  linuxOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The assignments of macOS devices to this partner. */
  macOsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for macOS devices. */
  macOsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The state of the connection. The gateway rejects `UNKNOWN_FUTURE_VALUE`. */
  partnerState?: InputMaybe<PartnerState>;
  /** The assignments of Windows devices to this partner. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page has it, not v1.0 or beta of August 2026. */
  windowsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The result of `updateComplianceManagementPartner`. If it is null, a top-level error gives the reason. */
export type UpdateComplianceManagementPartnerPayload = {
  __typename?: 'UpdateComplianceManagementPartnerPayload';
  /**
   * The partner as Microsoft Graph shows it after the change. With `CHANGE_NOT_VISIBLE_YET` in `extensions.notices` that is
   * its state from before. For a `CONFLICT`, the partner as it is now. Null if `userErrors` gives another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/** A problem that the user can fix. Faults of the network, of Microsoft Graph or of credentials are top-level errors instead. */
export type UserError = {
  __typename?: 'UserError';
  /** The kind of problem, for programs. */
  code: UserErrorCode;
  /**
   * The path of the input that the problem is about, such as `["input", "macOsEnrollmentAssignments", "0", "target"]`;
   * null if it is about no single field.
   */
  field?: Maybe<Array<Scalars['String']['output']>>;
  /** The problem and how to fix it, for people. */
  message: Scalars['String']['output'];
};

/** The kinds of problems that a user can fix. */
export type UserErrorCode =
  /** The gateway rejected the input before sending anything, or Microsoft Graph rejected it. */
  | 'BAD_USER_INPUT'
  /** The partner changed meanwhile, or the change collides with data in Microsoft Graph. */
  | 'CONFLICT'
  /**
   * The `idempotencyKey` was used with another input or another mutation in the last 24 hours, and nothing was written. Send
   * a new key.
   */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** Microsoft Graph has no partner with this id. */
  | 'NOT_FOUND';

/**
 * The caller and the operations that its token allows, read from the token alone. No request to Microsoft Graph is made,
 * so a page can decide early which controls to show.
 */
export type Viewer = {
  __typename?: 'Viewer';
  /** How this gateway gets its token for Microsoft Graph. */
  authMode: AuthMode;
  /** The application that the token was issued to, or null if the token does not say. */
  clientId?: Maybe<Scalars['ID']['output']>;
  /** The expiry of the token, or null if the token does not say. */
  expiresAt?: Maybe<Scalars['DateTimeOffset']['output']>;
  /**
   * Whether this gateway has verified the token. In the mode `PASSTHROUGH` it has not: only Microsoft Graph
   * can verify that token, and all values here are the token's own unverified claims.
   */
  isVerified: Scalars['Boolean']['output'];
  /** Whether a person or an application calls; null if the token does not say. */
  kind?: Maybe<CallerKind>;
  /** Each query and mutation of this gateway, and whether the caller's permissions suffice for it. */
  operations: Array<ViewerOperation>;
  /** The application permissions (`roles`) in the token. */
  roles: Array<Scalars['String']['output']>;
  /** The delegated permissions (`scp`) in the token. */
  scopes: Array<Scalars['String']['output']>;
  /** The tenant, or null if the token does not say. */
  tenantId?: Maybe<Scalars['ID']['output']>;
};

/** One query or mutation, seen with the caller's permissions. */
export type ViewerOperation = {
  __typename?: 'ViewerOperation';
  /**
   * Whether the caller's permissions suffice; null if the token does not say. A person also needs a role in Intune,
   * which no token shows.
   */
  isPermitted?: Maybe<Scalars['Boolean']['output']>;
  /** Whether it reads or writes. */
  kind: OperationKind;
  /** The least privileged permission that would suffice, if `isPermitted` is false. */
  missingPermission?: Maybe<Scalars['String']['output']>;
  /** The field of `Query` or `Mutation`. */
  name: Scalars['String']['output'];
};
