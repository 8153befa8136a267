import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { batchedResponse, parseBatch } from '../../src/emulator/batch.ts';
import type { EmulatorAnswer, Kill } from '../../src/emulator/http.ts';
import {
  type BatchedReply,
  batchPath,
  collectionPath,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

const url = '/deviceManagement/complianceManagementPartners';
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
const statusesOf = (replies: readonly BatchedReply[]) =>
  replies.map(({ id, status }) => `${id} ${status}`);

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
    [`/beta${url}`, "'beta'"],
    [`https://graph.microsoft.com/beta${url}`, "'https:'"],
    ['/me', "'me'"],
  ])('rejects the url %s, but answers the rest', async (odd, segment) => {
    const replies = await graph.batch([{ ...post, id: 'odd', url: odd }, get]);
    expect(statusesOf(replies)).toEqual(['1 200', 'odd 400']);
    expect(replies[1]?.body).toHaveProperty('error.message', expect.stringContaining(segment));
  });

  it('uses its own token and no other', async () => {
    const bad = { authorization: 'Bearer bad' };
    const withToken = (headers: object) => [{ ...get, headers }];
    expect(statusesOf(await graph.batch(withToken(bad)))).toEqual(['1 200']);
    const requests = withToken({ authorization: 'Bearer good' });
    expect((await graph.ask('POST', batchPath, { requests }, bad)).status).toBe(401);
    expect((await graph.ask('POST', batchPath, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  it('is posted and nothing else', async () => {
    const { status, headers } = await graph.ask('GET', batchPath);
    expect([status, headers['allow']]).toEqual([405, 'POST']);
    expect((await graph.ask('GET', `${batchPath}/x`)).status).toBe(400);
  });

  it('judges each body by its own media type', async () => {
    const replies = await graph.batch([
      { ...post, id: '1', headers: { 'content-type': 'text/plain' } },
      { ...post, id: '2', headers: { 'CONTENT-TYPE': 'application/json' } },
      { ...post, id: '3', body: 'text' },
    ]);
    expect(statusesOf(replies)).toEqual(['3 400', '2 201', '1 415']);
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
    expect(statusesOf(replies)).toEqual(['last 424', 'z 424', 'y 409', 'x 201']);
    expect(replies[0]?.body).toHaveProperty('error.code', 'FailedDependency');
    expect(added()).toEqual(['x:x']);
  });

  it('runs independent requests when a dependency fails', async () => {
    const read = (id: string, row: string, ...dependsOn: string[]) => {
      return { ...get, id, url: `${url}/${row}`, dependsOn };
    };
    const requests = [read('bad', 'none'), read('free', 'a'), read('tied', 'b', 'BAD')];
    expect(statusesOf(await graph.batch(requests))).toEqual(['tied 424', 'free 200', 'bad 404']);
  });
});

describe('a fault for a request in a batch', () => {
  const adds = ['x', 'y', 'z'].map((id) => writeOf(id, 'POST', url, { id, displayName: id }));

  it('answers in its place and leaves the others alone', async () => {
    const body = { error: { code: 'TooManyRequests' } };
    const respond = { status: 429, headers: { 'Retry-After': '0.249' }, body };
    graph.faults.add({ when: { method: 'POST', path: /^\/beta\/deviceManagement/ }, respond });
    const replies = await graph.batch(adds);
    expect(statusesOf(replies)).toEqual(['z 201', 'y 201', 'x 429']);
    expect(replies[2]).toMatchObject({ headers: { 'Retry-After': '0.249' }, body });
    expect(added()).toEqual(['y:y', 'z:z']);
  });

  it('fails those that wait for it with 424', async () => {
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 503 } });
    const waiting = adds.map((item, index) => (index > 0 ? { ...item, dependsOn: ['x'] } : item));
    expect(statusesOf(await graph.batch(waiting))).toEqual(['z 424', 'y 424', 'x 503']);
    expect(added()).toEqual([]);
  });

  it.each<[Kill, RegExp]>([
    ['reset', /^$/],
    ['close', /^$/],
    ['truncate', /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{"responses":\[\{"id":"y","status":404/],
  ])('that kills by %s does so to the batch, and ends it there', async (kill, text) => {
    graph.faults.add({ when: { method: 'PATCH', path: `${collectionPath}/y` }, kill });
    const requests = adds.with(1, writeOf('y', 'PATCH', `${url}/y`, {}));
    const raw = rawRequest('POST', batchPath, JSON.stringify({ requests }));
    const { ended, socket } = await openRaw(graph.baseUrl, raw);
    expect((await ended).text).toMatch(text);
    socket.destroy();
    expect(added()).toEqual(['x:x']);
  });

  it('is not used up by a fault for the batch itself', async () => {
    graph.faults.add({ when: { path: '$batch' }, respond: { status: 503 } });
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 500 } });
    expect((await graph.ask('POST', batchPath, { requests: adds })).status).toBe(503);
    expect(added()).toEqual([]);
    expect(statusesOf(await graph.batch(adds))).toEqual(['z 201', 'y 201', 'x 500']);
  });
});

describe('the form of a batch', () => {
  const malformed = 'Invalid batch payload format.';
  const noContent = 'Write request id : 1 does not contain Content-Type header or body.';
  const twice = (id: string) => `Request Id ${id} has to be unique in a batch.`;
  const one = (change: object) => ({ requests: [{ ...get, ...change }] });

  it.each<[string, unknown, string]>([
    ['a list', [], malformed],
    ['an empty object', {}, malformed],
    ['requests that are no list', { requests: get }, malformed],
    ['no request', { requests: [] }, malformed],
    ['21 requests', { requests: many(21) }, 'Number of requests inside batch exceeds the limit.'],
    ['a request that is a text', { requests: ['1'] }, malformed],
    ['a request that is a list', { requests: [[]] }, malformed],
    ['no id', one({ id: undefined }), malformed],
    ['an empty id', one({ id: '' }), malformed],
    ['an id that is a number', one({ id: 1 }), malformed],
    ['no method', one({ method: undefined }), malformed],
    ['no url', one({ url: undefined }), malformed],
    ['a url that is no text', one({ url: {} }), malformed],
    ['headers that are a list', one({ headers: [] }), malformed],
    ['a header that is no text', one({ headers: { a: 1 } }), malformed],
    ['a dependency that is no list', one({ dependsOn: '1' }), malformed],
    ['a dependency that is no text', one({ dependsOn: [1] }), malformed],
    ['the same id twice', { requests: [get, get] }, twice('1')],
    ['ids in another case', { requests: ['a', 'A'].map((id) => ({ ...get, id })) }, twice('A')],
    ['a write without a body', one({ ...post, body: undefined }), noContent],
    ['a write with a body of null', one({ ...post, body: null }), noContent],
    ['a write without its type', one({ ...post, headers: {} }), noContent],
    ['a write without headers', one({ ...post, headers: undefined }), noContent],
    ['a body on a read without its type', one({ body: {} }), noContent],
    ['an unknown dependency', one({ dependsOn: ['2'] }), 'Invalid dependency for request Id 1.'],
  ])('is rejected as a whole for %s', async (_what, body, message) => {
    const answer = await graph.ask('POST', batchPath, body);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'BadRequest', message } } });
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['no JSON', '{"requests":', {}, 400],
    ['null', 'null', {}, 400],
    ['of another type', '{}', { 'content-type': 'text/plain' }, 415],
  ])('is rejected if it is %s', async (_what, body, headers, status) => {
    expect((await graph.ask('POST', batchPath, body, headers)).status).toBe(status);
  });

  it('may have 20 requests', async () => {
    expect(await graph.batch(many(20))).toHaveLength(20);
  });

  it('fills in absent members and lowers header names', () => {
    const requests = [{ ...post, headers: { 'Content-TYPE': 'x' }, dependsOn: null, extra: 1 }];
    const headers = { 'content-type': 'x' };
    expect(parseBatch({ requests })).toEqual([{ ...post, headers, dependsOn: [] }]);
  });

  const invalid = (id: string) => `Invalid dependency for request Id ${id}.`;
  const mixed = 'Batch should be either fully sequential or fully parallel.';

  it.each<[string, string[][], string]>([
    ['accepts requests that do not wait', [[], [], []], ''],
    ['accepts a chain', [[], ['0'], ['1']], ''],
    ['accepts that all wait for the first', [[], ['0'], ['0']], ''],
    ['accepts that only one waits', [[], [], ['1']], ''],
    ['rejects one that waits for itself', [['0']], invalid('0')],
    ['rejects one that waits for a later one', [['1'], []], invalid('0')],
    ['rejects one that waits for an unknown one', [[], ['7']], invalid('1')],
    ['rejects two that wait for different ones', [[], [], ['0'], ['1']], mixed],
    ['rejects one that waits for two', [[], [], ['0', '1']], mixed],
    ['rejects a chain that breaks', [[], ['0'], [], ['2']], mixed],
  ])('%s', (_what, dependencies, problem) => {
    const requests = dependencies.map((dependsOn, id) => ({ ...get, id: `${id}`, dependsOn }));
    const read = expect(() => parseBatch({ requests }));
    (problem === '' ? read.not : read).toThrow(problem === '' ? undefined : new Error(problem));
  });
});

describe('a response of a batch', () => {
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
  ])('has %s', (_what, answer, response) => {
    const { status } = answer;
    expect(batchedResponse({ id: 'x', answer })).toEqual({ id: 'x', status, ...response });
  });
});
