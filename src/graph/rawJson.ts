/**
 * Gives the source text of each member of the JSON object that a text is, by its name; of names that occur twice the
 * last one counts, as in `JSON.parse`. For what has to go back as it came: parsing and writing would change numbers
 * and escapes. The text must be valid JSON; undefined where it is no object.
 */
export function rawMembers(text: string): ReadonlyMap<string, string> | undefined {
  const entries = splitEntries(text, '{');
  return (
    entries &&
    new Map(
      entries.map((entry) => {
        const colon = endOfValue(entry, 0);
        const value = entry.slice(entry.indexOf(':', colon) + 1).trim();
        return [JSON.parse(entry.slice(0, colon)) as string, value];
      }),
    )
  );
}

/** Gives the source text of each item of the JSON array that a text is; undefined where it is none. */
export function rawItems(text: string): readonly string[] | undefined {
  return splitEntries(text, '[');
}

function splitEntries(source: string, opening: '{' | '['): readonly string[] | undefined {
  const text = source.trim();
  if (!text.startsWith(opening)) {
    return undefined;
  }
  const entries: string[] = [];
  let start = 1;
  for (let index = 1; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === ',' || index === text.length - 1) {
      entries.push(text.slice(start, index).trim());
      start = index + 1;
    } else if (/["[{]/.test(character)) {
      index = endOfValue(text, index) - 1;
    }
  }
  return entries.length === 1 && entries[0] === '' ? [] : entries;
}

/** The position behind the string, object or array that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '"') {
      index = endOfRawString(text, index) - 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
    if (depth === 0) {
      return index + 1;
    }
  }
  return text.length;
}

function endOfRawString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charAt(index) !== '"') {
    index += text.charAt(index) === '\\' ? 2 : 1;
  }
  return index + 1;
}
