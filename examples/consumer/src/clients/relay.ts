import {
  ConnectionHandler,
  commitMutation,
  Environment,
  fetchQuery,
  type GraphQLResponse,
  Network,
  RecordSource,
  Store,
} from 'relay-runtime';
import addMutation, {
  type relayOperationsAddMutation,
} from '../gql/relay/relayOperationsAddMutation.graphql.js';
import listQuery, {
  type relayOperationsListQuery,
} from '../gql/relay/relayOperationsListQuery.graphql.js';
import partnerQuery, {
  type relayOperationsPartnerQuery,
} from '../gql/relay/relayOperationsPartnerQuery.graphql.js';
import refetchQuery, {
  type relayOperationsRefetchQuery,
} from '../gql/relay/relayOperationsRefetchQuery.graphql.js';
import { type Place, post } from './fetchGraphQL.js';
import type { Client } from './tour.js';

const connectionKey = 'relayOperations_complianceManagementPartners';

/** Relay: its store joins the pages of the connection. */
export function createRelay(place: Place): Client {
  const environment = new Environment({
    network: Network.create(async ({ text }, variables) => {
      const data = await post<GraphQLResponse>(place, text, variables);
      return { data } as unknown as GraphQLResponse;
    }),
    store: new Store(new RecordSource()),
  });
  const shown = (): string[] => {
    const ids: string[] = [];
    environment.commitUpdate((store) => {
      const connection = ConnectionHandler.getConnection(store.getRoot(), connectionKey);
      for (const edge of connection?.getLinkedRecords('edges') ?? []) {
        ids.push(String(edge.getLinkedRecord('node')?.getValue('id')));
      }
    });
    return ids;
  };
  let fetched: readonly string[] = [];
  return {
    name: 'Relay',
    async list(first, after) {
      const data = await fetchQuery<relayOperationsListQuery>(environment, listQuery, {
        first,
        after,
      }).toPromise();
      const page = data?.complianceManagementPartners;
      const known = fetched;
      fetched = shown();
      const ids = fetched.filter((id) => !known.includes(id));
      return { ids, endCursor: page?.edges.at(-1)?.cursor ?? null };
    },
    shown,
    add: (displayName) =>
      new Promise((resolve, reject) => {
        commitMutation<relayOperationsAddMutation>(environment, {
          mutation: addMutation,
          variables: { input: { displayName } },
          onCompleted: ({ addComplianceManagementPartner: payload }) =>
            resolve(payload?.complianceManagementPartner?.id ?? ''),
          onError: reject,
        });
      }),
    /** Reads the partner, then refetches its fragment through `node`, as `useRefetchableFragment` does. */
    async read(id) {
      await fetchQuery<relayOperationsPartnerQuery>(environment, partnerQuery, { id }).toPromise();
      const data = await fetchQuery<relayOperationsRefetchQuery>(environment, refetchQuery, {
        id,
      }).toPromise();
      let name: unknown;
      environment.commitUpdate((store) => {
        name = store.get(id)?.getValue('displayName');
      });
      return data?.node == null ? undefined : String(name);
    },
  };
}
