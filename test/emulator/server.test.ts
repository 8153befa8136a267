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

const authorization = 'Bearer embedded-graph-token';

it.each([true, false])('reports each request, and keeps it if told so: %p', async (isKept) => {
  const seen: SeenRequest[] = [];
  const onRequest = (request: SeenRequest) => seen.push(request);
  const graph = await startTestEmulator({ onRequest, recordRequests: isKept });
  await graph.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
  await graph.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
  await graph.close();
  const request = {
    method: 'POST',
    path: `${collectionPath}?x=1`,
    headers: expect.objectContaining({ authorization }),
    body: '{"displayName":"Fleet"}',
  };
  expect(seen).toEqual([request, { ...request, path: collectionPath, body: '' }]);
  expect(graph.requests).toEqual(isKept ? seen : []);
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
    expect([...ends, clock.pendingTimers]).toEqual(['', '', '', '', 0]);
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

  it.each([
    [undefined, 'Access token is empty.'],
    ['Bearer', 'Access token is empty.'],
    ['Basic embedded-graph-token', 'Access token is empty.'],
    ['Bearer bad', 'Access token validation failure.'],
  ])('to the token %p is 401, whatever else is wrong', async (token, message) => {
    const answer = await graph.ask('POST', '/nowhere', '{', { authorization: token });
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('Bearer realm=""') },
      json: { error: { code: 'InvalidAuthenticationToken', message } },
    });
  });
});
