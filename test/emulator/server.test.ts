import { describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { SeenRequest } from '../../src/emulator/server.ts';
import { openConnection } from '../support/rawConnection.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  rawRequest,
  startTestEmulator,
  useTestEmulator,
} from './emulatorHarness.ts';

it.each([true, undefined])('reports each request, and keeps it if told so: %p', async (isKept) => {
  const seen: SeenRequest[] = [];
  const onRequest = (request: SeenRequest) => seen.push(request);
  const graph = await startTestEmulator({ onRequest, recordRequests: isKept === true });
  await graph.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
  await graph.ask('GET', '/nowhere', undefined, { authorization: 'Bearer bad' });
  await graph.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
  await graph.close();
  const authorization = 'Bearer embedded-graph-token';
  expect(seen).toEqual([
    {
      method: 'POST',
      path: `${collectionPath}?x=1`,
      headers: expect.objectContaining({ authorization }),
      body: '{"displayName":"Fleet"}',
    },
    expect.objectContaining({ method: 'GET', path: '/nowhere', body: '' }),
    expect.objectContaining({ method: 'POST', body: '' }),
  ]);
  expect(graph.requests).toEqual(isKept === true ? seen : []);
});

describe('closing', () => {
  it('ends idle, silent, delayed and half-sent connections at once', async () => {
    const clock = createVirtualClock();
    const graph = await startTestEmulator({ clock });
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
    expect(ends).toEqual(['', '', '', '']);
    expect(clock.pendingTimers).toBe(0);
    await client.destroy();
  });

  it('frees the port, which can be had again by its number', async () => {
    const first = await startTestEmulator();
    const { hostname, port } = new URL(first.baseUrl);
    const taken = startTestEmulator({ port: Number(port) });
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await startTestEmulator({ port: Number(port) });
    await second.close();
    expect([hostname, second.baseUrl]).toEqual(['127.0.0.1', first.baseUrl]);
  });
});

const graph = await useTestEmulator({ clock: createVirtualClock(), seed: [{ id: 'one' }] });

describe('an answer', () => {
  const uuid = expect.stringMatching(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);

  it.each<[string, string, number, Record<string, string>?]>([
    ['GET', collectionPath, 200],
    ['DELETE', `${collectionPath}/one`, 204],
    ['GET', `${collectionPath}/two`, 404],
    ['GET', collectionPath, 401, { authorization: '' }],
    ['GET', '/v2.0/users', 400],
    ['PROPFIND', collectionPath, 405],
  ])('to %s %s with %d has the headers of Graph', async (method, path, status, headers = {}) => {
    const answer = await graph.ask(method, path, undefined, headers);
    const ofBody = {
      'odata-version': '4.0',
      'content-type':
        'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      'content-length': String(Buffer.byteLength(answer.text)),
    };
    const none = { 'odata-version': undefined, 'content-type': undefined };
    const isEmpty = status === 204;
    expect([answer.status, answer.text === '']).toEqual([status, isEmpty]);
    expect({ ...none, 'content-length': undefined, ...answer.headers }).toMatchObject({
      'request-id': uuid,
      'client-request-id': uuid,
      date: 'Wed, 11 Feb 2026 08:30:05 GMT',
      'cache-control': 'private',
      'strict-transport-security': expect.stringMatching(/^max-age=\d+$/),
      'x-ms-ags-diagnostic': expect.stringMatching(/^\{"ServerInfo":\{.*"RoleInstance":/),
      ...(isEmpty ? { ...none, 'content-length': undefined } : ofBody),
    });
  });

  it('with an error repeats the ids of the headers and has the time without an offset', async () => {
    const { json, headers } = await graph.ask('GET', '/v2.0/users');
    const innerError = {
      date: '2026-02-11T08:30:05',
      'request-id': headers['request-id'],
      'client-request-id': headers['client-request-id'],
    };
    const error = { code: 'BadRequest', message: 'Invalid version: v2.0', innerError };
    expect(json).toEqual({ error });
  });

  it("with the service's own error has JSON in a string", async () => {
    const ids = { 'client-request-id': 'mine' };
    const { json } = await graph.ask('GET', `${collectionPath}/two`, undefined, ids);
    const error = json?.['error'] as { message: string };
    const message = expect.stringContaining('\r\n');
    expect(error).toMatchObject({ code: 'ResourceNotFound', message });
    expect(JSON.parse(error.message)).toEqual({
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

  it.each<[string, string]>([
    ['X-Authorization: none', 'Access token is empty.'],
    ['Authorization: Bearer', 'Access token is empty.'],
    ['Authorization: Basic embedded-graph-token', 'Access token is empty.'],
    ['Authorization: Bearer bad', 'Access token validation failure.'],
  ])('to the header "%s" is 401, whatever else is wrong', async (header, message) => {
    const lines = ['POST /nowhere HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 1'];
    const { send, closed } = await openConnection(graph.baseUrl);
    send([...lines, header, '', '{'].join('\r\n'));
    const text = await closed;
    expect(text).toMatch(/^HTTP\/1\.1 401 [\s\S]*\r\nwww-authenticate: Bearer realm=""/);
    expect(text).toContain(`"code":"InvalidAuthenticationToken","message":"${message}"`);
  });
});
