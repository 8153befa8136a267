/** For `cacheExchange({ keys })`: the types whose objects are kept inside their parents. */
export declare const keys: Record<string, () => null>;
