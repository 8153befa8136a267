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

/** The browser's storage, but for all that may hold a token: that lives as long as the page. */
export function createForgetfulStorage(kept: ExplorerStorage): ExplorerStorage {
  const memory = new Map<string, string>();
  return {
    getItem: (key) => (forgotten.has(key) ? (memory.get(key) ?? null) : kept.getItem(key)),
    setItem(key, value) {
      if (forgotten.has(key)) {
        memory.set(key, value);
      } else {
        kept.setItem(key, value);
      }
    },
    removeItem(key) {
      memory.delete(key);
      kept.removeItem(key);
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
