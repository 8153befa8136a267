import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Kill } from '../../src/emulator/http.ts';
import type { SeenRequest } from '../../src/emulator/server.ts';
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
  graph = await startTestEmulator({ clock, hasControl: true, seed: [{ id: 'one' }] });
});

afterEach(() => graph.close());

const add = (displayName = 'Fleet') => graph.ask('POST', collectionPath, { displayName });
const names = () => graph.partners().flatMap(({ displayName }) => displayName ?? []);

const controlPath = '/control/faults';
const authorization = 'Bearer embedded-graph-token';

it('reports each request, and keeps none if it records none', async () => {
  const seen: SeenRequest[] = [];
  const onRequest = (request: SeenRequest) => seen.push(request);
  const silent = await startTestEmulator({ onRequest, recordRequests: false });
  await silent.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
  await silent.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
  await silent.close();
  const headers = expect.objectContaining({ authorization });
  const request = { method: 'POST', path: `${collectionPath}?x=1`, headers };
  const body = '{"displayName":"Fleet"}';
  expect(seen).toEqual([
    { ...request, body },
    { ...request, path: collectionPath, body: '' },
  ]);
  expect(silent.requests).toEqual([]);
});

describe('closing', () => {
  it('ends idle, silent, delayed and half-sent connections at once', async () => {
    graph.faults.add({ kill: 'silence', when: { path: 'silent' } });
    graph.faults.add({ delayMs: 60_000, when: { path: 'delayed' } });
    const client = new Client(graph.baseUrl);
    await (await client.request({ method: 'GET', path: collectionPath })).body.dump();
    const texts = [
      '',
      rawRequest('GET', `${collectionPath}/silent`),
      rawRequest('GET', `${collectionPath}/delayed`),
      rawRequest('POST', collectionPath, '{}').slice(0, -1),
    ];
    const connections = await Promise.all(texts.map(() => openConnection(graph.baseUrl)));
    for (const [index, { send }] of connections.entries()) {
      send(texts[index] ?? '');
    }
    await until(() => graph.requests.length === 3 && clock.pendingTimers === 1);
    await graph.close();
    const ends = await Promise.all(connections.map(({ closed }) => closed));
    expect([...ends, clock.pendingTimers]).toEqual(['', '', '', '', 0]);
    await client.destroy();
  });

  it('frees the port, which can be had again by its number', async () => {
    const { hostname, port } = new URL(graph.baseUrl);
    const startAgain = () => startTestEmulator({ port: Number(port) });
    await expect(startAgain()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await graph.close();
    const again = await startAgain();
    await again.close();
    expect([hostname, again.baseUrl]).toEqual(['127.0.0.1', graph.baseUrl]);
  });
});

describe('an answer', () => {
  const uuid = expect.stringMatching(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);

  it.each<[string, string, number, string]>([
    ['GET', collectionPath, 200, authorization],
    ['DELETE', `${collectionPath}/one`, 204, authorization],
    ['GET', collectionPath, 401, ''],
    ['PROPFIND', collectionPath, 405, authorization],
  ])('to %s %s with %d has the headers of Graph', async (method, path, status, token) => {
    const answer = await graph.ask(method, path, undefined, { authorization: token });
    const none = { 'odata-version': undefined, 'content-type': undefined };
    const ofBody = {
      'odata-version': '4.0',
      'content-type':
        'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      'content-length': String(Buffer.byteLength(answer.text)),
    };
    expect(answer.status).toBe(status);
    expect({ ...none, 'content-length': undefined, ...answer.headers }).toMatchObject({
      'request-id': uuid,
      'client-request-id': uuid,
      date: 'Wed, 11 Feb 2026 08:30:05 GMT',
      'cache-control': 'private',
      'strict-transport-security': expect.stringMatching(/^max-age=\d+$/),
      'x-ms-ags-diagnostic': expect.stringMatching(/^\{"ServerInfo":\{.*"RoleInstance":/),
      ...(status === 204 ? { ...none, 'content-length': undefined } : ofBody),
    });
  });

  it("with an error has its ids, and JSON in a string if it is the service's own", async () => {
    const ids = { 'client-request-id': 'mine' };
    const answers = [
      await graph.ask('GET', '/v2.0/users', undefined, ids),
      await graph.ask('GET', `${collectionPath}/two`, undefined, ids),
    ];
    const errors = answers.map(({ json }) => json['error'] as { message: string });
    const expected = answers.map(({ headers }, index) => ({
      code: index === 0 ? 'BadRequest' : 'ResourceNotFound',
      message: index === 0 ? 'Invalid version: v2.0' : expect.stringContaining('\r\n'),
      // The time has no offset.
      innerError: { date: '2026-02-11T08:30:05', 'request-id': headers['request-id'], ...ids },
    }));
    expect(errors).toEqual(expected);
    expect(JSON.parse(errors[1]?.message ?? '')).toEqual({
      _version: 3,
      Message: expect.stringMatching(
        /two was not found\. - Operation ID \(for customer support\): [0-]+ - Activity ID: mine - Url: https:\/\/fef\./,
      ),
      CustomApiErrorPhrase: '',
      RetryAfter: null,
      ErrorSourceService: '',
      HttpHeaders: '{}',
    });
  });
});

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

it('sends a scripted answer instead of the operation, to callers without a token too', async () => {
  const headers = { 'retry-after': '0.249', 'request-id': 'scripted', 'content-type': 'text/x' };
  const bodies = ['<html>', Buffer.from('bytes'), { error: {} }];
  for (const body of bodies) {
    graph.faults.add({ respond: { status: 429, headers, body } });
  }
  const answers = [await add(), await add()];
  const stranger = { authorization: 'Bearer bad' };
  answers.push(await graph.ask('GET', collectionPath, undefined, stranger));
  const ids = { 'client-request-id': expect.any(String) };
  const expected = { status: 429, headers: { ...headers, ...ids } };
  const texts = ['<html>', 'bytes', '{"error":{}}'];
  expect(answers).toMatchObject(texts.map((text) => ({ ...expected, text })));
  expect([names(), (await add()).status]).toEqual([[], 201]);
});

describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
  it.each<[Kill | 'scripted', string]>([
    ['reset', 'reset'],
    ['scripted', 'reset'],
    ['close', 'fin'],
    ['truncate', 'fin'],
  ])('ends the connection: %s', async (kill, end) => {
    if (kill === 'scripted') {
      const reset = execute ? 'after' : 'before';
      await graph.ask('POST', controlPath, { method: 'POST', path: 'Partners', reset });
    } else {
      graph.faults.add({ kill, execute });
    }
    const { socket, send, closed } = await openConnection(graph.baseUrl);
    const ends: string[] = [];
    socket.once('error', () => ends.push('reset')).once('end', () => ends.push('fin'));
    send(rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));
    const [head = '', body] = (await closed).split('\r\n\r\n');
    expect([ends, names()]).toEqual([[end], execute ? ['Fleet'] : []]);
    expect(head).toMatch(kill === 'truncate' ? /^HTTP\/1\.1 201 / : /^$/);
    const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body?.length).toBe(kill === 'truncate' ? Math.floor(announced / 2) : undefined);
  });
});

describe('the control endpoint', () => {
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

  it('rejects more than 100 faults', async () => {
    for (let count = 0; count < 100; count += 1) {
      graph.faults.add({ respond: { status } });
    }
    expect((await script({ status })).status).toBe(409);
  });

  it('does not exist unless asked for, nor on an address that other machines reach', async () => {
    for (const options of [{}, { hasControl: true, host: '0.0.0.0' }]) {
      const other = await startTestEmulator(options);
      const { text } = await other.ask('POST', controlPath, { status });
      await other.close();
      expect(text).toContain('Invalid version: control');
    }
  });

  it('scripts the Graph of a gateway, too', async () => {
    const port = await findFreePort();
    const gateway = await startTestGateway({ EMULATOR_PORT: `${port}`, EMULATOR_CONTROL: 'true' });
    const headers = { authorization: 'Bearer embedded-graph-token', connection: 'close' };
    await fetch(`http://127.0.0.1:${port}${controlPath}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ method: 'GET', status: 403 }),
    });
    const { result } = await gateway.run(listQuery);
    await gateway.stop(0);
    expect(result.errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  });
});
