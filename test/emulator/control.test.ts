import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createVirtualClock } from '../support/virtualClock.ts';
import { collectionPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

const controlPath = '/control/faults';
const clock = createVirtualClock();
let graph: TestEmulator;

beforeAll(async () => {
  graph = await startTestEmulator({ clock, hasControl: true, recordRequests: true });
});

afterAll(() => graph.close());

afterEach(() => graph.faults.clear());

const script = (fault: unknown, headers?: Record<string, string>) =>
  graph.ask('POST', controlPath, fault, headers);
const add = (displayName: string) => graph.ask('POST', collectionPath, { displayName });
const names = () => graph.partners().map(({ displayName }) => displayName);

describe('the control endpoint', () => {
  it('answers the next N requests that fit with a status', async () => {
    await script({ method: 'GET', status: 503, headers: { 'retry-after': '2' }, times: 2 });
    const first = await graph.ask('GET', collectionPath);
    expect(first).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { error: { code: 'ScriptedFault' } },
    });
    expect((await add('Not a GET')).status).toBe(201);
    expect((await graph.ask('GET', `${collectionPath}?$top=1`)).status).toBe(503);
    expect((await graph.ask('GET', collectionPath)).status).toBe(200);
  });

  it.each([
    ['before', false],
    ['after', true],
  ])('resets the connection %s the operation', async (reset, isExecuted) => {
    const name = `Reset ${reset}`;
    expect(
      (await script({ method: 'POST', path: 'complianceManagementPartners', reset })).status,
    ).toBe(201);
    await expect(add(name)).rejects.toThrow();
    expect(names().includes(name)).toBe(isExecuted);
  });

  it('delays an operation, and executes one although another status answers', async () => {
    await script({ status: 504, execute: true, body: '<html>', delayMs: 30_000 });
    const answer = add('Slow');
    await clock.whenPending();
    expect(names()).not.toContain('Slow');
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ status: 504, text: '<html>' });
    expect(names()).toContain('Slow');
  });

  it('lists what is left and clears it', async () => {
    await script({ status: 429, times: 3, path: 'x' });
    expect((await graph.ask('GET', controlPath)).json).toEqual({
      faults: [{ path: 'x', times: 3, status: 429, execute: false }],
    });
    expect((await graph.ask('DELETE', controlPath)).status).toBe(204);
    expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown member', { state: 503 }, /"state" is not a member/],
    ['a name from the prototype', { toString: 1 }, /"toString" is not a member/],
    ['a status out of range', { status: 99 }, /"status" must be a number from 200 to 599/],
    ['too long a delay', { delayMs: 60_001 }, /"delayMs" must be/],
    ['too many times', { status: 500, times: 1001 }, /"times" must be/],
    ['no times', { status: 500, times: 0 }, /"times" must be/],
    [
      'a header that splits the answer',
      { status: 500, headers: { a: 'b\r\nc' } },
      /"headers" must/,
    ],
    ['a reset at another time', { reset: 'during' }, /"reset" must be "before" or "after"/],
    ['two answers', { status: 500, reset: 'before' }, /not both/],
    ['a body without a status', { body: 'x', delayMs: 1 }, /need a "status"/],
    ['nothing', {}, /Give a "status"/],
    ['a list', [], /must be a JSON object/],
  ])('rejects %s and says why', async (_what, fault, message) => {
    expect(await script(fault)).toMatchObject({
      status: 400,
      json: { error: { code: 'ControlRequestRejected', message: expect.stringMatching(message) } },
    });
    expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
  });

  it('keeps at most 100 faults', async () => {
    for (let count = 0; count < 100; count += 1) {
      await script({ status: 500 });
    }
    expect((await script({ status: 500 })).status).toBe(409);
  });

  it.each<[string, Record<string, string>, number]>([
    ['an Origin, even an own one', { origin: graph?.baseUrl ?? 'http://127.0.0.1' }, 403],
    ['an Origin of null', { origin: 'null' }, 403],
    ['a foreign Host', { host: 'rebound.example' }, 403],
    ['a Host that only begins like ours', { host: 'localhost.example:80' }, 403],
    ['another media type', { 'content-type': 'text/plain' }, 415],
  ])('rejects a request with %s', async (_what, headers, status) => {
    expect((await script({ status: 500 }, headers)).status).toBe(status);
    expect((await graph.ask('GET', controlPath)).json).toEqual({ faults: [] });
  });

  it('is no path of Graph unless it is switched on, nor on another host than loopback', async () => {
    for (const options of [{}, { hasControl: true, host: '0.0.0.0' }]) {
      const other = await startTestEmulator(options);
      const answer = await other.ask('POST', controlPath, { status: 500 });
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('Invalid version: control');
      await other.close();
    }
  });

  it('is not among the recorded requests', () => {
    expect(graph.requests.some(({ path }) => path === controlPath)).toBe(false);
  });
});
