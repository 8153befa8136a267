/** Reads `key=value` pairs with commas between and values percent-encoded; undefined where the text is none of that. */
export function parseKeyValues(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  const given = text.split(',').map((pair) => pair.trim());
  for (const pair of given.filter((candidate) => candidate !== '')) {
    const [, key = '', encoded = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(pair) ?? [];
    const value = decode(encoded);
    if (key === '' || value === undefined) {
      return undefined;
    }
    pairs.set(key, value);
  }
  return pairs;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
