import { readConfig } from '../../src/config/config.ts';
import { ConfigError, type Environment } from '../../src/config/readers.ts';

/** The problems that keep an environment from being a configuration; none if it is one. */
export function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}
