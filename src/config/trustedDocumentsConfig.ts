import type { Readers } from './readers.ts';

/** Whether callers may send documents of their own. */
export type TrustedDocumentsConfig =
  | { readonly mode: 'off' }
  | {
      /** What becomes of documents that are not in the manifest: told to the operator, or refused. */
      readonly mode: 'log-unknown' | 'enforce';
      /** The file with the manifest, or a directory of such files. */
      readonly path: string;
    };

const trustedDocumentsModes = ['off', 'log-unknown', 'enforce'] as const;

/** Reads the mode and the manifest's path; the file itself is read when the gateway starts. */
export function readTrustedDocuments(readers: Readers): TrustedDocumentsConfig {
  const mode = readers.oneOf('TRUSTED_DOCUMENTS_MODE', trustedDocumentsModes);
  const path = readers.text('TRUSTED_DOCUMENTS_PATH');
  if (path !== undefined) {
    readers.need(
      'TRUSTED_DOCUMENTS_MODE',
      `with TRUSTED_DOCUMENTS_PATH it is one of ${trustedDocumentsModes.join(', ')}`,
    );
  }
  if (mode === undefined || mode === 'off') {
    return { mode: 'off' };
  }
  readers.need('TRUSTED_DOCUMENTS_PATH', `TRUSTED_DOCUMENTS_MODE=${mode} needs a manifest`);
  return { mode, path: path ?? '' };
}
