import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';

const typeDefs = parse(readFileSync(new URL('contracts.graphql', import.meta.url), 'utf8'));

/** Another team's subgraph: it names partners by id and adds a field to them. Returns its URL and how to stop it. */
export async function startContracts(partnerIds) {
  const contracts = partnerIds.map((id, index) => ({
    number: `C-${index + 1}`,
    partner: { __typename: 'ComplianceManagementPartner', id },
  }));
  const pageInfo = { hasNextPage: false, hasPreviousPage: false };
  const resolvers = {
    Query: {
      contracts: (_parent, { first = 100 }) => ({ nodes: contracts.slice(0, first), pageInfo }),
    },
    ComplianceManagementPartner: {
      contract: ({ id }) => contracts.find(({ partner }) => partner.id === id) ?? null,
    },
  };
  const server = new ApolloServer({
    schema: buildSubgraphSchema({ typeDefs, resolvers }),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
  return url;
}
