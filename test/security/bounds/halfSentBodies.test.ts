import { describe, expect, it } from '@jest/globals';
import { createArrivingBodies } from '../../../src/http/connections.ts';
import { graphqlRequest, openConnection, type RawConnection } from '../../support/rawConnection.ts';
import { useStages } from '../../support/stages.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const bounds = { bodies: 3, bytes: 1_000, bytesPerSecond: 100 };

/** Bodies that arrive as a test says, and the names of those that were cut. */
function startArriving(changes: Partial<typeof bounds> = {}) {
  const clock = createVirtualClock();
  const arriving = createArrivingBodies({ ...bounds, ...changes }, clock);
  const cuts: string[] = [];
  const begin = (name: string) => arriving.begin((reason) => cuts.push(`${name}: ${reason}`));
  return { clock, arriving, cuts, begin };
}

describe('bodies that are still arriving', () => {
  it.each([
    ['more bytes in the same time', [0, 2_000], [0, 1_000], 1_000],
    ['the same bytes in less time', [500, 100], [0, 100], 1_000],
    ['nothing yet, but just begun', [999, 0], [0, 110], 1_000],
    ['12 KB/s for long', [0, 60_000], [4_500, 110], 5_000],
  ] as const)('are faster with %s', async (_what, fast, slow, endMs) => {
    const { clock, arriving, cuts, begin } = startArriving({ bytes: 1e6, bytesPerSecond: 0 });
    const startMs = clock.now();
    const goTo = (ms: number) => clock.advance(startMs + ms - clock.now());
    const bodies = [['fast', ...fast] as const, ['slow', ...slow] as const];
    for (const [name, sinceMs, bytes] of bodies.sort(([, one], [, other]) => one - other)) {
      await goTo(sinceMs);
      begin(name).receive(bytes);
    }
    await goTo(endMs);
    arriving.giveWay();
    expect(cuts).toEqual(['slow: arriving-bodies']);
  });

  it.each([
    [0, 5_000],
    [500, 5_000],
    [501, 5_100],
    [1_000, 10_000],
  ])('with %i bytes fall behind 100 bytes a second before %i ms are over', async (bytes, ms) => {
    const { clock, cuts, begin } = startArriving({ bytes: 10_000 });
    begin('slow').receive(bytes);
    await clock.advance(ms - 1);
    expect(cuts).toEqual([]);
    await clock.advance(1);
    expect(cuts).toEqual(['slow: slow-body']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are as many as there may be, and the slowest gives way to one more', async () => {
    const { clock, cuts, begin } = startArriving({ bytes: 10_000 });
    begin('fast').receive(4_000);
    await clock.advance(10);
    begin('slow');
    await clock.advance(10);
    begin('new');
    expect(cuts).toEqual([]);
    begin('newest');
    expect(cuts).toEqual(['slow: arriving-bodies']);
  });

  it.each([
    [1_000, []],
    [1_001, ['first: arriving-bodies']],
  ])('have %i bytes of 1,000 together', async (bytes, cut) => {
    const { clock, cuts, begin } = startArriving();
    begin('first').receive(300);
    await clock.advance(10);
    begin('second').receive(bytes - 300);
    expect(cuts).toEqual(cut);
  });

  it('leave their bytes and their timers behind when they end', async () => {
    const { clock, cuts, begin } = startArriving();
    for (let count = 0; count < 20; count += 1) {
      const body = begin('whole');
      body.receive(900);
      body.end();
      body.end();
      body.receive(900);
    }
    await clock.advance(60_000);
    expect([cuts, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('are cut little by little if many fall behind together', async () => {
    const { clock, cuts, begin } = startArriving({ bodies: 100 });
    for (let count = 0; count < 50; count += 1) {
      begin('slow');
    }
    const seen: number[] = [];
    await clock.advance(4_999);
    for (let sweep = 0; sweep < 4; sweep += 1) {
      seen.push(cuts.length);
      await clock.advance(100);
    }
    expect(seen).toEqual([0, 20, 40, 50]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('take the time that their pace gives them', async () => {
    const { clock, cuts, begin } = startArriving({ bytes: 10_000 });
    const body = begin('steady');
    for (let second = 0; second < 60; second += 1) {
      body.receive(110);
      await clock.advance(1_000);
    }
    expect(cuts).toEqual([]);
  });

  it('take any time without a least pace', async () => {
    const { clock, cuts, begin } = startArriving({ bytesPerSecond: 0 });
    begin('slow');
    await clock.advance(60_000);
    expect([cuts, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('give way until there is none', () => {
    const { arriving, cuts, begin } = startArriving();
    begin('one');
    expect([arriving.giveWay(), arriving.giveWay()]).toEqual([true, false]);
    expect(cuts).toEqual(['one: arriving-bodies']);
  });
});

describe('a half-sent body', () => {
  const { start: startGateway, closeLater } = useStages();

  const whole = graphqlRequest(
    { query: '{ viewer { authMode } }' },
    { 'client-request-id': 'half-sent' },
  );

  async function start(environment: Record<string, string> = {}) {
    const clock = createVirtualClock();
    const gateway = await startGateway(environment, { clock });
    const open = async (): Promise<RawConnection> => {
      const caller = await openConnection(gateway.url);
      closeLater(() => caller.socket.destroy());
      return caller;
    };
    /** Sends all but the last byte of a request. */
    const sendHalf = async (): Promise<RawConnection> => {
      const caller = await open();
      caller.send(whole.slice(0, -1));
      // A round trip on another connection, after which the gateway has seen it.
      await gateway.get('/livez');
      return caller;
    };
    return { gateway, clock, open, sendHalf, events: gateway.measurements.events };
  }

  it('takes no place of another request', async () => {
    const { gateway, sendHalf } = await start({ SHED_OPEN_REQUESTS: '1' });
    const halves = [];
    for (let count = 0; count < 5; count += 1) {
      halves.push(await sendHalf());
    }
    expect((await gateway.run('{ viewer { authMode } }')).status).toBe(200);
    const [first] = halves;
    first?.send(whole.slice(-1));
    await first?.until(/PASSTHROUGH/);
  });

  it('is cut with 503 if it is the slowest of too many', async () => {
    const { clock, events, sendHalf } = await start({ MAX_ARRIVING_BODIES: '2' });
    const first = await sendHalf();
    await clock.advance(100);
    const second = await sendHalf();
    await clock.advance(100);
    const third = await sendHalf();
    const answer = await first.closed;
    expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
    expect(answer).toMatch(/\r\nretry-after: 1\r\n/);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
      errors: [{ extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 } }],
    });
    expect(events).toEqual(['shed for arriving-bodies']);
    for (const caller of [second, third]) {
      caller.send(whole.slice(-1));
      await caller.until(/PASSTHROUGH/);
    }
  });

  it('is cut with 408 if it is slower than the least pace', async () => {
    const { clock, events, sendHalf } = await start();
    const caller = await sendHalf();
    await clock.advance(5_000);
    expect(await caller.closed).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    expect(events).toEqual(['connection cut for slow-body']);
    await until(() => clock.pendingTimers === 0);
  });

  it('is forgotten with its connection after an early response', async () => {
    const { clock, open } = await start();
    const caller = await open();
    caller.send(
      whole
        .replace(/content-length: \d+/i, 'content-length: 99999999')
        .replace(/$/, ' '.repeat(3_000)),
    );
    await caller.until(/^HTTP\/1.1 413 /);
    caller.socket.destroy();
    await until(() => clock.pendingTimers === 0);
  });

  it('gives way if there are as many connections as there may be', async () => {
    const { sendHalf } = await start({ MAX_CONNECTIONS: '3' });
    const first = await sendHalf();
    const [second] = [await sendHalf(), await sendHalf()];
    expect(await first.closed).toMatch(/^HTTP\/1.1 503 /);
    second.send(whole.slice(-1));
    await second.until(/PASSTHROUGH/);
  });
});
