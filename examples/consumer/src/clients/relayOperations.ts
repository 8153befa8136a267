import { graphql } from 'relay-runtime';

/** Read by Relay's compiler, never run: a page has a Babel plugin for that. */
export const operations = () => [
  graphql`
    query relayOperationsListQuery($first: Int!, $after: String) {
      complianceManagementPartners(first: $first, after: $after)
        @connection(key: "relayOperations_complianceManagementPartners") {
        edges {
          cursor
          node {
            id
            displayName
          }
        }
      }
    }
  `,
  graphql`
    mutation relayOperationsAddMutation($input: AddComplianceManagementPartnerInput!) {
      addComplianceManagementPartner(input: $input) {
        complianceManagementPartner {
          id
        }
        userErrors {
          code
          message
          field
        }
      }
    }
  `,
  graphql`
    query relayOperationsPartnerQuery($id: ID!) {
      complianceManagementPartner(id: $id) {
        id
        ...relayOperationsPartner
      }
    }
  `,
  graphql`
    fragment relayOperationsPartner on ComplianceManagementPartner
    @refetchable(queryName: "relayOperationsRefetchQuery") {
      displayName
      iosEnrollmentAssignments {
        target {
          __typename
          ... on GroupAssignmentTarget {
            groupId
          }
        }
      }
    }
  `,
];
