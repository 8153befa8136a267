import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { answerClientError, faultOf, findHeadProblem } from '../../src/http/connectionFaults.ts';
import { recordingLog } from '../support/logs.ts';
import { noMeasurements } from '../support/measurements.ts';
import { sendRaw } from '../support/rawHttp.ts';
import { hangUp, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { type HttpAnswer, startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';

describe('cors', () => {
  const listed = 'https://app.example';
  const unlisted = 'https://evil.example';
  const hostedSandbox = 'https://studio.apollographql.com';

  let graph: ScriptedServer;
  let open: TestGateway;
  let closed: TestGateway;
  let embedded: TestGateway;

  beforeAll(async () => {
    graph = await startScriptedServer(hangUp);
    const environment = { GRAPH_BASE_URL: graph.url.href };
    [open, closed, embedded] = await Promise.all([
      startTestGateway({ ...environment, CORS_ORIGINS: `${listed},http://localhost:5173` }),
      startTestGateway(environment),
      startTestGateway({}),
    ]);
  });
  afterAll(async () => {
    await Promise.all([open.stop(0), closed.stop(0), embedded.stop(0)]);
    await graph.close();
  });

  async function send(
    gateway: TestGateway,
    method: 'GET' | 'POST' | 'OPTIONS' | 'DELETE',
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<HttpAnswer> {
    const answer = await request(`${gateway.url}${path}`, { method, headers, body: body ?? null });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }

  /** By hand: no client sends an unknown expectation. */
  async function sendExpectation({ url }: TestGateway, origin: string): Promise<HttpAnswer> {
    const head = [
      'GET /livez HTTP/1.1',
      'Host: x',
      `Origin: ${origin}`,
      'Expect: tea',
      'Connection: close',
    ];
    const answer = await sendRaw(url, `${head.join('\r\n')}\r\n\r\n`);
    const headers = Object.entries(answer?.headers ?? {}).map(([name, values]) => [
      name,
      values.join(),
    ]);
    return {
      status: answer?.status ?? 0,
      headers: Object.fromEntries(headers),
      text: answer?.text ?? '',
    };
  }

  const preflight = (gateway: TestGateway, origin: string, more: Record<string, string> = {}) =>
    send(gateway, 'OPTIONS', '/graphql', {
      origin,
      'access-control-request-method': 'POST',
      ...more,
    });

  const namesIn = (header: unknown): string[] => String(header).split(', ');

  describe('a preflight', () => {
    it('from a listed origin is answered with all that clients of GraphQL send', async () => {
      const { status, headers, text } = await preflight(open, listed);
      expect([status, text]).toEqual([204, '']);
      expect(headers).toMatchObject({
        'access-control-allow-origin': listed,
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

    it.each([
      [unlisted],
      ['null'],
      ['https://app.example.evil.example'],
      ['https://APP.example'],
      ['http://app.example'],
      ['https://app.example:8443'],
    ])('from %s gets no header that permits it', async (origin) => {
      const { headers } = await preflight(open, origin, {
        'access-control-request-private-network': 'true',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).not.toHaveProperty('access-control-allow-private-network');
      expect(headers['vary']).toBe('Origin');
    });

    it('lets a page of the internet ask a machine in a private network', async () => {
      const asks = { 'access-control-request-private-network': 'true' };
      const { headers } = await preflight(embedded, hostedSandbox, asks);
      expect(headers).toMatchObject({
        'access-control-allow-origin': hostedSandbox,
        'access-control-allow-private-network': 'true',
      });
      const plain = await preflight(embedded, hostedSandbox);
      expect(plain.headers).not.toHaveProperty('access-control-allow-private-network');
    });

    it('is none without an origin and a method: then OPTIONS is a method like others', async () => {
      for (const headers of [{}, { origin: listed }, { 'access-control-request-method': 'POST' }]) {
        const answer = await send(open, 'OPTIONS', '/graphql', { ...headers });
        expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, POST']);
        expect(answer.text).toContain('"METHOD_NOT_ALLOWED"');
      }
      expect((await send(open, 'OPTIONS', '/nothing', {})).status).toBe(404);
    });
  });

  describe('an origin', () => {
    it("is let in where the embedded Graph answers, if it is the hosted Sandbox's", async () => {
      const at = async (gateway: TestGateway) =>
        (await preflight(gateway, hostedSandbox)).headers['access-control-allow-origin'];
      expect([await at(embedded), await at(open), await at(closed)]).toEqual([
        hostedSandbox,
        undefined,
        undefined,
      ]);
    });

    it('is nothing to a gateway that lists none', async () => {
      const { status, headers } = await preflight(closed, listed);
      expect(status).toBe(405);
      const answer = await send(closed, 'GET', '/livez', { origin: listed });
      const names = [...Object.keys(headers), ...Object.keys(answer.headers)];
      expect(names.filter((name) => /^access-control|^vary/.test(name))).toEqual([]);
    });
  });

  const asJson = { 'content-type': 'application/json', authorization: 'Bearer x' };
  const typename = JSON.stringify({ query: '{ __typename }' });
  const list = JSON.stringify({ query: '{ complianceManagementPartners { totalCount } }' });
  const listWithoutToken = { 'content-type': 'application/json' };

  describe('every answer', () => {
    it.each<[number, 'GET' | 'POST' | 'DELETE', string, Record<string, string>, string?]>([
      [200, 'POST', '/graphql', asJson, typename],
      [200, 'GET', '/schema.graphql', {}],
      [400, 'POST', '/graphql', asJson, '{"query":'],
      [400, 'POST', '/graphql', asJson, '{"query":"{ nothing }"}'],
      [400, 'GET', '/graphql?query=%7B__typename%7D', {}],
      [400, 'GET', '/%zz', {}],
      [401, 'POST', '/graphql', listWithoutToken, list],
      [404, 'GET', '/nothing', {}],
      [405, 'DELETE', '/graphql', {}],
      [405, 'POST', '/livez', {}],
      [413, 'POST', '/graphql', asJson, `"${'x'.repeat(70_000)}"`],
      [415, 'POST', '/graphql', { 'content-type': 'text/plain' }, typename],
      [417, 'GET', '/livez', {}],
      [200, 'POST', '/graphql', asJson, list],
    ])('can be read by a listed origin and by no other: %i to %s %s', async (status, ...sent) => {
      const [method, path, headers, body] = sent;
      const ask = async (origin: string): Promise<HttpAnswer> =>
        status === 417
          ? sendExpectation(open, origin)
          : send(open, method, path, { ...headers, origin }, body);
      const own = await ask(listed);
      expect(own.status).toBe(status);
      expect(own.headers).toMatchObject({ 'access-control-allow-origin': listed });
      expect(String(own.headers['vary'])).toContain('Origin');
      const other = await ask(unlisted);
      expect(other.status).toBe(status);
      expect(other.headers).not.toHaveProperty('access-control-allow-origin');
      expect(String(other.headers['vary'])).toContain('Origin');
    });

    it('shows a page the headers that it needs to go on', async () => {
      const { headers } = await send(
        open,
        'POST',
        '/graphql',
        { ...listWithoutToken, origin: listed },
        list,
      );
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
});

describe('connection faults', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ EXPLORER: 'auto' });
  });
  afterAll(() => gateway.stop(0));

  const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n\r\n`;
  const close = 'Connection: close';

  describe('bytes that are no request, or one that cannot be carried out', () => {
    it.each<[string, string, number, string]>([
      ['no HTTP', lines('HELLO'), 400, 'BAD_REQUEST'],
      ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'BAD_REQUEST'],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'BAD_REQUEST'],
      ['an unknown method', lines('BREW / HTTP/1.1', 'Host: x'), 400, 'BAD_REQUEST'],
      ['an unknown version', lines('GET / HTTP/9.9', 'Host: x'), 400, 'BAD_REQUEST'],
      ['a header without a name', lines('GET / HTTP/1.1', 'Host: x', ': y'), 400, 'BAD_REQUEST'],
      [
        'a header with a control',
        lines('GET / HTTP/1.1', 'Host: x', 'A: \x01'),
        400,
        'BAD_REQUEST',
      ],
      [
        'two lengths',
        lines('POST /graphql HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'),
        400,
        'BAD_REQUEST',
      ],
      [
        'a length and chunks',
        lines(
          'POST /graphql HTTP/1.1',
          'Host: x',
          'Content-Length: 1',
          'Transfer-Encoding: chunked',
        ),
        400,
        'BAD_REQUEST',
      ],
      [
        'a URI of 20 KiB',
        lines(`GET /graphql?query=${'x'.repeat(20_480)} HTTP/1.1`, 'Host: x'),
        414,
        'URI_TOO_LONG',
      ],
      [
        'a URI of 100 KiB',
        lines(`GET /graphql?query=${'x'.repeat(102_400)} HTTP/1.1`, 'Host: x'),
        414,
        'URI_TOO_LONG',
      ],
      [
        'headers of 20 KiB',
        lines('GET / HTTP/1.1', 'Host: x', `A: ${'x'.repeat(20_480)}`),
        431,
        'HEADERS_TOO_LARGE',
      ],
      ['no host', lines('GET /livez HTTP/1.1', close), 400, 'BAD_REQUEST'],
      ['two hosts', lines('GET /livez HTTP/1.1', 'Host: x', 'Host: y', close), 400, 'BAD_REQUEST'],
      [
        'an expectation',
        lines('GET /livez HTTP/1.1', 'Host: x', 'Expect: tea', close),
        417,
        'EXPECTATION_FAILED',
      ],
      ['a tunnel', lines('CONNECT elsewhere:443 HTTP/1.1', 'Host: x'), 405, 'METHOD_NOT_ALLOWED'],
      ['a path of no form', lines('GET /%zz HTTP/1.1', 'Host: x', close), 400, 'BAD_REQUEST'],
      ['another path', lines('GET /..%2f HTTP/1.1', 'Host: x', close), 404, 'NOT_FOUND'],
      ['a whole address', lines('GET http://y/z HTTP/1.1', 'Host: x', close), 404, 'NOT_FOUND'],
      ['an asterisk', lines('OPTIONS * HTTP/1.1', 'Host: x', close), 404, 'NOT_FOUND'],
      ['TRACE', lines('TRACE / HTTP/1.1', 'Host: x', close), 405, 'METHOD_NOT_ALLOWED'],
      ['WebDAV', lines('PROPFIND /graphql HTTP/1.1', 'Host: x', close), 405, 'METHOD_NOT_ALLOWED'],
      [
        'half a body',
        `${lines('POST /graphql HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Content-Length: 9', close)}{"query":`,
        400,
        'BAD_REQUEST',
      ],
      [
        'a form',
        `${lines('POST /graphql HTTP/1.1', 'Host: x', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 3', close)}a=b`,
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['PUT', lines('PUT /readyz HTTP/1.1', 'Host: x', close), 405, 'METHOD_NOT_ALLOWED'],
      [
        'an upgrade',
        lines(
          'GET /graphql HTTP/1.1',
          'Host: x',
          'Upgrade: websocket',
          'Connection: Upgrade, close',
        ),
        400,
        'BAD_REQUEST',
      ],
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
      expect(Object.keys(headers)).not.toContainEqual(
        expect.stringMatching(/^(server|via|x-powered)/),
      );
      expect(text).not.toMatch(/<html|\n +at |node:|fastify/i);
      await untilLogged(before + 1);
      expect(gateway.logLines.slice(before).map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({ level: 'info', status }),
      ]);
    });

    it('get an answer with the reason when only the method is unknown', async () => {
      const answer = await sendRaw(gateway.url, Buffer.from(lines('BREW / HTTP/1.1', 'Host: x')));
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

  /** A line is written when an answer has gone out, which its reader can notice first. */
  const untilLogged = (count: number): Promise<void> =>
    until(() => gateway.logLines.length >= count);

  describe('a request that does not come to its end in time', () => {
    it('is answered in JSON, with a line in the log', async () => {
      const log = recordingLog();
      const server = createServer({ connectionsCheckingInterval: 20, headersTimeout: 50 });
      server.on('clientError', (error, socket) =>
        answerClientError(error, socket, { log, measurements: noMeasurements }),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const answer = await sendRaw(`http://127.0.0.1:${port}`, 'GET / HTTP/1.1\r\nHost: x\r\n');
      server.close();
      expect(answer?.status).toBe(408);
      expect(answer?.text).toContain('"REQUEST_TIMEOUT"');
      expect(log.lines).toEqual([
        expect.objectContaining({ status: 408, systemCode: 'ERR_HTTP_REQUEST_TIMEOUT' }),
      ]);
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

  describe('findHeadProblem', () => {
    it.each([
      [{ host: 'x' }, '1.1', undefined],
      [{ host: '' }, '1.1', undefined],
      [{}, '1.1', 400],
      [{}, '1.0', undefined],
      [{ host: 'x', expect: '100-continue' }, '1.1', undefined],
      [{ host: 'x', expect: '100-Continue' }, '1.1', undefined],
      [{ host: 'x', expect: 'tea' }, '1.1', 417],
    ])('gives for %j of HTTP/%s %s', (headers, httpVersion, status) => {
      expect(findHeadProblem({ headers, httpVersion })?.status).toBe(status);
    });
  });

  describe('a peer that does not let go of its connection', () => {
    it.each([
      ['a tunnel', lines('CONNECT elsewhere:443 HTTP/1.1', 'Host: x')],
      ['no HTTP', lines('HELLO')],
    ])('does not keep the gateway from stopping after %s', async (_what, bytes) => {
      const own = await startTestGateway({});
      const { hostname, port } = new URL(own.url);
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      socket.on('error', () => undefined).write(bytes);
      await new Promise((resolve) => socket.once('data', resolve));
      await own.stop(0);
      socket.destroy();
    });
  });
});
