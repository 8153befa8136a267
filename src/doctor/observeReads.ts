import type { Environment } from '../config/readers.ts';

/** An environment that remembers which variables it was asked for. */
export interface ObservedEnvironment {
  readonly environment: Environment;
  /** The names that were asked for so far. */
  readonly names: ReadonlySet<string>;
}

/** Watches what is read, so that a variable that is set and that nothing reads can be told. */
export function observeReads(environment: Environment): ObservedEnvironment {
  const names = new Set<string>();
  return {
    names,
    environment: new Proxy(environment, {
      get(target, name) {
        if (typeof name !== 'string') {
          return undefined;
        }
        names.add(name);
        return target[name];
      },
    }),
  };
}
