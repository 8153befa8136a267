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
   * digit and the offset survive in both directions: the text is kept, it never becomes a date object that would round it.
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
 * empty list; null for `id`, a target or a filter means absent; null for a state, a heartbeat or a flag is refused with its
 * field, because Microsoft Graph takes none. So is, before anything is sent, a property that the configured API version
 * cannot know.
 */
export type AddComplianceManagementPartnerInput = {
  /** Who enrols Android devices through this partner. */
  androidEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's name as administrators see it. */
  displayName: Scalars['NonEmptyString']['input'];
  /** An id of your own. Absent or null, Microsoft Graph gives one, as all its examples do. */
  id?: InputMaybe<Scalars['ID']['input']>;
  /**
   * A name for this change, 1 to 128 characters that you choose, such as a UUID. Send the same key with every retry of it.
   * For 24 hours the same caller with the same key and input gets the first outcome again, and nothing is written twice.
   * While the first request is in flight, a retry waits for it. Another input with the same key is
   * `IDEMPOTENCY_KEY_REUSED`. Null means absent: each request is then a change of its own.
   */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** Who enrols iOS and iPadOS devices through this partner. */
  iosEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** When the partner last gave a sign of life. */
  lastHeartbeatDateTime?: InputMaybe<Scalars['DateTimeOffset']['input']>;
  /** Who enrols Linux devices through this partner. Only today's beta knows this property. */
  linuxEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Linux devices. Only today's beta knows this property. */
  linuxOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** Who enrols macOS devices through this partner. */
  macOsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for macOS devices. */
  macOsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The state of the connection; `UNKNOWN_FUTURE_VALUE` is refused. */
  partnerState?: InputMaybe<PartnerState>;
  /** Who enrols Windows devices through this partner. Only the beta of the reference page knows this property. */
  windowsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page knows this property. */
  windowsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The answer to `addComplianceManagementPartner`; where it is null, a top-level error says why. */
export type AddComplianceManagementPartnerPayload = {
  __typename?: 'AddComplianceManagementPartnerPayload';
  /**
   * The partner as Microsoft Graph answered it; for a `CONFLICT` over an `id` of your own, the partner that has it; null
   * where `userErrors` gives another reason.
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
  /** The platform whose list is changed. */
  platform: Platform;
  /**
   * The target to add. It is there already where an entry has the same type and the same group or collection, whatever
   * the case of the ids; where that entry has another filter, the answer is a `CONFLICT`: remove it first.
   */
  target: AssignmentTargetInput;
};

/** The answer to `addEnrollmentAssignment`; where it is null, a top-level error says why. */
export type AddEnrollmentAssignmentPayload = {
  __typename?: 'AddEnrollmentAssignmentPayload';
  /**
   * Whether something was written. False where the list already was as it should be, and with every user error but one:
   * true beside a `CONFLICT` says that the list was written and that Microsoft Graph now shows another one without the
   * change.
   */
  changed: Scalars['Boolean']['output'];
  /**
   * The partner as Microsoft Graph shows it now, also where nothing had to be changed and for a `CONFLICT`. With
   * `CHANGE_NOT_VISIBLE_YET` in `extensions.notices` that lags behind what was written. Null where `userErrors` gives
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
  /** Narrows the target; absent or null means no filter. Not available where the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** All users of the tenant with an Intune licence. */
export type AllLicensedUsersAssignmentTarget = AssignmentTarget & {
  __typename?: 'AllLicensedUsersAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
};

/** All users of the tenant with an Intune licence. */
export type AllLicensedUsersAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available where the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** A filter on an assignment. Only today's beta of Microsoft Graph knows filters here. */
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
  /** Whether matching devices are taken in or left out. */
  type: AssignmentFilterType;
};

/** A filter on an assignment. */
export type AssignmentFilterInput = {
  /** The id of the assignment filter in Intune. */
  id: Scalars['UUID']['input'];
  /** Whether matching devices are taken in or left out. */
  type: AssignmentFilterType;
};

/** What an assignment filter does with the devices that it matches. */
export type AssignmentFilterType =
  /** All devices but those that match the filter. */
  | 'EXCLUDE'
  /** Only devices that match the filter. */
  | 'INCLUDE';

/**
 * Whom an assignment is for. A type that this schema does not list, or one with a kind of filter that it does not list,
 * arrives as `UnrecognizedAssignmentTarget`, so ask for `__typename` and be ready for it.
 */
export type AssignmentTarget = {
  /** Narrows the target to the devices that match, or do not match, an assignment filter. Null without a filter. */
  filter?: Maybe<AssignmentFilter>;
};

/** Whom an assignment is for: exactly one of these keys. */
export type AssignmentTargetInput =
  /** All devices of the tenant: `{ allDevices: {} }`. */
  { allDevices: AllDevicesAssignmentTargetInput; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup?: never; group?: never; }
  |  /** All users of the tenant with an Intune licence: `{ allLicensedUsers: {} }`. */
  { allDevices?: never; allLicensedUsers: AllLicensedUsersAssignmentTargetInput; configurationManagerCollection?: never; exclusionGroup?: never; group?: never; }
  |  /** A collection of Configuration Manager. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection: ConfigurationManagerCollectionAssignmentTargetInput; exclusionGroup?: never; group?: never; }
  |  /** A group whose members are left out. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup: ExclusionGroupAssignmentTargetInput; group?: never; }
  |  /** The members of a group. */
  { allDevices?: never; allLicensedUsers?: never; configurationManagerCollection?: never; exclusionGroup?: never; group: GroupAssignmentTargetInput; };

/** How the gateway comes to its token for Microsoft Graph. */
export type AuthMode =
  /** The caller's token for this gateway is checked, then the gateway's own permissions are used. */
  | 'APP_ONLY'
  /** The caller's token for this gateway is exchanged for one for Microsoft Graph, on behalf of the caller. */
  | 'ON_BEHALF_OF'
  /** The caller's own token for Microsoft Graph is passed on. */
  | 'PASSTHROUGH';

/** What kind of caller a token was given to. */
export type CallerKind =
  /** An application by itself. */
  | 'APPLICATION'
  /** A person, through an application. */
  | 'USER';

/**
 * A third-party device management product that reports the compliance of devices to Intune.
 *
 * Every field but `id` and `revision` is null where Microsoft Graph does not give it, for example because the
 * configured API version does not know the property.
 */
export type ComplianceManagementPartner = Node & {
  __typename?: 'ComplianceManagementPartner';
  /** Who enrols Android devices through this partner. */
  androidEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The partner's name as administrators see it. */
  displayName?: Maybe<Scalars['String']['output']>;
  /** The partner's id, given by Microsoft Graph. */
  id: Scalars['ID']['output'];
  /** Who enrols iOS and iPadOS devices through this partner. */
  iosEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /**
   * When the partner last gave a sign of life after an administrator had onboarded it.
   * A partner that never did may report the year 1 here.
   */
  lastHeartbeatDateTime?: Maybe<Scalars['DateTimeOffset']['output']>;
  /** Who enrols Linux devices through this partner. Only today's beta knows this property. */
  linuxEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Linux devices. Only today's beta knows this property. */
  linuxOnboarded?: Maybe<Scalars['Boolean']['output']>;
  /** Who enrols macOS devices through this partner. */
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
  /** Who enrols Windows devices through this partner. Only the beta of the reference page knows this property. */
  windowsEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page knows this property. */
  windowsOnboarded?: Maybe<Scalars['Boolean']['output']>;
};


/**
 * A third-party device management product that reports the compliance of devices to Intune.
 *
 * Every field but `id` and `revision` is null where Microsoft Graph does not give it, for example because the
 * configured API version does not know the property.
 */
export type ComplianceManagementPartnerPlatformsArgs = {
  in?: InputMaybe<Array<Platform>>;
};

/** One entry of a platform's assignment list: who enrols devices through the partner. */
export type ComplianceManagementPartnerAssignment = {
  __typename?: 'ComplianceManagementPartnerAssignment';
  /** Whom the assignment is for. Null where Microsoft Graph holds an assignment without a target, which is legal. */
  target?: Maybe<AssignmentTarget>;
};

/** One entry of a platform's assignment list. */
export type ComplianceManagementPartnerAssignmentInput = {
  /** Whom the assignment is for. Absent or null: an assignment without a target, as the reference page's example has it. */
  target?: InputMaybe<AssignmentTargetInput>;
};

/** A page of partners, as the Relay cursor connection specification has it. */
export type ComplianceManagementPartnerConnection = {
  __typename?: 'ComplianceManagementPartnerConnection';
  /** The partners of this page, each with its cursor. */
  edges: Array<ComplianceManagementPartnerEdge>;
  /** The partners of this page, without cursors. */
  nodes: Array<ComplianceManagementPartner>;
  /** Where this page stands in the whole list. */
  pageInfo: PageInfo;
  /**
   * How many partners the list has with its filter, on all pages. Ask for it only if you need it: all are read to count
   * them. To count without a page, give `first: 0`.
   */
  totalCount: Scalars['Int']['output'];
};

/** A partner and its place in the list. */
export type ComplianceManagementPartnerEdge = {
  __typename?: 'ComplianceManagementPartnerEdge';
  /** The partner's place; give it as `after` to go on behind it, or as `before` to go back. Opaque: its form may change. */
  cursor: Scalars['String']['output'];
  /** The partner. */
  node: ComplianceManagementPartner;
};

/**
 * Which partners a list returns. All fields that are given must hold. A field that is absent is no condition; null is
 * only allowed where its description gives it a meaning.
 */
export type ComplianceManagementPartnerFilter = {
  /** All of these filters hold; an empty list always does. */
  and?: InputMaybe<Array<ComplianceManagementPartnerFilter>>;
  /**
   * Conditions on the name. Upper and lower case are the same, and so are different Unicode spellings of one character. The
   * first 256 characters of a name are compared.
   */
  displayName?: InputMaybe<DisplayNameFilter>;
  /** Conditions on the last sign of life. */
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
  /** In which direction. Partners without a value come last in both. */
  direction?: OrderDirection;
  /** What to order by. */
  field: ComplianceManagementPartnerOrderField;
};

/** What partners can be ordered by. */
export type ComplianceManagementPartnerOrderField =
  /**
   * The name, as dictionaries have it: case counts only if names are alike otherwise. Names of more than 128 characters are
   * ordered by their first 112.
   */
  | 'DISPLAY_NAME'
  /** The last sign of life as an instant, over all digits and across offsets. */
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
  /** Narrows the target; absent or null means no filter. Not available where the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
};

/** The partner to delete. */
export type DeleteComplianceManagementPartnerInput = {
  /** The id of the partner. */
  id: Scalars['ID']['input'];
  /** As for `addComplianceManagementPartner`: a retry with the same key and input gets the first outcome again. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /**
   * The `revision` of the partner that is meant. The partner is read just before it is deleted; where its revision is
   * another one, nothing is deleted and the answer is a `CONFLICT`. Other changes through this gateway wait meanwhile;
   * without Redis, not those through another replica. A change by another client that arrives between that read and the
   * delete, usually some tens of milliseconds, is not noticed: Microsoft Graph has no ETag here.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
};

/** The answer to `deleteComplianceManagementPartner`; where it is null, a top-level error says why. */
export type DeleteComplianceManagementPartnerPayload = {
  __typename?: 'DeleteComplianceManagementPartnerPayload';
  /** For a `CONFLICT`: the partner as it is now, where it could be read; null otherwise. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The id of the partner that was deleted, or null where `userErrors` says why it was not. */
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

/** A group whose members are left out. */
export type ExclusionGroupAssignmentTarget = AssignmentTarget & {
  __typename?: 'ExclusionGroupAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The group itself; null without a `groupId`. */
  group?: Maybe<DirectoryGroup>;
  /** The id of the Microsoft Entra group. */
  groupId?: Maybe<Scalars['ID']['output']>;
};

/** A group whose members are left out. */
export type ExclusionGroupAssignmentTargetInput = {
  /** Narrows the target; absent or null means no filter. Not available where the gateway is configured for v1.0. */
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
  /** Narrows the target; absent or null means no filter. Not available where the gateway is configured for v1.0. */
  filter?: InputMaybe<AssignmentFilterInput>;
  /** The id of the Microsoft Entra group. */
  groupId: Scalars['UUID']['input'];
};

/** Conditions on the last sign of life. Date-times are compared as instants, over all digits and across offsets. */
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
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type Mutation = {
  __typename?: 'Mutation';
  /**
   * Adds a compliance management partner (`POST /deviceManagement/complianceManagementPartners`).
   *
   * The add is sent again only where Microsoft Graph surely did not execute it, and never on a doubt. Where no believable
   * answer came, the gateway looks once: if exactly one partner has everything that was sent and was not seen before, it
   * is the answer, and `extensions.notices` says that it was found and not answered. Otherwise the error `OUTCOME_UNKNOWN`
   * says that the partner may have been added.
   *
   * If the input has an `id` and Microsoft Graph adds the partner under another, all else as it was sent, that partner is the
   * answer and `extensions.notices` has `ID_ASSIGNED_BY_GRAPH`. If anything else differs too, the error is
   * `OUTCOME_UNKNOWN` with the other id as `extensions.answeredId`.
   */
  addComplianceManagementPartner?: Maybe<AddComplianceManagementPartnerPayload>;
  /**
   * Adds one target to a platform's enrollment assignments and keeps all others byte for byte, those included that this
   * schema does not recognise. Where the target is there already, nothing is written and `changed` is false.
   *
   * Microsoft Graph only takes whole lists, so the list is read, changed and written back. Changes through this gateway
   * to one partner of one tenant wait for each other, even from different callers. The next one starts from the list that the last
   * one wrote until a read shows it or ten seconds have passed, because reads can lag behind writes.
   *
   * Replicas of the gateway share this through Redis. Without Redis, two replicas that change the same list at the same
   * moment, or within the seconds that reads lag, can lose one of both changes. A change by another client of Microsoft
   * Graph between the read and the write, usually some tens of milliseconds, is overwritten if it is in the same list:
   * Microsoft Graph has no ETag here that could prevent it.
   *
   * The gateway checks what Microsoft Graph shows after the write. If it shows the list from before, the gateway reads
   * again for some seconds; if that does not change, the payload has what was read and `extensions.notices` has
   * `CHANGE_NOT_VISIBLE_YET`. If it shows a third list without the change, `CONFLICT` says so.
   */
  addEnrollmentAssignment?: Maybe<AddEnrollmentAssignmentPayload>;
  /**
   * Deletes a partner (`DELETE /deviceManagement/complianceManagementPartners/{id}`). One that is not there, or not any
   * more, is a `NOT_FOUND` user error. If the answer leaves it in doubt, the gateway reads the partner once: the delete is
   * done if Microsoft Graph itself says that there is none, and `OUTCOME_UNKNOWN` otherwise.
   */
  deleteComplianceManagementPartner?: Maybe<DeleteComplianceManagementPartnerPayload>;
  /**
   * Removes one target from a platform's enrollment assignments and keeps all others byte for byte, those included that
   * this schema does not recognise. Where the target is not there, nothing is written and `changed` is false.
   *
   * What `addEnrollmentAssignment` says about changes from elsewhere is true here too.
   */
  removeEnrollmentAssignment?: Maybe<RemoveEnrollmentAssignmentPayload>;
  /**
   * Changes properties of a partner (`PATCH /deviceManagement/complianceManagementPartners/{id}`).
   *
   * Exactly what is given is sent: a field that is absent stays untouched, a list replaces the whole list, null empties a
   * list. Null is refused for the name, a state, a heartbeat and a flag.
   * To change one assignment and keep the others, use `addEnrollmentAssignment` and `removeEnrollmentAssignment`.
   *
   * If Microsoft Graph accepts the change and still shows the values from before, the gateway reads again for some
   * seconds. If that does not change, the payload has what was read and `extensions.notices` has
   * `CHANGE_NOT_VISIBLE_YET`. Microsoft Graph may ignore a state or a heartbeat, so the gateway does not wait for these.
   * If it shows a third value, `CONFLICT` says so.
   */
  updateComplianceManagementPartner?: Maybe<UpdateComplianceManagementPartnerPayload>;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type MutationAddComplianceManagementPartnerArgs = {
  input: AddComplianceManagementPartnerInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type MutationAddEnrollmentAssignmentArgs = {
  input: AddEnrollmentAssignmentInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type MutationDeleteComplianceManagementPartnerArgs = {
  input: DeleteComplianceManagementPartnerInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type MutationRemoveEnrollmentAssignmentArgs = {
  input: RemoveEnrollmentAssignmentInput;
};


/**
 * Changes to Intune's compliance management partners.
 *
 * The payload reports the problems that a user can fix. A mutation that fails in another way is null, and a top-level
 * error with its `path` says why. The mutations of one operation are executed in order. Such a failure stops none of them,
 * as GraphQL prescribes: those after it are still executed, and what was done before it stays done.
 */
export type MutationUpdateComplianceManagementPartnerArgs = {
  input: UpdateComplianceManagementPartnerInput;
};

/** An object with an id of its own, by which it can be read again. */
export type Node = {
  /** The object's id, unique among all types of this schema. */
  id: Scalars['ID']['output'];
};

/** What an operation does to the resource. */
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

/** Where a page stands in the whole list. */
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
  /** Nothing is known of the partner: it is in Intune's catalogue and was never set up. */
  | 'UNKNOWN'
  /**
   * Microsoft Graph reports a state that this schema does not list. It is only ever an answer:
   * given as an input it is refused.
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
  /** Linux. Only today's beta knows its properties. */
  | 'LINUX'
  /** macOS. */
  | 'MAC_OS'
  /** Windows. Only the beta of the reference page knows its properties. */
  | 'WINDOWS';

/** What a partner has of one platform. */
export type PlatformEnrollment = {
  __typename?: 'PlatformEnrollment';
  /** Who enrols the platform's devices through this partner; null if Microsoft Graph does not say. */
  enrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for the platform's devices; null if Microsoft Graph does not say. */
  onboarded?: Maybe<Scalars['Boolean']['output']>;
  /** The platform. */
  platform: Platform;
};

/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation: a field that fails is null, and a
 * top-level error with its path says why.
 */
export type Query = {
  __typename?: 'Query';
  /** One partner by its id, or null where Microsoft Graph has none with this id. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /**
   * The partners of the tenant, page by page: in the order in which Microsoft Graph lists them, or as `orderBy` says.
   *
   * The list also holds partners of Intune's catalogue that were never set up; their state is `UNKNOWN`. Filtering and
   * ordering happen in this gateway, over all rows, because Intune is known to ignore `$filter` and `$orderby` without
   * a word. Without them only as many pages are read from Microsoft Graph as the answer needs. A list that is longer
   * than this gateway is configured to read is refused with the code `TOO_MANY_ROWS`.
   *
   * Cursors stay good while rows come and go: none is repeated or left out because of it. A partner that is deleted and
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
   * Several objects by their ids, in the order of the ids; null at the place of an id that Microsoft Graph does not have.
   * An object that could not be read is null too, with an error at its place. An id that occurs twice is read once.
   */
  nodes?: Maybe<Array<Maybe<Node>>>;
  /** Who calls, and which queries and mutations the caller's token allows. Answered without a call of Microsoft Graph. */
  viewer?: Maybe<Viewer>;
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation: a field that fails is null, and a
 * top-level error with its path says why.
 */
export type QueryComplianceManagementPartnerArgs = {
  id: Scalars['ID']['input'];
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation: a field that fails is null, and a
 * top-level error with its path says why.
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
 * Every field is nullable, so that one failure leaves the others of the same operation: a field that fails is null, and a
 * top-level error with its path says why.
 */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/**
 * Reads of Intune's compliance management partners.
 *
 * Every field is nullable, so that one failure leaves the others of the same operation: a field that fails is null, and a
 * top-level error with its path says why.
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
  /** The platform whose list is changed. */
  platform: Platform;
  /**
   * The target to remove: every entry of the same type with the same group or collection, whatever the case of the ids.
   * With a filter, only entries with that filter; a filter of null means absent.
   */
  target: AssignmentTargetInput;
};

/** The answer to `removeEnrollmentAssignment`; where it is null, a top-level error says why. */
export type RemoveEnrollmentAssignmentPayload = {
  __typename?: 'RemoveEnrollmentAssignmentPayload';
  /**
   * Whether something was written. False where the list already was as it should be, and with every user error but one:
   * true beside a `CONFLICT` says that the list was written and that Microsoft Graph now shows another one without the
   * change.
   */
  changed: Scalars['Boolean']['output'];
  /**
   * The partner as Microsoft Graph shows it now, also where nothing had to be changed and for a `CONFLICT`. With
   * `CHANGE_NOT_VISIBLE_YET` in `extensions.notices` that lags behind what was written. Null where `userErrors` gives
   * another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/**
 * A target that this schema does not list, complete, so that nothing is lost: of an unlisted type, or of a listed one with
 * an unlisted kind of filter, which `filter` then cannot show.
 */
export type UnrecognizedAssignmentTarget = AssignmentTarget & {
  __typename?: 'UnrecognizedAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The type's name exactly as Microsoft Graph wrote it, such as `#microsoft.graph.scopeTagGroupAssignmentTarget`. */
  odataType: Scalars['String']['output'];
  /**
   * All other members of the target as Microsoft Graph wrote them. A number with more digits than a double can hold comes
   * as text, so that none is lost.
   */
  properties: Scalars['JSONObject']['output'];
};

/**
 * The changes to a partner. A field that is absent stays untouched; a list replaces the whole list, and null empties it;
 * null for `ifRevision`, a target or a filter means absent; null for the name, a state, a heartbeat or a flag is refused
 * with its field, because a partner keeps its name and Microsoft Graph takes no null there. Without any change nothing is
 * written, and the partner is answered as it is.
 */
export type UpdateComplianceManagementPartnerInput = {
  /** Who enrols Android devices through this partner. */
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
   * arrives between that read and the write, usually some tens of milliseconds, is not noticed: Microsoft Graph has no
   * ETag here.
   */
  ifRevision?: InputMaybe<Scalars['String']['input']>;
  /** Who enrols iOS and iPadOS devices through this partner. */
  iosEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for iOS and iPadOS devices. */
  iosOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** When the partner last gave a sign of life. */
  lastHeartbeatDateTime?: InputMaybe<Scalars['DateTimeOffset']['input']>;
  /** Who enrols Linux devices through this partner. Only today's beta knows this property. */
  linuxEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Linux devices. Only today's beta knows this property. */
  linuxOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** Who enrols macOS devices through this partner. */
  macOsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for macOS devices. */
  macOsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The state of the connection; `UNKNOWN_FUTURE_VALUE` is refused. */
  partnerState?: InputMaybe<PartnerState>;
  /** Who enrols Windows devices through this partner. Only the beta of the reference page knows this property. */
  windowsEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page knows this property. */
  windowsOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The answer to `updateComplianceManagementPartner`; where it is null, a top-level error says why. */
export type UpdateComplianceManagementPartnerPayload = {
  __typename?: 'UpdateComplianceManagementPartnerPayload';
  /**
   * The partner as Microsoft Graph shows it after the change, which can be as it was before (`CHANGE_NOT_VISIBLE_YET` in
   * `extensions.notices`); for a `CONFLICT`, the partner as it is now; null where `userErrors` gives another reason.
   */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** The problems of the input that you can fix, all at once; empty after a success. */
  userErrors: Array<UserError>;
};

/** A problem that the user can fix. Faults of the network, of Microsoft Graph or of credentials are top-level errors instead. */
export type UserError = {
  __typename?: 'UserError';
  /** What kind of problem it is, for programs. */
  code: UserErrorCode;
  /**
   * The path of the input that the problem is about, such as `["input", "macOsEnrollmentAssignments", "0", "target"]`;
   * null where it is about no single field.
   */
  field?: Maybe<Array<Scalars['String']['output']>>;
  /** What is wrong and what would be right, for people. */
  message: Scalars['String']['output'];
};

/** The kinds of problems that a user can fix. */
export type UserErrorCode =
  /** The input was refused, by this gateway before anything was sent or by Microsoft Graph. */
  | 'BAD_USER_INPUT'
  /** The partner changed meanwhile, or the change collides with what Microsoft Graph holds. */
  | 'CONFLICT'
  /**
   * The `idempotencyKey` was used with another input or another mutation in the last 24 hours, and nothing was written. Send
   * a new key.
   */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** Microsoft Graph has no partner with this id. */
  | 'NOT_FOUND';

/**
 * Who the caller is to this gateway, and what its token allows here. Read from the token alone: nothing is asked of
 * Microsoft Graph, so that a page can decide what to show before it asks.
 */
export type Viewer = {
  __typename?: 'Viewer';
  /** How this gateway comes to its token for Microsoft Graph. */
  authMode: AuthMode;
  /** The application that the token was given to, or null where the token does not say. */
  clientId?: Maybe<Scalars['ID']['output']>;
  /** When the token ends, or null where it does not say. */
  expiresAt?: Maybe<Scalars['DateTimeOffset']['output']>;
  /**
   * Whether this gateway has verified the token. In the mode `PASSTHROUGH` it has not: the token is meant for Microsoft
   * Graph, which alone can, and all that stands here is what the token says of itself.
   */
  isVerified: Scalars['Boolean']['output'];
  /** Whether a person or an application calls; null where the token does not say. */
  kind?: Maybe<CallerKind>;
  /** Each query and mutation of this gateway, and whether the caller's permissions suffice for it. */
  operations: Array<ViewerOperation>;
  /** The application permissions (`roles`) in the token. */
  roles: Array<Scalars['String']['output']>;
  /** The delegated permissions (`scp`) in the token. */
  scopes: Array<Scalars['String']['output']>;
  /** The tenant, or null where the token does not say. */
  tenantId?: Maybe<Scalars['ID']['output']>;
};

/** One query or mutation, seen with the caller's permissions. */
export type ViewerOperation = {
  __typename?: 'ViewerOperation';
  /**
   * Whether the caller's permissions suffice; null where the token does not tell. A person also needs a role in Intune,
   * which no token shows.
   */
  isPermitted?: Maybe<Scalars['Boolean']['output']>;
  /** Whether it reads or writes. */
  kind: OperationKind;
  /** Where they do not suffice: the least privileged permission that would. */
  missingPermission?: Maybe<Scalars['String']['output']>;
  /** The field of `Query` or `Mutation`. */
  name: Scalars['String']['output'];
};
