import { afterEach, describe, expect, it } from '@jest/globals';
import { type Dispatcher, Pool } from 'undici';
import { GraphError } from '../../../../src/graph/errors.ts';
import type { GraphAttempt, GraphCall } from '../../../../src/graph/request.ts';
import { createTransport } from '../../../../src/graph/transport.ts';
import type { GraphOperation } from '../../../../src/graph/types.ts';
import { endableCall, testCall } from '../../../support/graphClients.ts';
import {
  type Answer,
  cutOff,
  hangUp,
  json,
  reset,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../../../support/scriptedServer.ts';
import { until } from '../../../support/until.ts';

const leftovers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(leftovers.splice(0).map((close) => close()));
});

async function start(...script: Answer[]): Promise<ScriptedServer> {
  const server = await startScriptedServer(...script);
  leftovers.push(server.close);
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
  leftovers.push(() => pool.destroy());
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
  it('sends method, path, query, headers and body, and gives status, headers and body back', async () => {
    const server = await start(json(201, { b: 2 }, { 'x-answer': 'yes' }));
    const response = await sendTo(server.url, 'add');
    expect(server.requests).toMatchObject([
      { method: 'POST', url: '/path?$top=1', body: '{"a":1}', headers: { 'x-test': 'yes' } },
    ]);
    expect(response).toMatchObject({ status: 201, headers: { 'x-answer': 'yes' } });
    expect(response.body.toString()).toBe('{"b":2}');
  });

  it.each<[string, Answer]>([
    ['resets', reset],
    ['closes', hangUp],
    ['cuts its answer off', cutOff(201, '{"id":"abcdefgh"}')],
  ])(
    'says that a write may have been applied where the server %s after it was sent',
    async (_what, answer) => {
      const server = await start(answer);
      const error = await failureOf(sendTo(server.url, 'add'));
      expect(error).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: true });
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each<[string, Answer]>([
    ['resets', reset],
    ['closes', hangUp],
  ])('never says so of a read where the server %s', async (_what, answer) => {
    const server = await start(answer);
    const error = await failureOf(sendTo(server.url, 'list'));
    expect(error).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false });
  });

  it('knows that a write was not sent where no connection could be made', async () => {
    const server = await startScriptedServer(silence);
    await server.close();
    const error = await failureOf(sendTo(server.url, 'add'));
    expect(error).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false });
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('keeps the fault underneath out of what is printed by accident', async () => {
    const server = await start(reset);
    const error = await failureOf(sendTo(server.url, 'list'));
    expect(Object.keys(error)).toEqual(['code', 'mayHaveBeenApplied']);
    expect(JSON.stringify(error)).toBe('{"code":"unavailable","mayHaveBeenApplied":false}');
  });

  it('ends a silent exchange when the deadline fires, at once', async () => {
    const server = await start(silence);
    const { call, end } = endableCall();
    const sent = failureOf(sendTo(server.url, 'add', call));
    await until(() => server.requests.length === 1);
    end('deadline');
    await expect(sent).resolves.toMatchObject({ code: 'timeout', mayHaveBeenApplied: true });
  });

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

  it('ends a read when its caller leaves', async () => {
    const server = await start(silence);
    const { call, end } = endableCall();
    const sent = failureOf(sendTo(server.url, 'list', call));
    await until(() => server.requests.length === 1);
    end('callerLeft');
    await expect(sent).resolves.toMatchObject({ code: 'callerLeft' });
  });

  it('finishes a write that was sent although its caller leaves', async () => {
    let answer: (() => void) | undefined;
    const server = await start((response) => {
      answer = () => response.end('{"done":true}');
    });
    const { call, end } = endableCall();
    const sent = sendTo(server.url, 'add', call);
    await until(() => server.requests.length === 1);
    end('callerLeft');
    answer?.();
    await expect(sent).resolves.toMatchObject({ status: 200 });
  });

  it.each(['deadline', 'shutdown'] as const)(
    'ends a write that goes on after its caller left at %s all the same',
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

  it('stops reading an answer that is too large', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const server = await start((response) => {
      const write = () => {
        while (!response.destroyed && response.write(chunk)) {
          // Goes on until the socket is full; 'drain' goes on from there.
        }
      };
      response.on('drain', write);
      write();
    });
    const error = await failureOf(sendTo(server.url, 'list'));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
    expect(error.message).toMatch(/larger/);
  });

  it('takes interim answers for what they are, within reason', async () => {
    const interim =
      (count: number): Answer =>
      (response) => {
        for (let index = 0; index < count; index += 1) {
          response.socket?.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
        }
        response.end('{}');
      };
    const kind = await start(interim(3));
    await expect(sendTo(kind.url, 'list')).resolves.toMatchObject({ status: 200 });
    const flood = await start(interim(100));
    await expect(failureOf(sendTo(flood.url, 'list'))).resolves.toMatchObject({
      code: 'badResponse',
    });
  });

  it('keeps connections for the next call', async () => {
    const ports = new Set<number | undefined>();
    const server = await start((response) => {
      ports.add(response.socket?.remotePort);
      response.end('{}');
    });
    const send = createTransport(connectionsTo(server.url, {}));
    for (let index = 0; index < 5; index += 1) {
      await send({ number: 1, operation: 'list', url: server.url, headers: {}, call: testCall() });
    }
    expect(server.requests).toHaveLength(5);
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});
