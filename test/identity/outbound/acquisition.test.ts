import { describe, expect, it } from '@jest/globals';
import { GraphCredentialError, type GraphErrorCode } from '../../../src/graph/errors.ts';
import {
  type AcquisitionMeasurement,
  createAcquisition,
  createClosing,
} from '../../../src/identity/outbound/acquisition.ts';
import { OutboundIdentityError, TokenRefusal } from '../../../src/identity/outbound/tokenFacts.ts';
import type { TokenSource } from '../../../src/identity/outbound/tokenOrder.ts';
import { Secret } from '../../../src/secret.ts';
import { recordingLog } from '../../support/logs.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const order = { tenant: 'contoso', assertion: undefined, requestId: 'request-1' };
const token = { token: new Secret('t'), expiresInMs: 1, refreshInMs: undefined };

function createWorld(source: TokenSource, closing?: AbortSignal) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measured: AcquisitionMeasurement[] = [];
  const onAcquire = (measurement: AcquisitionMeasurement) => measured.push(measurement);
  const acquire = createAcquisition(
    'client-credentials',
    { clock, log, onAcquire, closing },
    source,
  );
  return { clock, log, measured, acquire };
}

describe('an acquisition', () => {
  it('is measured', async () => {
    const world = createWorld(async () => {
      await world.clock.advance(120);
      return token;
    });
    expect(await world.acquire(order)).toBe(token);
    expect(world.measured).toEqual([
      { flow: 'client-credentials', outcome: 'token', durationMs: 120 },
    ]);
    expect([world.log.lines, world.clock.pendingTimers]).toEqual([[], 0]);
  });

  it('is given up when the gateway stops, and leaves nothing behind', async () => {
    let seen: AbortSignal | undefined;
    const closing = createClosing();
    const world = createWorld((_order, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    }, closing.signal);
    const acquiring = world.acquire(order);
    closing.abort();
    await expect(acquiring).rejects.toMatchObject({ code: 'unavailable' });
    expect([seen?.aborted, world.measured.length, world.clock.pendingTimers]).toEqual([true, 1, 0]);
  });

  it('is given up after ten seconds, whatever it waits for, and its request is cut off', async () => {
    let seen: AbortSignal | undefined;
    const { acquire, clock, measured } = createWorld((_order, signal) => {
      seen = signal;
      return new Promise(() => undefined);
    });
    const ending = expect(acquire(order)).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(9_999);
    expect([measured, seen?.aborted]).toEqual([[], false]);
    await clock.advance(1);
    await ending;
    expect([measured[0]?.outcome, seen?.aborted]).toEqual(['unavailable', true]);
  });

  it.each<[GraphErrorCode, string]>([
    ['unauthenticated', 'refused'],
    ['throttled', 'throttled'],
    ['unavailable', 'unavailable'],
    ['badResponse', 'unavailable'],
  ])('that ends with %s counts as %s, and the log says why', async (code, outcome) => {
    const facts = { status: 400, code: 'invalid_grant', codes: ['AADSTS50079'] };
    const error = new GraphCredentialError(code, 'No.', { cause: new TokenRefusal(facts) });
    const { acquire, measured, log } = createWorld(() => Promise.reject(error));
    await expect(acquire(order)).rejects.toBe(error);
    expect(measured[0]?.outcome).toBe(outcome);
    const operation = 'client-credentials';
    const message = 'No token for Microsoft Graph was got';
    expect(log.lines).toEqual([{ message, requestId: 'request-1', operation, ...facts }]);
  });

  it('that fails by a wrong setting is told to the operator once an hour, each setting by itself', async () => {
    let problem = 'The secret is wrong.';
    const { acquire, measured, log, clock } = createWorld(() =>
      Promise.reject(new OutboundIdentityError(problem, { code: 'invalid_client' })),
    );
    const fail = () => expect(acquire(order)).rejects.toBeInstanceOf(OutboundIdentityError);
    await fail();
    await fail();
    problem = 'The file is missing.';
    await fail();
    await clock.advance(60 * 60 * 1000);
    await fail();
    expect(new Set(measured.map(({ outcome }) => outcome))).toEqual(new Set(['misconfigured']));
    expect(log.lines.map(({ message }) => message)).toEqual([
      'No token for Microsoft Graph can be got: The secret is wrong.',
      'No token for Microsoft Graph can be got: The file is missing.',
      'No token for Microsoft Graph can be got: The file is missing.',
    ]);
  });

  it('that fails by a slip of ours counts as misconfigured and is no error of Graph', async () => {
    const slip = new TypeError('slip');
    const { acquire, measured } = createWorld(() => Promise.reject(slip));
    await expect(acquire(order)).rejects.toBe(slip);
    expect(measured[0]?.outcome).toBe('misconfigured');
  });
});
