import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { SeenRequest } from '../../src/emulator/startEmulator.ts';
import { until } from '../support/until.ts';
import {
  collectionPath,
  createManualClock,
  openRaw,
  rawRequest,
  startTestEmulator,
  type TestEmulator,
} from './emulatorHarness.ts';

describe('what reached the embedded Graph', () => {
  let told: SeenRequest[];
  let graph: TestEmulator;

  beforeEach(async () => {
    told = [];
    const onRequest = (request: SeenRequest) => told.push(request);
    graph = await startTestEmulator({ onRequest, recordRequests: true });
  });

  afterEach(() => graph.close());

  it('is told and kept, refused or not', async () => {
    await graph.ask('POST', `${collectionPath}?x=1`, { displayName: 'Fleet' });
    await graph.ask('GET', '/nowhere', undefined, { authorization: 'Bearer bad' });
    await graph.ask('POST', collectionPath, 'x'.repeat(1024 * 1024 + 1));
    expect(told).toEqual([
      {
        method: 'POST',
        path: `${collectionPath}?x=1`,
        headers: expect.objectContaining({ authorization: 'Bearer good' }),
        body: '{"displayName":"Fleet"}',
      },
      expect.objectContaining({ method: 'GET', path: '/nowhere', body: '' }),
      expect.objectContaining({ method: 'POST', body: '' }),
    ]);
    expect(graph.requests).toEqual(told);
  });

  it('is not kept unless that is asked for', async () => {
    const plain = await startTestEmulator();
    await plain.ask('GET', collectionPath);
    expect(plain.requests).toEqual([]);
    await plain.close();
  });
});

describe('closing', () => {
  it('ends idle, silent, delayed and half-sent connections at once', async () => {
    const clock = createManualClock();
    const graph = await startTestEmulator({ clock, recordRequests: true });
    graph.faults.add({ kill: 'silence', when: { path: 'silent' } });
    graph.faults.add({ delayMs: 60_000, when: { path: 'delayed' } });
    const client = new Client(graph.baseUrl);
    const headers = { authorization: 'Bearer good' };
    await (await client.request({ method: 'GET', path: collectionPath, headers })).body.dump();
    const connections = await Promise.all([
      openRaw(graph.baseUrl),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/silent`)),
      openRaw(graph.baseUrl, rawRequest('GET', `${collectionPath}/delayed`)),
      openRaw(graph.baseUrl, rawRequest('POST', collectionPath, '{}').slice(0, -1)),
    ]);
    await until(() => graph.requests.length === 3 && clock.timers.size === 1);
    await graph.close();
    const ends = await Promise.all(connections.map(({ ended }) => ended));
    expect(ends.map(({ text }) => text)).toEqual(['', '', '', '']);
    expect(clock.timers.size).toBe(0);
    await client.destroy();
  });

  it('frees the port, which can be had again by its number', async () => {
    const first = await startTestEmulator();
    const port = Number(new URL(first.baseUrl).port);
    await expect(startTestEmulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    const second = await startTestEmulator({ port });
    expect(second.baseUrl).toBe(first.baseUrl);
    expect((await second.ask('GET', collectionPath)).status).toBe(200);
    await second.close();
  });

  it('may be asked for twice', async () => {
    const graph = await startTestEmulator();
    await graph.close();
    await expect(graph.close()).resolves.toBeUndefined();
  });
});

describe('a connection', () => {
  it('carries one request after the other', async () => {
    const graph = await startTestEmulator();
    const { ended, socket } = await openRaw(
      graph.baseUrl,
      rawRequest('GET', collectionPath) + rawRequest('GET', `${collectionPath}/none`),
    );
    socket.end();
    const { text } = await ended;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
    await graph.close();
  });

  it('that its caller leaves in the middle of a body harms nobody', async () => {
    const graph = await startTestEmulator({ recordRequests: true });
    const { socket } = await openRaw(
      graph.baseUrl,
      rawRequest('POST', collectionPath, '{}').slice(0, -1),
    );
    socket.destroy();
    expect((await graph.ask('GET', collectionPath)).status).toBe(200);
    expect(graph.requests).toHaveLength(1);
    await graph.close();
  });

  it('works over IPv6 as well, where the machine has it', async () => {
    const graph = await startTestEmulator({ host: '::1' }).catch(() => undefined);
    if (graph !== undefined) {
      expect(graph.baseUrl).toMatch(/^http:\/\/\[::1\]:\d+$/);
      expect((await graph.ask('GET', collectionPath)).status).toBe(200);
      await graph.close();
    }
  });
});
