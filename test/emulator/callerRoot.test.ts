import { describe, expect, it } from '@jest/globals';
import { callerRootOf } from '../../src/emulator/emulatorRequest.ts';
import { batchPath, collectionPath, startTestEmulator } from './emulatorHarness.ts';

const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.test' };

describe('the root of the links', () => {
  it.each([
    [{}, 'http://127.0.0.1'],
    [{ host: 'localhost:1' }, 'http://localhost:1'],
    [{ host: '127.0.0.1:1', ...proxied }, 'https://graph.test'],
    [{ host: 'graph.test:1', 'x-forwarded-proto': 'https' }, 'https://graph.test:1'],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'http, https' }, 'http://localhost:1'],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'https, http' }, 'https://localhost:1'],
    [{ host: 'localhost:1', 'x-forwarded-host': 'a.test, b.test' }, 'http://a.test'],
    [
      { host: 'localhost:1', 'x-forwarded-host': '', 'x-forwarded-proto': '' },
      'http://localhost:1',
    ],
    [{ host: 'localhost:1', 'x-forwarded-proto': 'ftp' }, 'http://localhost:1'],
  ])('is for %j what the caller wrote', (headers, root) => {
    expect(callerRootOf({ headers })).toBe(root);
  });

  it("is in a batch the batch's own, whatever its requests say", async () => {
    const graph = await startTestEmulator({ seed: [{ id: 'a' }, { id: 'b' }], pageSize: 1 });
    const url = collectionPath.slice('/beta'.length);
    const requests = [{ id: '1', method: 'GET', url, headers: proxied }];
    const inside = await graph.ask('POST', batchPath, { requests });
    expect(inside.text).toContain(`"@odata.nextLink":"${graph.baseUrl}/beta`);
    const outside = await graph.ask('POST', batchPath, { requests }, proxied);
    expect(outside.text).toContain('"@odata.nextLink":"https://graph.test/beta');
    await graph.close();
  });
});
