import { describe, expect, it } from '@jest/globals';
import type { Credentials } from '../../../src/graph/credentials.ts';
import { createGraphPipeline } from '../../../src/graph/pipeline/createGraphPipeline.ts';
import type {
  GraphCall,
  GraphRequest,
  GraphResponse,
} from '../../../src/graph/pipeline/pipeline.ts';
import { createTenantKeys } from '../../../src/graph/pipeline/tenantKeys.ts';
import { Secret } from '../../../src/secret.ts';
import { endableCall, testCall, unlimited } from '../../support/graphClients.ts';
import { recordingLog } from '../../support/logs.ts';
import { recordingMeasurements } from '../../support/measurements.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

type End = Pick<GraphResponse, 'status'> & Partial<GraphResponse>;

const throttled: End = { status: 429, headers: { 'retry-after': '5' } };

/** The whole pipeline before a send that ends as scripted, the last end again and again. */
function createStage(script: readonly End[], concurrency = 4, queue = 4) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measurements = recordingMeasurements();
  const sent: GraphRequest[] = [];
  let tokens = 0;
  const credentials: Credentials = {
    hasOwnTokens: false,
    async tokenFor() {
      tokens += 1;
      return new Secret(`token-${tokens}`);
    },
  };
  const send = createGraphPipeline(
    {
      base: new URL('http://graph/beta/'),
      concurrency,
      queue,
      breakerOpenMs: 60_000,
      slowMs: 5_000,
    },
    {
      clock,
      log,
      measurements,
      chance: () => 0,
      credentials,
      budget: unlimited,
      tenantKeys: createTenantKeys(),
    },
    async (request) => {
      const end = script[Math.min(sent.length, script.length - 1)] ?? { status: 200 };
      sent.push(request);
      return { headers: {}, body: Buffer.alloc(0), ...end };
    },
  );
  const ask = (change: Partial<GraphCall> = {}, url = 'http://graph/beta/x'): Promise<unknown> =>
    send({
      operation: 'list',
      url: new URL(url),
      headers: {},
      call: testCall({ deadlineMs: clock.now() + 20_000, ...change }),
    }).catch((error: unknown) => error);
  return { ask, clock, log, measurements, sent, tokens: () => tokens };
}

describe('createGraphPipeline', () => {
  it('signs each attempt afresh and keeps one id for all of them', async () => {
    const { ask, clock, sent } = createStage([throttled, { status: 200 }]);
    const asked = ask({ traceparent: '00-trace' });
    await clock.advance(5000);
    await expect(asked).resolves.toMatchObject({ status: 200 });
    const ids = { 'client-request-id': 'test-request-id', traceparent: '00-trace' };
    expect(sent.map(({ headers }) => headers)).toEqual([
      { ...ids, authorization: 'Bearer token-1' },
      { ...ids, authorization: 'Bearer token-2' },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets others have the turn of one that waits for its repeat', async () => {
    const { ask, clock, log, sent } = createStage([throttled, { status: 200 }], 1, 0);
    const first = ask();
    await until(() => log.lines.at(-1)?.message === 'Microsoft Graph is asked again');
    await expect(ask()).resolves.toMatchObject({ status: 200 });
    await clock.advance(5000);
    await expect(first).resolves.toMatchObject({ status: 200 });
    expect(sent).toHaveLength(3);
  });

  it('asks for no token for a request that leads elsewhere', async () => {
    const { ask, sent, tokens } = createStage([{ status: 200 }]);
    await expect(ask({}, 'http://elsewhere/beta/x')).resolves.toBeInstanceOf(TypeError);
    expect([sent.length, tokens()]).toEqual([0, 0]);
  });

  it('observes what is sent, and only that', async () => {
    const { ask, clock, measurements } = createStage([{ status: 500 }]);
    for (let operation = 0; operation < 4; operation += 1) {
      const asked = ask();
      await clock.advance(1000);
      await asked;
    }
    // The tenth attempt opened the breaker: the last operation's others were not made.
    expect(measurements.attempts).toHaveLength(10);
    expect(measurements.events).toEqual(['breaker open', 'held back by breaker']);
    await expect(ask()).resolves.toMatchObject({ code: 'unavailable' });
    expect(measurements.attempts).toHaveLength(10);
  });

  it('limits each attempt, and not the wait for a turn', async () => {
    const { ask, sent } = createStage([{ status: 200 }]);
    await ask();
    expect(sent[0]?.attemptSignal).toBeInstanceOf(AbortSignal);
    await ask({ deadlineMs: 0 });
    expect(sent[1]?.attemptSignal).toBeUndefined();
  });

  it('makes JSON of the body before anybody looks at it', async () => {
    const headers = { 'content-type': 'application/json' };
    const { ask } = createStage([{ status: 200, headers, body: Buffer.from('{"value":[]}') }]);
    await expect(ask()).resolves.toMatchObject({ json: { value: [] } });
  });

  it('repeats a read whose answer was cut off', async () => {
    const headers = { 'content-type': 'application/json' };
    const { ask, clock, sent } = createStage([
      { status: 200, headers, body: Buffer.from('{"value":[') },
      { status: 200, headers, body: Buffer.from('{"value":[]}') },
    ]);
    const asked = ask();
    await clock.advance(0);
    await expect(asked).resolves.toMatchObject({ json: { value: [] } });
    expect(sent).toHaveLength(2);
  });

  it('sends nothing for an operation that has ended', async () => {
    const { ask, sent, clock } = createStage([{ status: 200 }]);
    const { call, end } = endableCall();
    end('deadline');
    await expect(ask({ signal: call.signal })).resolves.toMatchObject({ code: 'timeout' });
    expect([sent.length, clock.pendingTimers]).toEqual([0, 0]);
  });
});
