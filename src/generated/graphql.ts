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
   * The offset is mandatory (`Z` or `+hh:mm`), 0 to 12 fractional digits are allowed, and every digit and the offset
   * survive in both directions: the text is kept, it never becomes a date object that would round it.
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
 * The partner to add. A field that is absent is not sent and takes Microsoft Graph's default; a field that is null is
 * sent as null. A property that the configured API version cannot know is refused before anything is sent.
 */
export type AddComplianceManagementPartnerInput = {
  /** Who enrols Android devices through this partner. */
  androidEnrollmentAssignments?: InputMaybe<Array<ComplianceManagementPartnerAssignmentInput>>;
  /** Whether the partner is onboarded for Android devices. */
  androidOnboarded?: InputMaybe<Scalars['Boolean']['input']>;
  /** The partner's name as administrators see it. */
  displayName: Scalars['NonEmptyString']['input'];
  /** An id of your own. Leave it out and Microsoft Graph gives one, as all its examples do. */
  id?: InputMaybe<Scalars['ID']['input']>;
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

/** The answer to `addComplianceManagementPartner`. */
export type AddComplianceManagementPartnerPayload = {
  __typename?: 'AddComplianceManagementPartnerPayload';
  /** The partner as Microsoft Graph answered it, or null where `userErrors` says why it was not added. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /** What has to be mended in the input, all problems at once; empty after a success. */
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
 * Whom an assignment is for. A type that this schema does not list arrives as `UnrecognizedAssignmentTarget`,
 * so ask for `__typename` and be ready for it.
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

/**
 * A third-party device management product that reports the compliance of devices to Intune.
 *
 * Every field but `id` and `revision` is null where Microsoft Graph does not give it, for example because the
 * configured API version does not know the property.
 */
export type ComplianceManagementPartner = {
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
   * A digest of everything that a user can change on this partner: the name, the platforms and their assignments.
   * It differs whenever one of them differs; the heartbeat and the state do not change it.
   */
  revision: Scalars['String']['output'];
  /** Who enrols Windows devices through this partner. Only the beta of the reference page knows this property. */
  windowsEnrollmentAssignments?: Maybe<Array<ComplianceManagementPartnerAssignment>>;
  /** Whether the partner is onboarded for Windows devices. Only the beta of the reference page knows this property. */
  windowsOnboarded?: Maybe<Scalars['Boolean']['output']>;
};

/** One entry of a platform's assignment list: who enrols devices through the partner. */
export type ComplianceManagementPartnerAssignment = {
  __typename?: 'ComplianceManagementPartnerAssignment';
  /** Whom the assignment is for. Null where Microsoft Graph holds an assignment without a target, which is legal. */
  target?: Maybe<AssignmentTarget>;
};

/** One entry of a platform's assignment list. */
export type ComplianceManagementPartnerAssignmentInput = {
  /** Whom the assignment is for. Absent: an assignment without a target, as the reference page's example has it. */
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
  /** How many partners the whole list has. Ask for it only where it is needed: all pages are read to count them. */
  totalCount: Scalars['Int']['output'];
};

/** A partner and its place in the list. */
export type ComplianceManagementPartnerEdge = {
  __typename?: 'ComplianceManagementPartnerEdge';
  /** The partner's place; give it as `after` to go on behind it. Opaque: its form may change. */
  cursor: Scalars['String']['output'];
  /** The partner. */
  node: ComplianceManagementPartner;
};

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

/** A group whose members are left out. */
export type ExclusionGroupAssignmentTarget = AssignmentTarget & {
  __typename?: 'ExclusionGroupAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
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

/** Changes to Intune's compliance management partners. */
export type Mutation = {
  __typename?: 'Mutation';
  /**
   * Adds a compliance management partner (`POST /deviceManagement/complianceManagementPartners`).
   *
   * The add is sent once and never repeated on a doubt: where no believable answer came, the error
   * `OUTCOME_UNKNOWN` says that the partner may have been added.
   */
  addComplianceManagementPartner: AddComplianceManagementPartnerPayload;
};


/** Changes to Intune's compliance management partners. */
export type MutationAddComplianceManagementPartnerArgs = {
  input: AddComplianceManagementPartnerInput;
};

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

/** Reads of Intune's compliance management partners. */
export type Query = {
  __typename?: 'Query';
  /** One partner by its id, or null where Microsoft Graph has none with this id. */
  complianceManagementPartner?: Maybe<ComplianceManagementPartner>;
  /**
   * The partners of the tenant in the order in which Microsoft Graph lists them, page by page.
   *
   * The list also holds partners of Intune's catalogue that were never set up; their state is `UNKNOWN`.
   * Only as many pages are read from Microsoft Graph as the answer needs.
   */
  complianceManagementPartners: ComplianceManagementPartnerConnection;
};


/** Reads of Intune's compliance management partners. */
export type QueryComplianceManagementPartnerArgs = {
  id: Scalars['ID']['input'];
};


/** Reads of Intune's compliance management partners. */
export type QueryComplianceManagementPartnersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** A target of a type that this schema does not list, complete, so that nothing is lost. */
export type UnrecognizedAssignmentTarget = AssignmentTarget & {
  __typename?: 'UnrecognizedAssignmentTarget';
  /** The assignment filter, or null without one. */
  filter?: Maybe<AssignmentFilter>;
  /** The type's name exactly as Microsoft Graph wrote it, such as `#microsoft.graph.scopeTagGroupAssignmentTarget`. */
  odataType: Scalars['String']['output'];
  /** All other members of the target exactly as Microsoft Graph wrote them. */
  properties: Scalars['JSONObject']['output'];
};

/** A problem that the user can mend. Faults of the network, of Microsoft Graph or of credentials are top-level errors instead. */
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

/** The kinds of problems that a user can mend. */
export type UserErrorCode =
  /** The input was refused, by this gateway before anything was sent or by Microsoft Graph. */
  | 'BAD_USER_INPUT'
  /** The partner changed meanwhile, or the change collides with what Microsoft Graph holds. */
  | 'CONFLICT'
  /** Microsoft Graph has no partner with this id. */
  | 'NOT_FOUND';
