import { readFileSync } from 'node:fs';
import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithTheGuild } from '@theguild/federation-composition';
import { federateSubgraphs } from '@wundergraph/composition';
import { parse, print } from 'graphql';

/** The subgraph of the gateway's package, and a small one that returns partners and adds to them. */
export function readSubgraphs() {
  const read = (file) => readFileSync(new URL(file, import.meta.url), 'utf8');
  return [
    { name: 'partners', url: 'http://partners', sdl: read('../../dist/subgraph.graphql') },
    { name: 'contracts', url: 'http://contracts', sdl: read('./contracts.graphql') },
  ];
}

/** Composes with each composer; gives the supergraph's SDL, or what is wrong. */
export const composers = {
  apollo(subgraphs) {
    const {
      supergraphSdl,
      errors = [],
      hints = [],
    } = composeWithApollo(
      subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
    );
    return { sdl: supergraphSdl, errors: errors.map(String), hints: hints.map(String) };
  },
  theGuild(subgraphs) {
    const { supergraphSdl, errors = [] } = composeWithTheGuild(
      subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
    );
    return { sdl: supergraphSdl, errors: errors.map(String), hints: [] };
  },
  cosmo(subgraphs) {
    const result = federateSubgraphs({
      subgraphs: subgraphs.map(({ name, url, sdl }) => ({ name, url, definitions: parse(sdl) })),
      version: '1',
    });
    return {
      sdl: result.success ? print(result.federatedGraphAST) : undefined,
      errors: result.success ? [] : result.errors.map(String),
      hints: (result.warnings ?? []).map(String),
    };
  },
};
