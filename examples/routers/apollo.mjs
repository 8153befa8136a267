import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { propagated } from './headers.mjs';

/** What Apollo Router has in `headers.all.request`: without it the gateway sees no token. */
class PartnersSource extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    // To this media type a rejected input is a 200 with its errors; Apollo's gateway drops the body of a 400.
    request.http.headers.set('accept', 'application/json');
    for (const name of propagated) {
      const value = context.headers?.[name];
      if (value !== undefined) {
        request.http.headers.set(name, value);
      }
    }
  }
}

/** Starts Apollo's gateway over a supergraph; gives its URL. */
export async function startApollo(supergraphSdl) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ url }) => new PartnersSource({ url }),
  });
  const server = new ApolloServer({ gateway, includeStacktraceInErrorResponses: false });
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port: 0 },
    context: async ({ req }) => ({ headers: req.headers }),
  });
  return url;
}
