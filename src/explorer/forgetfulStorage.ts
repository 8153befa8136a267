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
 * The browser's storage, but for all that may hold a token: that lives as long as the page, and so does everything if the
 * browser allows no storage. Each Graph has keys of its own, so that a write which was tried on one is not ready to run
 * on another.
 */
export function createForgetfulStorage(
  readKept: () => ExplorerStorage,
  graph: string,
): ExplorerStorage {
  const memory = createMemoryStorage();
  const kept = readOr(memory, readKept);
  const storageOf = (key: string) => (forgotten.has(key) ? memory : kept);
  const placeOf = (key: string): string => `${key} ${graph}`;
  return {
    getItem: (key) => storageOf(key).getItem(placeOf(key)),
    setItem: (key, value) => storageOf(key).setItem(placeOf(key), value),
    removeItem: (key) => storageOf(key).removeItem(placeOf(key)),
    clear() {
      memory.clear();
      kept.clear();
    },
    get length() {
      return memory === kept ? memory.length : memory.length + kept.length;
    },
  };
}

function readOr(memory: ExplorerStorage, read: () => ExplorerStorage): ExplorerStorage {
  try {
    return read();
  } catch {
    return memory;
  }
}

function createMemoryStorage(): ExplorerStorage {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    clear: () => values.clear(),
    get length() {
      return values.size;
    },
  };
}
