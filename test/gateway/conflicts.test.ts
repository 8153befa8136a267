import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  removeAssignmentMutation,
  updateMutation,
} from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const path = '/beta/deviceManagement/complianceManagementPartners';
const id = 'fleet';
const target = { allDevices: {} };
const iosEnrollmentAssignments = [
  { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
];

let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startTestGraph({ seed: [] });
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
});
beforeEach(() => behind('POST', '', { id, displayName: 'As it is now', iosEnrollmentAssignments }));
afterEach(() => {
  graph.faults.clear();
  return behind('DELETE', `/${id}`);
});
afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

async function behind(method: string, where: string, body?: unknown): Promise<void> {
  const answer = await fetch(`${graph.baseUrl}${path}${where}`, {
    method,
    headers: { authorization: 'Bearer embedded-graph-token', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
}

interface Change {
  readonly what: string;
  readonly method: 'PATCH' | 'DELETE' | 'POST';
  readonly document: string;
  readonly input: object;
}

const update = { what: 'an update', method: 'PATCH', document: updateMutation } as const;
const deletion = { what: 'a delete', method: 'DELETE', document: deleteMutation } as const;
const addition = {
  what: 'an add with an id of its own',
  method: 'POST',
  document: addMutation,
} as const;
const renamed = { id, displayName: 'Other' };
const plain: readonly Change[] = [
  { ...update, input: renamed },
  { ...deletion, input: { id } },
  { ...addition, input: renamed },
];
const ofAssignments: readonly Change[] = [
  {
    what: 'a new assignment',
    method: 'PATCH',
    document: addAssignmentMutation,
    input: { id, platform: 'ANDROID', target },
  },
  {
    what: 'an assignment less',
    method: 'PATCH',
    document: removeAssignmentMutation,
    input: { id, platform: 'IOS', target },
  },
];

/** Runs a change that Graph refuses as a conflict; gives its payload. */
async function runRefused({ method, document, input }: Change, status: number): Promise<unknown> {
  const body = intuneErrors.plainWithTail('Conflict', 'It was changed.');
  graph.faults.add({ when: { method }, respond: { status, body } });
  const { result } = await gateway.run(document, { input });
  expect(result.errors).toBeUndefined();
  return Object.values(result.data ?? {})[0];
}

describe.each([409, 412])("Graph's own %i", (status) => {
  it.each([...plain, ...ofAssignments])(
    'to $what comes with the partner as it is now',
    async (change) => {
      expect(await runRefused(change, status)).toMatchObject({
        complianceManagementPartner: { id },
        userErrors: [{ code: 'CONFLICT', message: 'It was changed.' }],
      });
    },
  );

  it.each(plain)('to $what is reported also when the partner cannot be read', async (change) => {
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 403 } });
    expect(await runRefused(change, status)).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code: 'CONFLICT', message: 'It was changed.' }],
    });
  });
});

describe("Graph's own conflict", () => {
  it('with an add names the id if the caller chose it', async () => {
    expect(await runRefused({ ...addition, input: renamed }, 409)).toMatchObject({
      userErrors: [{ code: 'CONFLICT', field: ['input', 'id'] }],
    });
  });

  it('with an add that has no id says nothing of a partner', async () => {
    const input = { displayName: 'Other' };
    expect(await runRefused({ ...addition, input }, 409)).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code: 'CONFLICT', field: null }],
    });
  });

  it('is reported as unknown, not as a conflict, when the write may have been executed', async () => {
    graph.faults.add({
      when: { method: 'PATCH' },
      respond: { status: 409 },
      kill: 'reset',
      execute: true,
    });
    const { result } = await gateway.run(updateMutation, { input: renamed });
    expect(result.errors?.[0]?.extensions['code']).toBe('OUTCOME_UNKNOWN');
  });
});
