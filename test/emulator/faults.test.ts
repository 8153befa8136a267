import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createFaults, type Fault } from '../../src/emulator/faults.ts';
import type { Kill } from '../../src/emulator/http.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { listQuery } from '../support/documents.ts';
import { findFreePort } from '../support/freePort.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

let clock: VirtualClock;
let graph: TestEmulator;

beforeEach(async () => {
  clock = createVirtualClock();
  graph = await startTestEmulator({ clock, hasControl: true, recordRequests: true });
});

afterEach(() => graph.close());

const add = (displayName = 'Fleet') => graph.ask('POST', collectionPath, { displayName });
const names = () => graph.partners().map(({ displayName }) => displayName);

describe('the script', () => {
  it.each<[NonNullable<Fault['when']>, boolean]>([
    [{}, true],
    [{ method: 'GET' }, true],
    [{ method: 'POST' }, false],
    [{ path: '/one' }, true],
    [{ path: '/two' }, false],
    [{ path: /\$top=1$/ }, true],
    [{ path: /^\/v1\.0/ }, false],
    [{ method: 'GET', path: /one/ }, true],
    [{ method: 'GET', path: /two/ }, false],
  ])('fits GET /beta/one?$top=1 to %p: %p', (when, fits) => {
    const faults = createFaults();
    faults.add({ when });
    expect(faults.take('GET', '/beta/one?$top=1') !== undefined).toBe(fits);
  });

  it('gives the first that fits, as often as it says', () => {
    const faults = createFaults();
    const first: Fault = { when: { method: 'GET' }, times: 2 };
    const second: Fault = { delayMs: 1 };
    faults.add(first);
    faults.add(second);
    const taken = ['POST', 'GET', 'GET', 'GET'].map((method) => faults.take(method, '/'));
    expect(taken).toEqual([second, first, first, undefined]);
  });

  it('is empty once it is cleared', async () => {
    graph.faults.add({ respond: { status: 500 }, times: 9 });
    expect((await add()).status).toBe(500);
    graph.faults.clear();
    expect((await add()).status).toBe(201);
  });
});

describe('a fault that answers', () => {
  it.each<[string | Buffer | object, string]>([
    [{ error: { code: '' } }, '{"error":{"code":""}}'],
    ['<html>', '<html>'],
    [Buffer.from('bytes'), 'bytes'],
  ])('sends %p instead of the operation', async (body, text) => {
    const headers = { 'retry-after': '0.249', 'request-id': 'scripted', 'content-type': 'text/x' };
    graph.faults.add({ respond: { status: 429, headers, body } });
    const answer = await add();
    expect(answer).toMatchObject({ status: 429, headers, text });
    expect(answer.headers['client-request-id']).toEqual(expect.any(String));
    expect(names()).toEqual([]);
    expect((await add()).status).toBe(201);
  });

  it('lets the operation happen first if it says so', async () => {
    graph.faults.add({ respond: { status: 504 }, execute: true });
    expect((await add()).status).toBe(504);
    expect(names()).toEqual(['Fleet']);
  });

  it('answers callers without a token as well', async () => {
    graph.faults.add({ respond: { status: 503 } });
    const stranger = { authorization: 'Bearer bad' };
    expect((await graph.ask('GET', collectionPath, undefined, stranger)).status).toBe(503);
  });
});

describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
  const kill = async (how: Kill) => {
    graph.faults.add({ kill: how, execute });
    return openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));
  };
  const expectTrace = () => expect(names()).toEqual(execute ? ['Fleet'] : []);

  it.each<[Kill, string]>([
    ['reset', 'reset'],
    ['close', 'fin'],
  ])('ends the connection without an answer: %s', async (how, end) => {
    const { ended, socket } = await kill(how);
    expect(await ended).toEqual({ end, text: '' });
    socket.destroy();
    expectTrace();
  });

  it('sends nothing until the server closes', async () => {
    const { ended } = await kill('silence');
    await until(() => graph.requests.length === 1);
    expect((await graph.ask('GET', `${collectionPath}/none`)).status).toBe(404);
    expectTrace();
    await graph.close();
    expect((await ended).text).toBe('');
  });

  it("truncates the operation's own answer", async () => {
    const { ended, socket } = await kill('truncate');
    const { end, text } = await ended;
    socket.destroy();
    expect(end).toBe('fin');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 201 /);
    const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body).toMatch(/^\{"@odata\.context"/);
    expect(body.length).toBe(Math.floor(announced / 2));
    expectTrace();
  });
});

describe('the control endpoint', () => {
  const controlPath = '/control/faults';
  const script = (fault: unknown, headers?: Record<string, string>) =>
    graph.ask('POST', controlPath, fault, headers);
  const left = async () => (await graph.ask('GET', controlPath)).json?.['faults'];

  it('answers the next N requests that fit with a status', async () => {
    await script({ method: 'GET', status: 503, headers: { 'retry-after': '2' }, times: 2 });
    expect(await graph.ask('GET', collectionPath)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { error: { code: 'ScriptedFault' } },
    });
    expect((await add()).status).toBe(201);
    expect((await graph.ask('GET', `${collectionPath}?$top=1`)).status).toBe(503);
    expect((await graph.ask('GET', collectionPath)).status).toBe(200);
  });

  it.each([
    ['before', []],
    ['after', ['Fleet']],
  ])('resets the connection %s the operation', async (reset, expected) => {
    await script({ method: 'POST', path: 'complianceManagementPartners', reset });
    expect(await left()).toMatchObject([{ method: 'POST', times: 1, reset }]);
    await expect(add()).rejects.toThrow();
    expect(names()).toEqual(expected);
  });

  it('delays an operation, and executes one although another status answers', async () => {
    await script({ status: 504, execute: true, body: '<html>', delayMs: 30_000 });
    const answer = add('Slow');
    await clock.whenPending();
    expect(names()).toEqual([]);
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ status: 504, text: '<html>' });
    expect(names()).toEqual(['Slow']);
  });

  it('lists the remaining faults and clears them', async () => {
    await script({ status: 429, times: 3, path: 'x' });
    expect(await left()).toEqual([{ path: 'x', times: 3, status: 429, execute: false }]);
    expect((await graph.ask('DELETE', controlPath)).status).toBe(204);
    expect(await left()).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown member', { state: 503 }, /"state" is not a member/],
    ['a name from the prototype', { toString: 1 }, /"toString" is not a member/],
    ['a method in lower case', { method: 'get', status: 500 }, /"method" must be/],
    ['a status out of range', { status: 99 }, /"status" must be a number from 200 to 599/],
    ['too long a delay', { delayMs: 60_001 }, /"delayMs" must be/],
    ['too many times', { status: 500, times: 1001 }, /"times" must be/],
    ['no times', { status: 500, times: 0 }, /"times" must be/],
    ['a split header', { status: 500, headers: { a: 'b\r\nc' } }, /"headers" must/],
    ['a body that is a list', { status: 500, body: [] }, /"body" must/],
    ['a reset at another time', { reset: 'during' }, /"reset" must be "before" or "after"/],
    ['two answers', { status: 500, reset: 'before' }, /not both/],
    ['a body without a status', { body: 'x', delayMs: 1 }, /need a "status"/],
    ['nothing', {}, /Give a "status"/],
    ['a list', [], /must be a JSON object/],
  ])('rejects %s and gives the reason', async (_what, fault, reason) => {
    const error = { code: 'ControlRequestRejected', message: expect.stringMatching(reason) };
    expect(await script(fault)).toMatchObject({ status: 400, json: { error } });
    expect(await left()).toEqual([]);
  });

  it('keeps at most 100 faults', async () => {
    for (let count = 0; count < 100; count += 1) {
      graph.faults.add({ respond: { status: 500 } });
    }
    expect((await script({ status: 500 })).status).toBe(409);
  });

  it.each<[string, Record<string, string>, number]>([
    ['an Origin', { origin: 'http://127.0.0.1' }, 403],
    ['an Origin of null', { origin: 'null' }, 403],
    ['a foreign Host', { host: 'rebound.example' }, 403],
    ['a Host that only begins like ours', { host: 'localhost.example:80' }, 403],
    ['another media type', { 'content-type': 'text/plain' }, 415],
  ])('rejects a request with %s', async (_what, headers, status) => {
    expect((await script({ status: 500 }, headers)).status).toBe(status);
    expect(await left()).toEqual([]);
  });

  it('rejects other methods and bodies of more than 1 MiB', async () => {
    expect((await graph.ask('PUT', controlPath, {})).status).toBe(405);
    expect((await script('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  const elsewhere = { hasControl: true, host: '0.0.0.0' };
  it.each([{}, elsewhere])('does not exist with %p', async (options) => {
    const other = await startTestEmulator(options);
    const { status, text } = await other.ask('POST', controlPath, { status: 500 });
    await other.close();
    expect(status).toBe(400);
    expect(text).toContain('Invalid version: control');
  });

  it.each<[Record<string, string>, number, string | undefined]>([
    [{ EMULATOR_CONTROL: 'true' }, 201, 'FORBIDDEN'],
    [{}, 400, undefined],
  ])('scripts the Graph of a gateway only if it is on: %p', async (environment, status, code) => {
    const port = await findFreePort();
    const gateway = await startTestGateway({ EMULATOR_PORT: String(port), ...environment });
    const json = { 'content-type': 'application/json' };
    const headers = { ...json, authorization: `Bearer ${embeddedGraphToken}` };
    const fault = JSON.stringify({ method: 'GET', status: 403 });
    const options = { method: 'POST', headers, body: fault, reset: true } as const;
    const place = `http://127.0.0.1:${port}${controlPath}`;
    const { statusCode, body } = await request(place, options);
    await body.dump();
    const { result } = await gateway.run(listQuery);
    await gateway.stop(0);
    expect([statusCode, result.errors?.[0]?.extensions['code']]).toEqual([status, code]);
  });
});
