import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createGateway, type Dependencies, readConfig } from '../../src/createGateway.ts';
import { createProcessEnd } from '../../src/program.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { recordingLog } from '../support/logs.ts';
import { openConnection } from '../support/rawConnection.ts';
import { type Answer, json, silence } from '../support/scriptedServer.ts';
import { headOf, useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const input = { displayName: 'Fleet' };
const { scripted } = useStages();

async function start(script: Answer, environment: Record<string, string> = {}) {
  const clock = createVirtualClock();
  return { clock, ...(await scripted(script, environment, { clock })) };
}
type Stage = Awaited<ReturnType<typeof start>>;

/** Whether it takes connections. */
async function isOpen({ url }: { readonly url: string }): Promise<boolean> {
  try {
    const connection = await openConnection(url);
    connection.socket.destroy();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    return false;
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
  it('tells the balancer to send nothing more, then accepts no connection, and finishes what is in flight', async () => {
    let release: (() => void) | undefined;
    const { gateway, clock } = await start((...parts) => {
      release = () => json(201, { id: 'new', displayName: 'Fleet' })(...parts);
    });
    const adding = gateway.run(addMutation, { input });
    await until(() => release !== undefined);
    const stopped = gateway.stop(300);
    await clock.advance(299);
    const ready = await gateway.get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, '{"status":"draining"}']);
    expect(ready.headers['connection']).toBe('close');
    expect(await isOpen(gateway)).toBe(true);
    await clock.advance(1);
    await until(async () => !(await isOpen(gateway)));
    release?.();
    const { status, result } = await adding;
    expect([status, result.errors]).toEqual([200, undefined]);
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

  it('cuts a connection whose request does not come to its end', async () => {
    const stage = await start(silence, { DRAIN_TIMEOUT_MS: '50' });
    const { gateway, clock } = stage;
    const caller = await openConnection(gateway.url);
    caller.send(
      `${headOf('POST /graphql', 'Content-Type: application/json', 'Content-Length: 9')}{`,
    );
    // A round trip, after which it has read that.
    await gateway.get('/livez');
    const { stopped } = await beginStop(stage);
    expect(caller.socket.readyState).toBe('open');
    await clock.advance(50);
    // Who was told that its time is up has a moment to answer.
    await clock.advance(250);
    await stopped;
    await caller.closed;
  });
});

describe("a gateway in a program of one's own", () => {
  const closeLater = useClosing();
  const log = recordingLog();
  const told = (text: string) => log.lines.filter(({ message }) => message === text).length;

  function create(environment: object = {}, dependencies: Partial<Dependencies> = {}) {
    const config = readConfig({ PORT: '0', ...environment });
    const gateway = createGateway(config, { log, ...dependencies });
    closeLater(() => gateway.stop());
    return gateway;
  }

  it('starts once, however often start is called, with the log and the ids of the caller', async () => {
    const gateway = create({}, { newId: () => 'an-id-of-my-own' });
    expect(log.lines).toEqual([]);
    const [answer, same] = await Promise.all([gateway.start(), gateway.start()]);
    expect(same).toEqual(answer);
    expect(await gateway.start()).toEqual(answer);
    const { statusCode, headers, body } = await request(`${answer.url}/readyz`);
    expect([statusCode, await body.json()]).toEqual([200, { status: 'running' }]);
    expect(headers['client-request-id']).toBe('an-id-of-my-own');
    expect(answer.upstreamUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    expect([told('Running'), told('Answered')]).toEqual([1, 1]);
  });

  it('stops once, waits for a start in progress, and does not start again', async () => {
    const gateway = create();
    const starting = gateway.start();
    const stopped = told('Stopped');
    await Promise.all([gateway.stop(), gateway.stop()]);
    expect(await isOpen(await starting)).toBe(false);
    expect(told('Stopped')).toBe(stopped + 1);
    await expect(gateway.start()).rejects.toThrow('Create another one');
  });

  it('has nothing to stop if starting failed', async () => {
    const { url } = await create().start();
    const second = create({ PORT: new URL(url).port });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(second.stop()).resolves.toBeUndefined();
  });
});

describe('the end of the process', () => {
  function startEnd() {
    const clock = createVirtualClock();
    const log = recordingLog();
    /** What was done, in order: stops with their delay, and exits with their code. */
    const done: string[] = [];
    let stopped = (): void => undefined;
    let failed = (): void => undefined;
    const stopping = new Promise<void>((resolve, reject) => {
      [stopped, failed] = [resolve, reject];
    });
    const end = createProcessEnd({
      stop: (delayMs) => {
        done.push(`stop after ${delayMs}`);
        return stopping;
      },
      exit: (code) => done.push(`exit ${code}`),
      drainDelayMs: 5000,
      clock,
      log,
    });
    return { ...end, clock, log, done, stopped, failed };
  }

  it.each([
    ['SIGTERM', 5000],
    ['SIGINT', 0],
  ] as const)('comes in order after %s, with 0', async (signal, delayMs) => {
    const { onSignal, clock, done, stopped } = startEnd();
    onSignal(signal);
    await clock.advance(60_000);
    expect(done).toEqual([`stop after ${delayMs}`]);
    stopped();
    await clock.advance(0);
    expect(done).toEqual([`stop after ${delayMs}`, 'exit 0']);
  });

  it('comes at once at the second signal', () => {
    const { onSignal, done } = startEnd();
    onSignal('SIGTERM');
    onSignal('SIGINT');
    expect(done).toEqual(['stop after 5000', 'exit 1']);
  });

  it('is 1 if stopping fails', async () => {
    const { onSignal, clock, done, failed, log } = startEnd();
    onSignal('SIGTERM');
    failed();
    await clock.advance(0);
    expect(done.at(-1)).toBe('exit 1');
    expect(log.lines.at(-1)?.message).toBe('Stopping failed');
  });

  it('comes after an uncaught error once what is in flight is finished, with 1', async () => {
    const { onFault, clock, done, stopped, log } = startEnd();
    onFault(new Error('hunter2'), 'unhandledRejection');
    expect(done).toEqual(['stop after 0']);
    stopped();
    await clock.advance(0);
    expect(done).toEqual(['stop after 0', 'exit 1']);
    const message = 'An uncaught error ends the gateway';
    expect(log.lines).toEqual([{ message, reason: 'unhandledRejection' }]);
  });

  it.each<[string, (end: ReturnType<typeof startEnd>) => unknown]>([
    ['another such error', ({ onFault }) => onFault(new Error('b'), 'uncaughtException')],
    ['a signal', ({ onSignal }) => onSignal('SIGTERM')],
    ['the end of 5 s', ({ clock }) => clock.advance(1)],
  ])('is put off no longer at %s', async (_what, happen) => {
    const end = startEnd();
    end.onFault(new Error('a'), 'uncaughtException');
    await end.clock.advance(4999);
    expect(end.done).toEqual(['stop after 0']);
    await happen(end);
    expect(end.done).toEqual(['stop after 0', 'exit 1']);
  });

  it('is 1 after an uncaught error while it stops in order, and is not put off by it', async () => {
    const { onSignal, onFault, clock, done, stopped } = startEnd();
    onSignal('SIGTERM');
    onFault(new Error('a'), 'uncaughtException');
    stopped();
    await clock.advance(0);
    expect(done).toEqual(['stop after 5000', 'exit 1']);
  });
});
