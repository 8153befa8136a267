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

/** Whether it takes connections. */
const isOpen = ({ url }: { readonly url: string }): Promise<boolean> =>
  openConnection(url).then(
    ({ socket }) => socket.destroy().destroyed,
    (error) => error.code !== 'ECONNREFUSED',
  );

/** Begins to stop without a delay, and waits until connections are refused. */
async function beginStop({ gateway, clock }: Awaited<ReturnType<typeof start>>) {
  const stopped = gateway.stop(0);
  await clock.advance(0);
  await until(async () => !(await isOpen(gateway)));
  return () => stopped;
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
    ['UPSTREAM_UNAVAILABLE', listQuery],
    ['OUTCOME_UNKNOWN', addMutation],
  ])('ends what is still open when its time is up with %s', async (code, query) => {
    const stage = await start(silence, { DRAIN_TIMEOUT_MS: '100' });
    let isAnswered = false;
    const asking = stage.gateway.run(query, { input }).finally(() => {
      isAnswered = true;
    });
    await until(() => stage.graph.requests.length === 1);
    const stopped = await beginStop(stage);
    await stage.clock.advance(99);
    expect(isAnswered).toBe(false);
    await stage.clock.advance(1);
    const { status, codes } = await asking;
    await stopped();
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
    const stopped = await beginStop(stage);
    expect(caller.socket.readyState).toBe('open');
    // Who was told that its time is up has a moment to answer.
    await clock.advance(50 + 250);
    await stopped();
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

  it('stops once, waits for a start in progress, does not start again, and has nothing to stop if that failed', async () => {
    const gateway = create();
    const starting = gateway.start();
    const stopped = told('Stopped');
    await Promise.all([gateway.stop(), gateway.stop()]);
    expect(await isOpen(await starting)).toBe(false);
    expect(told('Stopped')).toBe(stopped + 1);
    await expect(gateway.start()).rejects.toThrow('Create another one');
    const { url } = await create().start();
    const second = create({ PORT: new URL(url).port });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(second.stop()).resolves.toBeUndefined();
  });
});

it.each([
  ['SIGTERM 60000', 'stop after 5000'],
  ['SIGTERM stopped', 'stop after 5000, exit 0'],
  ['SIGINT stopped', 'stop after 0, exit 0'],
  ['SIGTERM SIGINT', 'stop after 5000, exit 1'],
  ['SIGTERM failed', 'stop after 5000, exit 1'],
  // What is in flight gets 5 s.
  ['fault stopped', 'stop after 0, exit 1'],
  ['fault 4999', 'stop after 0'],
  ['fault 4999 fault', 'stop after 0, exit 1'],
  ['fault 4999 SIGTERM', 'stop after 0, exit 1'],
  ['fault 5000', 'stop after 0, exit 1'],
  ['SIGTERM fault stopped', 'stop after 5000, exit 1'],
])('after %s the process has come to: %s', async (happened, expected) => {
  const clock = createVirtualClock();
  const { lines, ...log } = recordingLog();
  const done: string[] = [];
  const events: Record<string, () => void> = {};
  const stopping = new Promise<void>((stopped, failed) =>
    Object.assign(events, { stopped, failed }),
  );
  const stop = (delayMs?: number) => {
    done.push(`stop after ${delayMs}`);
    return stopping;
  };
  const exit = (code: number) => done.push(`exit ${code}`);
  const end = createProcessEnd({ stop, exit, drainDelayMs: 5000, clock, log });
  events['fault'] = () => end.onFault(new Error('hunter2'), 'unhandledRejection');
  for (const event of happened.split(' ')) {
    const happen = events[event] ?? (() => end.onSignal(event as 'SIGTERM'));
    await (Number(event) > 0 ? clock.advance(Number(event)) : happen());
  }
  await clock.advance(0);
  expect(done.join(', ')).toBe(expected);
  const messages = lines.map(({ message, reason = '' }) => message + reason);
  const isTold = messages.includes('An uncaught error ends the gatewayunhandledRejection');
  expect(isTold).toBe(happened.includes('fault'));
  expect(messages.includes('Stopping failed')).toBe(happened.includes('failed'));
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});
