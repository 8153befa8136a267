/** Everything that the schema knows of a partner but its revision. */
export const everything = `
  fragment Everything on ComplianceManagementPartner {
    id displayName partnerState lastHeartbeatDateTime
    macOsOnboarded windowsOnboarded androidOnboarded iosOnboarded linuxOnboarded
    macOsEnrollmentAssignments { ...Assignment }
    windowsEnrollmentAssignments { ...Assignment }
    androidEnrollmentAssignments { ...Assignment }
    iosEnrollmentAssignments { ...Assignment }
    linuxEnrollmentAssignments { ...Assignment }
  }
  fragment Assignment on ComplianceManagementPartnerAssignment {
    target {
      __typename
      filter { id type }
      ... on GroupAssignmentTarget { groupId }
      ... on ExclusionGroupAssignmentTarget { groupId }
      ... on ConfigurationManagerCollectionAssignmentTarget { collectionId }
      ... on UnrecognizedAssignmentTarget { odataType properties }
    }
  }`;

export const addMutation = `
  mutation Add($input: AddComplianceManagementPartnerInput!) {
    addComplianceManagementPartner(input: $input) {
      complianceManagementPartner { ...Everything }
      userErrors { code message field }
    }
  } ${everything}`;

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

const withoutTarget = [{ target: null }];

/** What the gateway answers to it, but for the id. */
export const pageAnswer = {
  ...pageInput,
  linuxOnboarded: null,
  macOsEnrollmentAssignments: [
    { target: { __typename: 'AllLicensedUsersAssignmentTarget', filter: null } },
  ],
  windowsEnrollmentAssignments: withoutTarget,
  androidEnrollmentAssignments: withoutTarget,
  iosEnrollmentAssignments: withoutTarget,
  linuxEnrollmentAssignments: null,
};

/** A mutation, and all of the partner after it. */
export const changing = (name: string, field: string, more = ''): string => `
  mutation ${name}($input: ${field.charAt(0).toUpperCase()}${field.slice(1)}Input!) {
    ${field}(input: $input) {
      complianceManagementPartner { ...Everything revision }
      ${more} userErrors { code message field }
    }
  } ${everything}`;

export const updateMutation = changing('Update', 'updateComplianceManagementPartner');
export const addAssignmentMutation = changing(
  'AddAssignment',
  'addEnrollmentAssignment',
  'changed',
);
export const removeAssignmentMutation = changing(
  'RemoveAssignment',
  'removeEnrollmentAssignment',
  'changed',
);

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
