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

const get = (id: string, more = {}) => ({ id, method: 'GET', url, ...more });
const post = (id: string, more = {}) => ({ ...writeOf(id, 'POST', url, { id }), ...more });
const waitsFor = (...dependsOn: string[]) => ({ dependsOn });
const many = (count: number) => Array.from({ length: count }, (_, index) => get(`${index}`));

let graph: TestEmulator;

beforeEach(async () => {
  graph = await startTestEmulator({ seed: ['a', 'b', 'c'].map((id) => ({ id })) });
});

afterEach(() => graph.close());

const rows = () => graph.partners().map(({ id, displayName }) => `${id}:${displayName}`);
const added = () => graph.partners().flatMap(({ id }, index) => (index > 2 ? id : []));
const statusesOf = async (requests: readonly object[]) =>
  (await graph.batch(requests)).map(({ id, status }) => `${id} ${status}`).join(', ');

describe('a batch', () => {
  it('executes every operation as if it had come alone, and answers out of order', async () => {
    const requests = [
      get('list', { url: `${url}?$top=1&$select=id` }),
      get('get', { url: `${url.slice(1)}('A')` }),
      post('d'),
      writeOf('change', 'PATCH', `${url}/b`, { displayName: 'B' }),
      { id: 'remove', method: 'DELETE', url: `${url}/c` },
      get('missing', { url: `${url}/none` }),
      get('tied', waitsFor('missing')),
    ];
    const ids = { 'client-request-id': 'mine' };
    const answer = await graph.ask('POST', batchPath, { requests }, ids);
    const replies = answer.json['responses'] as object[];
    expect(rows()).toEqual(['a:undefined', 'b:B', 'd:null']);
    const root = `${graph.baseUrl}/beta${url}`;
    const json = expect.stringMatching(/^application\/json;odata.metadata=minimal/);
    const headers = { 'OData-Version': '4.0', 'Content-Type': json };
    const nextLink = expect.stringContaining(`${root}?$top=1&$select=id&`);
    // The errors of its requests have its own ids.
    const date = expect.any(String);
    const innerError = { ...ids, date, 'request-id': answer.headers['request-id'] };
    const failed = (code: string) => ({ headers, body: { error: { code, innerError } } });
    expect(replies).toMatchObject([
      { id: 'tied', status: 424, ...failed('FailedDependency') },
      { id: 'missing', status: 404, ...failed('ResourceNotFound') },
      { id: 'remove', status: 204 },
      { id: 'change', status: 200, body: { displayName: 'B' } },
      { id: 'd', status: 201, headers: { location: `${root}('d')` }, body: { id: 'd' } },
      { id: 'get', status: 200, body: { id: 'a' } },
      { id: 'list', status: 200, body: { '@odata.nextLink': nextLink, value: [{ id: 'a' }] } },
    ]);
    const removed = { id: 'remove', status: 204, headers: { 'Cache-Control': 'private' } };
    expect(replies[2]).toEqual(removed);
  });

  const bad = { authorization: 'Bearer bad' };
  const typed = (type: object, more = {}) => ({ headers: type, ...more });
  const lower = { 'content-type': 'text/plain' };
  const upper = { 'CONTENT-TYPE': 'application/json' };
  const none = { url: `${url}/none` };
  const foreign = { url: `https://graph.microsoft.com/beta${url}` };

  it.each<[string, readonly object[], string, string[]]>([
    ['under its own token and no other', [get('1', typed(bad))], '1 200', []],
    [
      'with bodies that have media types of their own',
      [post('x', typed(lower)), post('y', typed(upper)), post('z', { body: 'text' })],
      'z 400, y 201, x 415',
      ['y'],
    ],
    [
      'with urls of their own only',
      [
        post('x', { url: '/$batch' }),
        post('y', { url: '/$metadata' }),
        get('z', foreign),
        get('1'),
      ],
      '1 200, z 400, y 400, x 400',
      [],
    ],
    [
      'until one of a chain fails',
      [post('x'), post('a', waitsFor('x')), post('y', waitsFor('a')), post('z', waitsFor('y'))],
      'z 424, y 424, a 409, x 201',
      ['x'],
    ],
    [
      'that wait for none that fails',
      [get('bad', none), get('free'), get('tied', waitsFor('BAD'))],
      'tied 424, free 200, bad 404',
      [],
    ],
  ])('executes requests %s', async (_what, requests, statuses, ids) => {
    expect([await statusesOf(requests), added()]).toEqual([statuses, ids]);
  });
});

describe('a fault for a request in a batch', () => {
  const adds = ['x', 'y', 'z'].map((id) => post(id));
  const usual = { 'Cache-Control': 'private', 'OData-Version': '4.0' };
  const html = { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' };
  const image = {
    status: 200,
    headers: { 'Content-Type': 'image/png' },
    body: Buffer.from([1, 2, 255]),
  };

  it.each<[string, EmulatorAnswer, object]>([
    ['nothing', { status: 202 }, { headers: { 'Cache-Control': 'private' } }],
    ['a text', html, { headers: { ...usual, ...html.headers }, body: '<html>' }],
    ['bytes', image, { headers: { ...usual, ...image.headers }, body: 'AQL/' }],
  ])('answers with %s in its place and leaves the others alone', async (_what, respond, reply) => {
    graph.faults.add({ when: { method: 'POST', path: /^\/beta\/deviceManagement/ }, respond });
    const replies = await graph.batch(adds);
    expect(replies[2]).toEqual({ id: 'x', status: respond.status, ...reply });
    expect(added()).toEqual(['y', 'z']);
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
    expect(added()).toEqual(['x']);
  });

  it('is not used up by one for the batch itself, and fails those that wait with 424', async () => {
    graph.faults.add({ when: { path: '$batch' }, respond: { status: 503 } });
    graph.faults.add({ when: { path: collectionPath }, respond: { status: 500 } });
    const requests = adds.map((item, index) => ({ ...item, ...(index === 2 && waitsFor('x')) }));
    expect((await graph.ask('POST', batchPath, { requests })).status).toBe(503);
    expect(added()).toEqual([]);
    expect(await statusesOf(requests)).toBe('z 424, y 201, x 500');
    expect(added()).toEqual(['y']);
  });
});

describe('the form of a batch', () => {
  const malformed = 'Invalid batch payload format.';
  const tooMany = 'Number of requests inside batch exceeds the limit.';
  const noContent = 'Write request id : 1 does not contain Content-Type header or body.';
  const unknown = 'Invalid dependency for request Id 1.';
  const notInOrder = 'Batch should be either fully sequential or fully parallel.';
  const twice = (id: string) => `Request Id ${id} has to be unique in a batch.`;
  const one = (change: object) => [get('1', change)];
  /** Requests whose ids are their numbers, each with those it waits for. */
  const waiting = (...ids: string[]) =>
    ids.map((waits, index) => get(`${index}`, waitsFor(...waits)));

  it.each<[string, unknown, string?]>([
    ['no request', [], malformed],
    ['20 requests', many(20)],
    ['21 requests', many(21), tooMany],
    ['no id', one({ id: undefined }), malformed],
    ['a header that is no text', one({ headers: { a: 1 } }), malformed],
    ['a dependency that is no text', one({ dependsOn: [1] }), malformed],
    ['members of null, and others', one({ headers: null, dependsOn: null, body: null, extra: 1 })],
    ['ids that differ in case only', [get('a'), get('A')], twice('A')],
    ['a write without a body', [post('1', { body: null })], noContent],
    ['a body without its type', one({ body: {} }), noContent],
    ['a body beside its type, in any case', [post('1', { headers: { 'Content-TYPE': 'x' } })]],
    ['a dependency on itself', waiting('', '1'), unknown],
    ['a dependency on a later request', waiting('', '2', ''), unknown],
    ['a chain that is not whole', waiting('', '0', '', '2'), notInOrder],
    ['requests that wait for two', waiting('', '0', '01'), notInOrder],
    ['requests that all wait for the same one', waiting('', '0', '', '0')],
  ])('has, or cannot have, %s', async (...[, requests, message]) => {
    const answer = await graph.ask('POST', batchPath, { requests });
    const rejection = { status: 400, json: { error: { code: 'BadRequest', message } } };
    expect(answer).toMatchObject(message === undefined ? { status: 200 } : rejection);
  });
});
