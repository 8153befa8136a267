import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A folder for manifests. */
export interface ManifestFolder {
  /** Writes a file and gives its path. */
  write(content: unknown): string;
  /** Lets the client preset of GraphQL Code Generator write manifests of the example's operations, by both hashes. */
  generate(): Promise<Readonly<Record<HashAlgorithm, GeneratedManifest>>>;
  remove(): void;
}

type HashAlgorithm = 'sha1' | 'sha256';

export interface GeneratedManifest {
  readonly path: string;
  readonly documents: Readonly<Record<string, string>>;
}

/** Makes an empty folder. */
export function createManifestFolder(): ManifestFolder {
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  let count = 0;
  const write = (content: unknown): string => {
    count += 1;
    const path = join(folder, `${count}.json`);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  return {
    write,
    async generate() {
      const outputOf = (hashAlgorithm: HashAlgorithm): string => join(folder, `${hashAlgorithm}/`);
      const of = (hashAlgorithm: HashAlgorithm) => ({
        preset: 'client',
        presetConfig: { persistedDocuments: { hashAlgorithm } },
      });
      const config = {
        schema: join(root, 'schema/*.graphql'),
        documents: join(root, 'examples/consumer/operations/*.graphql'),
        generates: { [outputOf('sha1')]: of('sha1'), [outputOf('sha256')]: of('sha256') },
      };
      const program = join(root, 'node_modules/.bin/graphql-codegen');
      const options = { cwd: root };
      await promisify(execFile)(process.execPath, [program, '--config', write(config)], options);
      const read = (hashAlgorithm: HashAlgorithm): GeneratedManifest => {
        const path = join(outputOf(hashAlgorithm), 'persisted-documents.json');
        return { path, documents: JSON.parse(readFileSync(path, 'utf8')) };
      };
      return { sha1: read('sha1'), sha256: read('sha256') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
