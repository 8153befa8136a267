import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type BatchedReply,
  batchPath,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const partners = '/deviceManagement/complianceManagementPartners';
const json = { 'Content-Type': 'application/json' };

let graph: TestEmulator;

beforeEach(async () => {
  graph = await startTestEmulator({ seed: ['a', 'b', 'c'].map((id) => ({ id })) });
});

afterEach(() => graph.close());

const names = () => graph.partners().map(({ id, displayName }) => `${id}:${displayName}`);
const statusesOf = (replies: readonly BatchedReply[]) =>
  Object.fromEntries(replies.map(({ id, status }) => [id, status]));

describe('a batch', () => {
  it('carries out every operation as if it had come alone, and answers out of order', async () => {
    const { status, json: answer } = await graph.ask('POST', batchPath, {
      requests: [
        { id: 'list', method: 'GET', url: `${partners}?$top=1&$select=id` },
        { id: 'get', method: 'GET', url: `${partners.slice(1)}('A')` },
        { id: 'add', method: 'POST', url: partners, headers: json, body: { id: 'd' } },
        writeOf('change', 'PATCH', `${partners}/b`, { displayName: 'B' }),
        { id: 'remove', method: 'DELETE', url: `${partners}/c` },
        { id: 'missing', method: 'GET', url: `${partners}/nobody` },
      ],
    });
    expect(status).toBe(200);
    expect(names()).toEqual(['a:undefined', 'b:B', 'd:null']);
    const replies = answer?.['responses'] as BatchedReply[];
    const order = replies.map(({ id }) => id);
    expect(order).toEqual(['missing', 'remove', 'change', 'add', 'get', 'list']);
    const byId = Object.fromEntries(replies.map((reply) => [reply.id, reply]));
    const root = `${graph.baseUrl}/beta`;
    expect(byId['list']).toMatchObject({
      status: 200,
      body: {
        '@odata.nextLink': expect.stringContaining(`${root}${partners}?$top=1&$select=id&`),
        value: [{ id: 'a' }],
      },
    });
    expect(byId['get']).toMatchObject({ status: 200, body: { id: 'a' } });
    expect(byId['add']).toMatchObject({
      status: 201,
      headers: { location: `${root}${partners}('d')` },
      body: { id: 'd', displayName: null },
    });
    expect(byId['change']).toMatchObject({ status: 200, body: { displayName: 'B' } });
    expect(byId['remove']).toEqual({
      id: 'remove',
      status: 204,
      headers: { 'Cache-Control': 'private' },
    });
    expect(byId['missing']).toMatchObject({
      status: 404,
      headers: {
        'OData-Version': '4.0',
        'Content-Type': expect.stringMatching(/^application\/json;odata.metadata=minimal/),
      },
      body: { error: { code: 'ResourceNotFound' } },
    });
  });

  it('speaks the version of its own path, in the links too', async () => {
    const [reply] = await graph.batch(
      [writeOf('1', 'POST', `${partners}`, { id: 'v1' })],
      '/v1.0/$BATCH',
    );
    expect(reply?.headers['location']).toContain(`${graph.baseUrl}/v1.0${partners}`);
    expect(reply?.body).not.toHaveProperty('linuxOnboarded');
  });

  it('stamps the errors of its requests with its own ids', async () => {
    const { headers, json: answer } = await graph.ask(
      'POST',
      batchPath,
      { requests: [{ id: '1', method: 'GET', url: `${partners}/nobody` }] },
      { 'client-request-id': 'mine' },
    );
    expect(answer).toHaveProperty('responses.0.body.error.innerError', {
      date: expect.any(String),
      'request-id': headers['request-id'],
      'client-request-id': 'mine',
    });
  });

  it.each<[string, string, number, string]>([
    ['a batch', '/$batch', 400, "'$batch'"],
    ['a version', `/beta${partners}`, 400, "'beta'"],
    ['a whole address', `https://graph.microsoft.com/beta${partners}`, 400, "'https:'"],
    ['another resource', '/me', 400, "'me'"],
  ])('does not take %s for a url, but answers the rest', async (_what, url, status, segment) => {
    const replies = await graph.batch([
      { id: 'odd', method: 'POST', url, headers: json, body: {} },
      { id: 'fine', method: 'GET', url: partners },
    ]);
    expect(statusesOf(replies)).toEqual({ odd: status, fine: 200 });
    const odd = replies.find(({ id }) => id === 'odd');
    expect(odd?.body).toHaveProperty('error.message', expect.stringContaining(segment));
  });

  it('goes by its own token and by no other', async () => {
    const request = { id: '1', method: 'GET', url: partners, headers: {} };
    const bad = { authorization: 'Bearer bad' };
    const requests = [{ ...request, headers: bad }];
    expect(statusesOf(await graph.batch(requests))).toEqual({ 1: 200 });
    const good = [{ ...request, headers: { authorization: 'Bearer good' } }];
    expect((await graph.ask('POST', batchPath, { requests: good }, bad)).status).toBe(401);
    expect((await graph.ask('POST', batchPath, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  it('is posted and nothing else', async () => {
    const { status, headers } = await graph.ask('GET', batchPath);
    expect([status, headers['allow']]).toEqual([405, 'POST']);
    expect((await graph.ask('GET', `${batchPath}/x`)).status).toBe(400);
  });

  it('holds each body to its own media type', async () => {
    const write = { method: 'POST', url: partners, body: {} };
    const replies = await graph.batch([
      { ...write, id: '1', headers: { 'content-type': 'text/plain' } },
      { ...write, id: '2', headers: { 'CONTENT-TYPE': 'application/json' } },
      { ...write, id: '3', headers: json, body: 'text' },
    ]);
    expect(statusesOf(replies)).toEqual({ 1: 415, 2: 201, 3: 400 });
  });
});

describe('a sequence', () => {
  const inOrder = (ids: string[], odd?: object) =>
    ids.map((id, index) => ({
      ...writeOf(id, 'POST', partners, { id, displayName: id }),
      ...(index > 0 && { dependsOn: ids.slice(index - 1, index) }),
      ...(index === 1 && odd),
    }));

  it('runs in the order of the batch', async () => {
    const replies = await graph.batch(inOrder(['x', 'y', 'z']));
    expect(statusesOf(replies)).toEqual({ x: 201, y: 201, z: 201 });
    expect(names().slice(3)).toEqual(['x:x', 'y:y', 'z:z']);
  });

  it('breaks with 424 for everything that waits for what failed', async () => {
    const replies = await graph.batch(inOrder(['x', 'y', 'z', 'last'], { body: { id: 'a' } }));
    expect(statusesOf(replies)).toEqual({ x: 201, y: 409, z: 424, last: 424 });
    expect(replies[0]?.body).toHaveProperty('error.code', 'FailedDependency');
    expect(names().slice(3)).toEqual(['x:x']);
  });

  it('goes on with what waits for nobody', async () => {
    const get = (id: string, row: string, ...dependsOn: string[]) => ({
      id,
      method: 'GET',
      url: `${partners}/${row}`,
      dependsOn,
    });
    const replies = await graph.batch([
      get('bad', 'nobody'),
      get('free', 'a'),
      get('tied', 'b', 'BAD'),
    ]);
    expect(statusesOf(replies)).toEqual({ bad: 404, free: 200, tied: 424 });
  });
});

describe('a request that is told of', () => {
  it('is the batch as a whole', async () => {
    const seen = await startTestEmulator({ recordRequests: true });
    await seen.batch([{ id: '1', method: 'GET', url: partners }]);
    expect(seen.requests.map(({ path }) => path)).toEqual([batchPath]);
    expect(seen.requests[0]?.body).toContain(partners);
    await seen.close();
  });
});
