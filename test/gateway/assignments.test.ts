import { describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { useClosing } from '../support/closing.ts';
import {
  addAssignmentMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
} from '../support/documents.ts';
import { empty, json } from '../support/scriptedServer.ts';
import { startScripted, startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const closeLater = useClosing();

async function start(
  row: Partial<PartnerResource> = {},
  environment: Record<string, string> = {},
): Promise<{ gateway: TestGateway; graph: Emulator }> {
  const graph = await startTestGraph({ seed: [{ id: 'fleet', ...row }] });
  const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl, ...environment });
  closeLater(() => gateway.stop(0), graph.close);
  return { gateway, graph };
}

const inputOf = (target: object, more: object = {}) => ({
  input: { id: 'fleet', platform: 'MAC_OS', target, ...more },
});

async function add(gateway: TestGateway, target: object, more: object = {}): Promise<unknown> {
  const { result } = await gateway.run(addAssignmentMutation, inputOf(target, more));
  expect(result.errors).toBeUndefined();
  return result.data?.['addEnrollmentAssignment'];
}

async function remove(gateway: TestGateway, target: object, more: object = {}): Promise<unknown> {
  const { result } = await gateway.run(removeAssignmentMutation, inputOf(target, more));
  expect(result.errors).toBeUndefined();
  return result.data?.['removeEnrollmentAssignment'];
}

const methods = (graph: Emulator): string[] => graph.requests.map(({ method }) => method);
const wireGroup = { target: { '@odata.type': groupType, groupId } };

describe('one assignment', () => {
  it('is added to the list, and removed again', async () => {
    const { gateway, graph } = await start({ macOsEnrollmentAssignments: [wireGroup] });
    expect(await add(gateway, { allDevices: {} })).toMatchObject({
      changed: true,
      userErrors: [],
      complianceManagementPartner: {
        macOsEnrollmentAssignments: [
          { target: { __typename: 'GroupAssignmentTarget', groupId } },
          { target: { __typename: 'AllDevicesAssignmentTarget' } },
        ],
      },
    });
    expect(await remove(gateway, { group: { groupId } })).toMatchObject({
      changed: true,
      complianceManagementPartner: {
        macOsEnrollmentAssignments: [{ target: { __typename: 'AllDevicesAssignmentTarget' } }],
      },
    });
    expect(methods(graph)).toEqual(['GET', 'PATCH', 'GET', 'PATCH']);
  });

  it('is not written where it is there, whatever its case, or not there', async () => {
    const { gateway, graph } = await start({ macOsEnrollmentAssignments: [wireGroup] });
    const upper = { group: { groupId: groupId.toUpperCase() } };
    expect(await add(gateway, upper)).toMatchObject({
      changed: false,
      userErrors: [],
      complianceManagementPartner: { id: 'fleet' },
    });
    expect(await remove(gateway, { exclusionGroup: { groupId } })).toMatchObject({
      changed: false,
      userErrors: [],
    });
    expect(methods(graph)).toEqual(['GET', 'GET']);
  });

  it('is the first of a list that is not there yet', async () => {
    const { gateway } = await start();
    expect(await add(gateway, { allLicensedUsers: {} })).toMatchObject({ changed: true });
  });

  it('goes beside all others byte for byte, unrecognised ones included', async () => {
    const entries = [
      '{"target": {"@odata.type":"#microsoft.graph.everyoneTarget", "weight":1.0, "serial":12345678901234567890}}',
      'null',
      '{"note":"\\u00e9\\/", "target":null}',
      '{"target":{"@odata.type":"microsoft.graph.groupAssignmentTarget","groupId":"x"},"more":{"a":[1e400]}}',
    ];
    const body = `{"id":"fleet","macOsEnrollmentAssignments":[${entries.join(', ')}]}`;
    const written = { id: 'fleet', macOsEnrollmentAssignments: [wireGroup] };
    const { graph, gateway } = await startScripted(closeLater, [
      json(200, body),
      json(200, written),
    ]);
    expect(await add(gateway, { group: { groupId } })).toMatchObject({ changed: true });
    const entry = `{"@odata.type":"#microsoft.graph.complianceManagementPartnerAssignment","target":{"@odata.type":"${groupType}","groupId":"${groupId}"}}`;
    expect(graph.requests[1]?.body).toBe(
      `{"macOsEnrollmentAssignments":[${[...entries, entry].join()}]}`,
    );
  });

  it('asks first where the target already has another filter', async () => {
    const { gateway, graph } = await start({ macOsEnrollmentAssignments: [wireGroup] });
    const filter = { id: groupId, type: 'EXCLUDE' };
    expect(await add(gateway, { group: { groupId, filter } })).toMatchObject({
      changed: false,
      complianceManagementPartner: { id: 'fleet' },
      userErrors: [{ code: 'CONFLICT', field: ['input', 'target', 'group', 'filter'] }],
    });
    expect(methods(graph)).toEqual(['GET']);
  });

  it('is changed in the revision that is meant, and in no other', async () => {
    const { gateway } = await start();
    const { result } = await gateway.run(revisionQuery, { id: 'fleet' });
    const revision = revisionIn(result);
    expect(await add(gateway, { allDevices: {} }, { ifRevision: revision })).toMatchObject({
      changed: true,
    });
    expect(await remove(gateway, { allDevices: {} }, { ifRevision: revision })).toMatchObject({
      changed: false,
      complianceManagementPartner: { id: 'fleet' },
      userErrors: [{ code: 'CONFLICT', field: ['input', 'ifRevision'] }],
    });
  });

  it.each<[string, object, object, object]>([
    ['a partner that is not there', { allDevices: {} }, { id: 'nobody' }, { code: 'NOT_FOUND' }],
    [
      'an id that could climb out of the path',
      { allDevices: {} },
      { id: '..' },
      { code: 'BAD_USER_INPUT', field: ['input', 'id'] },
    ],
    [
      'a property that the current beta does not have',
      { allDevices: {} },
      { platform: 'WINDOWS' },
      { code: 'BAD_USER_INPUT', field: ['input', 'platform'] },
    ],
  ])('is refused as data for %s', async (_what, target, more, userError) => {
    const { gateway } = await start();
    expect(await add(gateway, target, more)).toMatchObject({
      complianceManagementPartner: null,
      changed: false,
      userErrors: [userError],
    });
  });

  it('is refused before the call where v1.0 cannot know it', async () => {
    const { gateway, graph } = await start({}, { GRAPH_API_VERSION: 'v1.0' });
    const filter = { id: groupId, type: 'INCLUDE' };
    expect(await add(gateway, { allDevices: { filter } }, { platform: 'LINUX' })).toMatchObject({
      userErrors: [
        { field: ['input', 'platform'] },
        { field: ['input', 'target', 'allDevices', 'filter'] },
      ],
    });
    expect(methods(graph)).toEqual([]);
  });
});

describe('changes at the same time', () => {
  it('do not lose each other through this gateway', async () => {
    const { gateway, graph } = await start();
    graph.faults.add({ when: { method: 'PATCH' }, times: 8, delayMs: 10 });
    const groups = Array.from({ length: 8 }, (_value, index) => `${groupId.slice(0, -1)}${index}`);
    const added = await Promise.all(
      groups.map((each) => add(gateway, { group: { groupId: each } })),
    );
    expect(added).toEqual(groups.map(() => expect.objectContaining({ changed: true })));
    const [partner] = graph.partners();
    expect(
      partner?.macOsEnrollmentAssignments?.map((entry) => entry?.target?.groupId).sort(),
    ).toEqual(groups);
  });

  const third = { target: { '@odata.type': groupType, groupId: groupId.replace('2', '9') } };
  const left = { id: 'fleet', macOsEnrollmentAssignments: [wireGroup] };
  const leftAndThird = { id: 'fleet', macOsEnrollmentAssignments: [wireGroup, third] };
  it.each<[string, object, object, typeof add, object]>([
    ['an added target is not there', { id: 'fleet' }, left, add, { allDevices: {} }],
    ['a removed one still is', left, leftAndThird, remove, { group: { groupId } }],
  ])(
    'are reported beside the written assignment when %s afterwards, but another one',
    async (_what, row, after, change, target) => {
      const { graph, gateway } = await startScripted(closeLater, [
        json(200, row),
        empty(204),
        json(200, after),
      ]);
      expect(await change(gateway, target)).toMatchObject({
        changed: true,
        complianceManagementPartner: { id: 'fleet' },
        userErrors: [{ code: 'CONFLICT', message: expect.stringContaining('from another change') }],
      });
      expect(graph.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'GET']);
    },
  );
});
