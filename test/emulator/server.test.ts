import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { SeenRequest } from '../../src/emulator/server.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('the requests of the embedded Graph', () => {
  it('are reported and recorded, rejected or not', async () => {
    const seen: SeenRequest[] = [];
    const onRequest = (request: SeenRequest) => seen.push(request);
    const graph = await startTestEmulator({ onRequest, recordRequests: true });
    await graph.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
    await graph.ask('GET', '/nowhere', undefined, { authorization: 'Bearer bad' });
    await graph.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
    await graph.close();
    expect(seen).toEqual([
      {
        method: 'POST',
        path: `${collectionPath}?x=1`,
        headers: expect.objectContaining({ authorization: 'Bearer good' }),
        body: '{"displayName":"Fleet"}',
      },
      expect.objectContaining({ method: 'GET', path: '/nowhere', body: '' }),
      expect.objectContaining({ method: 'POST', body: '' }),
    ]);
    expect(graph.requests).toEqual(seen);
  });

  it('are not kept by default', async () => {
    const graph = await startTestEmulator();
    await graph.ask('GET', collectionPath);
    await graph.close();
    expect(graph.requests).toEqual([]);
  });
});

describe('closing', () => {
  it('ends idle, silent, delayed and half-sent connections at once', async () => {
    const clock = createVirtualClock();
    const graph = await startTestEmulator({ clock, recordRequests: true });
    graph.faults.add({ kill: 'silence', when: { path: 'silent' } });
    graph.faults.add({ delayMs: 60_000, when: { path: 'delayed' } });
    const client = new Client(graph.baseUrl);
    const headers = { authorization: 'Bearer good' };
    await (await client.request({ method: 'GET', path: collectionPath, headers })).body.dump();
    const connections = await Promise.all([
      openRaw(graph.baseUrl),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/silent`)),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/delayed`)),
      openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{}').slice(0, -1)),
    ]);
    await until(() => graph.requests.length === 3 && clock.pendingTimers === 1);
    await graph.close();
    const ends = await Promise.all(connections.map(({ ended }) => ended));
    expect(ends.map(({ text }) => text)).toEqual(['', '', '', '']);
    expect(clock.pendingTimers).toBe(0);
    await client.destroy();
  });

  it('frees the port, which can be had again by its number', async () => {
    const first = await startTestEmulator();
    const port = Number(new URL(first.baseUrl).port);
    await expect(startTestEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await startTestEmulator({ port });
    expect(second.baseUrl).toBe(first.baseUrl);
    expect((await second.ask('GET', collectionPath)).status).toBe(200);
    await second.close();
  });
});

describe('an answer', () => {
  const uuid = expect.stringMatching(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator({ clock: createVirtualClock(), seed: [{ id: 'one' }] });
  });

  afterAll(() => graph.close());

  it.each<[string, string, number, Record<string, string>?]>([
    ['GET', collectionPath, 200],
    ['DELETE', `${collectionPath}/one`, 204],
    ['GET', `${collectionPath}/two`, 404],
    ['GET', collectionPath, 401, { authorization: '' }],
    ['GET', '/v2.0/users', 400],
    ['PUT', collectionPath, 405],
    ['PROPFIND', collectionPath, 405],
    ['GET', '/%zz', 400],
  ])('to %s %s with %d has the headers of Graph', async (method, path, status, headers = {}) => {
    const answer = await graph.ask(method, path, undefined, headers);
    const isEmpty = status === 204;
    expect([answer.status, answer.text === '']).toEqual([status, isEmpty]);
    expect({ 'content-type': undefined, 'odata-version': undefined, ...answer.headers }).toEqual(
      expect.objectContaining({
        'request-id': uuid,
        'client-request-id': uuid,
        date: 'Wed, 11 Feb 2026 08:30:05 GMT',
        'cache-control': 'private',
        'strict-transport-security': expect.stringMatching(/^max-age=\d+$/),
        'x-ms-ags-diagnostic': expect.stringMatching(/^\{"ServerInfo":\{.*"RoleInstance":/),
        'odata-version': isEmpty ? undefined : '4.0',
        'content-type': isEmpty
          ? undefined
          : 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      }),
    );
    const length = isEmpty ? undefined : String(Buffer.byteLength(answer.text));
    expect(answer.headers['content-length']).toBe(length);
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
    const { json } = await graph.ask('GET', `${collectionPath}/two`, undefined, {
      'client-request-id': 'mine',
    });
    const error = json?.['error'] as { code: string; message: string };
    expect(error.code).toBe('ResourceNotFound');
    expect(error.message).toContain('\r\n');
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

  it.each<[string | undefined, string]>([
    [undefined, 'Access token is empty.'],
    ['', 'Access token is empty.'],
    ['Bearer', 'Access token is empty.'],
    ['Basic good', 'Access token is empty.'],
    ['Bearer good good', 'Access token is empty.'],
    ['Bearer bad', 'Access token validation failure.'],
  ])('to the Authorization %j is 401, whatever else is wrong', async (authorization, message) => {
    const lines = ['POST /nowhere HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 1'];
    const header = authorization === undefined ? [] : [`Authorization: ${authorization}`];
    const { ended } = await openRaw(graph.baseUrl, [...lines, ...header, '', '{'].join('\r\n'));
    const { text } = await ended;
    expect(text).toMatch(/^HTTP\/1\.1 401 [\s\S]*\r\nwww-authenticate: Bearer realm=""/);
    expect(text).toContain(`"code":"InvalidAuthenticationToken","message":"${message}"`);
  });
});
