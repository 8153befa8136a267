import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { useStages, writeBehind } from '../support/stages.ts';

const row = {
  displayName: 'Fleet',
  partnerState: 'enabled',
  lastHeartbeatDateTime: '2026-01-01T00:00:00.1234567Z',
  iosOnboarded: true,
  iosEnrollmentAssignments: [
    { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
  ],
};

const { embedded } = useStages(afterAll);
const { graph, gateway } = await embedded({ seed: [] });

let id: string;
let before: number;

/** Each test has a partner of its own, put there behind the gateway's back. */
beforeEach(async () => {
  id = `fleet-${graph.requests.length}`;
  await writeBehind(graph, 'POST', '', { ...row, id });
  before = graph.requests.length;
});
afterEach(() => graph.faults.clear());

const calls = () =>
  graph.requests.slice(before).map(({ method, body }) => `${method} ${body}`.trim());
const update = (input: object) => gateway.ask(updateMutation, { input: { id, ...input } });
const remove = (input: object = {}) => gateway.ask(deleteMutation, { input: { id, ...input } });

async function revision(): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id });
  before = graph.requests.length;
  return revisionIn(result);
}

/** A payload without a partner, with one user error. */
const nothingBut = (code: string, ...field: string[]) => ({
  complianceManagementPartner: null,
  userErrors: [{ code, field: ['input', ...field] }],
});

describe('an update', () => {
  it('sends exactly what is given, once, and leaves the rest alone', async () => {
    const change = { displayName: 'Fleet 2', iosEnrollmentAssignments: [] };
    expect(await update(change)).toMatchObject({
      complianceManagementPartner: { ...row, partnerState: 'ENABLED', ...change },
      userErrors: [],
    });
    expect(calls()).toEqual([`PATCH ${JSON.stringify(change)}`]);
  });

  it('empties a list with null', async () => {
    expect(await update({ iosEnrollmentAssignments: null })).toMatchObject({
      complianceManagementPartner: { iosEnrollmentAssignments: [] },
      userErrors: [],
    });
    expect(calls()).toEqual(['PATCH {"iosEnrollmentAssignments":[]}']);
  });

  it('rejects null at each other field, all at once and before the call', async () => {
    const fields = ['displayName', 'partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'];
    expect(await update(Object.fromEntries(fields.map((field) => [field, null])))).toEqual({
      complianceManagementPartner: null,
      userErrors: fields.map((field) => ({
        code: 'BAD_USER_INPUT',
        field: ['input', field],
        message: expect.stringContaining(`${field} cannot be null`),
      })),
    });
    expect(calls()).toEqual([]);
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
    expect(await update({})).toMatchObject({
      complianceManagementPartner: { id },
      userErrors: [],
    });
    expect(calls()).toEqual(['GET']);
  });

  it('looks before it writes where a revision is given', async () => {
    const change = { ifRevision: await revision(), androidOnboarded: true };
    expect(await update(change)).toMatchObject({
      complianceManagementPartner: { androidOnboarded: true },
    });
    expect(calls()).toEqual(['GET', 'PATCH {"androidOnboarded":true}']);
  });

  it('writes nothing over a change behind its back, and shows the partner as it is now', async () => {
    const known = await revision();
    await writeBehind(graph, 'PATCH', `/${id}`, { displayName: 'Changed elsewhere' });
    before = graph.requests.length;
    expect(await update({ ifRevision: known, displayName: 'Mine' })).toMatchObject({
      complianceManagementPartner: { displayName: 'Changed elsewhere' },
      userErrors: [{ code: 'CONFLICT', field: ['input', 'ifRevision'] }],
    });
    expect(calls()).toEqual(['GET']);
  });

  it('does not take a sign of life for a change', async () => {
    const known = await revision();
    const life = { lastHeartbeatDateTime: '2026-02-01T00:00:00Z', partnerState: 'unresponsive' };
    await writeBehind(graph, 'PATCH', `/${id}`, life);
    expect(await update({ ifRevision: known, displayName: 'Mine' })).toMatchObject({
      complianceManagementPartner: { displayName: 'Mine', partnerState: 'UNRESPONSIVE' },
      userErrors: [],
    });
  });

  it.each([
    ['with a revision', { ifRevision: 'any' }],
    ['without', { displayName: 'Mine' }],
    ['with nothing to write', {}],
  ])('says that there is no partner %s', async (_what, input) => {
    expect(await update({ id: 'nobody', ...input })).toMatchObject(nothingBut('NOT_FOUND', 'id'));
  });

  it("gives Graph's refusal as data, at its field", async () => {
    const refused = nothingBut('BAD_USER_INPUT', 'windowsOnboarded');
    expect(await update({ windowsOnboarded: true })).toMatchObject(refused);
  });

  it('sends nothing of a doubtful input, and names all that is wrong with it', async () => {
    expect(await update({ id: '../users', partnerState: 'UNKNOWN_FUTURE_VALUE' })).toMatchObject({
      userErrors: [{ field: ['input', 'id'] }, { field: ['input', 'partnerState'] }],
    });
    expect(calls()).toEqual([]);
  });

  it.each([
    ['is cut', {}],
    ['says that it conflicts, and is cut', { respond: { status: 409 } }],
  ])('is in doubt where an answer to what was executed %s', async (_what, fault) => {
    graph.faults.add({ when: { method: 'PATCH' }, execute: true, kill: 'reset', ...fault });
    const input = { id, displayName: 'In doubt' };
    const { status, extensions } = await gateway.run(updateMutation, { input });
    expect(status).toBe(200);
    expect(extensions).toMatchObject({ code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true });
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

  it.each([
    ['without a revision', {}],
    ['with one', { ifRevision: 'any' }],
  ])('says that there is none %s', async (_what, input) => {
    expect(await remove({ id: 'nobody', ...input })).toMatchObject({
      deletedComplianceManagementPartnerId: null,
      ...nothingBut('NOT_FOUND', 'id'),
    });
  });

  it('deletes the revision that is meant', async () => {
    const given = { ifRevision: await revision() };
    expect(await remove(given)).toMatchObject({ deletedComplianceManagementPartnerId: id });
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
});

type Method = 'PATCH' | 'DELETE' | 'POST';
type Change = readonly [what: string, method: Method, document: string, input: object];

const target = { allDevices: {} };
const plain: readonly Change[] = [
  ['an update', 'PATCH', updateMutation, { displayName: 'Other' }],
  ['a delete', 'DELETE', deleteMutation, {}],
  ['an add with an id of its own', 'POST', addMutation, { displayName: 'Other' }],
];
const ofAssignments: readonly Change[] = [
  ['a new assignment', 'PATCH', addAssignmentMutation, { platform: 'ANDROID', target }],
  ['an assignment less', 'PATCH', removeAssignmentMutation, { platform: 'IOS', target }],
];
const conflict = { code: 'CONFLICT', message: 'It was changed.' };

describe.each([409, 412])("Graph's own %i", (status) => {
  const refuse = (method: Method) => {
    const body = intuneErrors.plainWithTail('Conflict', conflict.message);
    graph.faults.add({ when: { method }, respond: { status, body } });
  };

  it.each([...plain, ...ofAssignments])(
    'to %s comes with the partner as it is now',
    async (_what, method, document, input) => {
      refuse(method);
      expect(await gateway.ask(document, { input: { id, ...input } })).toMatchObject({
        complianceManagementPartner: { id },
        userErrors: [{ ...conflict, ...(method === 'POST' && { field: ['input', 'id'] }) }],
      });
    },
  );

  it.each(plain)('to %s is reported also when the partner cannot be read', async (...change) => {
    const [, method, document, input] = change;
    refuse(method);
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    expect(await gateway.ask(document, { input: { id, ...input } })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [conflict],
    });
  });

  it('to an add that has no id says nothing of a partner', async () => {
    refuse('POST');
    expect(await gateway.ask(addMutation, { input: { displayName: 'Other' } })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ ...conflict, field: null }],
    });
    expect(calls()).toEqual([expect.stringMatching(/^POST/)]);
  });
});
