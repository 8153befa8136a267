import { stripIgnoredCharacters } from 'graphql';
import { LRUCache } from 'lru-cache';

/** The documents that a manifest lists. */
export interface TrustedDocuments {
  readonly mode: 'log-unknown' | 'enforce';
  /** The text of the document with an id, `sha256:` before it or not. */
  find(id: string): string | undefined;
  /** Whether a text is one of the documents; white space, commas and comments may differ. */
  has(text: string): boolean;
  /** Whether two texts are the same document, but for white space, commas and comments. */
  areSame(one: string, other: string): boolean;
}

/** How many other spellings of trusted documents are remembered, so that they need not be read each time. */
const rememberedSpellings = 200;

/** Builds the look-up from texts by their hashes. */
export function createTrustedDocuments(
  mode: TrustedDocuments['mode'],
  texts: ReadonlyMap<string, string>,
): TrustedDocuments {
  const byId = new Map([...texts].map(([id, text]) => [bareId(id), text]));
  const exact = new Set(texts.values());
  const bare = new Set([...exact].map(bareText));
  const spellings = new LRUCache<string, true>({ max: rememberedSpellings });
  return {
    mode,
    find: (id) => byId.get(bareId(id)),
    has(text) {
      if (exact.has(text) || spellings.get(text)) {
        return true;
      }
      const isKnown = bare.has(bareText(text));
      if (isKnown) {
        spellings.set(text, true);
      }
      return isKnown;
    },
    areSame: (one, other) => one === other || bareText(one) === bareText(other),
  };
}

/** An id without the prefix that GraphQL over HTTP has for hashes. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, '');
}

/** A text that is no GraphQL stays as it is: then it is no trusted one either. */
function bareText(text: string): string {
  try {
    return stripIgnoredCharacters(text);
  } catch {
    return text;
  }
}
