import { afterAll, describe, expect, it } from '@jest/globals';
import {
  addMutation,
  pageAnswer,
  pageInput,
  partnerQuery,
  revisionQuery,
} from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { embedded, start } = useStages(afterAll);
const { scripted } = useStages();

interface Payload {
  readonly complianceManagementPartner: { readonly id: string } | null;
  readonly userErrors: readonly object[];
}

const page = await embedded({ generation: 'reference-page' });
const today = await embedded({ generation: 'today', seed: [] });

it('reads back each kind of target and filter that an add sent, at once and later', async () => {
  const { gateway } = today;
  const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const [include, exclude] = ['INCLUDE', 'EXCLUDE'].map((type) => ({ id: groupId, type }));
  const targets = [
    ['AllLicensedUsers', 'allLicensedUsers', { filter: null }],
    ['AllDevices', 'allDevices', { filter: exclude }],
    ['Group', 'group', { groupId, filter: include }],
    ['ExclusionGroup', 'exclusionGroup', { groupId, filter: null }],
    [
      'ConfigurationManagerCollection',
      'configurationManagerCollection',
      { collectionId: 'S 1', filter: null },
    ],
  ] as const;
  const flags = { displayName: ' Fl\u00e9et 🚚', linuxOnboarded: false, partnerState: 'REJECTED' };
  const sent = targets.map(([, name, value]) => ({ target: { [name]: value } }));
  const shown = targets.map(([kind, , value]) => ({
    target: { __typename: `${kind}AssignmentTarget`, ...value },
  }));
  const { complianceManagementPartner: partner, userErrors } = await gateway.ask<Payload>(
    addMutation,
    { input: { ...flags, linuxEnrollmentAssignments: [{}, ...sent] } },
  );
  expect(userErrors).toEqual([]);
  const linuxEnrollmentAssignments = [{ target: null }, ...shown];
  expect(partner).toMatchObject({ ...flags, linuxEnrollmentAssignments });
  expect(await gateway.ask(partnerQuery, { id: partner?.id })).toEqual(partner);
});

const v1 = await start({ GRAPH_BASE_URL: page.graph.baseUrl, GRAPH_API_VERSION: 'v1.0' });

describe("the reference page's example", () => {
  const { graph, gateway } = page;
  const givenId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
  const add = (change: object) => gateway.ask(addMutation, { input: { ...pageInput, ...change } });
  const added = (id: unknown) => ({
    complianceManagementPartner: { ...pageAnswer, id },
    userErrors: [],
  });

  it("is answered with every property, after one call with the caller's id and trace", async () => {
    const calls = graph.requests.length;
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const ids = { 'client-request-id': 'from-the-caller', traceparent };
    const { status, headers, result } = await gateway.run(addMutation, { input: pageInput }, ids);
    const payload = added(expect.stringMatching(/^[0-9a-f-]{36}$/));
    expect([status, result]).toEqual([200, { data: { addComplianceManagementPartner: payload } }]);
    expect(headers).toMatchObject(ids);
    expect(graph.requests.slice(calls)).toMatchObject([{ headers: ids }]);
  });

  it('is answered under the id that it gives, and rejected as data the second time', async () => {
    expect(await add({ id: givenId })).toEqual(added(givenId));
    expect(await add({ id: givenId })).toMatchObject({
      complianceManagementPartner: { id: givenId },
      userErrors: [{ code: 'CONFLICT' }],
    });
  });

  it('is added on v1.0 without its windows properties', async () => {
    const { windowsOnboarded, windowsEnrollmentAssignments, ...input } = pageInput;
    expect([windowsOnboarded, windowsEnrollmentAssignments]).not.toContain(undefined);
    const nothingOfWindows = { windowsOnboarded: null, windowsEnrollmentAssignments: null };
    expect(await v1.ask(addMutation, { input })).toMatchObject({
      complianceManagementPartner: { ...pageAnswer, ...nothingOfWindows },
      userErrors: [],
    });
    expect(graph.requests.at(-1)?.path).toBe('/v1.0/deviceManagement/complianceManagementPartners');
  });
});

describe('a number that no double can hold', () => {
  it('arrives with all its digits, as text, and is another revision with another last digit', async () => {
    const target = (big: string) =>
      `{"@odata.type":"#microsoft.graph.futureTarget","big":${big},"small":7,"exponent":1e400}`;
    const row = (big: string) =>
      json(200, `{"id":"a","iosEnrollmentAssignments":[{"target":${target(big)}}]}`);
    const big = '12345678901234567890';
    const { gateway } = await scripted([row(big), row(big), row(big.replace(/0$/, '1'))]);
    const properties = { big, small: 7, exponent: '1e400' };
    expect(await gateway.ask(partnerQuery, { id: 'a' })).toMatchObject({
      iosEnrollmentAssignments: [{ target: { properties } }],
    });
    const first = await gateway.ask(revisionQuery, { id: 'a' });
    expect(await gateway.ask(revisionQuery, { id: 'a' })).not.toEqual(first);
  });
});

it('answers the viewer from the token, without a call of Graph', async () => {
  const { graph, gateway } = today;
  const calls = graph.requests.length;
  const claims = {
    tid: 'tenant',
    scp: 'DeviceManagementConfiguration.Read.All',
    exp: 1_800_000_000,
  };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const authorization = `Bearer e30.${payload}.c2ln`;
  const query = '{ viewer { isVerified tenantId expiresAt operations { name isPermitted } } }';
  expect(await gateway.ask(query, {}, { authorization })).toEqual({
    isVerified: false,
    tenantId: 'tenant',
    expiresAt: '2027-01-15T08:00:00.000Z',
    operations: expect.arrayContaining([
      { name: 'complianceManagementPartners', isPermitted: true },
      { name: 'addComplianceManagementPartner', isPermitted: false },
    ]),
  });
  expect(graph.requests).toHaveLength(calls);
});
