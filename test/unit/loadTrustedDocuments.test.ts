import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { loadTrustedDocuments } from '../../src/graphql/trusted.ts';
import { createManifestFolder } from '../support/persistedDocuments.ts';
import { usualLimits } from '../support/usualLimits.ts';

const folder = createManifestFolder();
afterAll(folder.remove);

const load = (path: string) =>
  loadTrustedDocuments(
    { mode: 'enforce', path },
    { schema: createSchema(readSdl()), limits: usualLimits },
  );

describe('loadTrustedDocuments', () => {
  it('loads a manifest, with a byte order mark or without', async () => {
    const query = '{ __typename }';
    const id = createHash('sha256').update(query).digest('hex');
    const text = JSON.stringify({ [id]: query });
    for (const content of [text, `\uFEFF${text}`]) {
      const loaded = await load(folder.write(content));
      expect('trusted' in loaded && loaded.trusted.find(`sha256:${id}`)).toBe(query);
    }
  });

  it.each<[string, () => string, string]>([
    [
      'is not there',
      () => '/nowhere/manifest.json',
      'TRUSTED_DOCUMENTS_PATH cannot be read: ENOENT.',
    ],
    [
      'is a directory without manifests',
      () => fileURLToPath(new URL('../server/trusted', import.meta.url)),
      'TRUSTED_DOCUMENTS_PATH cannot be read: the directory has no files with names that end in .json.',
    ],
    [
      'is a device',
      () => '/dev/null',
      'TRUSTED_DOCUMENTS_PATH cannot be read: it is a device, a pipe or a socket, not a regular file.',
    ],
    [
      'is no manifest',
      () => folder.write('{'),
      'TRUSTED_DOCUMENTS_PATH cannot be used: it must be a JSON object with documents by their hashes.',
    ],
  ])('tells of a file that %s', async (_what, pathOf, problem) => {
    expect(await load(pathOf())).toEqual({ problems: [problem] });
  });
});
