import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Connections,
  createConnections,
} from '../../../../src/graph/pipeline/transport/connections.ts';
import { createUndiciSend } from '../../../../src/graph/pipeline/transport/undiciSend.ts';
import { endableCall, testCall } from '../../../support/graphClients.ts';
import { countResources, findLeftovers, type ResourceCount } from '../../../support/leftovers.mjs';
import {
  type Answer,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../../../support/scriptedServer.ts';
import { until } from '../../../support/until.ts';

let before: ResourceCount;
const toClose: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  before = countResources();
});
afterEach(async () => {
  for (const close of toClose.splice(0)) {
    await close();
  }
});

async function start(answer: Answer, limit = 4) {
  const server = await startScriptedServer(answer);
  const connections = createConnections(server.url.origin, { limit, connectTimeoutMs: 1000 });
  toClose.push(connections.close, server.close);
  return { server, connections, ask: askVia(connections, server) };
}

const askVia =
  (connections: Connections, { url }: ScriptedServer) =>
  (onNewConnection: boolean, call = testCall()): Promise<unknown> =>
    createUndiciSend(connections)({ operation: 'list', url, headers: {}, call, onNewConnection });

/** Answers with `{}` and notes where each request came from, and what its connection is to become. */
function noting() {
  const ports: (number | undefined)[] = [];
  const closed: (number | undefined)[] = [];
  const wishes: (string | undefined)[] = [];
  const answer: Answer = (response, { headers }) => {
    const port = response.socket?.remotePort;
    ports.push(port);
    wishes.push(headers.connection);
    response.socket?.once('close', () => closed.push(port));
    response.end('{}');
  };
  return { ports, closed, wishes, answer };
}

/** Expects that soon there is nothing more than before but these, which are the server's. */
async function expectOfTheServerOnly(its: ResourceCount): Promise<void> {
  const kept = Object.entries(its).map(([kind, count]) => [kind, (before[kind] ?? 0) + count]);
  expect(await findLeftovers({ ...before, ...Object.fromEntries(kept) })).toEqual({});
}

describe('createConnections', () => {
  it('makes no connection before it is needed', async () => {
    const { connections } = await start(silence);
    await expectOfTheServerOnly({ TCPServerWrap: 1 });
    await connections.close();
  });

  it('keeps a connection for the next request', async () => {
    const { ports, wishes, answer } = noting();
    const { ask } = await start(answer, 1);
    await ask(false);
    await ask(false);
    await ask(false);
    expect(new Set(ports).size).toBe(1);
    expect(wishes).toEqual(Array(3).fill('keep-alive'));
  });

  it('sends on a connection of its own where that is wished, and closes it afterwards', async () => {
    const { ports, closed, wishes, answer } = noting();
    const { ask } = await start(answer, 1);
    await ask(false);
    await ask(true);
    await ask(true);
    await ask(false);
    const [first, second, third, last] = ports;
    expect(last).toBe(first);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(wishes).toEqual(['keep-alive', 'close', 'close', 'keep-alive']);
    await until(() => closed.length === 2);
    expect(closed.sort()).toEqual([second, third].sort());
  });

  it('leaves nothing behind of a connection of its own whose request is given up', async () => {
    const { server, ask } = await start(silence);
    const { call, end } = endableCall();
    const asked = ask(true, call).catch((error: unknown) => error);
    await until(() => server.requests.length === 1);
    end('deadline');
    await expect(asked).resolves.toMatchObject({ code: 'timeout' });
    // The server's end and its listener are still there; the client's end and its timer are not.
    await expectOfTheServerOnly({ TCPServerWrap: 1, TCPSocketWrap: 1 });
  });

  it.each([false, true])(
    'cuts what is under way when it closes (on a connection of its own: %j)',
    async (onNewConnection) => {
      const { server, connections, ask } = await start(silence);
      const asked = ask(onNewConnection).catch((error: unknown) => error);
      await until(() => server.requests.length === 1);
      await connections.close();
      await expect(asked).resolves.toMatchObject({ code: 'unavailable' });
      await expectOfTheServerOnly({ TCPServerWrap: 1 });
    },
  );

  it.each([false, true])(
    'sends nothing once it is closed (on a connection of its own: %j)',
    async (onNewConnection) => {
      const { server, connections, ask } = await start(silence);
      await connections.close();
      await expect(ask(onNewConnection)).rejects.toMatchObject({
        details: { fault: 'not-connected' },
      });
      expect(server.requests).toHaveLength(0);
    },
  );

  it('gives up connecting after its time', async () => {
    const { server } = await start(silence);
    // The server never speaks TLS, so the handshake hangs.
    const secure = createConnections(`https://${server.url.host}`, {
      limit: 1,
      connectTimeoutMs: 30,
    });
    toClose.unshift(secure.close);
    await expect(askVia(secure, server)(false)).rejects.toMatchObject({
      details: { fault: 'not-connected' },
    });
    expect(server.requests).toHaveLength(0);
  });
});
