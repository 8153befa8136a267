import { connect } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { faultOf } from '../../src/http/failures.ts';
import { sendRaw } from '../support/rawHttp.ts';
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
const embedded = await stages.start();

type Headers = Record<string, string>;

/** By hand: no client sends an unknown expectation. */
async function sendExpectation({ url }: TestGateway, origin: string) {
  const headers = [`Origin: ${origin}`, 'Expect: tea', 'Connection: close'];
  const answer = await sendRaw(url, headOf('GET /livez', ...headers));
  const entries = Object.entries(answer?.headers ?? {}).map(([name, all]) => [name, all.join()]);
  return { status: answer?.status, headers: Object.fromEntries(entries) as Headers };
}

const preflight = (gateway: TestGateway, origin: string, more: Headers = {}) =>
  gateway.send('OPTIONS', '/graphql', { origin, 'access-control-request-method': 'POST', ...more });

const namesIn = (header: unknown): string[] => String(header).split(', ');
const allowed = 'access-control-allow-origin';

describe('a preflight', () => {
  it('from a listed origin is answered with all that clients of GraphQL send', async () => {
    const { status, headers, text } = await preflight(open, listed);
    expect([status, text]).toEqual([204, '']);
    expect(headers).toMatchObject({
      [allowed]: listed,
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(namesIn(headers['access-control-allow-methods'])).toEqual(['GET', 'HEAD', 'POST']);
    expect(namesIn(headers['access-control-allow-headers'])).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'graphql-require-preflight',
        'apollo-require-preflight',
        'apollographql-client-name',
        'apollographql-client-version',
        'client-request-id',
        'prefer',
        'traceparent',
        'tracestate',
        'x-apollo-operation-name',
      ]),
    );
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  const asksPrivate = { 'access-control-request-private-network': 'true' };

  it.each([
    unlisted,
    'null',
    'https://app.example.evil.example',
    'https://APP.example',
    'http://app.example',
    'https://app.example:8443',
  ])('from %s gets no header that permits it', async (origin) => {
    const { headers } = await preflight(open, origin, asksPrivate);
    expect(headers).not.toHaveProperty(allowed);
    expect(headers).not.toHaveProperty('access-control-allow-private-network');
    expect(headers['vary']).toBe('Origin');
  });

  it('lets a page of the internet ask a machine in a private network', async () => {
    const { headers } = await preflight(embedded, hostedSandbox, asksPrivate);
    const network = 'access-control-allow-private-network';
    expect(headers).toMatchObject({ [allowed]: hostedSandbox, [network]: 'true' });
    expect((await preflight(embedded, hostedSandbox)).headers).not.toHaveProperty(network);
  });

  it('is none without an origin and a method: then OPTIONS is a method like others', async () => {
    for (const headers of [{}, { origin: listed }, { 'access-control-request-method': 'POST' }]) {
      const answer = await open.send('OPTIONS', '/graphql', { ...headers });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, POST']);
      expect(answer.codes).toEqual(['METHOD_NOT_ALLOWED']);
    }
    expect((await open.send('OPTIONS', '/nothing')).status).toBe(404);
  });
});

describe('an origin', () => {
  it("is let in where the embedded Graph answers, if it is the hosted Sandbox's", async () => {
    const at = async (gateway: TestGateway) =>
      (await preflight(gateway, hostedSandbox)).headers[allowed];
    const expected = [hostedSandbox, undefined, undefined];
    expect([await at(embedded), await at(open), await at(closed)]).toEqual(expected);
  });

  it('is nothing to a gateway that lists none', async () => {
    const { status, headers } = await preflight(closed, listed);
    expect(status).toBe(405);
    const answer = await closed.get('/livez', { origin: listed });
    const names = [...Object.keys(headers), ...Object.keys(answer.headers)];
    expect(names.filter((name) => /^access-control|^vary/.test(name))).toEqual([]);
  });
});

const asJson = { 'content-type': 'application/json', authorization: 'Bearer x' };
const typename = JSON.stringify({ query: '{ __typename }' });
const list = JSON.stringify({ query: '{ complianceManagementPartners { totalCount } }' });
const withoutToken = { 'content-type': 'application/json' };

describe('every answer', () => {
  it.each<[number, string, string, Headers, string?]>([
    [200, 'POST', '/graphql', asJson, typename],
    [200, 'GET', '/schema.graphql', {}],
    [400, 'POST', '/graphql', asJson, '{"query":'],
    [400, 'POST', '/graphql', asJson, '{"query":"{ nothing }"}'],
    [400, 'GET', '/graphql?query=%7B__typename%7D', {}],
    [400, 'GET', '/%zz', {}],
    [401, 'POST', '/graphql', withoutToken, list],
    [404, 'GET', '/nothing', {}],
    [405, 'DELETE', '/graphql', {}],
    [405, 'POST', '/livez', {}],
    [413, 'POST', '/graphql', asJson, `"${'x'.repeat(70_000)}"`],
    [415, 'POST', '/graphql', { 'content-type': 'text/plain' }, typename],
    [417, 'GET', '/livez', {}],
    [200, 'POST', '/graphql', asJson, list],
  ])('can be read by a listed origin and by no other: %i to %s %s', async (status, ...sent) => {
    const [method, path, headers, body] = sent;
    for (const [origin, permitted] of [
      [listed, listed],
      [unlisted, undefined],
    ] as const) {
      const answer =
        status === 417
          ? await sendExpectation(open, origin)
          : await open.send(method, path, { ...headers, origin }, body);
      expect([answer.status, answer.headers[allowed]]).toEqual([status, permitted]);
      expect(String(answer.headers['vary'])).toContain('Origin');
    }
  });

  it('shows a page the headers that it needs to go on', async () => {
    const { headers } = await open.post(list, { origin: listed });
    expect(headers).toHaveProperty('www-authenticate');
    expect(namesIn(headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining([
        'client-request-id',
        'preference-applied',
        'retry-after',
        'traceparent',
        'www-authenticate',
      ]),
    );
  });
});

const gateway = await stages.start({ EXPLORER: 'auto' });
const close = 'Connection: close';
/** A line is written when an answer has gone out, which its reader can notice first. */
const untilLogged = (count: number): Promise<void> => until(() => gateway.logLines.length >= count);

const json = 'Content-Type: application/json';
const bare = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const longPath = (bytes: number) => headOf(`GET /graphql?query=${'x'.repeat(bytes)}`);
const bodyOf = (type: string, length: number) =>
  headOf('POST /graphql', type, `Content-Length: ${length}`, close);
const upgrade = headOf('GET /graphql', 'Upgrade: websocket', 'Connection: Upgrade, close');
const twoLengths = headOf('POST /graphql', 'Content-Length: 1', 'Content-Length: 2');
const lengthAndChunks = headOf('POST /graphql', 'Content-Length: 1', 'Transfer-Encoding: chunked');

describe('bytes that are no request, or one that cannot be carried out', () => {
  it.each<[string, string, number, string]>([
    ['no HTTP', bare('HELLO'), 400, 'BAD_REQUEST'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'BAD_REQUEST'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'BAD_REQUEST'],
    ['an unknown method', headOf('BREW /'), 400, 'BAD_REQUEST'],
    ['an unknown version', bare('GET / HTTP/9.9', 'Host: x'), 400, 'BAD_REQUEST'],
    ['a header without a name', headOf('GET /', ': y'), 400, 'BAD_REQUEST'],
    ['a header with a control', headOf('GET /', 'A: \x01'), 400, 'BAD_REQUEST'],
    ['two lengths', twoLengths, 400, 'BAD_REQUEST'],
    ['a length and chunks', lengthAndChunks, 400, 'BAD_REQUEST'],
    ['a URI of 20 KiB', longPath(20_480), 414, 'URI_TOO_LONG'],
    ['a URI of 100 KiB', longPath(102_400), 414, 'URI_TOO_LONG'],
    ['headers of 20 KiB', headOf('GET /', `A: ${'x'.repeat(20_480)}`), 431, 'HEADERS_TOO_LARGE'],
    ['no host', bare('GET /livez HTTP/1.1', close), 400, 'BAD_REQUEST'],
    ['two hosts', headOf('GET /livez', 'Host: y', close), 400, 'BAD_REQUEST'],
    ['an expectation', headOf('GET /livez', 'Expect: tea', close), 417, 'EXPECTATION_FAILED'],
    ['a tunnel', headOf('CONNECT elsewhere:443'), 405, 'METHOD_NOT_ALLOWED'],
    ['a path of no form', headOf('GET /%zz', close), 400, 'BAD_REQUEST'],
    ['another path', headOf('GET /..%2f', close), 404, 'NOT_FOUND'],
    ['a whole address', headOf('GET http://y/z', close), 404, 'NOT_FOUND'],
    ['an asterisk', headOf('OPTIONS *', close), 404, 'NOT_FOUND'],
    ['TRACE', headOf('TRACE /', close), 405, 'METHOD_NOT_ALLOWED'],
    ['WebDAV', headOf('PROPFIND /graphql', close), 405, 'METHOD_NOT_ALLOWED'],
    ['half a body', `${bodyOf(json, 9)}{"query":`, 400, 'BAD_REQUEST'],
    [
      'a form',
      `${bodyOf('Content-Type: application/x-www-form-urlencoded', 3)}a=b`,
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['PUT', headOf('PUT /readyz', close), 405, 'METHOD_NOT_ALLOWED'],
    ['an upgrade', upgrade, 400, 'BAD_REQUEST'],
  ])('are answered in JSON: %s', async (_what, bytes, status, code) => {
    const before = gateway.logLines.length;
    const answer = await sendRaw(gateway.url, Buffer.from(bytes, 'latin1'));
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
    expect(Object.keys(headers).join()).not.toMatch(/\b(server|via|x-powered)/);
    expect(text).not.toMatch(/<html|\n +at |node:|fastify/i);
    await untilLogged(before + 1);
    expect(gateway.logged().slice(before)).toEqual([
      expect.objectContaining({ level: 'info', status }),
    ]);
  });

  it('get an answer with the reason when only the method is unknown', async () => {
    const answer = await sendRaw(gateway.url, Buffer.from(headOf('BREW /')));
    expect(answer?.text).toContain('or an unknown method');
  });

  it('are nothing worth a word where the connection is simply reset', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.resetAndDestroy();
    expect((await gateway.get('/livez')).status).toBe(200);
  });
});

describe('faultOf', () => {
  it.each([
    ['HPE_INVALID_METHOD', 400],
    ['HPE_HEADER_OVERFLOW', 431],
    ['ERR_HTTP_REQUEST_TIMEOUT', 408],
    [undefined, 400],
    ['ECONNRESET', undefined],
    ['EPIPE', undefined],
  ])('gives for %s %s', (code, status) => {
    expect(faultOf({ code })?.status).toBe(status);
  });

  it.each([
    ['a long line from the start', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\na: b`, 414],
    ['the middle of a line', 'x'.repeat(1_000), 414],
    ['a short line from the start', `GET / HTTP/1.1\r\na: ${'x'.repeat(17_000)}`, 431],
    ['the end of a line', `${'x'.repeat(9_000)}\r\nb: c`, 431],
  ])('gives for a head that is too large and shows %s %i', (_what, text, status) => {
    const rawPacket = Buffer.from(text);
    expect(faultOf({ code: 'HPE_HEADER_OVERFLOW', rawPacket })?.status).toBe(status);
  });
});

describe('a head without a fault', () => {
  it.each([
    ['with an empty host', bare('GET /livez HTTP/1.1', 'Host:', close)],
    ['of HTTP/1.0 without a host', bare('GET /livez HTTP/1.0', close)],
    ['that expects 100-continue', headOf('GET /livez', 'Expect: 100-continue', close)],
    ['that expects 100-Continue', headOf('GET /livez', 'Expect: 100-Continue', close)],
  ])('is taken %s', async (_what, bytes) => {
    expect((await sendRaw(gateway.url, bytes))?.status).toBe(200);
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
