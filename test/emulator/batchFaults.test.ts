import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kill } from '../../src/emulator/faults.ts';
import { until } from '../support/until.ts';
import {
  batchPath,
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const clock = createManualClock();
let graph: TestEmulator;

beforeEach(async () => {
  clock.timers.clear();
  graph = await startTestEmulator({ clock, recordRequests: true });
});

afterEach(() => graph.close());

const partners = '/deviceManagement/complianceManagementPartners';
const adds = ['x', 'y', 'z'].map((id) => writeOf(id, 'POST', partners, { id }));
const ids = () => graph.partners().map(({ id }) => id);
/** Fits the second add alone: faults for a path count the requests that fit it. */
const second = { method: 'PATCH', path: `${collectionPath}/y` };
const withPatch = [
  ...adds.slice(0, 1),
  writeOf('y', 'PATCH', `${partners}/y`, {}),
  ...adds.slice(2),
];

describe('a fault for a request in a batch', () => {
  it('answers in its place and leaves the others alone', async () => {
    const body = { error: { code: 'TooManyRequests' } };
    const respond = { status: 429, headers: { 'Retry-After': '0.249' }, body };
    graph.faults.add({ when: { method: 'POST', path: /^\/beta\/deviceManagement/ }, respond });
    const replies = await graph.batch(adds);
    expect(replies.map(({ id, status }) => `${id} ${status}`)).toEqual(['z 201', 'y 201', 'x 429']);
    expect(replies[2]).toMatchObject({ headers: { 'Retry-After': '0.249' }, body });
    expect(ids()).toEqual(['y', 'z']);
  });

  it('lets the operation happen where it says so', async () => {
    const when = { path: collectionPath };
    graph.faults.add({ when, respond: { status: 504 }, execute: true });
    const replies = await graph.batch(adds);
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 504]);
    expect(ids()).toEqual(['x', 'y', 'z']);
  });

  it('makes those that wait for it fail with 424', async () => {
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 503 } });
    const waiting = adds.map((item, index) => (index > 0 ? { ...item, dependsOn: ['x'] } : item));
    const replies = await graph.batch(waiting);
    expect(replies.map(({ status }) => status)).toEqual([424, 424, 503]);
    expect(ids()).toEqual([]);
  });

  it('is not taken by one that was never carried out', async () => {
    graph.faults.add({ when: { path: `${collectionPath}/y` }, respond: { status: 500 } });
    const waiting = [
      { id: 'bad', method: 'GET', url: `${partners}/nobody` },
      { id: 'tied', method: 'GET', url: `${partners}/y`, dependsOn: ['bad'] },
    ];
    expect((await graph.batch(waiting)).map(({ status }) => status)).toEqual([424, 404]);
    expect((await graph.ask('GET', `${collectionPath}/y`)).status).toBe(500);
  });

  it('holds it up, and those after it', async () => {
    graph.faults.add({ when: second, delayMs: 30_000 });
    const replies = graph.batch(withPatch);
    await until(() => clock.timers.has(30_000));
    expect(ids()).toEqual(['x']);
    clock.timers.get(30_000)?.();
    expect((await replies).map(({ status }) => status)).toEqual([201, 404, 201]);
  });

  it.each<[Kill, RegExp]>([
    ['reset', /^$/],
    ['close', /^$/],
    ['truncate', /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{"responses":\[\{"id":"y","status":404/],
  ])('that kills by %s does so to the batch, and ends it there', async (kill, text) => {
    graph.faults.add({ when: second, kill });
    const raw = rawRequest('POST', batchPath, JSON.stringify({ requests: withPatch }));
    const { ended, socket } = await openRaw(graph.baseUrl, raw);
    expect((await ended).text).toMatch(text);
    socket.destroy();
    expect(ids()).toEqual(['x']);
  });
});

describe('a fault for the batch itself', () => {
  it('answers in the place of all, and uses up no fault of theirs', async () => {
    graph.faults.add({ when: { path: '$batch' }, respond: { status: 503 } });
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 500 } });
    const { status } = await graph.ask('POST', batchPath, { requests: adds });
    expect(status).toBe(503);
    expect(ids()).toEqual([]);
    expect((await graph.batch(adds)).map(({ status: each }) => each)).toEqual([201, 201, 500]);
  });

  it('may come after all has happened', async () => {
    graph.faults.add({ when: { path: '$batch' }, kill: 'truncate', execute: true });
    const raw = rawRequest('POST', batchPath, JSON.stringify({ requests: adds }));
    const { ended, socket } = await openRaw(graph.baseUrl, raw);
    expect((await ended).text).toMatch(/\r\n\r\n\{"responses":\[\{"id":"z","status":201/);
    socket.destroy();
    expect(ids()).toEqual(['x', 'y', 'z']);
  });
});
