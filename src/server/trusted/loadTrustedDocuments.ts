import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createTrustedDocuments, type TrustedDocuments } from '../../graphql/trusted.ts';
import { createLoopShare } from '../../shared/loopShare.ts';
import { NamedFileError, readNamedFile } from '../../shared/namedFile.ts';
import { systemCodeOf } from '../../shared/systemCode.ts';
import { type ManifestRules, readManifest } from './readManifest.ts';

/** Where the manifest is: a file, or a directory of them. */
export interface ManifestPlace {
  readonly mode: TrustedDocuments['mode'];
  readonly path: string;
}

export type LoadedDocuments =
  | { readonly trusted: TrustedDocuments }
  | { readonly problems: readonly string[] };

const maximumFiles = 100;

/** Loads the manifest once; each problem names the variable that leads to the file. */
export async function loadTrustedDocuments(
  { mode, path }: ManifestPlace,
  rules: ManifestRules,
): Promise<LoadedDocuments> {
  const documents = new Map<string, string>();
  const problems: string[] = [];
  const share = createLoopShare();
  try {
    const files = await findFiles(path);
    for (const file of files) {
      const text = (await readNamedFile(file)).toString('utf8');
      const manifest = await readManifest(text.replace(/^\uFEFF/, ''), rules, share);
      if ('documents' in manifest) {
        for (const [id, document] of manifest.documents) {
          documents.set(id, document);
        }
        continue;
      }
      const place = file === path ? '' : `${basename(file)}: `;
      for (const problem of manifest.problems) {
        problems.push(
          `TRUSTED_DOCUMENTS_PATH cannot be used: ${place}${problem.replace(/\.$/, '')}.`,
        );
      }
    }
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    problems.push(`TRUSTED_DOCUMENTS_PATH cannot be read: ${error.reason}.`);
  }
  return problems.length > 0
    ? { problems }
    : { trusted: await createTrustedDocuments(mode, documents, rules.limits.tokens, share) };
}

/** A text that is another one once a file of the manifest has changed. It is no reason to fail that there is none. */
export async function readState(path: string): Promise<string> {
  try {
    const files = await findFiles(path);
    const states = await Promise.all(files.map((file) => stat(file)));
    return JSON.stringify(
      states.map(({ ino, mtimeMs, size }, index) => [files[index], ino, mtimeMs, size]),
    );
  } catch (error) {
    return error instanceof NamedFileError ? error.reason : (systemCodeOf(error) ?? 'unknown');
  }
}

/** The files of a manifest in the order of their names. @throws NamedFileError */
async function findFiles(path: string): Promise<readonly string[]> {
  let entries: readonly string[];
  try {
    entries = await readdir(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOTDIR') {
      return [path];
    }
    throw new NamedFileError(code ?? 'unknown', code);
  }
  const names = entries.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  if (names.length === 0 || names.length > maximumFiles) {
    const count = names.length === 0 ? 'no' : `more than ${maximumFiles}`;
    throw new NamedFileError(`the directory has ${count} files with names that end in .json`);
  }
  return names.sort().map((name) => join(path, name));
}
