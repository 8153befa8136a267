import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { startOperationSignals } from '../../src/server/operationSignals.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

function start(timeoutMs = 1000) {
  const clock = createVirtualClock(5000);
  const shutdown = new AbortController();
  const signals = startOperationSignals(clock, timeoutMs, shutdown.signal);
  const reasons = () => [signals.signal.reason, signals.writeSignal.reason] as const;
  const listeners = () => getEventListeners(shutdown.signal, 'abort').length;
  return { clock, shutdown, signals, reasons, listeners };
}

const nobody = [undefined, undefined];

describe('startOperationSignals', () => {
  it('ends reads and writes at the deadline, not a millisecond before', async () => {
    const { clock, signals, reasons, listeners } = start();
    expect(signals.deadlineMs).toBe(6000);
    await clock.advance(999);
    expect(reasons()).toEqual(nobody);
    await clock.advance(1);
    expect(reasons()).toEqual(['deadline', 'deadline']);
    expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
  });

  it('ends reads alone when the caller leaves, and writes at the deadline all the same', async () => {
    const { clock, signals, reasons } = start();
    signals.leave();
    expect(reasons()).toEqual(['callerLeft', undefined]);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1000);
    expect(reasons()).toEqual(['callerLeft', 'deadline']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends a query a second after its caller sends nothing more', async () => {
    const { clock, signals, reasons } = start(5000);
    signals.halfClose();
    await clock.advance(999);
    expect(reasons()).toEqual(nobody);
    await clock.advance(1);
    expect(reasons()).toEqual(['callerLeft', undefined]);
  });

  it.each<[string, ('halfClose' | 'noteMutation')[]]>([
    ['before', ['noteMutation', 'halfClose']],
    ['after', ['halfClose', 'noteMutation']],
  ])(
    'lets a mutation go on that is known %s its caller sends nothing more',
    async (_when, calls) => {
      const { clock, signals, reasons } = start(5000);
      for (const call of calls) {
        signals[call]();
      }
      await clock.advance(4999);
      expect(reasons()).toEqual(nobody);
      await clock.advance(1);
      expect(reasons()).toEqual(['deadline', 'deadline']);
    },
  );

  it('leaves no timer behind when a caller half-closes around its answer', () => {
    const { clock, signals } = start();
    signals.halfClose();
    signals.stop();
    signals.halfClose();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends reads and writes when the gateway stops', () => {
    const { clock, shutdown, reasons, listeners } = start();
    shutdown.abort();
    expect(reasons()).toEqual(['shutdown', 'shutdown']);
    expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
  });

  it('ends a write when the gateway stops after its caller left', () => {
    const { shutdown, signals, reasons } = start();
    signals.leave();
    shutdown.abort();
    expect(reasons()).toEqual(['callerLeft', 'shutdown']);
  });

  it('has ended from the start where the gateway has stopped before', () => {
    const clock = createVirtualClock();
    const signals = startOperationSignals(clock, 1000, AbortSignal.abort());
    expect([signals.signal.reason, signals.writeSignal.reason]).toEqual(['shutdown', 'shutdown']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes timer and listener back with the answer, and ends the reads that are left', () => {
    const { clock, shutdown, signals, reasons, listeners } = start();
    expect([clock.pendingTimers, listeners()]).toEqual([1, 1]);
    signals.stop();
    expect([clock.pendingTimers, listeners()]).toEqual([0, 0]);
    expect(reasons()).toEqual(['answered', undefined]);
    shutdown.abort();
    expect(reasons()).toEqual(['answered', undefined]);
  });

  it('keeps the first reason, whatever follows', async () => {
    const { clock, shutdown, signals, reasons } = start();
    await clock.advance(1000);
    signals.leave();
    signals.stop();
    signals.stop();
    shutdown.abort();
    expect(reasons()).toEqual(['deadline', 'deadline']);
  });
});
