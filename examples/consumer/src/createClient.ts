import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { typePolicies } from 'compliance-partner-schema/apollo';
import possibleTypes from 'compliance-partner-schema/possible-types.json' with { type: 'json' };

/** Apollo Client for the gateway. The token is asked for with each request, because tokens expire. */
export function createClient(graphqlUrl: string, readToken: () => string): ApolloClient {
  const authorization = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${readToken()}` },
  }));
  return new ApolloClient({
    link: ApolloLink.from([authorization, new HttpLink({ uri: graphqlUrl })]),
    cache: new InMemoryCache({ possibleTypes, typePolicies }),
  });
}
