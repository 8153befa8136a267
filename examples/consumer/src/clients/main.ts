import { createChecklist } from '../checklist.js';
import { createApollo } from './apollo.js';
import { askAt } from './fetchGraphQL.js';
import { createGraphQLRequest } from './graphqlRequest.js';
import { createReactQuery } from './reactQuery.js';
import { createRelay } from './relay.js';
import { createTada } from './tada.js';
import { tour } from './tour.js';
import { createUrql } from './urql.js';

const gatewayUrl = process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:4000';
const place = {
  graphqlUrl: new URL('/graphql', gatewayUrl).href,
  token: process.env['GATEWAY_TOKEN'] ?? 'embedded-graph-token',
};
const list = createChecklist();
askAt(place);
const clients = [
  createApollo(place, 'nodes'),
  createApollo(place, 'edges'),
  createUrql(place, 'usual'),
  createUrql(place, 'graphcache'),
  createGraphQLRequest(place),
  createTada(place),
  createReactQuery(),
  createRelay(place),
];
/** All, or the one that is named. */
const [, , wanted] = process.argv;
for (const client of clients.filter(({ name }) => wanted === undefined || name === wanted)) {
  await tour(client, place, list).catch((error: unknown) => {
    list.expect(`${client.name} works (${error})`, 'failed', 'went well');
  });
}

console.log(`\n${list.passed} passed, ${list.failed} failed`);
process.exitCode = list.failed === 0 && list.passed > 0 ? 0 : 1;
