import { GraphQLClient } from 'graphql-request';
import { AddPartnerDocument, PartnerDocument, PartnerPageDocument } from '../gql/graphql.js';
import type { Place } from './fetchGraphQL.js';
import type { Client } from './tour.js';

/** graphql-request: queries by GET, mutations by POST, as GraphQL over HTTP has it. */
export function createGraphQLRequest({ graphqlUrl, token }: Place): Client {
  const headers = { authorization: `Bearer ${token}` };
  const reading = new GraphQLClient(graphqlUrl, {
    headers,
    method: 'GET',
    jsonSerializer: JSON,
  });
  const writing = new GraphQLClient(graphqlUrl, { headers });
  return {
    name: 'graphql-request by GET',
    async list(first, after) {
      const data = await reading.request(PartnerPageDocument, { first, after });
      const page = data.complianceManagementPartners;
      return {
        ids: page?.nodes.map(({ id }) => id) ?? [],
        endCursor: page?.pageInfo.endCursor ?? null,
      };
    },
    async add(displayName) {
      const data = await writing.request(AddPartnerDocument, { input: { displayName } });
      return data.addComplianceManagementPartner?.complianceManagementPartner?.id ?? '';
    },
    async read(id) {
      const data = await reading.request(PartnerDocument, { id });
      return data.complianceManagementPartner?.displayName;
    },
  };
}
