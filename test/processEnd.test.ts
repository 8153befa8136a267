import { beforeEach, describe, expect, it } from '@jest/globals';
import { createProcessEnd, type ProcessEnd } from '../src/processEnd.ts';
import { recordingLog } from './support/logs.ts';
import { createVirtualClock, type VirtualClock } from './support/virtualClock.ts';

let clock: VirtualClock;
let log: ReturnType<typeof recordingLog>;
let exits: number[];
let stops: number[];
let finish: { readonly stopped: () => void; readonly failed: (error: Error) => void };
let end: ProcessEnd;

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

  it('comes after an error that nobody caught once what is in flight is finished, with 1', async () => {
    end.onFault(new Error('hunter2'), 'unhandledRejection');
    expect(stops).toEqual([0]);
    finish.stopped();
    await clock.advance(0);
    expect(exits).toEqual([1]);
    expect(log.lines).toEqual([
      {
        message: 'An error that nobody caught ends the gateway',
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

  it('is 1 after an error that nobody caught while it stops in order, and is not put off by it', async () => {
    end.onSignal('SIGTERM');
    end.onFault(new Error('a'), 'uncaughtException');
    expect(stops).toEqual([5000]);
    finish.stopped();
    await clock.advance(0);
    expect(exits).toEqual([1]);
  });
});
