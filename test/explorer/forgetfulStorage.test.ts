import { describe, expect, it } from '@jest/globals';
import { createForgetfulStorage } from '../../src/explorer/forgetfulStorage.ts';

/** As a browser has it. */
function createKept() {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
    clear: () => values.clear(),
    get length() {
      return values.size;
    },
  };
}

describe("the explorer's storage", () => {
  it.each([
    ['graphiql:tabState', true],
    ['graphiql:theme', true],
    ['graphiql:queries', false],
    ['graphiql:favorites', false],
  ])('gives back %s; whether it stays after the page: %s', (key, stays) => {
    const kept = createKept();
    const storage = createForgetfulStorage(kept);
    storage.setItem(key, 'value');
    expect([storage.getItem(key), storage.length]).toEqual(['value', 1]);
    expect(kept.values.has(key)).toBe(stays);
    expect(createForgetfulStorage(kept).getItem(key)).toBe(stays ? 'value' : null);
    storage.removeItem(key);
    expect([storage.getItem(key), storage.length]).toEqual([null, 0]);
  });

  it('can be cleared as a whole', () => {
    const storage = createForgetfulStorage(createKept());
    storage.setItem('graphiql:theme', 'dark');
    storage.setItem('graphiql:queries', '{}');
    storage.clear();
    expect([storage.getItem('graphiql:theme'), storage.getItem('graphiql:queries')]).toEqual([
      null,
      null,
    ]);
  });
});
