import { describe, expect, it } from '@jest/globals';
import { type Dispatcher, Pool } from 'undici';
import { GraphError } from '../../src/graph/errors.ts';
import type { GraphAttempt, GraphCall } from '../../src/graph/request.ts';
import { createTransport } from '../../src/graph/transport.ts';
import type { GraphOperation } from '../../src/graph/types.ts';
import { useClosing } from '../support/closing.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const closeLater = useClosing();

async function start(...script: Answer[]): Promise<ScriptedServer> {
  const server = await startScriptedServer(...script);
  closeLater(server.close);
  return server;
}

function sendTo(root: URL, operation: GraphOperation, call: GraphCall = testCall(), options = {}) {
  const connections = connectionsTo(root, options);
  const request: GraphAttempt = {
    number: 1,
    operation,
    url: new URL('/path?$top=1', root),
    headers: { 'x-test': 'yes' },
    ...(operation === 'add' && { body: '{"a":1}' }),
    call,
  };
  return createTransport(connections)(request);
}

/** Over a pool of the test's own, with options that the product does not set. */
function connectionsTo(root: URL, options: Pool.Options) {
  const pool = new Pool(root.origin, options);
  closeLater(() => pool.destroy());
  return {
    dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
      pool.dispatch(request, handler);
    },
  };
}

async function failureOf(sent: Promise<unknown>): Promise<GraphError> {
  const error = await sent.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GraphError);
  return error as GraphError;
}

describe('createTransport', () => {
  it('ends an exchange that is still waiting for its connection when the deadline fires', async () => {
    const { call, end } = endableCall();
    let connect: (() => void) | undefined;
    const connector = (_options: unknown, callback: (error: Error) => void) => {
      connect = () => callback(new Error('too late'));
    };
    const sent = failureOf(
      sendTo(new URL('http://127.0.0.1'), 'add', call, { connect: connector }),
    );
    await until(() => connect !== undefined);
    end('deadline');
    await expect(sent).resolves.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    connect?.();
  });

  it('never writes a request whose deadline fired while it waited for its turn', async () => {
    const answers: (() => void)[] = [];
    const server = await start((response) => {
      const answer = () => response.end('{}');
      if (server.requests.length > 1) {
        answer();
      } else {
        answers.push(answer);
      }
    });
    const send = createTransport(connectionsTo(server.url, { connections: 1 }));
    const { call, end } = endableCall();
    const request = {
      number: 1,
      operation: 'add',
      url: server.url,
      headers: {},
      body: '{}',
    } as const;
    const first = send({ ...request, call: testCall() });
    const second = failureOf(send({ ...request, call }));
    await until(() => server.requests.length === 1);
    end('deadline');
    await expect(second).resolves.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    answers[0]?.();
    await expect(first).resolves.toMatchObject({ status: 200 });
    await expect(send({ ...request, call: testCall() })).resolves.toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(2);
  });

  it.each(['deadline', 'callerLeft', 'shutdown'] as const)(
    'sends nothing where %s fired before',
    async (reason) => {
      const server = await start(json(200, {}));
      const { call, end } = endableCall();
      end(reason);
      const error = await failureOf(sendTo(server.url, 'add', call));
      expect(error.mayHaveBeenApplied).toBe(false);
      expect(server.requests).toHaveLength(0);
    },
  );

  it.each(['deadline', 'shutdown'] as const)(
    'ends a write at %s when its caller has left',
    async (reason) => {
      const server = await start(silence);
      const { call, end } = endableCall();
      const sent = failureOf(sendTo(server.url, 'add', call));
      await until(() => server.requests.length === 1);
      end('callerLeft');
      end(reason);
      await expect(sent).resolves.toMatchObject({ mayHaveBeenApplied: true });
    },
  );
});
