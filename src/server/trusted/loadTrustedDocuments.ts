import { readFile } from 'node:fs/promises';
import { systemCodeOf } from '../../systemCode.ts';
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
    text = await readFile(path, 'utf8');
  } catch (error) {
    return {
      problems: [
        `TRUSTED_DOCUMENTS_PATH cannot be read: ${systemCodeOf(error) ?? 'for an unknown reason'}.`,
      ],
    };
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
