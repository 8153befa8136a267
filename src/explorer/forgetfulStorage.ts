/** GraphiQL's history, which keeps the headers of each operation beside it. */
const forgotten = new Set(['graphiql:queries', 'graphiql:favorites']);

/** What GraphiQL asks of a storage, and a browser's has. */
interface ExplorerStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  clear(): void;
  readonly length: number;
}

/**
 * The browser's storage, but for all that may hold a token: that lives as long as the page. Each Graph has keys of its
 * own, so that a write which was tried on one is not ready to run on another.
 */
export function createForgetfulStorage(
  readKept: () => ExplorerStorage,
  graph: string,
): ExplorerStorage {
  const kept = storageOf(readKept);
  const memory = new Map<string, string>();
  const placeOf = (key: string): string => `${key} ${graph}`;
  return {
    getItem: (key) => (forgotten.has(key) ? (memory.get(key) ?? null) : kept.getItem(placeOf(key))),
    setItem(key, value) {
      if (forgotten.has(key)) {
        memory.set(key, value);
      } else {
        kept.setItem(placeOf(key), value);
      }
    },
    removeItem(key) {
      memory.delete(key);
      kept.removeItem(placeOf(key));
    },
    clear() {
      memory.clear();
      kept.clear();
    },
    get length() {
      return memory.size + kept.length;
    },
  };
}

/** The browser's storage; if the browser allows none, one that lives as long as the page. */
function storageOf(read: () => ExplorerStorage): ExplorerStorage {
  try {
    return read();
  } catch {
    const memory = new Map<string, string>();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
      clear: () => memory.clear(),
      get length() {
        return memory.size;
      },
    };
  }
}
