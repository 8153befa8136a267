import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFaults, type Fault, isInsteadOfOperation } from '../../src/emulator/faults.ts';
import { until } from '../support/until.ts';
import {
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

const clock = createManualClock();
let graph: TestEmulator;

beforeEach(async () => {
  clock.timers.clear();
  graph = await startTestEmulator({ clock, recordRequests: true });
});

afterEach(() => graph.close());

const add = (displayName = 'Fleet') => graph.ask('POST', collectionPath, { displayName });
const addRaw = () =>
  openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));

describe('the script', () => {
  it.each<[string, NonNullable<Fault['when']>, boolean]>([
    ['everything', {}, true],
    ['the method', { method: 'GET' }, true],
    ['another method', { method: 'POST' }, false],
    ['a text in the path', { path: '/one' }, true],
    ['another text', { path: '/two' }, false],
    ['a pattern over the query', { path: /\$top=1$/ }, true],
    ['another pattern', { path: /^\/v1\.0/ }, false],
    ['method and path', { method: 'GET', path: /one/ }, true],
    ['the method but not the path', { method: 'GET', path: /two/ }, false],
  ])('knows a condition that is %s', (_what, when, fits) => {
    const faults = createFaults();
    faults.add({ when });
    expect(faults.take('GET', '/beta/one?$top=1') !== undefined).toBe(fits);
  });

  it('gives the first that fits, as often as it says', () => {
    const faults = createFaults();
    const first: Fault = { when: { method: 'GET' }, times: 2 };
    const second: Fault = { delayMs: 1 };
    faults.add(first);
    faults.add(second);
    const taken = ['POST', 'GET', 'GET', 'GET'].map((method) => faults.take(method, '/'));
    expect(taken).toEqual([second, first, first, undefined]);
  });

  it('does not stumble over the state of a global pattern', () => {
    const faults = createFaults();
    faults.add({ when: { path: /beta/g }, times: 3 });
    const taken = [1, 2, 3].map(() => faults.take('GET', '/beta') !== undefined);
    expect(taken).toEqual([true, true, true]);
  });

  it('is empty once it is cleared', async () => {
    graph.faults.add({ respond: { status: 500 }, times: 9 });
    expect((await add()).status).toBe(500);
    graph.faults.clear();
    expect((await add()).status).toBe(201);
  });

  it.each<[Fault | undefined, boolean]>([
    [undefined, false],
    [{}, false],
    [{ delayMs: 5 }, false],
    [{ respond: { status: 500 } }, true],
    [{ kill: 'reset' }, true],
    [{ respond: { status: 500 }, execute: true }, false],
    [{ kill: 'truncate', execute: true }, false],
  ])('says of %j whether it takes the place of the operation', (fault, isInstead) => {
    expect(isInsteadOfOperation(fault)).toBe(isInstead);
  });
});

describe('a fault that answers', () => {
  it.each<[string, string | Buffer | object, string]>([
    ['an object', { error: { code: '' } }, '{"error":{"code":""}}'],
    ['a text', '<html>', '<html>'],
    ['bytes', Buffer.from('bytes'), 'bytes'],
  ])('sends %s in the place of the operation', async (_what, body, text) => {
    const headers = { 'retry-after': '0.249', 'request-id': 'scripted', 'content-type': 'text/x' };
    graph.faults.add({ respond: { status: 429, headers, body } });
    const answer = await add();
    expect(answer).toMatchObject({ status: 429, headers, text });
    expect(answer.headers['client-request-id']).toEqual(expect.any(String));
    expect(graph.partners()).toEqual([]);
    expect((await add()).status).toBe(201);
  });

  it('may have no body at all', async () => {
    graph.faults.add({ respond: { status: 503 } });
    const answer = await add();
    expect(answer).toMatchObject({ status: 503, text: '' });
    expect(answer.headers['content-type']).toBeUndefined();
  });

  it('lets the operation happen first where it says so', async () => {
    graph.faults.add({ respond: { status: 504 }, execute: true });
    expect((await add()).status).toBe(504);
    expect(graph.partners().map(({ displayName }) => displayName)).toEqual(['Fleet']);
  });

  it('answers strangers as well', async () => {
    graph.faults.add({ respond: { status: 503 } });
    const stranger = { authorization: 'Bearer bad' };
    expect((await graph.ask('GET', collectionPath, undefined, stranger)).status).toBe(503);
  });
});

describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
  const expectTrace = () => expect(graph.partners()).toHaveLength(execute ? 1 : 0);

  it('resets', async () => {
    graph.faults.add({ kill: 'reset', execute });
    const { ended } = await addRaw();
    expect(await ended).toEqual({ end: 'reset', text: '' });
    expectTrace();
  });

  it('closes without an answer', async () => {
    graph.faults.add({ kill: 'close', execute });
    const { ended, socket } = await addRaw();
    expect(await ended).toEqual({ end: 'fin', text: '' });
    socket.destroy();
    expectTrace();
  });

  it('says nothing until the server closes', async () => {
    graph.faults.add({ kill: 'silence', execute });
    const { ended } = await addRaw();
    await until(() => graph.requests.length === 1);
    expect((await graph.ask('GET', `${collectionPath}/none`)).status).toBe(404);
    expectTrace();
    await graph.close();
    expect((await ended).text).toBe('');
  });

  it("truncates the operation's own answer", async () => {
    graph.faults.add({ kill: 'truncate', execute });
    const { ended, socket } = await addRaw();
    const { end, text } = await ended;
    socket.destroy();
    expect(end).toBe('fin');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 201 /);
    const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body).toMatch(/^\{"@odata\.context"/);
    expect(body.length).toBe(Math.floor(announced / 2));
    expectTrace();
  });

  it('truncates a scripted answer', async () => {
    graph.faults.add({ kill: 'truncate', execute, respond: { status: 200, body: '12345' } });
    const { ended, socket } = await addRaw();
    expect((await ended).text).toMatch(/content-length: 5\r\n[\s\S]*\r\n\r\n12$/i);
    socket.destroy();
    expectTrace();
  });
});

describe('a truncated answer without a body', () => {
  it('is a connection that closes', async () => {
    await graph.ask('POST', collectionPath, { id: 'one' });
    graph.faults.add({ kill: 'truncate', execute: true });
    const raw = rawRequest('DELETE', `${collectionPath}/one`);
    const { ended, socket } = await openRaw(graph.baseUrl, raw);
    expect(await ended).toEqual({ end: 'fin', text: '' });
    socket.destroy();
    expect(graph.partners()).toEqual([]);
  });
});

describe('a delay', () => {
  it("passes on the emulator's clock, before the operation", async () => {
    graph.faults.add({ delayMs: 30_000 });
    const answer = add();
    await until(() => clock.timers.has(30_000));
    expect(graph.partners()).toEqual([]);
    clock.timers.get(30_000)?.();
    expect((await answer).status).toBe(201);
    expect(graph.partners()).toHaveLength(1);
  });

  it('holds up one request and no other', async () => {
    graph.faults.add({ delayMs: 30_000, when: { method: 'GET' } });
    const slow = graph.ask('GET', collectionPath);
    await until(() => clock.timers.has(30_000));
    expect((await add()).status).toBe(201);
    clock.timers.get(30_000)?.();
    expect((await slow).json).toHaveProperty('value.0.displayName', 'Fleet');
  });
});
