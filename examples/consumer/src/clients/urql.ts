import { cacheExchange, fetchExchange, Client as Urql } from '@urql/core';
import { cacheExchange as graphcache } from '@urql/exchange-graphcache';
import introspection from 'compliance-partner-schema/introspection.json' with { type: 'json' };
import { keys } from 'compliance-partner-schema/urql';
import { AddPartnerDocument, PartnerDocument, PartnerPageDocument } from '../gql/graphql.js';
import type { Place } from './fetchGraphQL.js';
import type { Client } from './tour.js';

/** urql as it comes, which sends queries by GET, or with its normalised cache. */
export function createUrql({ graphqlUrl, token }: Place, cache: 'usual' | 'graphcache'): Client {
  const logger = (_severity: string, message: string): void => {
    throw new Error(message);
  };
  const client = new Urql({
    url: graphqlUrl,
    exchanges: [
      cache === 'usual'
        ? cacheExchange
        : graphcache({ keys, schema: introspection as never, logger }),
      fetchExchange,
    ],
    fetchOptions: () => ({ headers: { authorization: `Bearer ${token}` } }),
  });
  return {
    name: `urql, ${cache} cache`,
    async list(first, after) {
      const { data, error } = await client.query(PartnerPageDocument, { first, after }).toPromise();
      const page = data?.complianceManagementPartners;
      if (error !== undefined || page == null) {
        throw error ?? new Error('No page.');
      }
      return { ids: page.nodes.map(({ id }) => id), endCursor: page.pageInfo.endCursor };
    },
    async add(displayName) {
      const { data } = await client
        .mutation(AddPartnerDocument, { input: { displayName } })
        .toPromise();
      return data?.addComplianceManagementPartner?.complianceManagementPartner?.id ?? '';
    },
    async read(id) {
      const { data } = await client.query(PartnerDocument, { id }).toPromise();
      return data?.complianceManagementPartner?.displayName;
    },
  };
}
