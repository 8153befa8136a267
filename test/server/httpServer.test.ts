import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, introspectionFromSchema, isObjectType } from 'graphql';
import { request } from 'undici';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: [] }));
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

const typename = JSON.stringify({ query: '{ __typename }' });
const asJson = { 'content-type': 'application/json' };

/** Sends bytes as they are and gives everything that comes back until the connection ends. */
async function sendRaw(text: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.end(text);
  let received = '';
  for await (const chunk of socket) {
    received += String(chunk);
  }
  return received;
}

describe('the HTTP server', () => {
  it('says that it lives and takes requests, without asking Graph', async () => {
    const [live, ready] = [await gateway.get('/livez'), await gateway.get('/readyz')];
    expect([live.status, live.text]).toEqual([200, '{"status":"alive"}']);
    expect([ready.status, ready.text]).toEqual([200, '{"status":"running"}']);
    expect(graph.requests).toEqual([]);
  });

  it('serves the whole schema as text', async () => {
    const { status, headers, text } = await gateway.get('/schema.graphql');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    const schema = buildSchema(text);
    expect(isObjectType(schema.getType('ComplianceManagementPartner'))).toBe(true);
    expect(introspectionFromSchema(schema).__schema.mutationType?.name).toBe('Mutation');
  });

  it.each<[string, string, number, string]>([
    ['a path that is not there', '/nothing', 404, 'NOT_FOUND'],
    ['a path with a query that is not there', '/nothing?x=1', 404, 'NOT_FOUND'],
    ['a path that cannot be decoded', '/%zz', 400, 'BAD_REQUEST'],
  ])('answers %s in JSON', async (_what, path, status, code) => {
    const answer = await gateway.get(path);
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      'application/json; charset=utf-8',
    ]);
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  it.each<[string, string, Record<string, string>, number, string]>([
    ['no JSON', '{"query":', asJson, 400, 'BAD_REQUEST'],
    [
      'another media type',
      typename,
      { 'content-type': 'text/plain' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['XML', '<query/>', { 'content-type': 'application/xml' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'more than 64 KiB',
      JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(65_536) }),
      asJson,
      413,
      'REQUEST_TOO_LARGE',
    ],
  ])('refuses a body of %s', async (_what, body, headers, status, code) => {
    const answer = await gateway.post(body, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  describe.each<[string, number, string, string | undefined]>([
    ['/graphql', 405, 'METHOD_NOT_ALLOWED', 'GET, POST'],
    ['/livez', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD'],
    ['/nothing', 404, 'NOT_FOUND', undefined],
  ])('asked for %s in a way that it does not have', (path, status, code, allow) => {
    it.each<[string, string, string]>([
      ['without a body', '', ''],
      ['with an empty body of JSON', 'Content-Type: application/json\r\n', ''],
      ['with half a body of JSON', 'Content-Type: application/json\r\nContent-Length: 2\r\n', '{"'],
      ['with a body of no type', 'Content-Length: 2\r\n', '{}'],
      ['with a body of a broken type', 'Content-Type: /;\r\nContent-Length: 2\r\n', '{}'],
      ['with a compressed body', 'Content-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'],
    ])('says so, %s', async (_what, headers, body) => {
      for (const method of ['DELETE', 'PATCH', 'PUT', 'QUERY', 'REPORT']) {
        const answer = await sendRaw(
          `${method} ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n${headers}\r\n${body}`,
        );
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer).toContain(`"${code}"`);
        expect(/^allow: (.*)\r$/im.exec(answer)?.[1]).toBe(allow);
      }
    });
  });

  it('tells of a path that is not there before what is wrong with the body for it', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const { statusCode, body } = await request(`${gateway.url}/nothing`, {
      method: 'POST',
      headers,
      body: 'x'.repeat(100_000),
    });
    expect([statusCode, await body.text()]).toEqual([404, expect.stringContaining('NOT_FOUND')]);
  });

  it('takes the next request of a connection whose last one it did not read', async () => {
    const text = 'x'.repeat(100_000);
    const answers = await sendRaw(
      `PUT /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${text.length}\r\n\r\n${text}` +
        'GET /livez HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n',
    );
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 200']);
  });

  it('gives no request without a preflight a way to the schema', async () => {
    const { status, text } = await gateway.get('/graphql?query=%7B__typename%7D');
    expect(status).toBe(400);
    expect(JSON.parse(text).errors).toEqual([
      {
        message: expect.stringContaining('Send the header "graphql-require-preflight: true"'),
        extensions: { code: 'BAD_REQUEST' },
      },
    ]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['a bearer token', { authorization: 'Bearer x' }, 200],
    ["a bearer token in the scheme's other spelling", { authorization: 'bearer x' }, 200],
    ["GraphQL's own header", { 'graphql-require-preflight': '1' }, 200],
    ["Apollo's header", { 'apollo-require-preflight': '1' }, 200],
    ["the header of Apollo's mobile clients", { 'x-apollo-operation-name': 'Named' }, 200],
    ['the credentials that a browser adds', { authorization: 'Basic eDp5' }, 400],
    ['a negotiation that a browser adds', { authorization: 'Negotiate abc' }, 400],
    ['no token behind the scheme', { authorization: 'Bearer ' }, 400],
    ['an empty header', { 'graphql-require-preflight': '' }, 400],
  ])('takes a GET with %s for preflighted, or not', async (_what, headers, status) => {
    const answer = await gateway.get('/graphql?query=%7B__typename%7D', headers);
    expect(answer.status).toBe(status);
  });

  it('runs queries, and no mutation, by GET', async () => {
    const preflight = { 'apollo-require-preflight': 'true' };
    const query = await gateway.get('/graphql?query=%7B__typename%7D', preflight);
    expect([query.status, query.text.trim()]).toEqual([200, '{"data":{"__typename":"Query"}}']);
    const mutation = await gateway.get('/graphql?query=mutation%7B__typename%7D', preflight);
    expect([mutation.status, mutation.headers['allow']]).toEqual([405, 'POST']);
    expect(JSON.parse(mutation.text).errors).toEqual([
      {
        message: expect.stringMatching(/GET .* query .* not mutation/),
        extensions: { code: 'METHOD_NOT_ALLOWED' },
      },
    ]);
  });

  it("repeats the caller's id and trace, and makes an id where there is none that is fit", async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const own = await gateway.get('/livez', { 'client-request-id': 'mine.1', traceparent });
    expect(own.headers).toMatchObject({ 'client-request-id': 'mine.1', traceparent });
    const unfit = await gateway.get('/livez', {
      'client-request-id': 'two words',
      traceparent: '00-0-0-0',
    });
    expect(unfit.headers['client-request-id']).toMatch(/^id-\d+$/);
    expect(unfit.headers['traceparent']).toBeUndefined();
  });

  it('logs one line for each request, without what it carried', async () => {
    const before = gateway.logLines.length;
    await gateway.get('/nothing?secret=1', { 'client-request-id': 'logged' });
    const lines = gateway.logLines.slice(before).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({
        message: 'Answered',
        requestId: 'logged',
        method: 'GET',
        url: 'unknown',
        status: 404,
      }),
    ]);
  });

  it('names neither its maker nor its version', async () => {
    const { headers } = await gateway.get('/livez');
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('x-powered-by');
  });
});

describe('introspection', () => {
  const introspection = { query: '{ __schema { queryType { name } } }' };

  it('is there for developers', async () => {
    const { status, text } = await gateway.post(introspection);
    expect([status, text.trim()]).toEqual([
      200,
      '{"data":{"__schema":{"queryType":{"name":"Query"}}}}',
    ]);
  });

  it('is not there in production', async () => {
    const production = await startTestGateway({
      NODE_ENV: 'production',
      GRAPH_BASE_URL: graph.url.href,
    });
    const { status, text } = await production.post(introspection);
    await production.stop(0);
    expect(status).toBe(400);
    expect(text).toContain('introspection');
  });
});
