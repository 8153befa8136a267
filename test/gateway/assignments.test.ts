import { describe, expect, it } from '@jest/globals';
import type { PartnerResource } from '../../src/graph/types.ts';
import {
  addAssignmentMutation,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
} from '../support/documents.ts';
import { empty, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const groupType = '#microsoft.graph.groupAssignmentTarget';
const { embedded, scripted } = useStages();

const start = (row: Partial<PartnerResource> = {}, environment = {}) =>
  embedded({ seed: [{ id: 'fleet', ...row }] }, environment);

const changeOf =
  (document: string) =>
  (gateway: TestGateway, target: object, more: object = {}): Promise<unknown> =>
    gateway.ask(document, { input: { id: 'fleet', platform: 'MAC_OS', target, ...more } });
const add = changeOf(addAssignmentMutation);
const remove = changeOf(removeAssignmentMutation);

const methodsOf = ({ requests }: { requests: readonly { method: string }[] }): string =>
  requests.map(({ method }) => method).join(' ');
const wireGroup = { target: { '@odata.type': groupType, groupId } };
const oneGroup = { macOsEnrollmentAssignments: [wireGroup] };
const group = { group: { groupId } };
const fleet = { complianceManagementPartner: { id: 'fleet' } };

describe('one assignment', () => {
  it('is added to the list, and removed again', async () => {
    const { gateway, graph } = await start(oneGroup);
    const ofGroup = { target: { __typename: 'GroupAssignmentTarget', groupId } };
    const ofAll = { target: { __typename: 'AllDevicesAssignmentTarget' } };
    expect(await add(gateway, { allDevices: {} })).toMatchObject({
      changed: true,
      userErrors: [],
      complianceManagementPartner: { macOsEnrollmentAssignments: [ofGroup, ofAll] },
    });
    expect(await remove(gateway, group)).toMatchObject({
      changed: true,
      complianceManagementPartner: { macOsEnrollmentAssignments: [ofAll] },
    });
    expect(methodsOf(graph)).toBe('GET PATCH GET PATCH');
  });

  it('is not written where it is there, whatever its case, or not there', async () => {
    const { gateway, graph } = await start(oneGroup);
    const unchanged = { changed: false, userErrors: [], ...fleet };
    const upper = { group: { groupId: groupId.toUpperCase() } };
    expect(await add(gateway, upper)).toMatchObject(unchanged);
    expect(await remove(gateway, { exclusionGroup: { groupId } })).toMatchObject(unchanged);
    expect(methodsOf(graph)).toBe('GET GET');
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
    const { graph, gateway } = await scripted([
      json(200, `{"id":"fleet","macOsEnrollmentAssignments":[${entries.join(', ')}]}`),
      json(200, { id: 'fleet', ...oneGroup }),
    ]);
    expect(await add(gateway, group)).toMatchObject({ changed: true });
    const entry = `{"@odata.type":"#microsoft.graph.complianceManagementPartnerAssignment","target":{"@odata.type":"${groupType}","groupId":"${groupId}"}}`;
    const written = `{"macOsEnrollmentAssignments":[${[...entries, entry].join()}]}`;
    expect(graph.requests[1]?.body).toBe(written);
  });

  it('asks first where the target already has another filter', async () => {
    const { gateway, graph } = await start(oneGroup);
    const filter = { id: groupId, type: 'EXCLUDE' };
    expect(await add(gateway, { group: { groupId, filter } })).toMatchObject({
      changed: false,
      ...fleet,
      userErrors: [{ code: 'CONFLICT', field: ['input', 'target', 'group', 'filter'] }],
    });
    expect(methodsOf(graph)).toBe('GET');
  });

  it('is changed in the revision that is meant, and in no other', async () => {
    const { gateway } = await start();
    const { result } = await gateway.run(revisionQuery, { id: 'fleet' });
    const given = { ifRevision: revisionIn(result) };
    expect(await add(gateway, { allDevices: {} }, given)).toMatchObject({ changed: true });
    expect(await remove(gateway, { allDevices: {} }, given)).toMatchObject({
      changed: false,
      ...fleet,
      userErrors: [{ code: 'CONFLICT', field: ['input', 'ifRevision'] }],
    });
  });

  it.each<[string, object, string, string]>([
    ['a partner that is not there', { id: 'nobody' }, 'NOT_FOUND', 'id'],
    ['an id that could climb out of the path', { id: '..' }, 'BAD_USER_INPUT', 'id'],
    [
      'a property that the current beta does not have',
      { platform: 'WINDOWS' },
      'BAD_USER_INPUT',
      'platform',
    ],
  ])('is rejected as data for %s', async (_what, more, code, field) => {
    const { gateway } = await start();
    expect(await add(gateway, { allDevices: {} }, more)).toMatchObject({
      complianceManagementPartner: null,
      changed: false,
      userErrors: [{ code, field: ['input', field] }],
    });
  });

  it('is rejected before the call where v1.0 cannot know it', async () => {
    const { gateway, graph } = await start({}, { GRAPH_API_VERSION: 'v1.0' });
    const target = { allDevices: { filter: { id: groupId, type: 'INCLUDE' } } };
    expect(await add(gateway, target, { platform: 'LINUX' })).toMatchObject({
      userErrors: [
        { field: ['input', 'platform'] },
        { field: ['input', 'target', 'allDevices', 'filter'] },
      ],
    });
    expect(methodsOf(graph)).toBe('');
  });
});

const other = { target: { '@odata.type': groupType, groupId: groupId.replace('2', '9') } };
const left = { id: 'fleet', ...oneGroup };
const leftAndOther = { id: 'fleet', macOsEnrollmentAssignments: [wireGroup, other] };

describe('changes at the same time', () => {
  it.each<[string, object, object, typeof add, object]>([
    ['an added target is not there', { id: 'fleet' }, left, add, { allDevices: {} }],
    ['a removed one still is', left, leftAndOther, remove, group],
  ])(
    'are reported beside the written assignment when %s afterwards, but another one',
    async (_what, row, after, change, target) => {
      const { graph, gateway } = await scripted([json(200, row), empty(204), json(200, after)]);
      expect(await change(gateway, target)).toMatchObject({
        changed: true,
        ...fleet,
        userErrors: [{ code: 'CONFLICT', message: expect.stringContaining('from another change') }],
      });
      expect(methodsOf(graph)).toBe('GET PATCH GET');
    },
  );
});
