import { initGraphQLTada } from 'gql.tada';
import { GraphQLClient } from 'graphql-request';
import type { introspection } from '../gql/tada.js';
import type { Place } from './fetchGraphQL.js';
import type { Client } from './tour.js';

const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: {
    DateTimeOffset: string;
    NonEmptyString: string;
    UUID: string;
    JSONObject: Record<string, unknown>;
  };
}>();

const pageQuery = graphql(`
  query TadaPage($first: Int, $after: String) {
    complianceManagementPartners(first: $first, after: $after) {
      nodes { id iosEnrollmentAssignments { target { __typename ... on GroupAssignmentTarget { groupId } } } }
      pageInfo { endCursor }
    }
  }
`);
const addMutation = graphql(`
  mutation TadaAdd($input: AddComplianceManagementPartnerInput!) {
    addComplianceManagementPartner(input: $input) {
      complianceManagementPartner { id }
      userErrors { code message field }
    }
  }
`);
const partnerQuery = graphql(`
  query TadaPartner($id: ID!) { complianceManagementPartner(id: $id) { displayName } }
`);

/** gql.tada: the types come from the documents themselves, nothing is generated but the schema's types. */
export function createTada({ graphqlUrl, token }: Place): Client {
  const client = new GraphQLClient(graphqlUrl, { headers: { authorization: `Bearer ${token}` } });
  return {
    name: 'gql.tada',
    async list(first, after) {
      const { complianceManagementPartners: page } = await client.request(pageQuery, {
        first,
        after,
      });
      return {
        ids: page?.nodes.map(({ id }) => id) ?? [],
        endCursor: page?.pageInfo.endCursor ?? null,
      };
    },
    async add(displayName) {
      const target = { group: { groupId: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c' } };
      const input = { displayName, iosEnrollmentAssignments: [{ target }] };
      const { addComplianceManagementPartner: payload } = await client.request(addMutation, {
        input,
      });
      return payload?.complianceManagementPartner?.id ?? '';
    },
    async read(id) {
      const { complianceManagementPartner } = await client.request(partnerQuery, { id });
      return complianceManagementPartner?.displayName;
    },
  };
}
