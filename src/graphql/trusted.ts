import { canonicalText } from '../server/trusted/canonicalText.ts';
import { forEachUnit, type LoopShare } from '../shared/loopShare.ts';

/** The documents that a manifest lists. */
export interface TrustedDocuments {
  readonly mode: 'log-unknown' | 'enforce';
  /** The text of the document with an id, `sha256:` before it or not. */
  find(id: string): string | undefined;
  /** Whether a text is one of the documents, in any spelling. */
  has(text: string): boolean;
  /** Whether two texts are spellings of one document. */
  areSame(one: string, other: string): boolean;
}

/** Builds the look-up from texts by their hashes; texts with more tokens than `maximumTokens` are not read. */
export async function createTrustedDocuments(
  mode: TrustedDocuments['mode'],
  texts: ReadonlyMap<string, string>,
  maximumTokens: number,
  share: LoopShare,
): Promise<TrustedDocuments> {
  const spelling = (text: string): string => canonicalText(text, maximumTokens) ?? text;
  const byId = new Map([...texts].map(([id, text]) => [bareId(id), text]));
  const exact = new Set(texts.values());
  const canonical = new Set<string>();
  const all = [...exact];
  await forEachUnit(share, all.length, (index) => {
    canonical.add(spelling(all[index] as string));
  });
  return {
    mode,
    find: (id) => byId.get(bareId(id)),
    has: (text) => exact.has(text) || canonical.has(spelling(text)),
    areSame: (one, other) => one === other || spelling(one) === spelling(other),
  };
}

/** An id without the prefix that GraphQL over HTTP has for hashes. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, '');
}
