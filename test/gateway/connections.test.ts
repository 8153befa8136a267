import { describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import {
  drip,
  graphqlRequest,
  openConnection,
  type RawConnection,
} from '../support/rawConnection.ts';
import { type Answer, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';

const { start, scripted, closeLater } = useStages();

/** Much shorter than an operator would have them, and so far apart that one is not taken for the other. */
const times = {
  HEADERS_TIMEOUT_MS: '300',
  REQUEST_TIMEOUT_MS: '900',
  RESPONSE_IDLE_TIMEOUT_MS: '600',
};
const livez = headOf('GET /livez');
const totalCount = graphqlRequest({ query: totalCountQuery });
const padded = graphqlRequest({ query: '{ __typename }', padding: 'x'.repeat(500) });
const extensions = { code: 'REQUEST_TIMEOUT' };
const endOfHeaders = padded.indexOf('\r\n\r\n') + 4;

async function open({ url }: TestGateway): Promise<RawConnection> {
  const caller = await openConnection(url);
  closeLater(() => caller.socket.destroy());
  return caller;
}

describe('a caller that is slow to ask', () => {
  it.each([
    ['says nothing', '', ''],
    ['drips its headers', '', `GET /livez HTTP/1.1\r\n${'X-Drip: 1\r\n'.repeat(99)}`],
    ['drips its body', padded.slice(0, endOfHeaders), padded.slice(endOfHeaders)],
  ])('gets a 408 and is disconnected when it %s', async (_what, sent, dripped) => {
    const gateway = await start(times);
    const caller = await open(gateway);
    caller.send(sent);
    closeLater(drip(caller, dripped));
    const answer = await caller.closed;
    expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    const error = { message: 'The request did not arrive in time.', extensions };
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toEqual({ errors: [error] });
    expect(gateway.measurements.events).toEqual(['connection cut for request-timeout']);
    const logged = gateway.logLines.join('');
    expect(logged.split('ERR_HTTP_REQUEST_TIMEOUT')).toHaveLength(2);
    expect(logged).not.toContain('"error"');
  });

  it('gets no word that another request of the connection would take for its answer', async () => {
    const { gateway } = await scripted(silence, { ...times, DRAIN_TIMEOUT_MS: '0' });
    const caller = await open(gateway);
    caller.send(`${totalCount}POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Le`);
    expect(await caller.closed).not.toContain('408');
  });
});

describe('connections', () => {
  it('that have not asked give way to new ones, the oldest first, before those that have', async () => {
    const gateway = await start({ MAX_CONNECTIONS: '3' });
    const idle = await open(gateway);
    idle.send(livez);
    await idle.until(/alive/);
    const [first, second] = [await open(gateway), await open(gateway)];
    first.send('GET /livez HTTP/1.1\r\nHost: gate');
    const third = await open(gateway);
    expect(await first.closed).toBe('');
    expect(gateway.measurements.events).toEqual(['connection cut for limit']);
    for (const caller of [second, third, idle]) {
      caller.send(livez);
      await caller.until(/alive/);
    }
    const fourth = await open(gateway);
    await second.closed;
    fourth.send(livez);
    await fourth.until(/alive/);
  });

  it('are no more than there may be if all of them wait for answers', async () => {
    const limit = { MAX_CONNECTIONS: '2', DRAIN_TIMEOUT_MS: '0' };
    const { graph, gateway } = await scripted(silence, limit);
    for (const count of [1, 2]) {
      (await open(gateway)).send(totalCount);
      await until(() => graph.requests.length === count);
    }
    expect(await (await open(gateway)).closed).toBe('');
    expect(gateway.measurements.events).toEqual(['connection cut for limit']);
  });

  it('are kept after an answer, longer than balancers keep theirs, or as long as is configured', async () => {
    expect((await (await start()).get('/livez')).headers['keep-alive']).toBe('timeout=72');
    const caller = await open(await start({ KEEP_ALIVE_TIMEOUT_MS: '150' }));
    caller.send(livez);
    expect(await caller.closed).toMatch(/alive/);
  });
});

describe('a caller that does not read its answers', () => {
  /** More than all buffers of the system between two sockets take, so that answers have to wait in the gateway. */
  const requests = 700;

  async function askForMuch(idleMs: number) {
    const idle = { RESPONSE_IDLE_TIMEOUT_MS: String(idleMs), SHED_OPEN_REQUESTS: '0' };
    const gateway = await start(idle);
    const caller = await open(gateway);
    caller.socket.pause();
    // Long enough that the gateway, which reads 64 KB at a time, does not get all of them at once.
    const ask = (...more: string[]): string =>
      headOf('GET /schema.graphql', `X-Padding: ${'x'.repeat(1000)}`, ...more);
    caller.send(ask().repeat(requests - 1) + ask('Connection: close'));
    return { gateway, caller, events: gateway.measurements.events };
  }

  it('is cut off, and until then little is kept for it', async () => {
    const { gateway, events } = await askForMuch(500);
    await until(() => events.includes('connection cut for response-idle'));
    // What the gateway does not read from the caller either it cannot have to remember.
    expect(gateway.logged('Answered').length).toBeLessThan(requests);
    expect(gateway.logged('A connection was cut')).toMatchObject([{ reason: 'response-idle' }]);
    expect((await gateway.get('/livez')).status).toBe(200);
  });

  it('is not one whose next answer takes its time', async () => {
    // Later than the time after which a caller is cut off, for which a socket has no clock but the machine's.
    const late: Answer = (...parts) =>
      void setTimeout(() => json(200, { value: [] })(...parts), 700);
    const { gateway } = await scripted(late, { RESPONSE_IDLE_TIMEOUT_MS: '200' });
    const caller = await open(gateway);
    caller.send(livez + totalCount);
    await caller.until(/"totalCount":0/);
  });

  it('gets all of them if it reads slowly but does read', async () => {
    // Far longer than a pause of the caller, and shorter than all of them.
    const { caller, events } = await askForMuch(1500);
    let taken = 0;
    const size = 1024 * 1024;
    caller.socket.on('data', (chunk) => {
      taken += chunk.length;
      if (taken > size) {
        taken = 0;
        caller.socket.pause();
        setTimeout(() => caller.socket.resume(), 50);
      }
    });
    caller.socket.resume();
    const text = await caller.closed;
    expect(text.split('HTTP/1.1 200 OK')).toHaveLength(requests + 1);
    expect(events).toEqual([]);
  });
});
