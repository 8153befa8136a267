import { afterEach, describe, expect, it } from '@jest/globals';
import { oddities } from '../../src/emulator/oddities/oddity.ts';
import type { EmulatorOptions } from '../../src/emulator/startEmulator.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import {
  collectionPath,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const assignment = 'microsoft.graph.complianceManagementPartnerAssignment';
const noFilter = {
  deviceAndAppManagementAssignmentFilterId: null,
  deviceAndAppManagementAssignmentFilterType: 'none',
};
const all = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const exclusion = {
  '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  groupId: 'g',
  deviceAndAppManagementAssignmentFilterId: 'f',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const collection = {
  '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
  collectionId: 'SMS00014',
};
const row: PartnerResource = {
  id: 'row',
  displayName: 'Fleet',
  partnerState: 'rejected',
  macOsEnrollmentAssignments: [null, {}, { target: null }, { target: all }, { target: exclusion }],
  iosEnrollmentAssignments: [{ target: collection }],
};
const plainRow: PartnerResource = { id: 'plain', displayName: 'Jamf', partnerState: 'enabled' };
const rowPath = `${collectionPath}/row`;
const missingPath = `${collectionPath}/nobody`;

let graph: TestEmulator;

afterEach(() => graph.close());

async function start(
  chosen: EmulatorOptions['oddities'] = [],
  change: Partial<EmulatorOptions> = {},
): Promise<void> {
  graph = await startTestEmulator({ seed: [row, plainRow], oddities: chosen, ...change });
}

const read = async (path = rowPath) => (await graph.ask('GET', path)).json;
const rows = async () => (await read(collectionPath))?.['value'] as object[];
const targetsOf = (partner: unknown, platform = 'macOs') => {
  const list = (partner as Record<string, { target?: unknown }[]>)[
    `${platform}EnrollmentAssignments`
  ];
  return list?.map((item) => item?.target);
};

describe('a type without #', () => {
  it('stands on everything inside a partner, in every answer, and not on the partner', async () => {
    await start(['hash-less-types']);
    const list = [
      null,
      { '@odata.type': assignment },
      { '@odata.type': assignment, target: null },
      {
        '@odata.type': assignment,
        target: { '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget', ...noFilter },
      },
      {
        '@odata.type': assignment,
        target: { ...exclusion, '@odata.type': 'microsoft.graph.exclusionGroupAssignmentTarget' },
      },
    ];
    const entity = {
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      macOsEnrollmentAssignments: list,
    };
    expect(await read()).toMatchObject(entity);
    expect((await rows())[0]).toHaveProperty('macOsEnrollmentAssignments', list);
    const { json: changed } = await graph.ask('PATCH', rowPath, { displayName: 'new' });
    expect(changed).toMatchObject(entity);
    const body = { macOsEnrollmentAssignments: list.slice(1) };
    expect((await graph.ask('POST', collectionPath, body)).json).toMatchObject({
      ...entity,
      macOsEnrollmentAssignments: list.slice(1),
    });
  });
});

describe('what is missing', () => {
  it('reads as a blank partner and can be deleted again and again, but neither changed nor listed', async () => {
    await start(['missing-as-200']);
    const answer = await graph.ask('GET', missingPath);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      id: 'nobody',
      displayName: null,
      partnerState: 'unknown',
      linuxOnboarded: false,
      iosEnrollmentAssignments: [],
    });
    expect(await read(`${missingPath}?$select=displayName`)).not.toHaveProperty('id');
    const deletions = [missingPath, rowPath, rowPath].map((path) => graph.ask('DELETE', path));
    expect(await Promise.all(deletions)).toEqual(
      deletions.map(() => expect.objectContaining({ status: 204, text: '' })),
    );
    expect((await graph.ask('PATCH', missingPath, {})).status).toBe(404);
    expect((await graph.ask('POST', collectionPath, { id: 'nobody' })).status).toBe(201);
    expect(graph.partners().map(({ id }) => id)).toEqual(['plain', 'nobody']);
  });

  it('is still refused where the query is wrong', async () => {
    await start(['missing-as-200']);
    expect((await graph.ask('GET', `${missingPath}?$select=mood`)).status).toBe(400);
  });
});

describe('a wrapper', () => {
  it('is around a partner that is read, and around nothing else', async () => {
    await start();
    const { '@odata.context': context, ...entity } = (await read()) ?? {};
    await graph.close();
    await start(['value-wrapper'], { port: Number(new URL(graph.baseUrl).port) });
    expect(await read()).toEqual({ '@odata.context': context, value: entity });
    expect(await rows()).toHaveLength(2);
    expect((await graph.ask('PATCH', rowPath, {})).json).toHaveProperty('id', 'row');
    expect((await graph.ask('POST', collectionPath, {})).json).toHaveProperty('id');
    expect(await read(missingPath)).toHaveProperty('error.code', 'ResourceNotFound');
  });
});

describe('a state that no schema lists', () => {
  it('is read in the place of one that is stored', async () => {
    await start(['unknown-enum-members']);
    const states = (await rows()).map((partner) => (partner as PartnerResource).partnerState);
    expect(states).toEqual(['suspended', 'enabled']);
    expect(await read()).toHaveProperty('partnerState', 'suspended');
    expect(await read(`${rowPath}?$select=displayName`)).not.toHaveProperty('partnerState');
    expect(graph.partners()[0]).toHaveProperty('partnerState', 'rejected');
  });

  it('means the stored one when it is written back; other unlisted ones are refused', async () => {
    await start(['unknown-enum-members']);
    const written = await graph.ask('PATCH', rowPath, { partnerState: 'suspended' });
    expect([written.status, written.json?.['partnerState']]).toEqual([200, 'suspended']);
    expect(graph.partners()[0]).toHaveProperty('partnerState', 'rejected');
    expect((await graph.ask('PATCH', rowPath, { partnerState: 'gone' })).status).toBe(400);
  });

  it('is refused where the oddity is not switched on', async () => {
    await start(oddities.filter((oddity) => oddity !== 'unknown-enum-members'));
    expect((await graph.ask('PATCH', rowPath, { partnerState: 'suspended' })).status).toBe(400);
  });
});

describe('a target of a type that no schema lists', () => {
  const scopeTag = {
    '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
    deviceAndAppManagementAssignmentFilterId: 'f',
    deviceAndAppManagementAssignmentFilterType: 'include',
    entraObjectId: 'g',
    targetType: 'user',
  };

  it('is read in the place of some, with properties of its own', async () => {
    await start(['unknown-target-types']);
    const partner = await read();
    expect(targetsOf(partner)).toEqual([
      undefined,
      undefined,
      null,
      { ...all, ...noFilter },
      scopeTag,
    ]);
    expect(targetsOf(partner, 'ios')).toEqual([
      {
        '@odata.type': '#microsoft.graph.androidFotaDeploymentAssignmentTarget',
        groupId: 'SMS00014',
        ...noFilter,
      },
    ]);
    expect(targetsOf((await rows())[0])?.[4]).toEqual(scopeTag);
    expect(graph.partners()[0]).toEqual(row);
  });

  it.each([scopeTag, { ...scopeTag, '@odata.type': scopeTag['@odata.type'].slice(1) }])(
    'changes nothing when it is written back as it was read: %j',
    async (target) => {
      await start(['unknown-target-types']);
      const lists = { macOsEnrollmentAssignments: [{ target: all }, { target }] };
      const { status, json } = await graph.ask('PATCH', rowPath, lists);
      expect([status, targetsOf(json)?.[1]]).toEqual([200, scopeTag]);
      expect(graph.partners()[0]).toHaveProperty('macOsEnrollmentAssignments.1.target', exclusion);
    },
  );

  it.each([
    { '@odata.type': '#microsoft.graph.planetAssignmentTarget' },
    { ...scopeTag, entraObjectId: 7 },
    { ...scopeTag, mood: 'good' },
  ])('is refused where it is not one that was shown: %j', async (target) => {
    await start(['unknown-target-types']);
    const lists = { macOsEnrollmentAssignments: [{ target }] };
    expect((await graph.ask('PATCH', rowPath, lists)).status).toBe(400);
  });
});

describe('empty pages', () => {
  it('come before each one with rows, with the count and the options of the query', async () => {
    await start(['empty-pages'], { seed: ['a', 'b', 'c'].map((id) => ({ id })), pageSize: 2 });
    const pages: unknown[] = [];
    let next: string | undefined = `${collectionPath}?$count=true&$select=id`;
    while (next !== undefined) {
      const json: Readonly<Record<string, unknown>> = (await read(next)) ?? {};
      pages.push([json['@odata.count'], json['value']]);
      next = (json['@odata.nextLink'] as string | undefined)?.slice(graph.baseUrl.length);
    }
    expect(pages).toEqual([
      [3, []],
      [undefined, [{ id: 'a' }, { id: 'b' }]],
      [undefined, []],
      [undefined, [{ id: 'c' }]],
    ]);
  });
});

describe('an update without an answer', () => {
  it('is carried out or refused like every other one', async () => {
    await start(['no-content-update']);
    const answer = await graph.ask('PATCH', rowPath, { displayName: 'new' });
    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(answer.headers['content-type']).toBeUndefined();
    expect(await read()).toHaveProperty('displayName', 'new');
    expect((await graph.ask('PATCH', rowPath, { mood: 'good' })).status).toBe(400);
  });
});

describe('all oddities at once', () => {
  const odd = {
    value: {
      id: 'row',
      partnerState: 'suspended',
      macOsEnrollmentAssignments: [
        null,
        {},
        { target: null },
        {},
        { target: { '@odata.type': 'microsoft.graph.scopeTagGroupAssignmentTarget' } },
      ],
    },
  };

  it.each([
    ['in their order', oddities],
    ['in another', [...oddities].reverse()],
  ])('are in one answer, %s', async (_order, chosen) => {
    await start(chosen);
    expect(await read()).toMatchObject(odd);
    expect(await read(missingPath)).toMatchObject({ value: { id: 'nobody' } });
  });

  it('are in the responses of a batch', async () => {
    await start(oddities);
    const url = collectionPath.slice('/beta'.length);
    const replies = await graph.batch([
      { id: 'list', method: 'GET', url },
      { id: 'get', method: 'GET', url: `${url}/row` },
      { id: 'none', method: 'GET', url: `${url}/nobody` },
      writeOf('change', 'PATCH', `${url}/plain`, { partnerState: 'suspended' }),
      { id: 'remove', method: 'DELETE', url: `${url}/nobody` },
    ]);
    const byId = Object.fromEntries(replies.map((reply) => [reply.id, reply]));
    expect(byId['list']).toHaveProperty('body.value', []);
    expect(byId['get']).toMatchObject({ status: 200, body: odd });
    expect(byId['none']).toMatchObject({ status: 200, body: { value: { id: 'nobody' } } });
    const gone = { status: 204, headers: { 'Cache-Control': 'private' } };
    expect(byId['change']).toEqual({ id: 'change', ...gone });
    expect(byId['remove']).toEqual({ id: 'remove', ...gone });
    expect(graph.partners()).toEqual([row, { ...plainRow, partnerState: 'rejected' }]);
  });

  it('leave the stored rows alone when a whole partner is written back as it was read', async () => {
    await start(oddities);
    const before = graph.partners();
    const { value } = (await read()) as { value: Record<string, unknown> };
    const list = value['macOsEnrollmentAssignments'] as unknown[];
    // Null entries of a list are Graph's to write and nobody else's.
    const body = { ...value, macOsEnrollmentAssignments: list.filter((one) => one !== null) };
    expect((await graph.ask('PATCH', rowPath, body)).status).toBe(204);
    expect(graph.partners().map(({ partnerState }) => partnerState)).toEqual(
      before.map(({ partnerState }) => partnerState),
    );
    expect(targetsOf(graph.partners()[0])?.[3]).toMatchObject({
      ...exclusion,
      '@odata.type': expect.stringContaining('exclusionGroupAssignmentTarget'),
    });
  });
});
