import { afterEach, describe, expect, it } from '@jest/globals';
import { batchPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

let emulator: TestEmulator | undefined;

afterEach(() => emulator?.close());

const byIds = '/beta/directoryObjects/getByIds?$select=id,displayName';
const group = '3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60';
const deleted = 'dead0000-0000-4000-8000-000000000001';
const filterUrl = `/deviceManagement/assignmentFilters/${group}?$select=id,displayName`;

describe("the embedded Graph's names", () => {
  it('leave out a deleted group, and are the same for an id in any case', async () => {
    emulator = await startTestEmulator();
    const ids = [group.toUpperCase(), deleted];
    const { status, json } = await emulator.ask('POST', byIds, { ids, types: ['group'] });
    const type = { '@odata.type': '#microsoft.graph.group' };
    const row = { ...type, id: ids[0], displayName: 'Engineering Linux workstations' };
    expect([status, json]).toEqual([200, { value: [row] }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no ids', {}, /Missing required parameter ids/],
    ['an id that is no GUID', { ids: [group, 'x'] }, /Invalid object identifier 'x'/],
    ['1,001 ids', { ids: Array.from({ length: 1_001 }, () => group) }, /Too many identifiers/],
  ])('are rejected with 400 for %s', async (_what, body, message) => {
    emulator = await startTestEmulator();
    const { status, text } = await emulator.ask('POST', byIds, body);
    expect([status, text]).toEqual([400, expect.stringMatching(message)]);
  });

  it.each([
    ['GET', byIds, 405],
    ['PATCH', `/beta${filterUrl}`, 405],
    ['GET', `/v1.0${filterUrl}`, 400],
    ['GET', `/beta${filterUrl.replace(group, deleted)}`, 404],
    ['GET', `/beta${filterUrl}`, 200],
  ])('answer %s %s with %p', async (method, path, status) => {
    emulator = await startTestEmulator();
    expect(await emulator.ask(method, path)).toMatchObject({ status });
  });

  it('of filters are in a batch, and unknown to a beta without filters', async () => {
    for (const [generation, status] of [
      ['today', 200],
      ['reference-page', 400],
    ] as const) {
      const server = await startTestEmulator({ generation });
      const replies = await server.batch([{ id: '1', method: 'GET', url: filterUrl }], batchPath);
      await server.close();
      expect(replies).toMatchObject([{ id: '1', status }]);
    }
  });
});
