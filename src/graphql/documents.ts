import { RequestProblem } from './problems.ts';
import { bareId, type TrustedDocuments } from './trusted.ts';

/** What a request says of its document. */
export interface NamedDocument {
  /** The text. */
  readonly query: string | undefined;
  /** The `documentId` of GraphQL over HTTP's persisted documents. */
  readonly documentId: unknown;
  /** Apollo's `extensions.persistedQuery.sha256Hash`. */
  readonly persistedHash: unknown;
}

/** What is executed, and whether the manifest lacks it. */
export type DocumentDecision =
  | { readonly kind: 'as-sent'; readonly isUnknown: boolean }
  | { readonly kind: 'by-id'; readonly text: string }
  | { readonly kind: 'refused'; readonly isUnknown: boolean; readonly problem: RequestProblem };

const asSent: DocumentDecision = { kind: 'as-sent', isUnknown: false };

/** Decides which document a request means. Without a manifest, an id is something that nobody here understands. */
export function decideDocument(
  { query, documentId, persistedHash }: NamedDocument,
  trusted: TrustedDocuments | undefined,
): DocumentDecision {
  if (trusted === undefined) {
    // Apollo's own way is left to Apollo: its clients know the answer and send the text.
    return documentId === undefined ? asSent : refused(idsOff);
  }
  const ids = [documentId, persistedHash].filter((id) => id !== undefined);
  if (!ids.every((id) => typeof id === 'string')) {
    return refused(noText);
  }
  const [id] = ids;
  if (id === undefined) {
    return decideText(query, trusted);
  }
  const text = trusted.find(id);
  if (ids.some((other) => bareId(other) !== bareId(id))) {
    return refused(contradiction);
  }
  if (text === undefined) {
    // A client may have hashed its own spelling of a trusted document: then the text counts.
    return query === undefined ? unknown() : decideText(query, trusted);
  }
  return query === undefined || trusted.areSame(query, text)
    ? { kind: 'by-id', text }
    : refused(contradiction);
}

function decideText(query: string | undefined, trusted: TrustedDocuments): DocumentDecision {
  if (query === undefined || trusted.has(query)) {
    return asSent;
  }
  return trusted.mode === 'enforce' ? unknown() : { kind: 'as-sent', isUnknown: true };
}

function refused(problem: () => RequestProblem): DocumentDecision {
  return { kind: 'refused', isUnknown: false, problem: problem() };
}

function unknown(): DocumentDecision {
  return { kind: 'refused', isUnknown: true, problem: notInManifest() };
}

const idsOff = () =>
  new RequestProblem(
    400,
    'TRUSTED_DOCUMENTS_OFF',
    'This gateway has no trusted documents, so it knows no "documentId". Send the document as "query".',
  );

const notInManifest = () =>
  new RequestProblem(
    400,
    'TRUSTED_DOCUMENT_UNKNOWN',
    "This document is not one of the gateway's trusted documents. Add it to the manifest, or send one that is listed, by id or as text.",
  );

const contradiction = () =>
  new RequestProblem(
    400,
    'TRUSTED_DOCUMENT_MISMATCH',
    'The ids and the text of this request name different documents. Send one of them.',
  );

const noText = () => new RequestProblem(400, 'BAD_REQUEST', "A document's id must be a text.");
