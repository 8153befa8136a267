import type { GraphQLSchema } from 'graphql';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/readers.ts';
import type { TrustedDocuments, WatchedDocuments, WatchParts } from './graphql/trusted.ts';

/** Documents, and the state that their files had before they were read. */
interface Loaded {
  readonly trusted: TrustedDocuments;
  readonly state: string;
}

/**
 * Loads the manifest of trusted documents if the configuration names one.
 * @throws ConfigError that lists every problem of the manifest.
 */
export async function loadTrusted(
  { trustedDocuments: settings, limits }: Config,
  schema: GraphQLSchema,
): Promise<Loaded | undefined> {
  if (settings.mode === 'off') {
    return undefined;
  }
  const { loadTrustedDocuments, readState } = await import('./graphql/trusted.ts');
  const state = await readState(settings.path);
  const loaded = await loadTrustedDocuments(settings, { schema, limits });
  if ('problems' in loaded) {
    throw new ConfigError(loaded.problems);
  }
  return { trusted: loaded.trusted, state };
}

/**
 * Loads it and reads it again when its files change.
 * @throws ConfigError if it cannot be used at first.
 */
export async function startTrusted(
  config: Config,
  schema: GraphQLSchema,
  parts: WatchParts,
): Promise<WatchedDocuments | undefined> {
  const { trustedDocuments: settings, limits } = config;
  const loaded = await loadTrusted(config, schema);
  if (loaded === undefined || settings.mode === 'off') {
    return undefined;
  }
  const { watchTrustedDocuments } = await import('./graphql/trusted.ts');
  return watchTrustedDocuments(loaded, settings, { schema, limits }, parts);
}
