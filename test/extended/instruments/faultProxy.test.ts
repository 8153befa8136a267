import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import {
  always,
  executed,
  lasting,
  onlyFor,
  onlyForToken,
  times,
} from '../../support/faultProxy/fault.ts';
import { closeAtConnect } from '../../support/faultProxy/faults/connectionFaults.ts';
import { status } from '../../support/faultProxy/faults/plainAnswers.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startScriptedServer } from '../../support/scriptedServer.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { collectionPath, type FaultStage, useFaultStages, wasReset } from './faultHarness.ts';

const { start, closeLater } = useFaultStages();

async function openRaw({ proxy }: FaultStage): Promise<{ socket: Socket; received: string[] }> {
  const socket = connect(Number(proxy.url.port), proxy.url.hostname);
  const received: string[] = [];
  socket.on('data', (chunk) => received.push(chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  closeLater(() => socket.destroy());
  return { socket, received };
}

const rawAdd = (name: string): string => {
  const body = JSON.stringify({ displayName: name });
  const head = [
    `POST ${collectionPath} HTTP/1.1`,
    'Host: graph.test',
    'Authorization: Bearer embedded-graph-token',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
};

describe('a fault proxy without a script', () => {
  it('hands requests and answers over as they are', async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const upstream = await startScriptedServer((response) => {
      response.writeHead(207, { 'x-two': ['a', 'b'], 'X-Spelling': 'Kept' });
      response.write(body.subarray(0, 100));
      response.end(body.subarray(100));
    });
    const proxy = await startFaultProxy({ upstream: new URL('/base/', upstream.url) });
    closeLater(upstream.close);
    closeLater(proxy.close);
    const answer = await request(`${proxy.url.href}path?query=%20`, {
      method: 'PUT',
      headers: { 'x-sent': 'yes', host: 'graph.test' },
      body: 'text',
    });
    expect(answer.statusCode).toBe(207);
    expect(answer.headers).toMatchObject({ 'x-two': ['a', 'b'], 'x-spelling': 'Kept' });
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true);
    expect(upstream.requests).toMatchObject([
      {
        method: 'PUT',
        url: '/base/path?query=%20',
        headers: { 'x-sent': 'yes', host: 'graph.test', 'content-length': '4' },
        body: 'text',
      },
    ]);
  });

  it('keeps connections, and counts what came and what was executed', async () => {
    const { proxy, add, list, graph } = await start({ connections: 1 });
    expect(await add()).toMatchObject({ status: 201 });
    expect((await list()).text).toContain('Fleet');
    expect(proxy.received).toMatchObject([
      { method: 'POST', path: collectionPath, isOnUsedConnection: false, fault: undefined },
      { method: 'GET', path: collectionPath, isOnUsedConnection: true },
    ]);
    expect(proxy.forwarded).toEqual([
      { method: 'POST', path: collectionPath, status: 201 },
      { method: 'GET', path: collectionPath, status: 200 },
    ]);
    expect(proxy.connections).toBe(1);
    expect(graph.requests).toHaveLength(2);
  });

  it('serves many clients at once', async () => {
    const { proxy, add, graph } = await start();
    const seen = await Promise.all(Array.from({ length: 50 }, () => add()));
    expect(seen.every(({ status: code }) => code === 201)).toBe(true);
    expect(graph.partners()).toHaveLength(50);
    expect(proxy.connections).toBe(50);
  });

  it('understands requests that come byte by byte, and several that come at once', async () => {
    const stage = await start();
    const { socket, received } = await openRaw(stage);
    for (const byte of rawAdd('Slow')) {
      socket.write(byte);
    }
    socket.write(`${rawAdd('Second')}${rawAdd('Third')}`);
    await stage.proxy.until(({ forwarded }) => forwarded.length === 3);
    const names = stage.graph.partners().map(({ displayName }) => displayName);
    expect(names).toEqual(['Slow', 'Second', 'Third']);
    await until(() => received.join('').split('HTTP/1.1 201').length > 3);
  });

  it('executes nothing of a request that is not complete', async () => {
    const stage = await start();
    const { socket } = await openRaw(stage);
    socket.end(rawAdd('Half').slice(0, -5));
    await stage.proxy.until(
      (record) => record.received.length === 1 && record.openConnections === 0,
    );
    expect(stage.graph.requests).toEqual([]);
  });

  it.each([
    ['POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', 'a body without a known length'],
    ['nonsense\r\n\r\n', 'the request line nonsense'],
    ['GET /x HTTP/1.1\r\nnonsense\r\n\r\n', 'the header line nonsense'],
  ])('says that it cannot read %j', async (text, problem) => {
    const { socket, received } = await openRaw(await start());
    socket.write(text);
    await once(socket, 'end');
    expect(received.join('')).toMatch(/^HTTP\/1\.1 400 /);
    expect(received.join('')).toContain(problem);
  });

  it('breaks off where the upstream does, and does not take the request for executed', async () => {
    const { proxy, graph, add } = await start();
    graph.faults.add({ kill: 'reset' });
    expect(await add()).toEqual(wasReset);
    expect(proxy.forwarded).toEqual([{ method: 'POST', path: collectionPath, status: undefined }]);
  });
});

describe('the script', () => {
  it('strikes in its order and then lets everything through', async () => {
    const { proxy, list } = await start({ connections: 1 });
    proxy.script(status(500), times(2, status(502)), closeAtConnect());
    expect(proxy.faultsLeft).toBe(3);
    const seen = [await list(), await list(), await list(), await list()];
    expect(seen.map((sight) => sight.status)).toEqual([undefined, 500, 502, 502]);
    expect((await list()).status).toBe(200);
    expect(proxy.faultsLeft).toBe(0);
    expect(proxy.received.map(({ fault }) => fault)).toEqual(['500', '502', '502', undefined]);
    expect(proxy.connections).toBe(2);
  });

  it('strikes for ever until it is cleared', async () => {
    const { proxy, list } = await start();
    proxy.script(always(status(503)));
    for (let index = 0; index < 5; index += 1) {
      expect((await list()).status).toBe(503);
    }
    proxy.clear();
    expect((await list()).status).toBe(200);
  });

  it('strikes for a time of its clock', async () => {
    const clock = createVirtualClock();
    const { proxy, list } = await start({ clock });
    proxy.script(lasting(60_000, status(503)));
    await clock.advance(59_999);
    expect((await list()).status).toBe(503);
    await clock.advance(1);
    expect((await list()).status).toBe(200);
    expect(proxy.faultsLeft).toBe(0);
  });

  it('strikes only the requests that it is for', async () => {
    const { proxy, add, list } = await start();
    proxy.script(
      onlyForToken('token-of-another', status(429)),
      onlyFor(({ method }) => method === 'POST', status(500)),
    );
    expect((await list()).status).toBe(200);
    expect((await list({ token: 'token-of-another' })).status).toBe(429);
    expect((await add()).status).toBe(500);
    expect(proxy.faultsLeft).toBe(0);
  });

  it.each([false, true])(
    'leaves a trace in the upstream only if executed: %s',
    async (isExecuted) => {
      const { proxy, add, graph } = await start();
      proxy.script(isExecuted ? executed(status(504)) : status(504));
      expect((await add()).status).toBe(504);
      expect(graph.partners()).toHaveLength(isExecuted ? 1 : 0);
      expect(proxy.forwarded.map(({ status: code }) => code)).toEqual(isExecuted ? [201] : []);
    },
  );
});

describe('a refusal of connections', () => {
  it('lasts until it is ended, and comes back on the same port', async () => {
    const { proxy, add, list, graph } = await start();
    await list();
    await proxy.refuseConnections();
    for (let index = 0; index < 3; index += 1) {
      expect(await add()).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
    }
    expect(graph.partners()).toEqual([]);
    expect(proxy.connections).toBe(1);
    await proxy.acceptConnections();
    expect((await add()).status).toBe(201);
  });

  it('lasts for a time of the clock', async () => {
    const clock = createVirtualClock();
    const { proxy, list } = await start({ clock });
    await proxy.refuseConnections(1000);
    await clock.advance(999);
    expect((await list()).code).toBe('ECONNREFUSED');
    await clock.advance(1);
    expect((await list()).status).toBe(200);
  });

  it('cuts off what is under way, which the upstream executes nevertheless', async () => {
    const { proxy, add, graph } = await start();
    graph.faults.add({ delayMs: 50 });
    const seen = add();
    await proxy.until(({ underWay }) => underWay === 1);
    await proxy.refuseConnections();
    expect(await seen).toEqual(wasReset);
    await proxy.until(({ underWay }) => underWay === 0);
    expect(graph.partners()).toHaveLength(1);
  });

  it('is not what closes idle connections, which clients replace without a loss', async () => {
    const { proxy, add } = await start({ connections: 1 });
    await add();
    for (let index = 0; index < 20; index += 1) {
      await proxy.dropIdleConnections();
      expect((await add()).status).toBe(201);
    }
    expect(proxy.connections).toBe(21);
  });
});

describe('a fault proxy that is closed', () => {
  it('rejects what still waits for something to happen', async () => {
    const { proxy } = await start();
    const waiting = expect(proxy.until(() => false)).rejects.toThrow('was closed');
    await proxy.close();
    await waiting;
    await expect(proxy.until(() => false)).rejects.toThrow('was closed');
    await proxy.until(({ connections }) => connections === 0);
  });

  it('takes its timers back', async () => {
    const clock = createVirtualClock();
    const { proxy } = await start({ clock });
    await proxy.refuseConnections(1000);
    await proxy.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
