import { afterEach, describe, expect, it } from '@jest/globals';
import { recordingMeasurements } from '../support/measurements.ts';
import {
  drip,
  graphqlRequest,
  openConnection,
  type RawConnection,
} from '../support/rawConnection.ts';
import { json, silence, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';

describe('slow callers', () => {
  /** Much shorter than an operator would have them, and so far apart that one is not taken for the other. */
  const times = {
    HEADERS_TIMEOUT_MS: '300',
    REQUEST_TIMEOUT_MS: '900',
    RESPONSE_IDLE_TIMEOUT_MS: '600',
  };

  let gateway: TestGateway;
  const drips: (() => void)[] = [];

  async function start(environment: Record<string, string> = {}) {
    const measurements = recordingMeasurements();
    gateway = await startTestGateway({ ...times, ...environment }, { measurements });
    return measurements;
  }

  afterEach(async () => {
    for (const stop of drips.splice(0)) {
      stop();
    }
    await gateway.stop(0);
  });

  const startDrip = (caller: RawConnection, text: string): void =>
    void drips.push(drip(caller, text));

  const typename = graphqlRequest({ query: '{ __typename }' });
  const padded = graphqlRequest({ query: '{ __typename }', padding: 'x'.repeat(500) });
  const endOfHeaders = padded.indexOf('\r\n\r\n') + 4;

  describe('a caller that is slow to ask', () => {
    it.each<[string, (caller: RawConnection) => void]>([
      ['says nothing', () => undefined],
      [
        'drips its headers',
        (caller) => startDrip(caller, `GET /livez HTTP/1.1\r\n${'X-Drip: 1\r\n'.repeat(99)}`),
      ],
      ['stops in its headers', (caller) => caller.send(typename.slice(0, 30))],
      ['stops before its body', (caller) => caller.send(padded.slice(0, endOfHeaders))],
      [
        'drips its body',
        (caller) => {
          caller.send(padded.slice(0, endOfHeaders));
          startDrip(caller, padded.slice(endOfHeaders));
        },
      ],
    ])('gets an answer with the reason and is disconnected when it %s', async (_what, begin) => {
      const measurements = await start();
      const caller = await openConnection(gateway.url);
      begin(caller);
      const answer = await caller.closed;
      expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
      expect(JSON.parse(answer.slice(answer.indexOf('{')))).toEqual({
        errors: [
          {
            message: 'The request did not arrive in time.',
            extensions: { code: 'REQUEST_TIMEOUT' },
          },
        ],
      });
      expect(measurements.events).toEqual(['connection cut for request-timeout']);
      expect(
        gateway.logLines.filter((line) => line.includes('ERR_HTTP_REQUEST_TIMEOUT')),
      ).toHaveLength(1);
      expect(gateway.logLines.filter((line) => line.includes('"error"'))).toEqual([]);
    });

    it('is let be while its time is not up', async () => {
      const measurements = await start({ HEADERS_TIMEOUT_MS: '9000', REQUEST_TIMEOUT_MS: '9000' });
      const caller = await openConnection(gateway.url);
      for (const part of [typename.slice(0, 5), typename.slice(5, -5)]) {
        caller.send(part);
        // The slowness itself: node:http knows no clock but the machine's.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      caller.send(typename.slice(-5));
      await caller.until(/"__typename":"Query"/);
      caller.socket.destroy();
      expect(measurements.events).toEqual([]);
    });

    it('gets no word that another request of the connection would take for its answer', async () => {
      const graph = await startScriptedServer(silence);
      await start({ DRAIN_TIMEOUT_MS: '0', GRAPH_BASE_URL: graph.url.href });
      const caller = await openConnection(gateway.url);
      const slow = graphqlRequest({ query: '{ complianceManagementPartners { totalCount } }' });
      caller.send(`${slow}POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Le`);
      expect(await caller.closed).not.toContain('408');
      await graph.close();
    });
  });

  describe('bytes that are no request', () => {
    it('are counted', async () => {
      const measurements = await start();
      const caller = await openConnection(gateway.url);
      caller.send('HELO gateway\r\n\r\n');
      await caller.closed;
      expect(measurements.events).toEqual(['connection cut for malformed']);
    });
  });

  describe('connections', () => {
    const livez = 'GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n';

    it('that have not asked give way to new ones, the oldest first, before those that have', async () => {
      const measurements = await start({ MAX_CONNECTIONS: '3', HEADERS_TIMEOUT_MS: '900' });
      const idle = await openConnection(gateway.url);
      idle.send(livez);
      await idle.until(/alive/);
      const [first, second] = [
        await openConnection(gateway.url),
        await openConnection(gateway.url),
      ];
      first.send('GET /livez HTTP/1.1\r\nHost: gate');
      const third = await openConnection(gateway.url);
      expect(await first.closed).toBe('');
      expect(measurements.events).toEqual(['connection cut for limit']);
      for (const caller of [second, third, idle]) {
        caller.send(livez);
        await caller.until(/alive/);
      }
      const fourth = await openConnection(gateway.url);
      await second.closed;
      fourth.send(livez);
      await fourth.until(/alive/);
      for (const { socket } of [third, idle, fourth]) {
        socket.destroy();
      }
    });

    it('are no more than there may be if all of them wait for answers', async () => {
      const graph = await startScriptedServer(silence);
      const environment = { GRAPH_BASE_URL: graph.url.href, DRAIN_TIMEOUT_MS: '0' };
      const measurements = await start({ MAX_CONNECTIONS: '2', ...environment });
      for (const count of [1, 2]) {
        const caller = await openConnection(gateway.url);
        caller.send(graphqlRequest({ query: '{ complianceManagementPartners { totalCount } }' }));
        await until(() => graph.requests.length === count);
      }
      const third = await openConnection(gateway.url);
      expect(await third.closed).toBe('');
      expect(measurements.events).toEqual(['connection cut for limit']);
      await graph.close();
    });

    it('are kept for a while after an answer, longer than balancers keep theirs', async () => {
      await start();
      const answer = await gateway.get('/livez');
      expect(answer.headers['keep-alive']).toBe('timeout=72');
    });

    it('are ended once nothing was asked for the time that is configured', async () => {
      await start({ KEEP_ALIVE_TIMEOUT_MS: '150' });
      const caller = await openConnection(gateway.url);
      caller.send('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n');
      expect(await caller.closed).toMatch(/alive/);
    });

    it('serve any number of requests', async () => {
      await start();
      const caller = await openConnection(gateway.url);
      caller.send('GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n'.repeat(300));
      await until(() => caller.received().split('alive').length > 300);
      expect(caller.received()).not.toMatch(/connection: close/i);
      caller.socket.destroy();
    });
  });
});

describe('slow readers', () => {
  let gateway: TestGateway;
  const measurements = recordingMeasurements();

  afterEach(() => gateway.stop(0));

  /** More than all buffers of the system between two sockets take, so that answers have to wait in the gateway. */
  const requests = 700;

  async function askForMuch(idleMs: number): Promise<RawConnection> {
    const unbounded = { SHED_OPEN_REQUESTS: '0', SHED_EVENT_LOOP_DELAY_MS: '0' };
    gateway = await startTestGateway(
      { RESPONSE_IDLE_TIMEOUT_MS: String(idleMs), ...unbounded },
      { measurements },
    );
    const caller = await openConnection(gateway.url);
    caller.socket.pause();
    // Long enough that the gateway, which reads 64 KB at a time, does not get all of them at once.
    const ask = `GET /schema.graphql HTTP/1.1\r\nHost: gateway\r\nX-Padding: ${'x'.repeat(1000)}\r\n`;
    caller.send(`${ask}\r\n`.repeat(requests - 1));
    caller.send(`${ask}Connection: close\r\n\r\n`);
    return caller;
  }

  const answered = (): number =>
    gateway.logLines.filter((line) => line.includes('"Answered"')).length;

  const wasCut = (): boolean => measurements.events.includes('connection cut for response-idle');

  describe('a caller that does not read its answers', () => {
    it('is cut off, and until then little is kept for it', async () => {
      const caller = await askForMuch(500);
      await until(wasCut);
      // What the gateway does not read from the caller either it cannot have to remember.
      expect(answered()).toBeLessThan(requests);
      expect(gateway.logLines.filter((line) => line.includes('response-idle'))).toHaveLength(1);
      expect((await gateway.get('/livez')).status).toBe(200);
      caller.socket.destroy();
    });

    it('is not one whose next answer takes its time', async () => {
      // Later than the time after which a caller is cut off, for which a socket has no clock but the machine's.
      const graph = await startScriptedServer((response, request) => {
        setTimeout(() => json(200, { value: [] })(response, request), 700);
      });
      gateway = await startTestGateway({
        RESPONSE_IDLE_TIMEOUT_MS: '200',
        GRAPH_BASE_URL: graph.url.href,
      });
      const caller = await openConnection(gateway.url);
      const query = '{ complianceManagementPartners { totalCount } }';
      caller.send(`GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n${graphqlRequest({ query })}`);
      await caller.until(/"totalCount":0/);
      caller.socket.destroy();
      await graph.close();
    });

    it('gets all of them where it reads slowly but does read', async () => {
      const before = measurements.events.length;
      // Far longer than a pause of the caller, and shorter than all of them.
      const caller = await askForMuch(1500);
      let taken = 0;
      const size = 1024 * 1024;
      caller.socket.on('data', (chunk: Buffer) => {
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
      expect(measurements.events).toHaveLength(before);
    });
  });
});
