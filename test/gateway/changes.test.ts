import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { deleteMutation, revisionIn, revisionQuery, updateMutation } from '../support/documents.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const path = '/beta/deviceManagement/complianceManagementPartners';
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const row: PartnerResource = {
  id: 'fleet',
  displayName: 'Fleet',
  partnerState: 'enabled',
  lastHeartbeatDateTime: '2026-01-01T00:00:00.1234567Z',
  iosOnboarded: true,
  iosEnrollmentAssignments: [
    { target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId } },
  ],
};

let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startTestGraph({ seed: [] });
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

let id: string;
let before: number;

/** Each test has a partner of its own, put there behind the gateway's back. */
beforeEach(async () => {
  id = `fleet-${graph.partners().length}-${graph.requests.length}`;
  await behind('POST', path, { ...row, id });
  before = graph.requests.length;
});

async function behind(method: string, where: string, body: unknown): Promise<void> {
  const answer = await fetch(`${graph.baseUrl}${where}`, {
    method,
    headers: { authorization: 'Bearer embedded-graph-token', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
}

const calls = () =>
  graph.requests.slice(before).map(({ method, body }) => `${method} ${body}`.trim());

async function update(input: object): Promise<Record<string, unknown>> {
  const { result } = await gateway.run(updateMutation, { input: { id, ...input } });
  expect(result.errors).toBeUndefined();
  return result.data?.['updateComplianceManagementPartner'] as Record<string, unknown>;
}

async function remove(input: object = {}): Promise<unknown> {
  const { result } = await gateway.run(deleteMutation, { input: { id, ...input } });
  expect(result.errors).toBeUndefined();
  return result.data?.['deleteComplianceManagementPartner'];
}

async function revision(): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id });
  before = graph.requests.length;
  return revisionIn(result);
}

describe('an update', () => {
  it('sends exactly what is given, once, and leaves the rest alone', async () => {
    const payload = await update({ displayName: 'Fleet 2', iosEnrollmentAssignments: [] });
    expect(calls()).toEqual(['PATCH {"displayName":"Fleet 2","iosEnrollmentAssignments":[]}']);
    expect(payload).toMatchObject({
      complianceManagementPartner: {
        displayName: 'Fleet 2',
        partnerState: 'ENABLED',
        lastHeartbeatDateTime: row.lastHeartbeatDateTime,
        iosOnboarded: true,
        iosEnrollmentAssignments: [],
      },
      userErrors: [],
    });
  });

  it('empties a list with null', async () => {
    const payload = await update({ iosEnrollmentAssignments: null });
    expect(calls()).toEqual(['PATCH {"iosEnrollmentAssignments":[]}']);
    expect(payload).toMatchObject({
      complianceManagementPartner: { iosEnrollmentAssignments: [] },
      userErrors: [],
    });
  });

  it('refuses null at each other field, all at once and before the call', async () => {
    const fields = ['displayName', 'partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'];
    const payload = await update(Object.fromEntries(fields.map((field) => [field, null])));
    expect(calls()).toEqual([]);
    expect(payload).toEqual({
      complianceManagementPartner: null,
      userErrors: fields.map((field) => ({
        code: 'BAD_USER_INPUT',
        field: ['input', field],
        message: expect.stringContaining(`${field} cannot be null`),
      })),
    });
  });

  it('takes null for absent in a target, a filter and a revision', async () => {
    const list = [{ target: null }, {}, { target: { allDevices: { filter: null } } }];
    const payload = await update({ ifRevision: null, iosEnrollmentAssignments: list });
    const type = '"@odata.type":"#microsoft.graph.complianceManagementPartnerAssignment"';
    const target = '"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}';
    expect(calls()).toEqual([
      `PATCH {"iosEnrollmentAssignments":[{${type}},{${type}},{${type},${target}}]}`,
    ]);
    expect(payload).toMatchObject({ userErrors: [] });
  });

  it('writes nothing where nothing is given, and answers the partner', async () => {
    const payload = await update({});
    expect(calls()).toEqual(['GET']);
    expect(payload).toMatchObject({ complianceManagementPartner: { id }, userErrors: [] });
  });

  it('looks before it writes where a revision is given', async () => {
    const payload = await update({ ifRevision: await revision(), androidOnboarded: true });
    expect(calls()).toEqual(['GET', 'PATCH {"androidOnboarded":true}']);
    expect(payload).toMatchObject({ complianceManagementPartner: { androidOnboarded: true } });
  });

  it('writes nothing over a change behind its back, and shows the partner as it is now', async () => {
    const known = await revision();
    await behind('PATCH', `${path}/${id}`, { displayName: 'Changed elsewhere' });
    before = graph.requests.length;
    const payload = await update({ ifRevision: known, displayName: 'Mine' });
    expect(calls()).toEqual(['GET']);
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'Changed elsewhere' },
      userErrors: [{ code: 'CONFLICT', field: ['input', 'ifRevision'] }],
    });
  });

  it('does not take a sign of life for a change', async () => {
    const known = await revision();
    await behind('PATCH', `${path}/${id}`, {
      lastHeartbeatDateTime: '2026-02-01T00:00:00Z',
      partnerState: 'unresponsive',
    });
    const payload = await update({ ifRevision: known, displayName: 'Mine' });
    expect(payload).toMatchObject({
      complianceManagementPartner: { displayName: 'Mine', partnerState: 'UNRESPONSIVE' },
      userErrors: [],
    });
  });

  it.each([
    ['with a revision', { ifRevision: 'any' }],
    ['without', { displayName: 'Mine' }],
    ['with nothing to write', {}],
  ])('says that there is no partner %s', async (_what, input) => {
    expect(await update({ id: 'nobody', ...input })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }],
    });
  });

  it("gives Graph's refusal as data, at its field", async () => {
    expect(await update({ windowsOnboarded: true })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code: 'BAD_USER_INPUT', field: ['input', 'windowsOnboarded'] }],
    });
  });

  it('sends nothing of a doubtful input, and names all that is wrong with it', async () => {
    const payload = await update({ id: '../users', partnerState: 'UNKNOWN_FUTURE_VALUE' });
    expect(calls()).toEqual([]);
    expect(payload).toMatchObject({
      userErrors: [{ field: ['input', 'id'] }, { field: ['input', 'partnerState'] }],
    });
  });

  it('is in doubt where Graph does not confirm it', async () => {
    graph.faults.add({ when: { method: 'PATCH' }, execute: true, kill: 'reset' });
    const input = { id, displayName: 'In doubt' };
    const { status, result } = await gateway.run(updateMutation, { input });
    expect(status).toBe(200);
    expect(result.errors?.[0]?.extensions).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      mayHaveBeenApplied: true,
    });
    expect(calls()).toEqual(['PATCH {"displayName":"In doubt"}']);
  });
});

describe('a delete', () => {
  it('answers the id of what is gone', async () => {
    expect(await remove()).toEqual({
      deletedComplianceManagementPartnerId: id,
      complianceManagementPartner: null,
      userErrors: [],
    });
    expect(calls()).toEqual(['DELETE']);
    expect(graph.partners().map((partner) => partner.id)).not.toContain(id);
  });

  it('says that there is none', async () => {
    expect(await remove({ id: 'nobody' })).toEqual({
      deletedComplianceManagementPartnerId: null,
      complianceManagementPartner: null,
      userErrors: [{ code: 'NOT_FOUND', message: expect.any(String), field: ['input', 'id'] }],
    });
  });

  it('deletes the revision that is meant', async () => {
    expect(await remove({ ifRevision: await revision() })).toMatchObject({
      deletedComplianceManagementPartnerId: id,
    });
    expect(calls()).toEqual(['GET', 'DELETE']);
  });

  it('deletes no other one', async () => {
    expect(await remove({ ifRevision: 'another' })).toMatchObject({
      deletedComplianceManagementPartnerId: null,
      complianceManagementPartner: { id },
      userErrors: [{ code: 'CONFLICT' }],
    });
    expect(calls()).toEqual(['GET']);
  });

  it('looks for a revision of what is not there', async () => {
    expect(await remove({ id: 'nobody', ifRevision: 'any' })).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND' }],
    });
  });

  it('does not climb out of the path', async () => {
    expect(await remove({ id: '..' })).toMatchObject({
      userErrors: [{ code: 'BAD_USER_INPUT', field: ['input', 'id'] }],
    });
    expect(calls()).toEqual([]);
  });
});
