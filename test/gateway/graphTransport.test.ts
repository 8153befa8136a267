import { describe, expect, it } from '@jest/globals';
import { type Dispatcher, Pool } from 'undici';
import type { GraphResponse } from '../../src/graph/request.ts';
import { createTransport } from '../../src/graph/transport.ts';
import { useClosing } from '../support/closing.ts';
import { listQuery } from '../support/documents.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { type Answer, json, silence, startScriptedServer } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();
const { scripted } = useStages();

async function start(...script: Answer[]) {
  const server = await startScriptedServer(...script);
  closeLater(server.close);
  return server;
}

/** Sends adds over a pool of the test's own, with options that the product does not set. */
function sendTo(root: URL, options = {}) {
  const pool = new Pool(root.origin, options);
  closeLater(() => pool.destroy());
  const transport = createTransport({
    dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
      pool.dispatch(request, handler);
    },
  });
  const url = new URL('/path?$top=1', root);
  const request = { number: 1, operation: 'add', url, body: '{"a":1}' } as const;
  return (call = testCall()): Promise<GraphResponse> => transport({ ...request, call }, {});
}

describe('createTransport', () => {
  it('ends an exchange that is still waiting for its connection when the deadline fires', async () => {
    const { call, end } = endableCall();
    let connect: (() => void) | undefined;
    const connector = (_options: unknown, callback: (error: Error) => void) => {
      connect = () => callback(new Error('too late'));
    };
    const sent = sendTo(new URL('http://127.0.0.1'), { connect: connector })(call);
    await until(() => connect !== undefined);
    end('deadline');
    await expect(sent).rejects.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    connect?.();
  });

  it('never writes a request whose deadline fired while it waited for its turn', async () => {
    let answerFirst = (): void => undefined;
    const server = await start((response) => {
      const answer = () => void response.end('{}');
      if (server.requests.length > 1) {
        answer();
      } else {
        answerFirst = answer;
      }
    });
    const send = sendTo(server.url, { connections: 1 });
    const { call, end } = endableCall();
    const first = send();
    const second = send(call);
    await until(() => server.requests.length === 1);
    end('deadline');
    await expect(second).rejects.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    answerFirst();
    await expect(first).resolves.toMatchObject({ status: 200 });
    await expect(send()).resolves.toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(2);
  });

  it.each(['deadline', 'callerLeft', 'shutdown'] as const)(
    'sends nothing when %s fired before',
    async (reason) => {
      const server = await start(json(200, {}));
      const { call, end } = endableCall();
      end(reason);
      const sent = sendTo(server.url)(call);
      await expect(sent).rejects.toMatchObject({ mayHaveBeenApplied: false });
      expect(server.requests).toHaveLength(0);
    },
  );

  it.each(['deadline', 'shutdown'] as const)(
    'ends a write at %s when its caller has left',
    async (reason) => {
      const server = await start(silence);
      const { call, end } = endableCall();
      const sent = sendTo(server.url)(call);
      await until(() => server.requests.length === 1);
      end('callerLeft');
      end(reason);
      await expect(sent).rejects.toMatchObject({ mayHaveBeenApplied: true });
    },
  );
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
  const { graph, gateway } = await scripted(noting, environment, { clock });
  return { ports, graph, clock, gateway };
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

  it('carries the request to its end that it has begun before that', async () => {
    let release = (): void => undefined;
    const hold: Answer = (response, request) => {
      release = () => page(response, request);
    };
    const { ports, graph, clock, gateway } = await startNoting(
      { GRAPH_CONNECTION_LIFE_MS: '1000' },
      hold,
      page,
    );
    const held = gateway.run(listQuery);
    await until(() => graph.requests.length === 1);
    await clock.advance(1_000);
    expect((await gateway.run(listQuery)).result.errors).toBeUndefined();
    release();
    expect((await held).result.errors).toBeUndefined();
    expect(new Set(ports).size).toBe(2);
  });
});
