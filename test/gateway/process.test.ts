import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import {
  createGateway,
  type Dependencies,
  type Log,
  type OwnGateway,
  readConfig,
} from '../../src/createGateway.ts';
import { createProcessEnd } from '../../src/program.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { recordingLog } from '../support/logs.ts';
import { openConnection } from '../support/rawConnection.ts';
import { type Answer, empty, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const added = json(201, { id: 'new', displayName: 'Fleet' });
const input = { displayName: 'Fleet' };
const { scripted } = useStages();

async function start(script: Answer | Answer[], environment: Record<string, string> = {}) {
  const clock = createVirtualClock();
  return { clock, ...(await scripted(script, environment, { clock })) };
}
type Stage = Awaited<ReturnType<typeof start>>;

/** Adds at a Graph that answers when the test releases it. */
async function startHeld() {
  let release: (() => void) | undefined;
  const stage = await start((...parts) => {
    release = () => added(...parts);
  });
  const adding = stage.gateway.run(addMutation, { input });
  await until(() => release !== undefined);
  return { ...stage, adding, release: () => release?.() };
}

/** Whether it takes connections. */
async function isOpen({ url }: { readonly url: string }): Promise<boolean> {
  const agent = new Agent();
  try {
    await request(`${url}/livez`, { dispatcher: agent });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    return false;
  } finally {
    await agent.destroy();
  }
}

/** Begins to stop without a delay, and waits until connections are refused. */
async function beginStop({ gateway, clock }: Pick<Stage, 'gateway' | 'clock'>) {
  const stopped = gateway.stop(0);
  await clock.advance(0);
  await until(async () => !(await isOpen(gateway)));
  return { stopped };
}

describe('stopping', () => {
  it('finishes what is in flight, while it tells the balancer to send nothing more', async () => {
    const { gateway, clock, adding, release } = await startHeld();
    const stopped = gateway.stop(300);
    await clock.advance(299);
    const ready = await gateway.get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, '{"status":"draining"}']);
    expect(ready.headers['connection']).toBe('close');
    release();
    const { status, result } = await adding;
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(await isOpen(gateway)).toBe(true);
    await clock.advance(1);
    await stopped;
    expect(await isOpen(gateway)).toBe(false);
  });

  it('waits for an answer that is later than the delay', async () => {
    const { adding, release, ...stage } = await startHeld();
    const { stopped } = await beginStop(stage);
    release();
    expect((await adding).result.errors).toBeUndefined();
    await stopped;
  });

  it.each([
    ['read', listQuery, 'UPSTREAM_UNAVAILABLE'],
    ['write', addMutation, 'OUTCOME_UNKNOWN'],
  ])('ends a %s that is still open when its time is up, and says so', async (...row) => {
    const [, query, code] = row;
    const stage = await start(silence, { DRAIN_TIMEOUT_MS: '100' });
    let isAnswered = false;
    const asking = stage.gateway.run(query, { input }).finally(() => {
      isAnswered = true;
    });
    await until(() => stage.graph.requests.length === 1);
    const { stopped } = await beginStop(stage);
    await stage.clock.advance(99);
    expect(isAnswered).toBe(false);
    await stage.clock.advance(1);
    const { status, codes } = await asking;
    await stopped;
    expect([status, codes]).toEqual([200, [code]]);
  });

  it('finishes what waits to ask Graph again', async () => {
    const stage = await start([empty(503, { 'retry-after': '1' }), json(200, { value: [] })]);
    const { gateway, graph, clock } = stage;
    const asking = gateway.run(listQuery);
    await until(() => gateway.logLines.some((line) => line.includes('is retried')));
    const { stopped } = await beginStop(stage);
    await clock.advance(1000);
    const { status, result } = await asking;
    await stopped;
    expect([status, result.errors, graph.requests.length]).toEqual([200, undefined, 2]);
  });

  it('cuts a connection whose request does not come to its end', async () => {
    const stage = await start(silence, { DRAIN_TIMEOUT_MS: '50' });
    const { gateway, clock } = stage;
    const caller = await openConnection(gateway.url);
    let isClosed = false;
    caller.closed.then(() => {
      isClosed = true;
    });
    caller.send(
      `${headOf('POST /graphql', 'Content-Type: application/json', 'Content-Length: 9')}{`,
    );
    // A round trip, after which it has read that.
    await gateway.get('/livez');
    const { stopped } = await beginStop(stage);
    expect(isClosed).toBe(false);
    await clock.advance(50);
    // Who was told that its time is up has a moment to answer.
    await clock.advance(250);
    await stopped;
    await caller.closed;
  });
});

describe('create gateway', () => {
  const created: OwnGateway[] = [];
  const logged: string[] = [];
  const note = (message: string): void => {
    logged.push(message);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };

  function create(
    environment: Record<string, string> = {},
    dependencies: Partial<Dependencies> = {},
  ): OwnGateway {
    const gateway = createGateway(readConfig({ PORT: '0', ...environment }), {
      log,
      ...dependencies,
    });
    created.push(gateway);
    return gateway;
  }

  afterEach(async () => {
    await Promise.all(created.splice(0).map((gateway) => gateway.stop()));
    logged.splice(0);
  });

  describe("a gateway in a program of one's own", () => {
    it('listens after start, and says where it and its Graph are', async () => {
      const { url, upstreamUrl } = await create().start();
      const { statusCode, body } = await request(`${url}/readyz`);
      expect([statusCode, await body.json()]).toEqual([200, { status: 'running' }]);
      expect(upstreamUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    });

    it('does nothing before start', () => {
      create();
      expect(logged).toEqual([]);
    });

    it('starts once when `start` is called several times', async () => {
      const gateway = create();
      const answers = await Promise.all([gateway.start(), gateway.start()]);
      expect(await gateway.start()).toEqual(answers[0]);
      expect(answers[1]).toEqual(answers[0]);
      expect(logged.filter((message) => message === 'Running')).toHaveLength(1);
    });

    it('stops once, and a stop during the start waits for it', async () => {
      const gateway = create();
      const starting = gateway.start();
      await Promise.all([gateway.stop(), gateway.stop()]);
      const { url } = await starting;
      await expect(request(`${url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(logged.filter((message) => message === 'Stopped')).toHaveLength(1);
    });

    it('does not start after a stop', async () => {
      const gateway = create();
      await gateway.stop();
      await expect(gateway.start()).rejects.toThrow('Create another one');
    });

    it('has nothing to stop where starting failed', async () => {
      const { url } = await create().start();
      const second = create({ PORT: new URL(url).port });
      await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await expect(second.stop()).resolves.toBeUndefined();
    });

    it('takes its log and its ids from the caller', async () => {
      const { url } = await create({}, { newId: () => 'an-id-of-my-own' }).start();
      const { headers, body } = await request(`${url}/livez`);
      await body.dump();
      expect(headers['client-request-id']).toBe('an-id-of-my-own');
      expect(logged).toContain('Answered');
    });
  });
});

describe('process end', () => {
  let clock: VirtualClock;
  let log: ReturnType<typeof recordingLog>;
  let exits: number[];
  let stops: number[];
  let finish: { readonly stopped: () => void; readonly failed: (error: Error) => void };
  let end: ReturnType<typeof createProcessEnd>;

  beforeEach(() => {
    clock = createVirtualClock();
    log = recordingLog();
    exits = [];
    stops = [];
    end = createProcessEnd({
      stop: (delayMs) => {
        stops.push(delayMs);
        return new Promise((stopped, failed) => {
          finish = { stopped, failed };
        });
      },
      exit: (code) => exits.push(code),
      drainDelayMs: 5000,
      clock,
      log,
    });
  });

  describe('the end of the process', () => {
    it.each([
      ['SIGTERM', 5000],
      ['SIGHUP', 5000],
      ['SIGQUIT', 5000],
      ['SIGINT', 0],
    ] as const)('comes in order after %s, with 0', async (signal, delayMs) => {
      end.onSignal(signal);
      await clock.advance(60_000);
      expect([stops, exits]).toEqual([[delayMs], []]);
      finish.stopped();
      await clock.advance(0);
      expect(exits).toEqual([0]);
    });

    it('comes at once at the second signal', () => {
      end.onSignal('SIGTERM');
      end.onSignal('SIGINT');
      expect([stops, exits]).toEqual([[5000], [1]]);
    });

    it('is 1 where stopping fails', async () => {
      end.onSignal('SIGTERM');
      finish.failed(new Error('no'));
      await clock.advance(0);
      expect(exits).toEqual([1]);
      expect(log.lines.at(-1)?.message).toBe('Stopping failed');
    });

    it('comes after an uncaught error once what is in flight is finished, with 1', async () => {
      end.onFault(new Error('hunter2'), 'unhandledRejection');
      expect(stops).toEqual([0]);
      finish.stopped();
      await clock.advance(0);
      expect(exits).toEqual([1]);
      expect(log.lines).toEqual([
        {
          message: 'An uncaught error ends the gateway',
          reason: 'unhandledRejection',
        },
      ]);
    });

    it('does not wait longer than 5 s then', async () => {
      end.onFault(new Error('a'), 'uncaughtException');
      await clock.advance(4999);
      expect(exits).toEqual([]);
      await clock.advance(1);
      expect(exits).toEqual([1]);
    });

    it.each<[string, () => void]>([
      ['another such error', () => end.onFault(new Error('b'), 'uncaughtException')],
      ['a signal', () => end.onSignal('SIGTERM')],
    ])('comes at once at %s', (_what, happen) => {
      end.onFault(new Error('a'), 'uncaughtException');
      happen();
      expect([stops, exits]).toEqual([[0], [1]]);
    });

    it('is 1 after an uncaught error while it stops in order, and is not put off by it', async () => {
      end.onSignal('SIGTERM');
      end.onFault(new Error('a'), 'uncaughtException');
      expect(stops).toEqual([5000]);
      finish.stopped();
      await clock.advance(0);
      expect(exits).toEqual([1]);
    });
  });
});
