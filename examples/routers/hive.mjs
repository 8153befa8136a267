import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { propagated } from './headers.mjs';

/** Starts Hive Gateway over a supergraph, with its options beside those; gives its URL. */
export async function startHive(supergraph, options = {}) {
  const gateway = createGatewayRuntime({
    supergraph,
    logging: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) =>
        Object.fromEntries(propagated.map((name) => [name, request.headers.get(name)])),
    },
    ...options,
  });
  const server = createServer(gateway);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}/graphql`;
}
