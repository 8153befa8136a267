import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let graph: TestEmulator;

beforeAll(async () => {
  graph = await startTestEmulator({ clock: createManualClock(), seed: [{ id: 'one' }] });
});

afterAll(() => graph.close());

describe('the headers of every answer', () => {
  it.each<[string, string, string, Record<string, string>, number]>([
    ['a success', 'GET', collectionPath, {}, 200],
    ['an answer without a body', 'DELETE', `${collectionPath}/one`, {}, 204],
    ['a missing row', 'GET', `${collectionPath}/two`, {}, 404],
    ['a missing token', 'GET', collectionPath, { authorization: '' }, 401],
    ['an unknown version', 'GET', '/v2.0/users', {}, 400],
    ['a wrong method', 'PUT', collectionPath, {}, 405],
    ['a method of WebDAV', 'PROPFIND', collectionPath, {}, 405],
    ['a path with broken escapes', 'GET', '/%zz', {}, 400],
  ])('are those of Graph on %s', async (_what, method, path, headers, status) => {
    const answer = await graph.ask(method, path, undefined, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'request-id': expect.stringMatching(uuid),
      'client-request-id': expect.stringMatching(uuid),
      date: 'Wed, 11 Feb 2026 08:30:05 GMT',
      'cache-control': 'private',
      'strict-transport-security': expect.stringMatching(/^max-age=\d+$/),
    });
    expect(JSON.parse(String(answer.headers['x-ms-ags-diagnostic']))).toHaveProperty(
      'ServerInfo.RoleInstance',
    );
    const isEmpty = status === 204;
    expect(answer.text === '').toBe(isEmpty);
    expect(answer.headers['content-length']).toBe(
      isEmpty ? undefined : String(Buffer.byteLength(answer.text)),
    );
    expect(answer.headers['odata-version']).toBe(isEmpty ? undefined : '4.0');
    expect(answer.headers['content-type']).toBe(
      isEmpty
        ? undefined
        : 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
    );
  });

  it('echo the client-request-id and name a new request-id each time', async () => {
    const sent = { 'client-request-id': 'mine' };
    const first = await graph.ask('GET', collectionPath, undefined, sent);
    const second = await graph.ask('GET', collectionPath, undefined, sent);
    expect(first.headers['client-request-id']).toBe('mine');
    expect(first.headers['request-id']).not.toBe(second.headers['request-id']);
  });

  it('keep the body of an answer to HEAD away, but not its status', async () => {
    const { ended } = await openRaw(
      graph.baseUrl,
      `HEAD ${collectionPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nConnection: close\r\n\r\n`,
    );
    expect((await ended).text).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\n\r\n$/);
  });
});

describe('the body of an error', () => {
  it('carries the ids of the headers and the time without an offset', async () => {
    const answer = await graph.ask('GET', '/v2.0/users');
    expect(answer.json).toEqual({
      error: {
        code: 'BadRequest',
        message: 'Invalid version: v2.0',
        innerError: {
          date: '2026-02-11T08:30:05',
          'request-id': answer.headers['request-id'],
          'client-request-id': answer.headers['client-request-id'],
        },
      },
    });
  });

  it('is JSON in a string where the service itself speaks', async () => {
    const answer = await graph.ask('GET', `${collectionPath}/two`, undefined, {
      'client-request-id': 'mine',
    });
    const error = answer.json?.['error'] as { code: string; message: string };
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
});

describe('authentication', () => {
  it.each<[string, string | undefined, string]>([
    ['no header', undefined, 'Access token is empty.'],
    ['an empty header', '', 'Access token is empty.'],
    ['a scheme alone', 'Bearer', 'Access token is empty.'],
    ['another scheme', 'Basic good', 'Access token is empty.'],
    ['two tokens', 'Bearer good good', 'Access token is empty.'],
    ['a token that is not accepted', 'Bearer bad', 'Access token validation failure.'],
  ])('refuses %s before anything else', async (_what, authorization, message) => {
    const lines = ['POST /nowhere HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 1'];
    const header = authorization === undefined ? [] : [`Authorization: ${authorization}`];
    const { ended } = await openRaw(graph.baseUrl, [...lines, ...header, '', '{'].join('\r\n'));
    const { text } = await ended;
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).toMatch(/\r\nwww-authenticate: Bearer realm=""/);
    expect(text).toContain(`"code":"InvalidAuthenticationToken","message":"${message}"`);
  });

  it('takes the scheme in any case', async () => {
    const headers = { authorization: 'bearer good' };
    expect((await graph.ask('GET', collectionPath, undefined, headers)).status).toBe(200);
  });
});

describe('the media type and the size of a body', () => {
  it.each(['text/plain', 'application/jsonp', 'application/xml', ';;'])(
    'answers 415 to %s',
    async (type) => {
      const answer = await graph.ask('POST', collectionPath, '{}', { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(answer.json).toHaveProperty('error.code', 'UnsupportedMediaType');
    },
  );

  it('answers 415 where the type is missing', async () => {
    const text = rawRequest('POST', collectionPath, '{}').replace(/Content-Type.*\r\n/, '');
    const { ended, socket } = await openRaw(graph.baseUrl, text);
    socket.end();
    expect((await ended).text).toMatch(/^HTTP\/1\.1 415 /);
  });

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;odata=x'])(
    'takes %s',
    async (type) => {
      const answer = await graph.ask('POST', collectionPath, '{}', { 'content-type': type });
      expect(answer.status).toBe(201);
    },
  );

  it('takes 1 MiB and answers 413 to one byte more', async () => {
    const frame = JSON.stringify({ displayName: '' }).length;
    const bodyOf = (length: number) => JSON.stringify({ displayName: 'x'.repeat(length - frame) });
    expect((await graph.ask('POST', collectionPath, bodyOf(1024 * 1024))).status).toBe(201);
    const refused = await graph.ask('POST', collectionPath, bodyOf(1024 * 1024 + 1));
    expect(refused.status).toBe(413);
    expect(refused.json).toHaveProperty('error.code', 'RequestEntityTooLarge');
    const stranger = { authorization: 'Bearer bad' };
    const large = bodyOf(1024 * 1024 + 1);
    expect((await graph.ask('POST', collectionPath, large, stranger)).status).toBe(401);
  });
});
