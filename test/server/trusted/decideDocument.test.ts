import { describe, expect, it } from '@jest/globals';
import { wholeLoop } from '../../../src/loopShare.ts';
import { decideDocument, type NamedDocument } from '../../../src/server/trusted/decideDocument.ts';
import { createTrustedDocuments } from '../../../src/server/trusted/trustedDocuments.ts';

const known = '{ viewer { tenantId } }';
const respelled = 'query {\n  viewer { tenantId } # mine\n}';
const id = 'a'.repeat(64);
const strange = 'b'.repeat(64);
const sha1 = 'c'.repeat(40);
const manifest = new Map([
  [`sha256:${id}`, known],
  [sha1, '{ __typename }'],
]);
const nothing: NamedDocument = {
  query: undefined,
  documentId: undefined,
  persistedHash: undefined,
};

/** The decision in short. */
async function decide(
  mode: 'off' | 'log-unknown' | 'enforce',
  named: Partial<NamedDocument>,
): Promise<string> {
  const trusted =
    mode === 'off' ? undefined : await createTrustedDocuments(mode, manifest, 1000, wholeLoop);
  const decision = decideDocument({ ...nothing, ...named }, trusted);
  switch (decision.kind) {
    case 'by-id':
      return decision.text;
    case 'as-sent':
      return decision.isUnknown ? 'as sent, but told' : 'as sent';
    case 'refused':
      return `${decision.problem.body.errors[0].extensions.code}${decision.isUnknown ? ', told' : ''}`;
  }
}

const unknown = 'TRUSTED_DOCUMENT_UNKNOWN, told';
const mismatch = 'TRUSTED_DOCUMENT_MISMATCH';

describe('decideDocument', () => {
  it.each<[Partial<NamedDocument>, string, string, string]>([
    // What is sent, and the decisions with the modes off, log-unknown and enforce.
    [{}, 'as sent', 'as sent', 'as sent'],
    [{ query: known }, 'as sent', 'as sent', 'as sent'],
    [{ query: respelled }, 'as sent', 'as sent', 'as sent'],
    [{ query: '{ other }' }, 'as sent', 'as sent, but told', unknown],
    [{ query: '{ no graphql' }, 'as sent', 'as sent, but told', unknown],
    [{ documentId: id }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: `sha256:${id}` }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: sha1 }, 'TRUSTED_DOCUMENTS_OFF', '{ __typename }', '{ __typename }'],
    [{ documentId: strange }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: '__proto__' }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: `sha512:${id}` }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: 7 }, 'TRUSTED_DOCUMENTS_OFF', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id }, 'as sent', known, known],
    [{ persistedHash: strange }, 'as sent', unknown, unknown],
    [{ persistedHash: [id] }, 'as sent', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id, query: respelled }, 'as sent', known, known],
    [{ persistedHash: id, query: '{ other }' }, 'as sent', mismatch, mismatch],
    [{ persistedHash: strange, query: '{ other }' }, 'as sent', 'as sent, but told', unknown],
    [{ persistedHash: strange, query: known }, 'as sent', 'as sent', 'as sent'],
    [{ documentId: `sha256:${id}`, persistedHash: id }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: id, persistedHash: strange }, 'TRUSTED_DOCUMENTS_OFF', mismatch, mismatch],
  ])('of %j', async (named, off, logUnknown, enforce) => {
    expect(await decide('off', named)).toBe(off);
    expect(await decide('log-unknown', named)).toBe(logUnknown);
    expect(await decide('enforce', named)).toBe(enforce);
  });
});
