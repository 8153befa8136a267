import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Makes an empty folder for manifests. */
export function createManifestFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  let count = 0;
  /** Writes a file and gives its path. */
  const write = (content: unknown): string => {
    count += 1;
    const path = join(folder, `${count}.json`);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const outputOf = (hashAlgorithm: string): string => join(folder, `${hashAlgorithm}/`);
  const read = (hashAlgorithm: string) => {
    const path = join(outputOf(hashAlgorithm), 'persisted-documents.json');
    const documents: Readonly<Record<string, string>> = JSON.parse(readFileSync(path, 'utf8'));
    return { path, documents };
  };
  return {
    write,
    /** Lets the client preset of GraphQL Code Generator write manifests of the example's operations, by both hashes. */
    async generate() {
      const outputOfHash = (hashAlgorithm: string) => [
        outputOf(hashAlgorithm),
        { preset: 'client', presetConfig: { persistedDocuments: { hashAlgorithm } } },
      ];
      const config = write({
        schema: join(root, 'schema/*.graphql'),
        documents: join(root, 'examples/consumer/operations/*.graphql'),
        generates: Object.fromEntries(['sha1', 'sha256'].map(outputOfHash)),
      });
      const program = join(root, 'node_modules/.bin/graphql-codegen');
      await promisify(execFile)(process.execPath, [program, '--config', config], { cwd: root });
      return { sha1: read('sha1'), sha256: read('sha256') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
