import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import type { Kill } from '../../src/emulator/http.ts';
import { listQuery } from '../support/documents.ts';
import { findFreePort } from '../support/freePort.ts';
import { openConnection } from '../support/rawConnection.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';
import {
  collectionPath,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

let clock: VirtualClock;
let graph: TestEmulator;

beforeEach(async () => {
  clock = createVirtualClock();
  graph = await startTestEmulator({ clock, hasControl: true });
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
    [{ method: 'GET', path: /two/ }, false],
  ])('fits GET /beta/one?$top=1 to %p: %p', (when, fits) => {
    graph.faults.add({ when });
    expect(graph.faults.take('GET', '/beta/one?$top=1') !== undefined).toBe(fits);
  });

  it('gives the first that fits, as often as it says, and is empty once it is cleared', () => {
    const first: Fault = { when: { method: 'GET' }, times: 2 };
    const second: Fault = { delayMs: 1 };
    graph.faults.add(first);
    graph.faults.add(second);
    const take = (method: string) => graph.faults.take(method, '/');
    expect(['POST', 'GET', 'GET', 'GET'].map(take)).toEqual([second, first, first, undefined]);
    graph.faults.add(second);
    graph.faults.clear();
    expect(take('GET')).toBeUndefined();
  });
});

describe('a fault that answers', () => {
  it.each<[string | Buffer | object, string]>([
    [{ error: { code: '' } }, '{"error":{"code":""}}'],
    ['<html>', '<html>'],
    [Buffer.from('bytes'), 'bytes'],
  ])('sends %p instead of the operation, to callers without a token too', async (body, text) => {
    const headers = { 'retry-after': '0.249', 'request-id': 'scripted', 'content-type': 'text/x' };
    graph.faults.add({ times: 2, respond: { status: 429, headers, body } });
    const answer = await add();
    expect(answer).toMatchObject({ status: 429, headers, text });
    expect(answer.headers['client-request-id']).toEqual(expect.any(String));
    const stranger = { authorization: 'Bearer bad' };
    expect((await graph.ask('GET', collectionPath, undefined, stranger)).status).toBe(429);
    expect(names()).toEqual([]);
    expect((await add()).status).toBe(201);
  });
});

describe.each([false, true])('a fault that kills, the operation executed: %s', (execute) => {
  /** How the connection ended, and all that came until then. */
  async function kill(how: Kill): Promise<{ end: string; text: string }> {
    graph.faults.add({ kill: how, execute });
    const { socket, send, closed } = await openConnection(graph.baseUrl);
    let end = 'fin';
    socket.once('error', () => {
      end = 'reset';
    });
    send(rawRequest('POST', collectionPath, '{"displayName":"Fleet"}'));
    return { text: await closed, end };
  }

  afterEach(() => expect(names()).toEqual(execute ? ['Fleet'] : []));

  it.each<[Kill, string]>([
    ['reset', 'reset'],
    ['close', 'fin'],
  ])('ends the connection without an answer: %s', async (how, end) => {
    expect(await kill(how)).toEqual({ end, text: '' });
  });

  it('sends nothing until the server closes', async () => {
    const killed = kill('silence');
    await until(() => graph.requests.length === 1);
    expect((await graph.ask('GET', `${collectionPath}/none`)).status).toBe(404);
    await graph.close();
    expect((await killed).text).toBe('');
  });

  it("truncates the operation's own answer", async () => {
    const { end, text } = await kill('truncate');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect([end, head]).toEqual(['fin', expect.stringMatching(/^HTTP\/1\.1 201 /)]);
    const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body).toMatch(/^\{"@odata\.context"/);
    expect(body.length).toBe(Math.floor(announced / 2));
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

  const json = { 'content-type': 'application/json' };

  it.each<[string, unknown, RegExp | number, Record<string, string>?]>([
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
    ['more than 1 MiB', 'x'.repeat(1024 * 1024 + 1), 413],
    ['another media type', { status: 500 }, 415, { 'content-type': 'text/plain' }],
    ['an Origin', { status: 500 }, 403, { origin: 'http://127.0.0.1' }],
    ['an Origin of null', { status: 500 }, 403, { origin: 'null' }],
    ['a foreign Host', { status: 500 }, 403, { host: 'rebound.example' }],
    ['a Host that begins like ours', { status: 500 }, 403, { host: 'localhost.example:80' }],
  ])('rejects %s and gives the reason', async (_what, fault, reason, headers = json) => {
    const answer = await script(fault, headers);
    if (typeof reason === 'number') {
      expect(answer.status).toBe(reason);
    } else {
      const error = { code: 'ControlRequestRejected', message: expect.stringMatching(reason) };
      expect(answer).toMatchObject({ status: 400, json: { error } });
    }
    expect(await left()).toEqual([]);
  });

  it('rejects other methods, and more than 100 faults', async () => {
    expect((await graph.ask('PUT', controlPath, {})).status).toBe(405);
    for (let count = 0; count < 100; count += 1) {
      graph.faults.add({ respond: { status: 500 } });
    }
    expect((await script({ status: 500 })).status).toBe(409);
  });

  it('does not exist on an address that other machines reach', async () => {
    const other = await startTestEmulator({ hasControl: true, host: '0.0.0.0' });
    const { status, text } = await other.ask('POST', controlPath, { status: 500 });
    await other.close();
    expect([status, text]).toEqual([400, expect.stringContaining('Invalid version: control')]);
  });

  it.each<[Record<string, string>, number, string | undefined]>([
    [{ EMULATOR_CONTROL: 'true' }, 201, 'FORBIDDEN'],
    [{}, 400, undefined],
  ])('scripts the Graph of a gateway only if it is on: %p', async (environment, status, code) => {
    const port = await findFreePort();
    const gateway = await startTestGateway({ EMULATOR_PORT: String(port), ...environment });
    const headers = { ...json, authorization: 'Bearer embedded-graph-token', connection: 'close' };
    const body = JSON.stringify({ method: 'GET', status: 403 });
    const place = `http://127.0.0.1:${port}${controlPath}`;
    const scripted = await fetch(place, { method: 'POST', headers, body });
    await scripted.text();
    const { result } = await gateway.run(listQuery);
    await gateway.stop(0);
    expect([scripted.status, result.errors?.[0]?.extensions['code']]).toEqual([status, code]);
  });
});
