import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EmulatorAnswer, Kill } from '../../src/emulator/http.ts';
import { openConnection } from '../support/rawConnection.ts';
import {
  batchPath,
  collectionPath,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
  partnersPath as url,
  writeOf,
} from './emulatorHarness.ts';

const get = { id: '1', method: 'GET', url };
const post = writeOf('1', 'POST', url, {});
const many = (count: number) =>
  Array.from({ length: count }, (_item, index) => ({ ...get, id: `${index}` }));

let graph: TestEmulator;

beforeEach(async () => {
  graph = await startTestEmulator({ seed: ['a', 'b', 'c'].map((id) => ({ id })) });
});

afterEach(() => graph.close());

const rows = () => graph.partners().map(({ id, displayName }) => `${id}:${displayName}`);
const added = () => rows().slice(3);
const statusesOf = async (requests: readonly object[]) =>
  (await graph.batch(requests)).map(({ id, status }) => `${id} ${status}`);

describe('a batch', () => {
  it('executes every operation as if it had come alone, and answers out of order', async () => {
    const replies = await graph.batch([
      { id: 'list', method: 'GET', url: `${url}?$top=1&$select=id` },
      { id: 'get', method: 'GET', url: `${url.slice(1)}('A')` },
      writeOf('add', 'POST', url, { id: 'd' }),
      writeOf('change', 'PATCH', `${url}/b`, { displayName: 'B' }),
      { id: 'remove', method: 'DELETE', url: `${url}/c` },
      { id: 'missing', method: 'GET', url: `${url}/none` },
    ]);
    expect(rows()).toEqual(['a:undefined', 'b:B', 'd:null']);
    const root = `${graph.baseUrl}/beta${url}`;
    const json = expect.stringMatching(/^application\/json;odata.metadata=minimal/);
    const headers = { 'OData-Version': '4.0', 'Content-Type': json };
    const nextLink = expect.stringContaining(`${root}?$top=1&$select=id&`);
    expect(replies).toMatchObject([
      { id: 'missing', status: 404, headers, body: { error: { code: 'ResourceNotFound' } } },
      { id: 'remove', status: 204 },
      { id: 'change', status: 200, body: { displayName: 'B' } },
      { id: 'add', status: 201, headers: { location: `${root}('d')` }, body: { id: 'd' } },
      { id: 'get', status: 200, body: { id: 'a' } },
      { id: 'list', status: 200, body: { '@odata.nextLink': nextLink, value: [{ id: 'a' }] } },
    ]);
    const removed = { id: 'remove', status: 204, headers: { 'Cache-Control': 'private' } };
    expect(replies[1]).toEqual(removed);
  });

  it('stamps the errors of its requests with its own ids', async () => {
    const requests = [{ id: '1', method: 'GET', url: `${url}/none` }];
    const stamped = { 'client-request-id': 'mine' };
    const answer = await graph.ask('POST', batchPath, { requests }, stamped);
    expect(answer.json).toHaveProperty('responses.0.body.error.innerError', {
      date: expect.any(String),
      'request-id': answer.headers['request-id'],
      'client-request-id': 'mine',
    });
  });

  it.each([
    ['/$batch', "'$batch'"],
    ['/$metadata', "'$metadata'"],
    [`https://graph.microsoft.com/beta${url}`, "'https:'"],
  ])('rejects the url %s, but answers the rest', async (odd, segment) => {
    const replies = await graph.batch([{ ...post, id: 'odd', url: odd }, get]);
    expect(replies).toMatchObject([
      { id: '1', status: 200 },
      { id: 'odd', status: 400, body: { error: { message: expect.stringContaining(segment) } } },
    ]);
  });

  it('uses its own token and no other', async () => {
    const bad = { authorization: 'Bearer bad' };
    expect(await statusesOf([{ ...get, headers: bad }])).toEqual(['1 200']);
    const requests = [{ ...get, headers: { authorization: 'Bearer embedded-graph-token' } }];
    expect((await graph.ask('POST', batchPath, { requests }, bad)).status).toBe(401);
    expect((await graph.ask('POST', batchPath, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  it('is posted and nothing else', async () => {
    const { status, headers } = await graph.ask('GET', batchPath);
    expect([status, headers['allow']]).toEqual([405, 'POST']);
    expect((await graph.ask('GET', `${batchPath}/x`)).status).toBe(400);
  });

  it('judges each body by its own media type', async () => {
    const requests = [
      { ...post, id: '1', headers: { 'content-type': 'text/plain' } },
      { ...post, id: '2', headers: { 'CONTENT-TYPE': 'application/json' } },
      { ...post, id: '3', body: 'text' },
    ];
    expect(await statusesOf(requests)).toEqual(['3 400', '2 201', '1 415']);
  });
});

describe('a sequence', () => {
  const inOrder = (ids: string[], second?: object) =>
    ids.map((id, index) => ({
      ...writeOf(id, 'POST', url, { id, displayName: id }),
      ...(index > 0 && { dependsOn: ids.slice(index - 1, index) }),
      ...(index === 1 && second),
    }));

  it('runs in the order of the batch', async () => {
    await graph.batch(inOrder(['x', 'y', 'z']));
    expect(added()).toEqual(['x:x', 'y:y', 'z:z']);
  });

  it('breaks with 424 for everything that waits for a failed request', async () => {
    const replies = await graph.batch(inOrder(['x', 'y', 'z', 'last'], { body: { id: 'a' } }));
    expect(replies).toMatchObject([
      { id: 'last', status: 424, body: { error: { code: 'FailedDependency' } } },
      { id: 'z', status: 424 },
      { id: 'y', status: 409 },
      { id: 'x', status: 201 },
    ]);
    expect(added()).toEqual(['x:x']);
  });

  it('runs independent requests when a dependency fails', async () => {
    const read = (id: string, row: string, ...dependsOn: string[]) => {
      return { ...get, id, url: `${url}/${row}`, dependsOn };
    };
    const requests = [read('bad', 'none'), read('free', 'a'), read('tied', 'b', 'BAD')];
    expect(await statusesOf(requests)).toEqual(['tied 424', 'free 200', 'bad 404']);
  });
});

describe('a fault for a request in a batch', () => {
  const adds = ['x', 'y', 'z'].map((id) => writeOf(id, 'POST', url, { id, displayName: id }));
  const usual = { 'Cache-Control': 'private', 'OData-Version': '4.0' };
  const html = { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' };
  const image = { status: 200, headers: { 'Content-Type': 'image/png' } };

  it.each<[string, EmulatorAnswer, object]>([
    ['nothing', { status: 202 }, { headers: { 'Cache-Control': 'private' } }],
    ['a text of another type', html, { headers: { ...usual, ...html.headers }, body: '<html>' }],
    [
      'bytes',
      { ...image, body: Buffer.from([1, 2, 255]) },
      { headers: { ...usual, ...image.headers }, body: 'AQL/' },
    ],
  ])('answers with %s in its place and leaves the others alone', async (_what, respond, reply) => {
    graph.faults.add({ when: { method: 'POST', path: /^\/beta\/deviceManagement/ }, respond });
    const replies = await graph.batch(adds);
    expect(replies[2]).toEqual({ id: 'x', status: respond.status, ...reply });
    expect(added()).toEqual(['y:y', 'z:z']);
  });

  it('fails those that wait for it with 424', async () => {
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 503 } });
    const waiting = adds.map((item, index) => (index > 0 ? { ...item, dependsOn: ['x'] } : item));
    expect(await statusesOf(waiting)).toEqual(['z 424', 'y 424', 'x 503']);
    expect(added()).toEqual([]);
  });

  it.each<[Kill, RegExp]>([
    ['reset', /^$/],
    ['truncate', /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{"responses":\[\{"id":"y","status":404/],
  ])('that kills by %s does so to the batch, and ends it there', async (kill, text) => {
    graph.faults.add({ when: { method: 'PATCH', path: `${collectionPath}/y` }, kill });
    const requests = adds.with(1, writeOf('y', 'PATCH', `${url}/y`, {}));
    const { send, closed } = await openConnection(graph.baseUrl);
    send(rawRequest('POST', batchPath, JSON.stringify({ requests })));
    expect(await closed).toMatch(text);
    expect(added()).toEqual(['x:x']);
  });

  it('is not used up by a fault for the batch itself', async () => {
    graph.faults.add({ when: { path: '$batch' }, respond: { status: 503 } });
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 500 } });
    expect((await graph.ask('POST', batchPath, { requests: adds })).status).toBe(503);
    expect(added()).toEqual([]);
    expect(await statusesOf(adds)).toEqual(['z 201', 'y 201', 'x 500']);
  });
});

describe('the form of a batch', () => {
  const malformed = 'Invalid batch payload format.';
  const noContent = 'Write request id : 1 does not contain Content-Type header or body.';
  const unknown = 'Invalid dependency for request Id 1.';
  const notInOrder = 'Batch should be either fully sequential or fully parallel.';
  const twice = (id: string) => `Request Id ${id} has to be unique in a batch.`;
  const one = (change: object) => ({ requests: [{ ...get, ...change }] });
  /** Requests whose ids are their numbers, each with those it waits for. */
  const waiting = (...ids: string[]) => ({
    requests: ids.map((waits, index) => {
      return { ...get, id: `${index}`, dependsOn: waits.split('').filter(Boolean) };
    }),
  });

  it.each<[string, unknown, string]>([
    ['requests that are no list', { requests: get }, malformed],
    ['no request', { requests: [] }, malformed],
    ['21 requests', { requests: many(21) }, 'Number of requests inside batch exceeds the limit.'],
    ['a request that is a text', { requests: ['1'] }, malformed],
    ['no id', one({ id: undefined }), malformed],
    ['a url that is no text', one({ url: {} }), malformed],
    ['a header that is no text', one({ headers: { a: 1 } }), malformed],
    ['a dependency that is no text', one({ dependsOn: [1] }), malformed],
    ['the same id twice', { requests: [get, get] }, twice('1')],
    ['ids in another case', { requests: ['a', 'A'].map((id) => ({ ...get, id })) }, twice('A')],
    ['a write with a body of null', one({ ...post, body: null }), noContent],
    ['a write without its type', one({ ...post, headers: {} }), noContent],
    ['a body on a read without its type', one({ body: {} }), noContent],
    ['an unknown dependency', one({ dependsOn: ['2'] }), unknown],
    ['a dependency on itself', waiting('', '1'), unknown],
    ['a dependency on a later request', waiting('', '2', ''), unknown],
    ['a chain that is not whole', waiting('', '0', '', '2'), notInOrder],
    ['requests that wait for two', waiting('', '0', '01'), notInOrder],
  ])('is rejected as a whole for %s', async (_what, body, message) => {
    const answer = await graph.ask('POST', batchPath, body);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'BadRequest', message } } });
  });

  it.each([
    ['that is no JSON', '{"requests":', 'application/json', 400],
    ['of another type', '{}', 'text/plain', 415],
  ])('is rejected for a body %s', async (_what, body, type, status) => {
    const answer = await graph.ask('POST', batchPath, body, { 'content-type': type });
    expect(answer.status).toBe(status);
  });

  it.each<[string, object]>([
    ['20 requests', { requests: many(20) }],
    ['members of null, and others', one({ headers: null, dependsOn: null, body: null, extra: 1 })],
    ['a body beside its type, in any case', one({ ...post, headers: { 'Content-TYPE': 'x' } })],
    ['no dependencies', waiting('', '', '')],
    ['a chain', waiting('', '0', '1')],
    ['requests that all wait for the same one', waiting('', '0', '', '0')],
  ])('may have %s', async (_what, body) => {
    expect((await graph.ask('POST', batchPath, body)).status).toBe(200);
  });
});
