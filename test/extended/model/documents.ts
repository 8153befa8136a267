import { everything } from '../../support/documents.ts';

/** Everything that the schema knows of a partner. */
const partner = `{ ...Everything revision }`;

export const addDocument = `
  mutation Add($input: AddComplianceManagementPartnerInput!) {
    payload: addComplianceManagementPartner(input: $input) {
      complianceManagementPartner ${partner}
      userErrors { code message field }
    }
  } ${everything}`;

export const updateDocument = `
  mutation Update($input: UpdateComplianceManagementPartnerInput!) {
    payload: updateComplianceManagementPartner(input: $input) {
      complianceManagementPartner ${partner}
      userErrors { code message field }
    }
  } ${everything}`;

export const addAssignmentDocument = `
  mutation AddAssignment($input: AddEnrollmentAssignmentInput!) {
    payload: addEnrollmentAssignment(input: $input) {
      complianceManagementPartner ${partner}
      changed
      userErrors { code message field }
    }
  } ${everything}`;

export const removeAssignmentDocument = `
  mutation RemoveAssignment($input: RemoveEnrollmentAssignmentInput!) {
    payload: removeEnrollmentAssignment(input: $input) {
      complianceManagementPartner ${partner}
      changed
      userErrors { code message field }
    }
  } ${everything}`;

export const deleteDocument = `
  mutation Delete($input: DeleteComplianceManagementPartnerInput!) {
    payload: deleteComplianceManagementPartner(input: $input) {
      deletedComplianceManagementPartnerId
      complianceManagementPartner ${partner}
      userErrors { code message field }
    }
  } ${everything}`;

export const readDocument = `
  query Read($p0: ID!) { p0: complianceManagementPartner(id: $p0) ${partner} } ${everything}`;

export const readSeveralDocument = `
  query ReadSeveral($p0: ID!, $p1: ID!, $p2: ID!) {
    p0: complianceManagementPartner(id: $p0) ${partner}
    p1: complianceManagementPartner(id: $p1) ${partner}
    p2: complianceManagementPartner(id: $p2) ${partner}
  } ${everything}`;

export const listDocument = `
  query List($first: Int, $after: String, $last: Int, $before: String,
      $filter: ComplianceManagementPartnerFilter, $orderBy: [ComplianceManagementPartnerOrder!]) {
    connection: complianceManagementPartners(first: $first, after: $after, last: $last,
        before: $before, filter: $filter, orderBy: $orderBy) {
      edges { cursor node { id } }
      nodes ${partner}
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  } ${everything}`;
