const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'];
const lists = platforms.map((platform) => `${platform}EnrollmentAssignments { ...Assignment }`);

/** Everything that the schema knows of a partner but its revision. */
export const everything = `
  fragment Everything on ComplianceManagementPartner {
    id displayName partnerState lastHeartbeatDateTime
    ${platforms.map((platform) => `${platform}Onboarded`).join(' ')} ${lists.join(' ')}
  }
  fragment Assignment on ComplianceManagementPartnerAssignment {
    target {
      __typename
      filter { id type }
      ... on GroupAssignmentTarget { groupId } ... on ExclusionGroupAssignmentTarget { groupId }
      ... on ConfigurationManagerCollectionAssignmentTarget { collectionId }
      ... on UnrecognizedAssignmentTarget { odataType properties }
    }
  }`;

export const partnerQuery = `
  query Partner($id: ID!) { complianceManagementPartner(id: $id) { ...Everything } } ${everything}`;

export const listQuery = `
  query List($first: Int, $after: String) {
    complianceManagementPartners(first: $first, after: $after) {
      edges { cursor node { id } }
      nodes { id }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`;

/** The reference page's request as GraphQL variables; its state "String" is a placeholder, not a value. */
export const pageInput = {
  lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
  partnerState: 'UNAVAILABLE',
  displayName: 'Display Name value',
  macOsOnboarded: true,
  windowsOnboarded: true,
  androidOnboarded: true,
  iosOnboarded: true,
  macOsEnrollmentAssignments: [{ target: { allLicensedUsers: {} } }],
  windowsEnrollmentAssignments: [{}],
  androidEnrollmentAssignments: [{}],
  iosEnrollmentAssignments: [{}],
};

const everyone = { __typename: 'AllLicensedUsersAssignmentTarget', filter: null };
/** What the gateway answers to it, but for the id. */
export const pageAnswer = {
  ...pageInput,
  linuxOnboarded: null,
  macOsEnrollmentAssignments: [{ target: everyone }],
  windowsEnrollmentAssignments: [{ target: null }],
  androidEnrollmentAssignments: [{ target: null }],
  iosEnrollmentAssignments: [{ target: null }],
  linuxEnrollmentAssignments: null,
};

const mutation = (name: string, field: string, fields: string): string => `
  mutation ${name}($input: ${field.charAt(0).toUpperCase()}${field.slice(1)}Input!) {
    ${field}(input: $input) { ${fields} userErrors { code message field } }
  } ${everything}`;
/** A mutation, and all of the partner after it. */
export const changing = (name: string, field: string, more = ''): string =>
  mutation(name, field, `complianceManagementPartner { ...Everything revision } ${more}`);

export const addMutation = mutation(
  'Add',
  'addComplianceManagementPartner',
  'complianceManagementPartner { ...Everything }',
);
export const updateMutation = changing('Update', 'updateComplianceManagementPartner');
const addition = ['AddAssignment', 'addEnrollmentAssignment', 'changed'] as const;
export const addAssignmentMutation = changing(...addition);
const removal = ['RemoveAssignment', 'removeEnrollmentAssignment', 'changed'] as const;
export const removeAssignmentMutation = changing(...removal);

export const deleteMutation = `
  mutation Delete($input: DeleteComplianceManagementPartnerInput!) {
    deleteComplianceManagementPartner(input: $input) {
      deletedComplianceManagementPartnerId
      complianceManagementPartner { id revision }
      userErrors { code message field }
    }
  }`;

export const revisionQuery =
  'query ($id: ID!) { complianceManagementPartner(id: $id) { revision } }';

/** What `revisionQuery` answers for a partner that is there. */
export function revisionIn(result: { data?: Record<string, unknown> | null }): string {
  const partner = result.data?.['complianceManagementPartner'];
  return (partner as { readonly revision: string }).revision;
}

/** Counts, so that the whole list is read. */
export const totalCountQuery =
  'query { complianceManagementPartners { totalCount nodes { id displayName } } }';
