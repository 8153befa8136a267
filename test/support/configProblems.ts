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

/** An environment written as a shell has it: `HOST=0.0.0.0 PORT=0`. */
export function environmentOf(text: string): Record<string, string> {
  const pairs = text.split(' ').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
