import type { GraphQLSchema } from 'graphql';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/configError.ts';
import type { TrustedDocuments } from './server/trusted/trustedDocuments.ts';

/**
 * Loads the manifest of trusted documents where the configuration names one.
 * @throws ConfigError that lists every problem of the manifest.
 */
export async function loadTrusted(
  { trustedDocuments: settings, limits }: Config,
  schema: GraphQLSchema,
): Promise<TrustedDocuments | undefined> {
  if (settings.mode === 'off') {
    return undefined;
  }
  const { loadTrustedDocuments } = await import('./server/trusted/loadTrustedDocuments.ts');
  const loaded = await loadTrustedDocuments(settings, { schema, limits });
  if ('problems' in loaded) {
    throw new ConfigError(loaded.problems);
  }
  return loaded.trusted;
}
