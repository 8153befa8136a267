import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchedResponse } from '../../src/emulator/batch/batchedResponse.ts';
import { findSequenceProblem } from '../../src/emulator/batch/findSequenceProblem.ts';
import { parseBatch } from '../../src/emulator/batch/parseBatch.ts';
import { batchPath, startTestEmulator, type TestEmulator, writeOf } from './emulatorHarness.ts';

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
      'a dependency on nobody',
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
    expect(parseBatch({ requests })).toEqual({
      items: [
        { id: '1', method: 'POST', url, headers: { 'content-type': 'x' }, body: {}, dependsOn: [] },
      ],
    });
  });
});

describe('findSequenceProblem', () => {
  const invalid = (id: string) => `Invalid dependency for request Id ${id}.`;
  const mixed = 'Batch should be either fully sequential or fully parallel.';

  it.each<[string, string[][], string | undefined]>([
    ['nobody waits', [[], [], []], undefined],
    ['each waits for the one before', [[], ['0'], ['1']], undefined],
    ['all wait for the first', [[], ['0'], ['0']], undefined],
    ['one waits and the others do not', [[], [], ['1']], undefined],
    ['a request waits for itself', [['0']], invalid('0')],
    ['a request waits for a later one', [['1'], []], invalid('0')],
    ['a request waits for nobody known', [[], ['7']], invalid('1')],
    ['two wait for different ones', [[], [], ['0'], ['1']], mixed],
    ['one waits for two', [[], [], ['0', '1']], mixed],
    ['a chain breaks', [[], ['0'], [], ['2']], mixed],
  ])('where %s: %j', (_what, dependencies, problem) => {
    const item = { method: 'GET', url, headers: {}, body: undefined };
    const items = dependencies.map((dependsOn, id) => ({ ...item, id: `${id}`, dependsOn }));
    expect(findSequenceProblem(items)).toBe(problem);
  });
});

describe('batchedResponse', () => {
  const usual = { 'Cache-Control': 'private', 'OData-Version': '4.0' };

  it.each<[string, Parameters<typeof batchedResponse>[1], object]>([
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
    expect(batchedResponse('x', answer)).toEqual({ id: 'x', status: answer.status, ...response });
  });
});
