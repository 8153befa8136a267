import { gql, type TypedDocumentNode } from '@apollo/client';
import { createClient } from '../createClient.js';
import { AddPartnerDocument, PartnerDocument } from '../gql/graphql.js';
import type { Place } from './fetchGraphQL.js';
import type { Client } from './tour.js';

interface Connection {
  readonly nodes?: readonly { readonly id: string }[];
  readonly edges?: readonly { readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly endCursor: string | null };
}

const selections = { nodes: 'nodes { id }', edges: 'edges { cursor node { id } }' };
const idsOf = ({ nodes, edges = [] }: Connection) =>
  (nodes ?? edges.map(({ node }) => node)).map(({ id }) => id);

/** Apollo Client whose list grows in the cache, asked for by `nodes` or by `edges`; typed by the client preset. */
export function createApollo({ graphqlUrl, token }: Place, kind: 'nodes' | 'edges'): Client {
  const client = createClient(graphqlUrl, () => token);
  const query: TypedDocumentNode<{ complianceManagementPartners: Connection | null }> = gql`
    query ($first: Int, $after: String) {
      complianceManagementPartners(first: $first, after: $after) {
        ${selections[kind]}
        pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
      }
    }
  `;
  const pages = client.watchQuery({ query, variables: { first: 2 } });
  return {
    name: `Apollo Client by ${kind}`,
    async list(first, after) {
      const { data } = await (after === null
        ? pages.refetch()
        : pages.fetchMore({ variables: { first, after } }));
      const page = data?.complianceManagementPartners;
      return {
        ids: page == null ? [] : idsOf(page),
        endCursor: page?.pageInfo.endCursor ?? null,
      };
    },
    shown() {
      const page = client.readQuery({ query })?.complianceManagementPartners;
      return page == null ? [] : idsOf(page);
    },
    async add(displayName) {
      const variables = { input: { displayName } };
      const { data } = await client.mutate({ mutation: AddPartnerDocument, variables });
      return data?.addComplianceManagementPartner?.complianceManagementPartner?.id ?? '';
    },
    async read(id) {
      const { data } = await client.query({ query: PartnerDocument, variables: { id } });
      return data?.complianceManagementPartner?.displayName;
    },
  };
}
