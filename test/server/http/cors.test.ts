import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { sendRaw } from '../../support/rawHttp.ts';
import { hangUp, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { type HttpAnswer, startTestGateway, type TestGateway } from '../../support/testGateways.ts';

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

/** By hand: no client sends an expectation that nobody can meet. */
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
  ])('from %s is told nothing that would let it in', async (origin) => {
    const { headers } = await preflight(open, origin, {
      'access-control-request-private-network': 'true',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers).not.toHaveProperty('access-control-allow-private-network');
    expect(headers['vary']).toBe('Origin');
  });

  it('is no operation, and reaches nobody', async () => {
    const lines = open.logLines.length;
    await preflight(open, listed);
    const [line = '{}', ...others] = open.logLines.slice(lines);
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ method: 'OPTIONS', status: 204 });
    expect(graph.requests).toEqual([]);
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
