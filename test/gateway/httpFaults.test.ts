import { connect } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import { sendRaw } from '../support/rawConnection.ts';
import { hangUp } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';

const listed = 'https://app.example';
const unlisted = 'https://evil.example';
const hostedSandbox = 'https://studio.apollographql.com';

const { start: startOne } = useStages();
const stages = useStages(afterAll);
const CORS_ORIGINS = `${listed},http://localhost:5173`;
const { graph, gateway: open } = await stages.scripted(hangUp, { CORS_ORIGINS });
const closed = await stages.start({ GRAPH_BASE_URL: graph.url.href });
const embedded = await stages.start({ EXPLORER: 'auto' });

type Headers = Record<string, string>;

const preflight = (gateway: TestGateway, origin: string, more: Headers = {}) =>
  gateway.send('OPTIONS', '/graphql', { origin, 'access-control-request-method': 'POST', ...more });

const namesIn = (header: unknown): string[] => String(header).split(', ');
const allowed = 'access-control-allow-origin';
const privateNetwork = 'access-control-allow-private-network';
const asksPrivate = { 'access-control-request-private-network': 'true' };

describe('a preflight', () => {
  it('from a listed origin is answered with all that clients of GraphQL send', async () => {
    const { status, headers, text } = await preflight(open, listed);
    expect([status, text]).toEqual([204, '']);
    expect(headers).toMatchObject({
      [allowed]: listed,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(namesIn(headers['access-control-allow-headers'])).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'graphql-require-preflight',
        'apollo-require-preflight',
        'client-request-id',
        'prefer',
        'traceparent',
        'x-apollo-operation-name',
      ]),
    );
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each([unlisted, 'null'])('from %s gets no header that permits it', async (origin) => {
    const { headers } = await preflight(open, origin, asksPrivate);
    expect(headers).not.toHaveProperty(allowed);
    expect(headers).not.toHaveProperty(privateNetwork);
    expect(headers['vary']).toBe('Origin');
  });

  it('lets the hosted Sandbox call a machine in a private network if the embedded Graph answers', async () => {
    const { headers } = await preflight(embedded, hostedSandbox, asksPrivate);
    expect(headers).toMatchObject({ [allowed]: hostedSandbox, [privateNetwork]: 'true' });
    const usual = await preflight(embedded, hostedSandbox);
    expect(usual.headers).not.toHaveProperty(privateNetwork);
    expect((await preflight(open, hostedSandbox)).headers).not.toHaveProperty(allowed);
  });

  it('is none without an origin and a method: then OPTIONS is a method like others', async () => {
    for (const headers of [{}, { origin: listed }, { 'access-control-request-method': 'POST' }]) {
      const answer = await open.send('OPTIONS', '/graphql', { ...headers });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, POST']);
      expect(answer.codes).toEqual(['METHOD_NOT_ALLOWED']);
    }
    expect((await open.send('OPTIONS', '/nothing')).status).toBe(404);
  });

  it('is nothing to a gateway that lists no origin', async () => {
    const { status, headers } = await preflight(closed, listed);
    expect(status).toBe(405);
    const answer = await closed.get('/livez', { origin: listed });
    const names = [...Object.keys(headers), ...Object.keys(answer.headers)];
    expect(names.filter((name) => /^access-control|^vary/.test(name))).toEqual([]);
  });
});

const withoutToken = { 'content-type': 'application/json' };
const asJson = { ...withoutToken, authorization: 'Bearer x' };
const list = JSON.stringify({ query: totalCountQuery });

describe('every answer', () => {
  it.each<[number, string, string, Headers, string?]>([
    [200, 'POST', '/graphql', asJson, list],
    [200, 'GET', '/schema.graphql', {}],
    [400, 'POST', '/graphql', asJson, '{"query":'],
    [400, 'GET', '/%zz', {}],
    [401, 'POST', '/graphql', withoutToken, list],
    [404, 'GET', '/nothing', {}],
    [413, 'POST', '/graphql', asJson, `"${'x'.repeat(70_000)}"`],
  ])('can be read by a listed origin and by no other: %i to %s %s', async (status, ...sent) => {
    const [method, path, headers, body] = sent;
    for (const [origin, permitted] of [
      [listed, listed],
      [unlisted, undefined],
    ] as const) {
      const answer = await open.send(method, path, { ...headers, origin }, body);
      expect([answer.status, answer.headers[allowed]]).toEqual([status, permitted]);
      expect(String(answer.headers['vary'])).toContain('Origin');
    }
  });

  it('shows a page the headers that it needs to go on', async () => {
    const { headers } = await open.post(list, { origin: listed });
    expect(headers).toHaveProperty('www-authenticate');
    expect(namesIn(headers['access-control-expose-headers'])).toEqual([
      'allow',
      'client-request-id',
      'preference-applied',
      'retry-after',
      'traceparent',
      'www-authenticate',
    ]);
  });
});

const close = 'Connection: close';
const json = 'Content-Type: application/json';
const bare = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const longPath = (bytes: number) => headOf(`GET /graphql?query=${'x'.repeat(bytes)}`);
const halfBody = `${headOf('POST /graphql', json, 'Content-Length: 9', close)}{"query":`;
const upgrade = headOf('GET /graphql', 'Upgrade: websocket', 'Connection: Upgrade, close');
const twoLengths = headOf('POST /graphql', 'Content-Length: 1', 'Content-Length: 2');
const lengthAndChunks = headOf('POST /graphql', 'Content-Length: 1', 'Transfer-Encoding: chunked');

describe('bytes that are no request, or one that cannot be carried out', () => {
  it.each<[string, string, number, string]>([
    ['no HTTP', bare('HELLO'), 400, 'BAD_REQUEST'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'BAD_REQUEST'],
    ['an unknown method', headOf('BREW /'), 400, 'BAD_REQUEST'],
    ['two lengths', twoLengths, 400, 'BAD_REQUEST'],
    ['a length and chunks', lengthAndChunks, 400, 'BAD_REQUEST'],
    ['a URI of 20 KiB', longPath(20_480), 414, 'URI_TOO_LONG'],
    ['a URI of 100 KiB', longPath(102_400), 414, 'URI_TOO_LONG'],
    ['headers of 20 KiB', headOf('GET /', `A: ${'x'.repeat(20_480)}`), 431, 'HEADERS_TOO_LARGE'],
    ['no host', bare('GET /livez HTTP/1.1', close), 400, 'BAD_REQUEST'],
    ['an expectation', headOf('GET /livez', 'Expect: tea', close), 417, 'EXPECTATION_FAILED'],
    ['a tunnel', headOf('CONNECT elsewhere:443'), 405, 'METHOD_NOT_ALLOWED'],
    ['a path of no form', headOf('GET /%zz', close), 400, 'BAD_REQUEST'],
    ['another path', headOf('GET /..%2f', close), 404, 'NOT_FOUND'],
    ['a whole address', headOf('GET http://y/z', close), 404, 'NOT_FOUND'],
    ['half a body', halfBody, 400, 'BAD_REQUEST'],
    ['an upgrade', upgrade, 400, 'BAD_REQUEST'],
  ])('are answered in JSON: %s', async (_what, bytes, status, code) => {
    const before = embedded.logLines.length;
    const answer = await sendRaw(embedded.url, Buffer.from(bytes, 'latin1'));
    const { headers = {}, text = '' } = answer ?? {};
    expect(answer?.status).toBe(status);
    expect(headers).toMatchObject({
      'content-type': ['application/json; charset=utf-8'],
      'content-length': [String(Buffer.byteLength(text))],
      'cache-control': ['no-store'],
      'x-content-type-options': ['nosniff'],
      connection: [expect.stringMatching(/^close$/i)],
    });
    expect(JSON.parse(text)).toMatchObject({
      errors: [{ message: expect.any(String), extensions: { code } }],
    });
    // A line is written when an answer has gone out, which its reader can notice first.
    await until(() => embedded.logLines.length > before);
    expect(embedded.logged().slice(before)).toEqual([
      expect.objectContaining({ level: 'info', status }),
    ]);
  });

  it('are blamed on headers if only a later part of them is seen at once', async () => {
    const { hostname, port } = new URL(embedded.url);
    const socket = connect(Number(port), hostname);
    socket.write(bare('GET / HTTP/1.1').slice(0, -2));
    // If both parts are read at once, however, it is no other answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(`A: ${'x'.repeat(20_480)}\r\nB: y\r\n\r\n`);
    const answer = await new Promise((resolve) => socket.once('data', resolve));
    expect(String(answer)).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });

  it('are counted if they are no HTTP, and not if the connection is simply reset', async () => {
    const own = await startOne();
    await sendRaw(own.url, bare('HELLO'));
    const { hostname, port } = new URL(own.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.resetAndDestroy();
    expect((await own.get('/livez')).status).toBe(200);
    expect(own.measurements.events).toEqual(['connection cut for malformed']);
  });
});

describe('a head without a fault', () => {
  it.each([
    ['with an empty host', bare('GET /livez HTTP/1.1', 'Host:', close)],
    ['of HTTP/1.0 without a host', bare('GET /livez HTTP/1.0', close)],
    ['that expects 100-Continue', headOf('GET /livez', 'Expect: 100-Continue', close)],
  ])('is taken %s', async (_what, bytes) => {
    expect((await sendRaw(embedded.url, bytes))?.status).toBe(200);
  });
});

describe('a peer that does not let go of its connection', () => {
  it.each([
    ['a tunnel', headOf('CONNECT elsewhere:443')],
    ['no HTTP', bare('HELLO')],
  ])('does not keep the gateway from stopping after %s', async (_what, bytes) => {
    const own = await startOne();
    const { hostname, port } = new URL(own.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on('error', () => undefined).write(bytes);
    await new Promise((resolve) => socket.once('data', resolve));
    await own.stop(0);
    socket.destroy();
  });
});
