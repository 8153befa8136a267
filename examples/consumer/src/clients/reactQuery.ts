import { QueryClient } from '@tanstack/react-query';
import { useAddPartnerMutation, usePartnerPageQuery, usePartnerQuery } from '../gql/hooks.js';
import type { Client } from './tour.js';

/** The generated hooks' keys and fetchers in a `QueryClient`; a component calls the hooks themselves. */
export function createReactQuery(): Client {
  const client = new QueryClient();
  return {
    name: 'React Query',
    async list(first, after) {
      const variables = { first, after };
      const { complianceManagementPartners: page } = await client.fetchQuery({
        queryKey: usePartnerPageQuery.getKey(variables),
        queryFn: usePartnerPageQuery.fetcher(variables),
      });
      return {
        ids: page?.nodes.map(({ id }) => id) ?? [],
        endCursor: page?.pageInfo.endCursor ?? null,
      };
    },
    async add(displayName) {
      const data = await useAddPartnerMutation.fetcher({ input: { displayName } })();
      return data.addComplianceManagementPartner?.complianceManagementPartner?.id ?? '';
    },
    async read(id) {
      const { complianceManagementPartner } = await client.fetchQuery({
        queryKey: usePartnerQuery.getKey({ id }),
        queryFn: usePartnerQuery.fetcher({ id }),
      });
      return complianceManagementPartner?.displayName;
    },
  };
}
