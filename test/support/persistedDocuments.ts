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
  return {
    write,
    /** Lets the client preset of GraphQL Code Generator write a manifest of the example's operations. */
    async generate() {
      const config = write({
        schema: join(root, 'schema/*.graphql'),
        documents: join(root, 'examples/consumer/operations/*.graphql'),
        generates: {
          [`${folder}/`]: {
            preset: 'client',
            presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
          },
        },
      });
      const program = join(root, 'node_modules/.bin/graphql-codegen');
      await promisify(execFile)(process.execPath, [program, '--config', config], { cwd: root });
      const path = join(folder, 'persisted-documents.json');
      const documents: Readonly<Record<string, string>> = JSON.parse(readFileSync(path, 'utf8'));
      return { path, documents };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
