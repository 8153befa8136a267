import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { batchedResponse, parseBatch } from '../../src/emulator/batch.ts';
import type { Kill } from '../../src/emulator/faults.ts';
import type { EmulatorAnswer } from '../../src/emulator/http.ts';
import {
  type BatchedReply,
  batchPath,
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
  writeOf,
} from './emulatorHarness.ts';

describe('batch', () => {
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

    it('runs independent requests when a dependency fails', async () => {
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
});

describe('batch faults', () => {
  const clock = createManualClock();
  let graph: TestEmulator;

  beforeEach(async () => {
    clock.timers.clear();
    graph = await startTestEmulator({ clock, recordRequests: true });
  });

  afterEach(() => graph.close());

  const partners = '/deviceManagement/complianceManagementPartners';
  const adds = ['x', 'y', 'z'].map((id) => writeOf(id, 'POST', partners, { id }));
  const ids = () => graph.partners().map(({ id }) => id);
  /** Fits the second add alone: faults for a path count the requests that fit it. */
  const second = { method: 'PATCH', path: `${collectionPath}/y` };
  const withPatch = [
    ...adds.slice(0, 1),
    writeOf('y', 'PATCH', `${partners}/y`, {}),
    ...adds.slice(2),
  ];

  describe('a fault for a request in a batch', () => {
    it('answers in its place and leaves the others alone', async () => {
      const body = { error: { code: 'TooManyRequests' } };
      const respond = { status: 429, headers: { 'Retry-After': '0.249' }, body };
      graph.faults.add({ when: { method: 'POST', path: /^\/beta\/deviceManagement/ }, respond });
      const replies = await graph.batch(adds);
      expect(replies.map(({ id, status }) => `${id} ${status}`)).toEqual([
        'z 201',
        'y 201',
        'x 429',
      ]);
      expect(replies[2]).toMatchObject({ headers: { 'Retry-After': '0.249' }, body });
      expect(ids()).toEqual(['y', 'z']);
    });

    it('makes those that wait for it fail with 424', async () => {
      graph.faults.add({ when: { path: collectionPath }, respond: { status: 503 } });
      const waiting = adds.map((item, index) => (index > 0 ? { ...item, dependsOn: ['x'] } : item));
      const replies = await graph.batch(waiting);
      expect(replies.map(({ status }) => status)).toEqual([424, 424, 503]);
      expect(ids()).toEqual([]);
    });

    it.each<[Kill, RegExp]>([
      ['reset', /^$/],
      ['close', /^$/],
      ['truncate', /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\{"responses":\[\{"id":"y","status":404/],
    ])('that kills by %s does so to the batch, and ends it there', async (kill, text) => {
      graph.faults.add({ when: second, kill });
      const raw = rawRequest('POST', batchPath, JSON.stringify({ requests: withPatch }));
      const { ended, socket } = await openRaw(graph.baseUrl, raw);
      expect((await ended).text).toMatch(text);
      socket.destroy();
      expect(ids()).toEqual(['x']);
    });
  });

  describe('a fault for the batch itself', () => {
    it('answers in the place of all, and uses up no fault of theirs', async () => {
      graph.faults.add({ when: { path: '$batch' }, respond: { status: 503 } });
      graph.faults.add({ when: { path: collectionPath }, respond: { status: 500 } });
      const { status } = await graph.ask('POST', batchPath, { requests: adds });
      expect(status).toBe(503);
      expect(ids()).toEqual([]);
      expect((await graph.batch(adds)).map(({ status: each }) => each)).toEqual([201, 201, 500]);
    });
  });
});

const url = '/deviceManagement/complianceManagementPartners';
const get = { id: '1', method: 'GET', url };
const post = writeOf('1', 'POST', url, {});
const malformed = 'Invalid batch payload format.';
const noContent = 'Write request id : 1 does not contain Content-Type header or body.';
const many = (count: number) =>
  Array.from({ length: count }, (_item, index) => ({ ...get, id: `${index}` }));

describe('the form of a batch', () => {
  let graph: TestEmulator;

  beforeAll(async () => {
    graph = await startTestEmulator();
  });

  afterAll(() => graph.close());

  it.each<[string, unknown, string]>([
    ['a list', [], malformed],
    ['an empty object', {}, malformed],
    ['requests that are no list', { requests: get }, malformed],
    ['no request', { requests: [] }, malformed],
    ['21 requests', { requests: many(21) }, 'Number of requests inside batch exceeds the limit.'],
    ['a request that is a text', { requests: ['1'] }, malformed],
    ['a request that is a list', { requests: [[]] }, malformed],
    ['no id', { requests: [{ ...get, id: undefined }] }, malformed],
    ['an empty id', { requests: [{ ...get, id: '' }] }, malformed],
    ['an id that is a number', { requests: [{ ...get, id: 1 }] }, malformed],
    ['no method', { requests: [{ ...get, method: undefined }] }, malformed],
    ['no url', { requests: [{ ...get, url: undefined }] }, malformed],
    ['an url that is no text', { requests: [{ ...get, url: {} }] }, malformed],
    ['headers that are a list', { requests: [{ ...get, headers: [] }] }, malformed],
    ['a header that is no text', { requests: [{ ...get, headers: { a: 1 } }] }, malformed],
    ['a dependency that is no list', { requests: [{ ...get, dependsOn: '1' }] }, malformed],
    ['a dependency that is no text', { requests: [{ ...get, dependsOn: [1] }] }, malformed],
    ['the same id twice', { requests: [get, get] }, 'Request Id 1 has to be unique in a batch.'],
    [
      'ids that differ in case alone',
      {
        requests: [
          { ...get, id: 'a' },
          { ...get, id: 'A' },
        ],
      },
      'Request Id A has to be unique in a batch.',
    ],
    ['a write without a body', { requests: [{ ...post, body: undefined }] }, noContent],
    ['a write with a body of null', { requests: [{ ...post, body: null }] }, noContent],
    ['a write without its type', { requests: [{ ...post, headers: {} }] }, noContent],
    ['a write without headers', { requests: [{ ...post, headers: undefined }] }, noContent],
    ['a body on a read without its type', { requests: [{ ...get, body: {} }] }, noContent],
    [
      'a dependency on an unknown id',
      { requests: [{ ...get, dependsOn: ['2'] }] },
      'Invalid dependency for request Id 1.',
    ],
    [
      'neither a sequence nor parallel requests',
      {
        requests: many(4).map((item, index) => ({
          ...item,
          dependsOn: [[], ['0'], [], ['2']][index],
        })),
      },
      'Batch should be either fully sequential or fully parallel.',
    ],
  ])('is refused as a whole for %s', async (_what, body, message) => {
    const { status, json } = await graph.ask('POST', batchPath, body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: 'BadRequest', message } });
    expect(graph.partners()).toEqual([]);
  });

  it.each<[string, string, number]>([
    ['no JSON', '{"requests":', 400],
    ['null', 'null', 400],
  ])('is refused where it is %s', async (_what, body, status) => {
    expect((await graph.ask('POST', batchPath, body)).status).toBe(status);
  });

  it('is refused where its own type is missing', async () => {
    const body = JSON.stringify({ requests: [get] });
    const answer = await graph.ask('POST', batchPath, body, { 'content-type': 'text/plain' });
    expect(answer.status).toBe(415);
  });

  it('may have 20 requests', async () => {
    expect(await graph.batch(many(20))).toHaveLength(20);
  });
});

describe('parseBatch', () => {
  it('gives what was left out, and header names in lower case', () => {
    const requests = [{ ...post, headers: { 'Content-TYPE': 'x' }, dependsOn: null, extra: 1 }];
    expect(parseBatch({ requests })).toEqual([
      { id: '1', method: 'POST', url, headers: { 'content-type': 'x' }, body: {}, dependsOn: [] },
    ]);
  });
});

describe('the sequence of a batch', () => {
  const invalid = (id: string) => `Invalid dependency for request Id ${id}.`;
  const mixed = 'Batch should be either fully sequential or fully parallel.';

  it.each<[string, string[][], string | undefined]>([
    ['no request waits', [[], [], []], undefined],
    ['each waits for the one before', [[], ['0'], ['1']], undefined],
    ['all wait for the first', [[], ['0'], ['0']], undefined],
    ['one waits and the others do not', [[], [], ['1']], undefined],
    ['a request waits for itself', [['0']], invalid('0')],
    ['a request waits for a later one', [['1'], []], invalid('0')],
    ['a request waits for an unknown one', [[], ['7']], invalid('1')],
    ['two wait for different ones', [[], [], ['0'], ['1']], mixed],
    ['one waits for two', [[], [], ['0', '1']], mixed],
    ['a chain breaks', [[], ['0'], [], ['2']], mixed],
  ])('where %s: %j', (_what, dependencies, problem) => {
    const requests = dependencies.map((dependsOn, id) => ({ ...get, id: `${id}`, dependsOn }));
    const read = () => parseBatch({ requests });
    if (problem === undefined) {
      expect(read()).toHaveLength(requests.length);
    } else {
      expect(read).toThrow(problem);
    }
  });
});

describe('batchedResponse', () => {
  const usual = { 'Cache-Control': 'private', 'OData-Version': '4.0' };

  it.each<[string, EmulatorAnswer, object]>([
    ['no body', { status: 202 }, { headers: { 'Cache-Control': 'private' } }],
    [
      'a text under a type of its own',
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
      { headers: { ...usual, 'content-type': 'text/html' }, body: '<html>' },
    ],
    [
      'bytes',
      { status: 200, headers: { 'Content-Type': 'image/png' }, body: Buffer.from([1, 2, 255]) },
      { headers: { ...usual, 'Content-Type': 'image/png' }, body: 'AQL/' },
    ],
  ])('writes an answer with %s', (_what, answer, response) => {
    expect(batchedResponse({ id: 'x', answer })).toEqual({
      id: 'x',
      status: answer.status,
      ...response,
    });
  });
});
