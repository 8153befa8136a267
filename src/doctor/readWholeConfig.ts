import { type Config, readConfig } from '../config/config.ts';
import { ConfigError, createReaders, type Environment } from '../config/readers.ts';

/** A configuration that can be used, or all that is wrong with it. */
export type ReadConfig =
  | {
      readonly config: Config;
      /** The variables that were asked for. */
      readonly readNames: ReadonlySet<string>;
    }
  | { readonly config: undefined; readonly problems: readonly string[] };

/** Reads the configuration with the file that it may name, as the gateway does when it starts. */
export async function readWholeConfig(environment: Environment): Promise<ReadConfig> {
  try {
    const readers = createReaders(environment);
    const config = readConfig(environment, readers);
    await checkTrustedDocuments(config);
    return { config, readNames: readers.names };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { config: undefined, problems: error.problems };
    }
    throw error;
  }
}

/** @throws ConfigError where the manifest cannot be used. */
async function checkTrustedDocuments(config: Config): Promise<void> {
  if (config.trustedDocuments.mode === 'off') {
    return;
  }
  const [{ loadTrusted }, { createSchema, readSdl }] = await Promise.all([
    import('../loadTrusted.ts'),
    import('../graphql/schema.ts'),
  ]);
  await loadTrusted(config, createSchema(readSdl(), !config.introspection));
}
