import { startApollo } from './apollo.mjs';
import { composers, readSubgraphs } from './compose.mjs';
import { startContracts } from './contracts.mjs';
import { startHive } from './hive.mjs';

/** Starts all of it around a gateway with FEDERATION=subgraph, and prints where each is. */
const partners = process.env.PARTNERS_URL ?? 'http://127.0.0.1:4000/graphql';
const contracts = await startContracts((process.env.PARTNER_IDS ?? '').split(',').filter(Boolean));
const urls = { partners, contracts };
const subgraphs = readSubgraphs().map((subgraph) => ({ ...subgraph, url: urls[subgraph.name] }));
const composed = Object.fromEntries(
  Object.entries(composers).map(([name, compose]) => [name, compose(subgraphs)]),
);
const [apollo, hive, retryingHive] = [
  await startApollo(composed.apollo.sdl),
  await startHive(composed.theGuild.sdl),
  await startHive(composed.theGuild.sdl, {
    upstreamRetry: { maxRetries: 2, retryDelay: 10 },
    // A retry does not carry what propagateHeaders added.
    transportEntries: {
      '*.http': { headers: [['authorization', '{context.headers.authorization}']] },
    },
  }),
];
console.log(JSON.stringify({ composed, routers: { apollo, hive, retryingHive } }));
