import { describe, expect, it } from '@jest/globals';
import { createConnections, createTransport, maximumBodyBytes } from '../../src/graph/transport.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { useClosing } from '../support/closing.ts';
import { listQuery } from '../support/documents.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { type Answer, empty, json, startScriptedServer } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();
const { scripted } = useStages();

/** Sends adds over one connection. */
async function start(...script: Answer[]) {
  const server = await startScriptedServer(...script);
  const times = { connectTimeoutMs: 60_000, maximumLifeMs: 300_000, clock: systemClock };
  const connections = createConnections(server.url.origin, { limit: 1, ...times });
  closeLater(connections.close, server.close);
  const transport = createTransport(connections);
  const url = new URL('/path?$top=1', server.url);
  const request = { number: 1, operation: 'add', url, body: '{"a":1}' } as const;
  return { server, send: (call = testCall()) => transport({ ...request, call }, {}) };
}

it('never writes a request whose deadline fired while it waited for its turn, or that ended before', async () => {
  let answerFirst = (): void => undefined;
  const { server, send } = await start(
    (response) => {
      answerFirst = () => void response.end('{}');
    },
    json(200, {}),
  );
  const { call, end } = endableCall();
  const first = send();
  const second = send(call);
  await until(() => server.requests.length === 1);
  end('deadline');
  const notSent = { code: 'timeout', mayHaveBeenApplied: false };
  await expect(second).rejects.toMatchObject(notSent);
  answerFirst();
  await expect(first).resolves.toMatchObject({ status: 200 });
  await expect(send(call)).rejects.toMatchObject(notSent);
  await expect(send()).resolves.toMatchObject({ status: 200 });
  expect(server.requests).toHaveLength(2);
});

it('reads an answer of 4 MiB, and no byte more', async () => {
  const answers = [0, 1].map((more) => json(200, ' '.repeat(maximumBodyBytes + more)));
  const { send } = await start(...answers);
  expect((await send()).body).toHaveLength(maximumBodyBytes);
  const error = { code: 'badResponse', mayHaveBeenApplied: true };
  await expect(send()).rejects.toMatchObject(error);
});

const page = json(200, { value: [] });

/** Starts a gateway over a Graph that notes over which connection each request comes. */
async function startNoting(environment: Record<string, string>, ...script: Answer[]) {
  const ports: (number | undefined)[] = [];
  const noting = script.map(
    (answer): Answer =>
      (response, request) => {
        ports.push(response.socket?.remotePort);
        answer(response, request);
      },
  );
  const clock = createVirtualClock();
  return { ports, clock, ...(await scripted(noting, environment, { clock })) };
}

describe('a connection to Graph', () => {
  it('is used for five minutes, and then another one is made', async () => {
    const { ports, clock, gateway } = await startNoting({}, page);
    await gateway.run(listQuery);
    await clock.advance(299_999);
    await gateway.run(listQuery);
    await clock.advance(1);
    await gateway.run(listQuery);
    await gateway.run(listQuery);
    const [first, second, third, fourth] = ports;
    expect([second, fourth]).toEqual([first, third]);
    expect(third).not.toBe(first);
  });

  it('is another one after a 503, for that repeat only', async () => {
    const retryNow = empty(503, { 'retry-after': '0' });
    const { ports, graph, clock, gateway } = await startNoting({}, page, retryNow, page);
    await gateway.run(listQuery);
    const repeated = gateway.run(listQuery);
    await until(() => gateway.logged('The call of Microsoft Graph is retried').length === 1);
    await clock.advance(1_000);
    await repeated;
    await gateway.run(listQuery);
    const [first, second, third, fourth] = ports;
    expect([second, fourth]).toEqual([first, first]);
    expect(third).not.toBe(first);
    const kept = graph.requests.map(({ headers }) => headers.connection === 'keep-alive');
    expect(kept).toEqual([true, true, false, true]);
  });

  it('carries the request to its end that it has begun before that', async () => {
    let release = (): void => undefined;
    const hold: Answer = (response, request) => {
      release = () => page(response, request);
    };
    const life = { GRAPH_CONNECTION_LIFE_MS: '1000' };
    const { ports, graph, clock, gateway } = await startNoting(life, hold, page);
    const held = gateway.run(listQuery);
    await until(() => graph.requests.length === 1);
    await clock.advance(1_000);
    expect((await gateway.run(listQuery)).result.errors).toBeUndefined();
    release();
    expect((await held).result.errors).toBeUndefined();
    expect(new Set(ports).size).toBe(2);
  });
});
