import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { collectionPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

const page: object = JSON.parse(
  readFileSync(new URL('../fixtures/graph/addRequest.json', import.meta.url), 'utf8'),
);
const newId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

let graph: TestEmulator;

beforeEach(async () => {
  graph = await startTestEmulator({ generation: 'reference-page', newId: () => newId });
});

afterEach(() => graph.close());

const context = () =>
  `${graph.baseUrl}/beta/$metadata#deviceManagement/complianceManagementPartners/$entity`;
const rowPath = `${collectionPath}/${newId}`;

describe('an add', () => {
  it("gives the reference page's row back as it was posted, but for the state that is none", async () => {
    const body = { ...page, partnerState: 'unavailable' };
    const answer = await graph.ask('POST', collectionPath, body);
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toBe(`${graph.baseUrl}${collectionPath}('${newId}')`);
    const list = [{ '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' }];
    const target = { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
    expect(answer.json).toEqual({
      ...body,
      '@odata.context': context(),
      id: newId,
      lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
      macOsEnrollmentAssignments: [{ ...list[0], target }],
      windowsEnrollmentAssignments: list,
      androidEnrollmentAssignments: list,
      iosEnrollmentAssignments: list,
    });
    expect(Object.keys(answer.json ?? {}).slice(0, 3)).toEqual([
      '@odata.context',
      '@odata.type',
      'id',
    ]);
    expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
  });

  it('fills in what is left out', async () => {
    const answer = await graph.ask('POST', collectionPath, {});
    expect(answer.json).toEqual({
      '@odata.context': context(),
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: newId,
      lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
      partnerState: 'unknown',
      displayName: null,
      macOsOnboarded: false,
      windowsOnboarded: false,
      androidOnboarded: false,
      iosOnboarded: false,
      macOsEnrollmentAssignments: [],
      windowsEnrollmentAssignments: [],
      androidEnrollmentAssignments: [],
      iosEnrollmentAssignments: [],
    });
  });

  it('keeps null where null is legal, apart from empty and from absent', async () => {
    const { json } = await graph.ask('POST', collectionPath, {
      displayName: null,
      iosEnrollmentAssignments: [{ target: null }, {}],
    });
    const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
    expect(json).toMatchObject({ displayName: null, androidEnrollmentAssignments: [] });
    expect(json?.['iosEnrollmentAssignments']).toEqual([{ ...odataType, target: null }, odataType]);
  });

  it('honours a free id and refuses one that is taken, in any case', async () => {
    const first = await graph.ask('POST', collectionPath, { id: 'Mine' });
    expect([first.status, first.json?.['id']]).toEqual([201, 'Mine']);
    const second = await graph.ask('POST', collectionPath, { id: 'mINE', displayName: 'Fleet' });
    expect(second.status).toBe(409);
    expect(second.json).toHaveProperty('error.code', 'Conflict');
    expect(graph.partners().map(({ displayName }) => displayName)).toEqual([null]);
  });

  it('does not overwrite a row when the generator repeats itself', async () => {
    await graph.ask('POST', collectionPath, { displayName: 'first' });
    expect((await graph.ask('POST', collectionPath, { displayName: 'second' })).status).toBe(409);
    expect(graph.partners().map(({ displayName }) => displayName)).toEqual(['first']);
  });

  it.each(["it's", 'a/b', 'Ünïcode €', '%'])(
    'can be found under its Location for %s',
    async (id) => {
      const { headers } = await graph.ask('POST', collectionPath, { id });
      const path = String(headers['location']).slice(graph.baseUrl.length);
      expect((await graph.ask('GET', path)).json).toHaveProperty('id', id);
    },
  );

  it.each(['', '\ud800'])('refuses the id %j, which no path can name', async (id) => {
    const body = JSON.stringify({ id });
    expect((await graph.ask('POST', collectionPath, body)).status).toBe(400);
    expect(graph.partners()).toEqual([]);
  });

  it('makes an id of its own for each row where no generator is given', async () => {
    const other = await startTestEmulator();
    await other.ask('POST', collectionPath, {});
    await other.ask('POST', collectionPath, {});
    const ids = other.partners().map(({ id }) => id);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.any(String)]);
    expect(new Set(ids).size).toBe(2);
    await other.close();
  });
});

describe('a get', () => {
  it('shows what is selected, with its type and a context that says so', async () => {
    await graph.ask('POST', collectionPath, { displayName: 'Fleet' });
    const { json } = await graph.ask('GET', `${rowPath}?$select=displayName`);
    expect(json).toEqual({
      '@odata.context': context().replace('/$entity', '(displayName)/$entity'),
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
    });
  });
});

describe('an update', () => {
  beforeEach(async () => {
    await graph.ask('POST', collectionPath, { ...page, partnerState: 'enabled' });
  });

  it('changes what is given, replaces lists and leaves the rest', async () => {
    const before = await graph.ask('GET', rowPath);
    const answer = await graph.ask('PATCH', rowPath, {
      displayName: null,
      macOsEnrollmentAssignments: [],
      lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      ...before.json,
      displayName: null,
      macOsEnrollmentAssignments: [],
      lastHeartbeatDateTime: '2020-02-29T00:00:00Z',
    });
    expect((await graph.ask('GET', rowPath)).json).toEqual(answer.json);
  });

  it('takes the id of the row and refuses any other', async () => {
    expect((await graph.ask('PATCH', rowPath, { id: newId.toUpperCase() })).json).toHaveProperty(
      'id',
      newId,
    );
    const answer = await graph.ask('PATCH', rowPath, { id: 'other', displayName: 'changed' });
    expect(answer.status).toBe(400);
    expect(graph.partners()[0]).toMatchObject({ id: newId, displayName: 'Display Name value' });
  });

  it('changes nothing when one property is wrong', async () => {
    const body = { displayName: 'changed', partnerState: 'String' };
    expect((await graph.ask('PATCH', rowPath, body)).status).toBe(400);
    expect(graph.partners()[0]).toMatchObject({ displayName: 'Display Name value' });
  });
});

describe('a delete', () => {
  it('takes the row out, once', async () => {
    await graph.ask('POST', collectionPath, {});
    expect(await graph.ask('DELETE', rowPath)).toMatchObject({ status: 204, text: '' });
    expect(graph.partners()).toEqual([]);
    expect((await graph.ask('DELETE', rowPath)).json).toHaveProperty(
      'error.code',
      'ResourceNotFound',
    );
  });
});
