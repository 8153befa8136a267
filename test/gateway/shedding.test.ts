import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Config } from '../../src/config/config.ts';
import { decideShedding, firstLimit, nextLimit } from '../../src/http/loadShedding.ts';
import { listQuery } from '../support/documents.ts';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';

type SheddingBounds = Config['shedding'];

/** However late the loop is, so many are let in. */
const leastLimit = 16;
const never = Number.POSITIVE_INFINITY;
const bounds: SheddingBounds = { eventLoopDelayMs: 30, heapPercent: 90, openRequests: 1000 };
const late = (eventLoopDelayMs: number, eventLoopUtilization = 1) => ({
  eventLoopDelayMs,
  eventLoopUtilization,
  heapUsedPercent: 10,
});

describe('decideShedding', () => {
  it.each([
    ['lets in below the limit', 49, 50, 10, 90, undefined],
    ['rejects at a limit that the loop has lowered', 50, 50, 10, 90, 'event-loop'],
    ['rejects at the limit that is configured', 1000, 1000, 10, 90, 'open-requests'],
    ['names a full heap first', 50, 50, 90, 90, 'heap'],
    ['still accepts one, so that there is work that collects garbage', 0, 9, 99, 90, undefined],
    ['does not look at the heap if that is off', 5, 1000, 99, 0, undefined],
  ])('%s', (_what, open, limit, heapUsedPercent, heapPercent, expected) => {
    const load = { ...late(0), heapUsedPercent };
    expect(decideShedding(open, limit, load, { ...bounds, heapPercent })).toBe(expected);
  });
});

describe('firstLimit', () => {
  it.each<[string, Partial<SheddingBounds>, number]>([
    ['is the more the later the loop may be', {}, 600],
    ['is no more than what is configured', { eventLoopDelayMs: 200 }, 1000],
    ['is the least at least', { eventLoopDelayMs: 0.1 }, leastLimit],
    ['is no more than what is configured, however little that is', { openRequests: 9 }, 9],
    ['is what is configured if the loop is not looked at', { eventLoopDelayMs: 0 }, 1000],
    ['is none if none is configured', { openRequests: 0 }, never],
  ])('%s', (_what, change, open) => {
    expect(firstLimit({ ...bounds, ...change })).toEqual({ open, lastLateAt: never });
  });
});

describe('nextLimit', () => {
  it.each<[string, number, number, number, Partial<SheddingBounds>, number]>([
    ['grows by a tenth if it is nearly reached, at the bound itself', 100, 80, 30, {}, 111],
    ['does not grow without demand', 100, 79, 5, {}, 100],
    ['grows no further than to what is configured', 990, 990, 0, {}, 1000],
    ['shrinks by what the loop is late', 100, 100, 40, {}, 75],
    ['halves at the most', 100, 100, 3000, {}, 50],
    ['counts from what was open, if that is less', 1000, 60, 40, {}, 45],
    ['leaves the least', 20, 20, 40, {}, leastLimit],
    ['does not shrink for the sake of a few', 100, 8, 200, {}, 100],
    ['does not grow while the loop is late', 8, 8, 200, {}, 8],
    ['shrinks after a block, with any load', 100, 0, 250, {}, leastLimit],
    ['takes little lateness for no block', 100, 0, 399, { eventLoopDelayMs: 200 }, 100],
    ['leaves less if less is configured', 4, 4, 3000, { openRequests: 4 }, 4],
    ['does not look if that is off', 1000, 20, 3000, { eventLoopDelayMs: 0 }, 1000],
  ])('%s', (_what, open, mostOpen, delayMs, change, expected) => {
    const limit = { open, lastLateAt: never };
    const next = nextLimit(limit, mostOpen, late(delayMs), { ...bounds, ...change });
    expect(next.open).toBe(expected);
  });

  it.each([
    ['grows by a tenth far from a late loop', 80, 100, 80, 0, 88, 100],
    ['grows carefully near to it', 90, 100, 90, 0, 92, 100],
    ['grows carefully a little beyond it', 119, 100, 119, 0, 122, 100],
    ['grows by a tenth if it has become better', 120, 100, 120, 0, 132, 100],
    ['grows by one at least, however carefully', 20, 20, 20, 0, 21, 20],
    ['stays if no more than the least were open', 100, 400, 16, 31, 100, 400],
    ['remembers how many were open when it was late', 100, 400, 60, 31, 58, 60],
    ['remembers no more than were let in', 100, 400, 500, 31, 96, 100],
    ['remembers what it knew before if only a few were there', 100, 400, 3, 300, 16, 400],
    ['remembers what it knew before if it was a block', 100, 400, 60, 250, 30, 400],
  ])('%s', (_what, before, lateBefore, mostOpen, delayMs, open, lastLateAt) => {
    const limit = { open: before, lastLateAt: lateBefore };
    expect(nextLimit(limit, mostOpen, late(delayMs), bounds)).toEqual({ open, lastLateAt });
  });

  it('stays if the loop is late for want of a processor, and not for want of time', () => {
    const limit = { open: 100, lastLateAt: never };
    expect(nextLimit(limit, 20, late(3000, 0.45), bounds)).toBe(limit);
    expect(nextLimit(limit, 20, late(3000, 0.55), bounds).open).toBe(leastLimit);
  });

  it('settles where the loop is about as late as it may be', () => {
    let limit = firstLimit(bounds);
    const settled = Array.from({ length: 300 }, () => {
      limit = nextLimit(limit, limit.open, late(limit.open * 0.4), bounds);
      return limit.open;
    }).slice(100);
    expect([Math.min(...settled) >= 70, Math.max(...settled) <= 78]).toEqual([true, true]);
  });

  it('stays a number between the least and what is configured, whatever is sensed', () => {
    const sample = fc.record({
      delayMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
      use: fc.double({ min: 0, max: 1, noNaN: true }),
      open: fc.nat(2000),
    });
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        let limit = firstLimit(bounds);
        for (const { delayMs, use, open } of samples) {
          limit = nextLimit(limit, open, late(delayMs, use), bounds);
          expect(limit.open).toBe(Math.min(1000, Math.max(leastLimit, Math.round(limit.open))));
        }
      }),
    );
  });
});

describe('shedding', () => {
  const { scripted } = useStages();

  /** Starts a gateway before a Graph that does not answer one request, which a caller holds. */
  async function start(environment: Record<string, string>) {
    const { graph, gateway } = await scripted([silence, json(200, { value: [] })], environment);
    const holder = await openConnection(gateway.url);
    holder.send(graphqlRequest({ query: listQuery }));
    await until(() => graph.requests.length > 0);
    const statusOf = async () => (await gateway.get('/schema.graphql')).status;
    return {
      graph,
      gateway,
      events: gateway.measurements.events,
      holder: holder.socket,
      untilStatus: (status: number) => until(async () => (await statusOf()) === status),
    };
  }

  it('rejects what is too much before its body is there, as a GraphQL client can read it, until others have left', async () => {
    const { graph, gateway, events, holder, untilStatus } = await start({
      SHED_OPEN_REQUESTS: '1',
    });
    const answer = await gateway.run(listQuery, {}, { 'client-request-id': 'too-much' });
    const message = 'The gateway is overloaded. The request was not processed; retry later.';
    const extensions = { code: 'OVERLOADED', retryAfterSeconds: 1 };
    expect([answer.status, answer.result]).toEqual([503, { errors: [{ message, extensions }] }]);
    expect(answer.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/json; charset=utf-8',
      'client-request-id': 'too-much',
    });
    const caller = await openConnection(gateway.url);
    caller.send(headOf('POST /graphql', 'Content-Type: application/json', 'Content-Length: 999'));
    await caller.until(/^HTTP\/1.1 503 [\s\S]*"OVERLOADED"/);
    caller.socket.destroy();
    expect(graph.requests).toHaveLength(1);
    expect(events).toEqual(['shed for open-requests', 'shed for open-requests']);
    const told = gateway.logged().filter(({ message }) => /is overloaded/.test(String(message)));
    expect(told).toMatchObject([{ level: 'warn', reason: 'open-requests' }]);
    expect((await gateway.get('/livez')).status).toBe(200);
    expect((await gateway.get('/readyz')).status).toBe(200);
    holder.resetAndDestroy();
    await untilStatus(200);
    expect((await gateway.run(listQuery)).status).toBe(200);
    await untilStatus(200);
  });

  it('sheds while the heap is fuller than it may be', async () => {
    const { events, holder, untilStatus } = await start({ SHED_HEAP_PERCENT: '1' });
    await untilStatus(503);
    expect(events.at(-1)).toBe('shed for heap');
    holder.destroy();
  });

  it('sheds behind a blocked event loop, and is itself again soon after', async () => {
    // Far from what a busy machine does to the event loop by itself.
    const delay = { SHED_EVENT_LOOP_DELAY_MS: '200' };
    const { gateway, events, holder, untilStatus } = await start(delay);
    holder.destroy();
    const opening = Array.from({ length: 60 }, () => openConnection(gateway.url));
    const callers = await Promise.all(opening);
    for (const caller of callers) {
      caller.send(headOf('GET /livez'));
      await caller.until(/alive/);
    }
    // The bytes of all of them lie in the gateway's sockets when the loop comes back.
    for (const caller of callers) {
      caller.send(graphqlRequest({ query: listQuery }));
    }
    await new Promise((resolve) => setImmediate(resolve));
    // Keeps the event loop from everything else.
    for (const untilMs = performance.now() + 1500; performance.now() < untilMs; );
    const answers = await Promise.all(
      callers.map(async (caller) => {
        await caller.until(/"nodes"|"OVERLOADED"/);
        caller.socket.destroy();
        return /"nodes"/.test(caller.received()) ? 'answered' : 'rejected';
      }),
    );
    expect(new Set(answers)).toEqual(new Set(['answered', 'rejected']));
    expect(events.at(-1)).toBe('shed for event-loop');
    await untilStatus(200);
  });
});
