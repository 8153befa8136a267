import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { addMutation, listQuery } from './support/documents.ts';
import {
  type Answer,
  empty,
  json,
  silence,
  startScriptedServer,
} from './support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from './support/testGateways.ts';
import { until } from './support/until.ts';
import { createVirtualClock, type VirtualClock } from './support/virtualClock.ts';

const added = json(201, { id: 'new', displayName: 'Fleet' });
const input = { displayName: 'Fleet' };

/** A Graph that answers when it is told to. */
function heldBack() {
  let release = (): void => undefined;
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const answer: Answer = (...parts) => {
    release = () => added(...parts);
    reach();
  };
  return { answer, reached, release: () => release() };
}

async function start(
  environment: Record<string, string> = {},
): Promise<{ gateway: TestGateway; clock: VirtualClock }> {
  const clock = createVirtualClock();
  return { clock, gateway: await startTestGateway(environment, { clock }) };
}

/** Whether it takes connections. */
async function isOpen({ url }: TestGateway): Promise<boolean> {
  const agent = new Agent();
  try {
    await request(`${url}/livez`, { dispatcher: agent });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    return false;
  } finally {
    await agent.destroy();
  }
}

/** Begins to stop without a delay, and waits until connections are refused. */
async function beginStop(gateway: TestGateway, clock: VirtualClock) {
  const stopped = gateway.stop(0);
  await clock.advance(0);
  await until(async () => !(await isOpen(gateway)));
  return { stopped };
}

describe('stopping', () => {
  it('finishes what is in flight, while it tells the balancer to send nothing more', async () => {
    const held = heldBack();
    const graph = await startScriptedServer(held.answer);
    const { gateway, clock } = await start({ GRAPH_BASE_URL: graph.url.href });
    const adding = gateway.run(addMutation, { input });
    await held.reached;
    const stopped = gateway.stop(300);
    await clock.advance(299);
    const ready = await gateway.get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, '{"status":"draining"}']);
    expect(ready.headers['connection']).toBe('close');
    held.release();
    const { status, result } = await adding;
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(await isOpen(gateway)).toBe(true);
    await clock.advance(1);
    await stopped;
    expect(await isOpen(gateway)).toBe(false);
    await graph.close();
  });

  it('waits for an answer that is later than the delay', async () => {
    const held = heldBack();
    const graph = await startScriptedServer(held.answer);
    const { gateway, clock } = await start({ GRAPH_BASE_URL: graph.url.href });
    const adding = gateway.run(addMutation, { input });
    await held.reached;
    const { stopped } = await beginStop(gateway, clock);
    held.release();
    expect((await adding).result.errors).toBeUndefined();
    await stopped;
    await graph.close();
  });

  it.each([
    ['read', listQuery, 'UPSTREAM_UNAVAILABLE'],
    ['write', addMutation, 'OUTCOME_UNKNOWN'],
  ])(
    'ends a %s that is still open when its time is up, and says so',
    async (_what, query, code) => {
      const graph = await startScriptedServer(silence);
      const { gateway, clock } = await start({
        GRAPH_BASE_URL: graph.url.href,
        DRAIN_TIMEOUT_MS: '100',
      });
      let isAnswered = false;
      const asking = gateway.run(query, { input }).finally(() => {
        isAnswered = true;
      });
      await until(() => graph.requests.length === 1);
      const { stopped } = await beginStop(gateway, clock);
      await clock.advance(99);
      expect(isAnswered).toBe(false);
      await clock.advance(1);
      const { status, result } = await asking;
      await stopped;
      await graph.close();
      expect([status, result.errors?.[0]?.extensions['code']]).toEqual([200, code]);
    },
  );

  it('finishes what waits to ask Graph again', async () => {
    const graph = await startScriptedServer(
      empty(503, { 'retry-after': '1' }),
      json(200, { value: [] }),
    );
    const { gateway, clock } = await start({ GRAPH_BASE_URL: graph.url.href });
    const asking = gateway.run(listQuery);
    await until(() => gateway.logLines.some((line) => line.includes('is asked again')));
    const { stopped } = await beginStop(gateway, clock);
    await clock.advance(1000);
    const { status, result } = await asking;
    await stopped;
    await graph.close();
    expect([status, result.errors, graph.requests.length]).toEqual([200, undefined, 2]);
  });

  it('cuts a connection whose request does not come to its end', async () => {
    const { gateway, clock } = await start({ DRAIN_TIMEOUT_MS: '50' });
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    let isClosed = false;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        isClosed = true;
      })
      .resume();
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    // A round trip, after which it has read that.
    await gateway.get('/livez');
    const { stopped } = await beginStop(gateway, clock);
    expect(isClosed).toBe(false);
    await clock.advance(50);
    // Who was told that its time is up has a moment to answer.
    await clock.advance(250);
    await stopped;
    await until(() => isClosed);
  });
});

describe('a caller that leaves', () => {
  it('ends its reads, but no write that was already sent', async () => {
    const closed: string[] = [];
    const held = heldBack();
    const watched: Answer = (response, seen) => {
      response.on('close', () => {
        closed.push(`${seen.method} ${response.writableFinished ? 'finished' : 'cut'}`);
      });
      if (seen.method === 'POST') {
        held.answer(response, seen);
      }
    };
    const graph = await startScriptedServer(watched);
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
    const { hostname, port } = new URL(gateway.url);
    const send = (query: string) => {
      const body = JSON.stringify({ query, variables: { input } });
      const socket = connect(Number(port), hostname);
      socket.write(
        'POST /graphql HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer token\r\n' +
          `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return socket;
    };
    const read = send(listQuery);
    const write = send(addMutation);
    await held.reached;
    await until(() => graph.requests.length === 2);
    read.destroy();
    write.destroy();
    await until(() => closed.length > 0);
    expect(closed).toEqual(['GET cut']);
    held.release();
    await until(() => closed.length > 1);
    expect(closed).toEqual(['GET cut', 'POST finished']);
    await gateway.stop(0);
    await graph.close();
  });
});
