import {
  all,
  answered,
  done,
  type ProcessFaults,
  readAndWrites,
  unanswered,
} from './processFault.ts';

const cut = (calls: number) => unanswered('cut', calls);
/** Graph has done what it was asked and not answered yet. */
const cutAfterExecution = readAndWrites(cut(1), done(cut(1)));
const ok = answered('ok', 1);

/** How long a program that gets a SIGTERM waits for balancers, and then for what is in flight. */
export const drainTimes = { delayMs: 1_000, timeoutMs: 300, lastWordsMs: 250 };

/** How long Graph wants to be left alone; longer than the delay, so that the wait goes on behind it. */
export const backOffSeconds = 2;

/** What ends a program, while operations are in flight. */
export const signalFaults = {
  'SIGTERM while Graph is asked': { number: 24, withinMs: 0, cells: all(ok) },
  'SIGTERM in back-off': {
    number: 24,
    withinMs: backOffSeconds * 1000,
    cells: all(answered('ok', 2)),
  },
  'SIGTERM before the request, while balancers may not know': {
    number: 24,
    withinMs: 0,
    cells: all(ok),
  },
  'SIGTERM before the request, after that': { number: 24, withinMs: 0, cells: all(cut(0)) },
  'SIGTERM and a drain that takes too long, while Graph is asked': {
    number: 24,
    withinMs: drainTimes.timeoutMs + drainTimes.lastWordsMs,
    cells: readAndWrites(answered('UPSTREAM_UNAVAILABLE', 1), done(answered('OUTCOME_UNKNOWN', 1))),
  },
  'SIGTERM and a drain that takes too long, in back-off': {
    number: 24,
    withinMs: drainTimes.timeoutMs + drainTimes.lastWordsMs,
    cells: all(answered('UPSTREAM_UNAVAILABLE', 1)),
  },
  'second SIGTERM while Graph is asked': { number: 24, withinMs: 0, cells: cutAfterExecution },
  'second SIGTERM in back-off': { number: 24, withinMs: 0, cells: all(cut(1)) },
  'SIGKILL of one replica: what it had in hand': {
    number: 24,
    withinMs: 0,
    cells: cutAfterExecution,
  },
  'SIGKILL of one replica: what the other is asked': { number: 24, withinMs: 0, cells: all(ok) },
} as const satisfies ProcessFaults;

const overloaded = all(answered('OVERLOADED', 0));

/** For how long the event loop is blocked; the program's side of it is in `faultOnSignal.mjs`. */
export const blockMs = 1_500;

/** What a program can lack that the system gives it. */
export const systemShortages = {
  'event loop blocked for 1.5 s: what was in flight': {
    number: 25,
    withinMs: 0,
    cells: all(ok),
  },
  'event loop blocked for 1.5 s: who came meanwhile, beside 60 in flight': {
    number: 25,
    withinMs: blockMs,
    cells: overloaded,
  },
  'no file descriptors: over connections that are there': {
    number: 25,
    withinMs: 0,
    cells: all(ok),
  },
  'no file descriptors: and no connection to Graph': {
    number: 25,
    // Two repeats with their back-offs.
    withinMs: 600,
    cells: all(answered('UPSTREAM_UNAVAILABLE', 0)),
  },
  'no file descriptors: new callers': { number: 25, withinMs: 0, cells: all(cut(0)) },
  'no file descriptors: once there are some again': { number: 25, withinMs: 0, cells: all(ok) },
  'log pipe full': { number: 25, withinMs: 0, cells: all(ok) },
} as const satisfies ProcessFaults;

/** What a gateway can lack in any process. */
export const gatewayShortages = {
  'heap fuller than it may be: beside another request': {
    number: 25,
    withinMs: 0,
    cells: overloaded,
  },
  'heap fuller than it may be: alone': { number: 25, withinMs: 0, cells: all(ok) },
  'Redis refuses connections': { number: 25, withinMs: 0, cells: all(ok) },
  'Redis hangs': { number: 25, withinMs: 0, cells: all(ok) },
} as const satisfies ProcessFaults;
