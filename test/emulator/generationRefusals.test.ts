import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Generation } from '../../src/emulator/model.ts';
import { startTestEmulator, type TestEmulator, writeOf } from './emulatorHarness.ts';

const partners = '/deviceManagement/complianceManagementPartners';
const row = `${partners}/row`;

let today: TestEmulator;
let page: TestEmulator;

beforeAll(async () => {
  const seed = [{ id: 'row' }];
  today = await startTestEmulator({ seed });
  page = await startTestEmulator({ generation: 'reference-page', seed });
});

afterAll(() => Promise.all([today.close(), page.close()]));

interface Place {
  readonly graph: TestEmulator;
  readonly version: 'beta' | 'v1.0';
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Where a generation answers; v1.0 is the same beside either beta. */
const placesOf = (generation: Generation): Place[] =>
  generation === 'v1.0'
    ? [today, page].map((graph) => ({ graph, version: 'v1.0' }))
    : [{ graph: generation === 'today' ? today : page, version: 'beta' }];

async function ask({ graph, version }: Place, method: string, url: string, body?: object) {
  const { status, json } = await graph.ask(method, `/${version}${url}`, body);
  return { status, body: json };
}

async function askInBatch({ graph, version }: Place, method: string, url: string, body: object) {
  const requests = [writeOf('1', method, url, body)];
  const [reply] = await graph.batch(requests, `/${version}/$batch`);
  return { status: reply?.status ?? 0, body: reply?.body };
}

type Way = (place: Place, body: object) => Promise<Reply>;

const ways: readonly (readonly [string, Way, number])[] = [
  ['an add', (place, body) => ask(place, 'POST', partners, body), 201],
  ['an update', (place, body) => ask(place, 'PATCH', row, body), 200],
  ['a batched add', (place, body) => askInBatch(place, 'POST', partners, body), 201],
  ['a batched update', (place, body) => askInBatch(place, 'PATCH', row, body), 200],
];

const group = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g' };
const to = (filter: object) => ({
  iosEnrollmentAssignments: [{ target: { ...group, ...filter } }],
});

const filterId = 'deviceAndAppManagementAssignmentFilterId';
const filterType = 'deviceAndAppManagementAssignmentFilterType';

/** A property, a body with it, and who knows it. */
const bodies: readonly (readonly [string, object, Generation])[] = [
  ['windowsOnboarded', { windowsOnboarded: true }, 'reference-page'],
  ['windowsEnrollmentAssignments', { windowsEnrollmentAssignments: [] }, 'reference-page'],
  ['linuxOnboarded', { linuxOnboarded: true }, 'today'],
  ['linuxEnrollmentAssignments', { linuxEnrollmentAssignments: [] }, 'today'],
  [filterId, to({ [filterId]: 'f' }), 'today'],
  [filterType, to({ [filterType]: 'none' }), 'today'],
  [filterType, to({ [filterType]: 'include' }), 'today'],
];

const generations: readonly Generation[] = ['v1.0', 'reference-page', 'today'];

describe.each(ways)('%s', (_way, send, success) => {
  const table = generations.flatMap((generation) =>
    bodies.map(([name, body, knowing]) => ({
      name,
      body,
      generation,
      status: knowing === generation ? success : 400,
    })),
  );

  it.each(table)('with $name on $generation is answered with $status', async (row) => {
    for (const place of placesOf(row.generation)) {
      const reply = await send(place, row.body);
      expect(reply.status).toBe(row.status);
      if (row.status === 400) {
        expect(reply.body).toHaveProperty(
          'error.message',
          expect.stringContaining(`The property '${row.name}' does not exist on type`),
        );
      }
    }
  });
});

describe('what a generation does not know', () => {
  it.each<[Generation, string]>([
    ['v1.0', 'windowsOnboarded'],
    ['v1.0', 'linuxOnboarded'],
    ['reference-page', 'linuxEnrollmentAssignments'],
    ['today', 'windowsEnrollmentAssignments'],
  ])('%s neither selects nor shows: %s', async (generation, name) => {
    for (const place of placesOf(generation)) {
      expect((await ask(place, 'GET', `${row}?$select=${name}`)).status).toBe(400);
      expect((await ask(place, 'GET', `${partners}?$select=${name}`)).status).toBe(400);
      const body = { id: `${generation}-${name}-${placesOf(generation).indexOf(place)}` };
      const added = await ask(place, 'POST', partners, body);
      expect(added.body).toHaveProperty('iosOnboarded');
      expect(added.body).not.toHaveProperty(name);
    }
  });
});
