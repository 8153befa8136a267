import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Kill } from '../../src/emulator/http.ts';
import { listQuery } from '../support/documents.ts';
import { findFreePort } from '../support/freePort.ts';
import { openConnection } from '../support/rawConnection.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

let clock: VirtualClock;
let graph: TestEmulator;

beforeEach(async () => {
  clock = createVirtualClock();
  graph = await startTestEmulator({ clock, hasControl: true });
});

afterEach(() => graph.close());

const add = (displayName = 'Fleet') => graph.ask('POST', collectionPath, { displayName });
const names = () => graph.partners().map(({ displayName }) => displayName);

it('gives a request the first fault that fits it, as often as that says', () => {
  const { faults } = graph;
  const method = 'GET';
  const misfits = [
    { method: 'POST' },
    { path: '/two' },
    { path: /^\/v1/ },
    { method, path: /two/ },
  ];
  const fits = [{ method }, { path: '/one' }, { path: /\$top=1$/g }, {}];
  for (const when of [...misfits, ...fits] as NonNullable<Fault['when']>[]) {
    faults.add({ when, times: when.method === method ? 2 : 1 });
  }
  const take = () => faults.take(method, '/beta/one?$top=1')?.when;
  expect([take(), take(), take(), take(), take(), take()]).toEqual([fits[0], ...fits, undefined]);
  faults.clear();
  expect(faults.take('POST', '/')).toBeUndefined();
});

it.each<[string | Buffer | object, string]>([
  [{ error: { code: '' } }, '{"error":{"code":""}}'],
  ['<html>', '<html>'],
  [Buffer.from('bytes'), 'bytes'],
])('sends %p instead of the operation, to callers without a token too', async (body, text) => {
  const headers = { 'retry-after': '0.249', 'request-id': 'scripted', 'content-type': 'text/x' };
  graph.faults.add({ times: 2, respond: { status: 429, headers, body } });
  const answer = await add();
  expect(answer).toMatchObject({ status: 429, headers, text });
  expect(answer.headers['client-request-id']).toEqual(expect.any(String));
  const stranger = { authorization: 'Bearer bad' };
  expect((await graph.ask('GET', collectionPath, undefined, stranger)).status).toBe(429);
  expect(names()).toEqual([]);
  expect((await add()).status).toBe(201);
});

describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
  it.each<[Kill, string]>([
    ['reset', 'reset'],
    ['close', 'fin'],
    ['silence', 'fin'],
    ['truncate', 'fin'],
  ])('ends the connection: %s', async (kill, end) => {
    graph.faults.add({ kill, execute });
    const { socket, send, closed } = await openConnection(graph.baseUrl);
    const ends: string[] = [];
    socket.once('error', () => ends.push('reset')).once('end', () => ends.push('fin'));
    send(rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));
    if (kill === 'silence') {
      // Sends nothing until the server closes.
      await until(() => graph.requests.length === 1);
      expect((await graph.ask('GET', `${collectionPath}/none`)).status).toBe(404);
      await graph.close();
    }
    const [head = '', body] = (await closed).split('\r\n\r\n');
    expect([ends, names()]).toEqual([[end], execute ? ['Fleet'] : []]);
    expect(head).toMatch(kill === 'truncate' ? /^HTTP\/1\.1 201 / : /^$/);
    const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body?.length).toBe(kill === 'truncate' ? Math.floor(announced / 2) : undefined);
  });
});

describe('the control endpoint', () => {
  const controlPath = '/control/faults';
  const script = (fault: unknown, headers = {}) => graph.ask('POST', controlPath, fault, headers);
  const left = async () => (await graph.ask('GET', controlPath)).json['faults'];

  it('lists the faults that are left, and clears them', async () => {
    await script({ method: 'GET', status: 503, headers: { 'retry-after': '2' }, times: 3 });
    expect(await graph.ask('GET', collectionPath)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { error: { code: 'ScriptedFault' } },
    });
    expect((await add()).status).toBe(201);
    await script({ path: 'x', reset: 'after' });
    expect(await left()).toEqual([
      { method: 'GET', times: 2, status: 503, execute: false },
      { path: 'x', times: 1, reset: 'after' },
    ]);
    expect((await graph.ask('DELETE', controlPath)).status).toBe(204);
    expect(await left()).toEqual([]);
  });

  it.each([
    ['before', []],
    ['after', ['Fleet']],
  ])('resets the connection %s the operation', async (reset, expected) => {
    await script({ method: 'POST', path: 'complianceManagementPartners', reset });
    await expect(add()).rejects.toThrow();
    expect(names()).toEqual(expected);
  });

  it('delays an operation, and executes one although another status answers', async () => {
    await script({ status: 504, execute: true, body: '<html>', delayMs: 30_000 });
    const answer = add('Slow');
    await clock.whenPending();
    expect(names()).toEqual([]);
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ status: 504, text: '<html>' });
    expect(names()).toEqual(['Slow']);
  });

  const status = 500;

  it.each<[string, unknown, RegExp, number, object]>([
    ['an unknown member', { state: 503 }, /"state" is not a member/, 400, {}],
    ['a name from the prototype', { toString: 1 }, /"toString" is not a member/, 400, {}],
    ['a method in lower case', { method: 'get', status }, /"method" must be/, 400, {}],
    ['a status out of range', { status: 600 }, /"status" must be a number from 200/, 400, {}],
    ['too long a delay', { delayMs: 60_001 }, /"delayMs" must be/, 400, {}],
    ['too many times', { status, times: 1001 }, /"times" must be/, 400, {}],
    ['no times', { status, times: 0 }, /"times" must be/, 400, {}],
    ['a split header', { status, headers: { a: 'b\r\nc' } }, /"headers" must/, 400, {}],
    ['a body that is a list', { status, body: [] }, /"body" must/, 400, {}],
    ['a reset at another time', { reset: 'during' }, /"reset" must be "before" or/, 400, {}],
    ['two answers', { status, reset: 'before' }, /not both/, 400, {}],
    ['a body without a status', { body: 'x', delayMs: 1 }, /need a "status"/, 400, {}],
    ['nothing', {}, /Give a "status"/, 400, {}],
    ['a list', [], /must be a JSON object/, 400, {}],
    ['more than 1 MiB', 'x'.repeat(1024 * 1024 + 1), /too large/, 413, {}],
    ['another media type', { status }, /MIME/, 415, { 'content-type': 'text/plain' }],
    ['an Origin', { status }, /no Origin/, 403, { origin: 'null' }],
    ['a foreign Host', { status }, /Host must be/, 403, { host: 'localhost.example:80' }],
  ])('rejects %s and gives the reason', async (_what, fault, reason, expected, headers) => {
    const answer = await script(fault, headers);
    const error = { message: expect.stringMatching(reason) };
    expect(answer).toMatchObject({ status: expected, json: { error } });
    expect(await left()).toEqual([]);
  });

  it('rejects other methods, and more than 100 faults', async () => {
    expect((await graph.ask('PUT', controlPath, {})).status).toBe(405);
    for (let count = 0; count < 100; count += 1) {
      graph.faults.add({ respond: { status } });
    }
    expect((await script({ status })).status).toBe(409);
  });

  it('does not exist on an address that other machines reach', async () => {
    const other = await startTestEmulator({ hasControl: true, host: '0.0.0.0' });
    const { text } = await other.ask('POST', controlPath, { status });
    await other.close();
    expect(text).toContain('Invalid version: control');
  });

  it.each<[Record<string, string>, number, string | undefined]>([
    [{ EMULATOR_CONTROL: 'true' }, 201, 'FORBIDDEN'],
    [{}, 400, undefined],
  ])('scripts the Graph of a gateway only if it is on: %p', async (environment, expected, code) => {
    const port = await findFreePort();
    const gateway = await startTestGateway({ EMULATOR_PORT: String(port), ...environment });
    const headers = { authorization: 'Bearer embedded-graph-token', connection: 'close' };
    const { status: scripted } = await fetch(`http://127.0.0.1:${port}${controlPath}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ method: 'GET', status: 403 }),
    });
    const { result } = await gateway.run(listQuery);
    await gateway.stop(0);
    expect([scripted, result.errors?.[0]?.extensions['code']]).toEqual([expected, code]);
  });
});
