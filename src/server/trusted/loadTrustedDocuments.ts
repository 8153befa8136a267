import { NamedFileError, readNamedFile } from '../../namedFile.ts';
import { type ManifestRules, readManifest } from './readManifest.ts';
import { createTrustedDocuments, type TrustedDocuments } from './trustedDocuments.ts';

export type LoadedDocuments =
  | { readonly trusted: TrustedDocuments }
  | { readonly problems: readonly string[] };

/** Loads a manifest once; each problem names the variable that leads to the file. */
export async function loadTrustedDocuments(
  { mode, path }: { readonly mode: TrustedDocuments['mode']; readonly path: string },
  rules: ManifestRules,
): Promise<LoadedDocuments> {
  let text: string;
  try {
    text = (await readNamedFile(path)).toString('utf8');
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    return { problems: [`TRUSTED_DOCUMENTS_PATH cannot be read: ${error.reason}.`] };
  }
  const manifest = readManifest(text.replace(/^\uFEFF/, ''), rules);
  return 'problems' in manifest
    ? {
        problems: manifest.problems.map(
          (problem) => `TRUSTED_DOCUMENTS_PATH cannot be used: ${problem.replace(/\.$/, '')}.`,
        ),
      }
    : { trusted: createTrustedDocuments(mode, manifest.documents, rules.limits.tokens) };
}
