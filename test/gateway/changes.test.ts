import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { revisionIn, revisionQuery } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { json } from '../support/scriptedServer.ts';
import { mutations, useStages, writeBehind } from '../support/stages.ts';

const row = {
  displayName: 'Fleet',
  partnerState: 'enabled',
  lastHeartbeatDateTime: '2026-01-01T00:00:00.1234567Z',
  iosOnboarded: true,
  iosEnrollmentAssignments: [
    { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
  ],
};
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const group = { group: { groupId } };
const target = { allDevices: {} };

const { embedded } = useStages(afterAll);
const { scripted } = useStages();
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
const asking = (document: string) => (input: object) =>
  gateway.ask(document, { input: { id, ...input } });
const update = asking(mutations.update);
const remove = asking(mutations.delete);
const assign = (target: object, more: object = {}) =>
  asking(mutations.assign)({ platform: 'MAC_OS', target, ...more });
const unassign = (target: object, more: object = {}) =>
  asking(mutations.unassign)({ platform: 'MAC_OS', target, ...more });

async function behind(change: object): Promise<void> {
  await writeBehind(graph, 'PATCH', `/${id}`, change);
  before = graph.requests.length;
}
async function revision(): Promise<string> {
  const { result } = await gateway.run(revisionQuery, { id });
  before = graph.requests.length;
  return revisionIn(result);
}

const conflictAt = (...field: string[]) => ({
  complianceManagementPartner: { id: expect.any(String) },
  userErrors: [{ code: 'CONFLICT', field: ['input', ...field] }],
});
const conflictAtRevision = conflictAt('ifRevision');

describe('an update', () => {
  it('sends exactly what is given, once, null for a list as an empty one, and leaves the rest alone', async () => {
    const change = { displayName: 'Fleet 2', iosEnrollmentAssignments: [] };
    expect(await update({ ...change, iosEnrollmentAssignments: null })).toMatchObject({
      complianceManagementPartner: { ...row, partnerState: 'ENABLED', ...change },
      userErrors: [],
    });
    expect(await update({ displayName: null, iosOnboarded: null })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [
        { code: 'BAD_USER_INPUT', field: ['input', 'displayName'] },
        { code: 'BAD_USER_INPUT', field: ['input', 'iosOnboarded'] },
      ],
    });
    expect(calls()).toEqual([`PATCH ${JSON.stringify(change)}`]);
  });

  it('takes null for absent in a target, a filter and a revision, and writes nothing without a change', async () => {
    const list = [{ target: null }, {}, { target: { allDevices: { filter: null } } }];
    await update({ ifRevision: null, iosEnrollmentAssignments: list });
    const type = '"@odata.type":"#microsoft.graph.complianceManagementPartnerAssignment"';
    const allDevices = '"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}';
    expect(await update({})).toMatchObject({ complianceManagementPartner: { id }, userErrors: [] });
    expect(calls()).toEqual([
      `PATCH {"iosEnrollmentAssignments":[{${type}},{${type}},{${type},${allDevices}}]}`,
      'GET',
    ]);
  });

  it('writes in the given revision, which a sign of life does not change, and in no other', async () => {
    const ifRevision = await revision();
    await behind({ lastHeartbeatDateTime: '2026-02-01T00:00:00Z', partnerState: 'unresponsive' });
    expect(await update({ ifRevision, androidOnboarded: true })).toMatchObject({
      complianceManagementPartner: { androidOnboarded: true, partnerState: 'UNRESPONSIVE' },
      userErrors: [],
    });
    expect(calls()).toEqual(['GET', 'PATCH {"androidOnboarded":true}']);
    await behind({ displayName: 'Changed elsewhere' });
    expect(await update({ ifRevision, displayName: 'Mine' })).toMatchObject({
      ...conflictAtRevision,
      complianceManagementPartner: { displayName: 'Changed elsewhere' },
    });
    expect(calls()).toEqual(['GET']);
  });
});

describe('a delete', () => {
  it('of the given revision and no other answers the id of what is gone', async () => {
    const ifRevision = await revision();
    const nothing = { deletedComplianceManagementPartnerId: null, ...conflictAtRevision };
    expect(await remove({ ifRevision: 'other' })).toMatchObject(nothing);
    expect(await remove({ ifRevision })).toEqual({
      deletedComplianceManagementPartnerId: id,
      complianceManagementPartner: null,
      userErrors: [],
    });
    expect(calls()).toEqual(['GET', 'GET', 'DELETE']);
    expect(graph.partners().map((partner) => partner.id)).not.toContain(id);
  });
});

describe('one assignment', () => {
  const assigned = (changed: boolean, ...targets: readonly object[]) => ({
    changed,
    userErrors: [],
    complianceManagementPartner: {
      macOsEnrollmentAssignments: targets.map((target) => ({ target })),
    },
  });

  it('is written only if it is not there yet, or is there to be removed', async () => {
    const ofGroup = { __typename: 'GroupAssignmentTarget', groupId };
    const ofAll = { __typename: 'AllDevicesAssignmentTarget' };
    expect(await assign(group)).toMatchObject(assigned(true, ofGroup));
    expect(await assign(target)).toMatchObject(assigned(true, ofGroup, ofAll));
    before = graph.requests.length;
    const upper = { group: { groupId: groupId.toUpperCase() } };
    const excluded = { exclusionGroup: { groupId } };
    expect(await assign(upper)).toMatchObject(assigned(false, ofGroup, ofAll));
    expect(await unassign(excluded)).toMatchObject(assigned(false, ofGroup, ofAll));
    const filter = { id: groupId, type: 'EXCLUDE' };
    expect(await assign({ group: { groupId, filter } })).toMatchObject({
      ...conflictAt('target', 'group', 'filter'),
      changed: false,
    });
    expect(calls()).toEqual(['GET', 'GET', 'GET']);
    const given = { ifRevision: await revision() };
    expect(await unassign(group, given)).toMatchObject(assigned(true, ofAll));
    expect(await assign(group, given)).toMatchObject({ ...conflictAtRevision, changed: false });
  });

  it('goes beside all others byte for byte, unrecognized ones included', async () => {
    const entries = [
      '{"target": {"@odata.type":"#microsoft.graph.everyoneTarget", "weight":1.0, "serial":12345678901234567890}}',
      'null',
      '{"note":"\\u00e9\\/", "target":null}',
      '{"target":{"@odata.type":"microsoft.graph.groupAssignmentTarget","groupId":"x"},"more":{"a":[1e400]}}',
    ];
    const stage = await scripted([
      json(200, `{"id":"fleet","macOsEnrollmentAssignments":[${entries.join(', ')}]}`),
      json(200, { id: 'fleet', macOsEnrollmentAssignments: [] }),
    ]);
    const input = { id: 'fleet', platform: 'MAC_OS', target: group };
    const payload = await stage.gateway.ask(mutations.assign, { input });
    expect(payload).toMatchObject({ changed: true });
    const entry = `{"@odata.type":"#microsoft.graph.complianceManagementPartnerAssignment","target":{"@odata.type":"${groupType}","groupId":"${groupId}"}}`;
    const written = `{"macOsEnrollmentAssignments":[${[...entries, entry].join()}]}`;
    expect(stage.graph.requests[1]?.body).toBe(written);
  });
});

describe('what a caller can fix', () => {
  const ofMac = { platform: 'MAC_OS', target };
  const ofWindows = { ...ofMac, platform: 'WINDOWS' };
  const nobody = { id: 'nobody' };

  it.each([
    ['id', 'an update of nothing', mutations.update, nobody],
    ['id', 'an update', mutations.update, { ...nobody, displayName: 'Mine' }],
    ['id', 'a delete', mutations.delete, nobody],
    ['id', 'a delete in a revision', mutations.delete, { ...nobody, ifRevision: 'any' }],
    ['id', 'an assignment', mutations.assign, { ...ofMac, ...nobody }],
    ['windowsOnboarded', 'a rejected update', mutations.update, { windowsOnboarded: true }],
    ['platform', 'a rejected assignment', mutations.assign, ofWindows],
  ])('has the field %s of %s', async (field, _what, document, input) => {
    const code = field === 'id' ? 'NOT_FOUND' : 'BAD_USER_INPUT';
    expect(await asking(document)(input)).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code, field: ['input', field] }],
    });
  });

  const conflict = { code: 'CONFLICT', message: 'It was changed.' };
  const refuse = (method: string, status: number) => {
    const body = intuneErrors.plainWithTail('Conflict', conflict.message);
    graph.faults.add({ when: { method }, respond: { status, body } });
  };

  it.each<[number, string, string, string, object, object]>([
    [409, 'an update', 'PATCH', mutations.update, { displayName: 'Other' }, {}],
    [412, 'a delete', 'DELETE', mutations.delete, {}, {}],
    [409, 'a new assignment', 'PATCH', mutations.assign, ofMac, {}],
    [412, 'an add', 'POST', mutations.add, { displayName: 'Other' }, { field: ['input', 'id'] }],
  ])(
    "comes with the partner as it is now after Graph's own %i to %s, if it can be read",
    async (status, _what, method, document, input, field) => {
      const userErrors = [{ ...conflict, ...field }];
      for (const partner of [{ id }, null]) {
        refuse(method, status);
        if (partner === null) {
          // The read before an assignment's change is answered as usual.
          const times = document === mutations.assign ? 1 : 0;
          graph.faults.add({ when: { method: 'GET' }, delayMs: 0, times });
          graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
        }
        const shown = { complianceManagementPartner: partner, userErrors };
        expect(await asking(document)(input)).toMatchObject(shown);
      }
    },
  );

  it('has no field if an add without an id is a conflict', async () => {
    refuse('POST', 409);
    expect(await gateway.ask(mutations.add, { input: { displayName: 'Other' } })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ ...conflict, field: null }],
    });
    expect(calls()).toHaveLength(1);
  });
});
