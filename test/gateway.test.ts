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
import { startTestGateway } from './support/testGateways.ts';

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

describe('stopping', () => {
  it('finishes what is in flight, while it tells the balancer to send nothing more', async () => {
    const held = heldBack();
    const graph = await startScriptedServer(held.answer);
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
    const adding = gateway.run(addMutation, { input });
    await held.reached;
    const stopping = gateway.stop(300);
    const ready = await gateway.get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, '{"status":"draining"}']);
    expect(ready.headers['connection']).toBe('close');
    held.release();
    const { status, result } = await adding;
    expect([status, result.errors]).toEqual([200, undefined]);
    await stopping;
    await expect(
      request(`${gateway.url}/livez`, { dispatcher: new Agent() }),
    ).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await graph.close();
  });

  it('waits for an answer that is later than the delay', async () => {
    const held = heldBack();
    const graph = await startScriptedServer(held.answer);
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
    const adding = gateway.run(addMutation, { input });
    await held.reached;
    const stopping = gateway.stop(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    held.release();
    expect((await adding).result.errors).toBeUndefined();
    await stopping;
    await graph.close();
  });

  it.each([
    ['read', listQuery, 503, 'UPSTREAM_UNAVAILABLE'],
    ['write', addMutation, 500, 'OUTCOME_UNKNOWN'],
  ])(
    'ends a %s that is still open when its time is up, and says so',
    async (_what, query, status, code) => {
      const graph = await startScriptedServer(silence);
      const gateway = await startTestGateway({
        GRAPH_BASE_URL: graph.url.href,
        DRAIN_TIMEOUT_MS: '100',
      });
      const asking = gateway.run(query, { input });
      while (graph.requests.length === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await gateway.stop(0);
      const { status: answered, result } = await asking;
      await graph.close();
      expect([answered, result.errors?.[0]?.extensions['code']]).toEqual([status, code]);
    },
  );

  it('finishes what waits to ask Graph again', async () => {
    const graph = await startScriptedServer(
      empty(503, { 'retry-after': '1' }),
      json(200, { value: [] }),
    );
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
    const asking = gateway.run(listQuery);
    while (graph.requests.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stopping = gateway.stop(0);
    const { status, result } = await asking;
    await stopping;
    await graph.close();
    expect([status, result.errors, graph.requests.length]).toEqual([200, undefined, 2]);
  });

  it('cuts a connection whose request does not come to its end', async () => {
    const gateway = await startTestGateway({ DRAIN_TIMEOUT_MS: '50' });
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).resume();
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await gateway.stop(0);
    await closed;
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
    while (graph.requests.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    read.destroy();
    write.destroy();
    while (closed.length < 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(closed).toEqual(['GET cut']);
    held.release();
    while (closed.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(closed).toEqual(['GET cut', 'POST finished']);
    await gateway.stop(0);
    await graph.close();
  });
});
