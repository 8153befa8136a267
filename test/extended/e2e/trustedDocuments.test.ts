import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createManifestFolder } from '../../support/persistedDocuments.ts';
import { startProgram } from '../../support/programs.ts';

const folder = createManifestFolder();
afterAll(folder.remove);

describe('the program with a manifest that cannot be used', () => {
  it('tells everything that is wrong with it, and ends with the code of a configuration', async () => {
    const query = '{ nothing }';
    const hash = createHash('sha1').update(query).digest('hex');
    const path = folder.write({ [hash]: query, wrong: '{ __typename }' });
    const program = startProgram({
      TRUSTED_DOCUMENTS_MODE: 'enforce',
      TRUSTED_DOCUMENTS_PATH: path,
    });
    expect(await program.ended).toEqual({ code: 78, signal: null });
    expect(
      program
        .output()
        .split('\n')
        .filter((line) => line.startsWith('TRUSTED')),
    ).toEqual([
      `TRUSTED_DOCUMENTS_PATH cannot be used: document ${hash}: Cannot query field "nothing" on type "Query".`,
      'TRUSTED_DOCUMENTS_PATH cannot be used: document number 2: the name is not the SHA-256, SHA-1 or MD5 of the text.',
    ]);
  });
});
