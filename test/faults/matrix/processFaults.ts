import { all, answered, done, type ProcessFaults, readAndWrites, unanswered } from './promised.ts';

/** For how long Graph answers 503 to everything, without a word on when to come back. */
export const outageMs = 60_000;

const unavailable = (least: number, most = least) => answered('UPSTREAM_UNAVAILABLE', least, most);
const unknown = (least: number, most = least) => answered('OUTCOME_UNKNOWN', least, most);

/** What an outage of a minute does; times are those of the gateway's clock. */
export const outageFaults = {
  // The breaker opens at the tenth call, which can be the first of three.
  'the breaker in an outage of 60 s: before it opens': {
    number: 14,
    cells: {
      read: unavailable(1, 3),
      add: unknown(1),
      update: unknown(1),
      delete: unknown(1, 3),
    },
  },
  'the breaker in an outage of 60 s: while it is open': {
    number: 14,
    cells: all(unavailable(0)),
  },
  'the breaker in an outage of 60 s: the looks meanwhile, one at a time': {
    number: 14,
    cells: { read: unavailable(1), add: unknown(1), update: unknown(1), delete: unknown(1) },
  },
  'the breaker in an outage of 60 s: the first look after it, and all that follow': {
    number: 14,
    cells: all(answered('ok', 1)),
  },
} as const satisfies ProcessFaults;

const left = (calls: number) => unanswered('left', calls);
const late = answered('REQUEST_TIMEOUT', 0);

const notInTheWay = { because: 'Only changes of one partner wait for each other.' };
const isSmall = { because: "A write's answer is with the system at once, as small as it is." };

/** What the log tells of an operation whose caller has left: Graph's part, and its own end. */
const lines = {
  nothing: ['Answered, caller left'],
  ended: ['Microsoft Graph gave no answer, caller left', 'Answered, caller left'],
  finished: ['Microsoft Graph answered, caller left', 'Answered, caller left'],
  beforeBackOff: [
    'Microsoft Graph answered',
    'The call of Microsoft Graph is retried',
    'Answered, caller left',
  ],
  answered: ['Microsoft Graph answered', 'Answered, caller left'],
} as const;

/** What a caller does who leaves. */
export const leavingFaults = {
  'the caller leaves while it waits for a token': {
    number: 22,
    cells: all(left(0)),
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves while it waits in the queue before Graph': {
    number: 22,
    cells: all(left(0)),
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves while it waits behind another change': {
    number: 22,
    cells: { read: notInTheWay, add: notInTheWay, update: left(0), delete: left(0) },
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves in back-off': {
    number: 22,
    cells: all(left(1)),
    told: { read: lines.beforeBackOff, write: lines.beforeBackOff },
  },
  "the caller leaves before Graph's answer": {
    number: 22,
    cells: readAndWrites(left(1), done(left(1))),
    told: { read: lines.ended, write: lines.finished },
  },
  "the caller leaves in the middle of Graph's answer": {
    number: 22,
    cells: readAndWrites(left(1), done(left(1))),
    told: { read: lines.ended, write: lines.finished },
  },
  'the caller leaves in the middle of its own answer': {
    number: 22,
    cells: readAndWrites(left(1), isSmall),
    told: { read: lines.answered, write: lines.answered },
  },
} as const satisfies ProcessFaults;

/** What a caller does who is slow. */
export const slowCallerFaults = {
  'the caller drips its headers': {
    number: 23,
    cells: all(late),
  },
  'the caller drips its body': {
    number: 23,
    cells: all(late),
  },
  'the caller does not read its answers': {
    number: 23,
    cells: readAndWrites(unanswered('cut', 1), done(unanswered('cut', 1))),
  },
} as const satisfies ProcessFaults;

const cut = (calls: number) => unanswered('cut', calls);
/** Graph has done what it was asked and not answered yet. */
const cutAfterExecution = readAndWrites(cut(1), done(cut(1)));
const ok = answered('ok', 1);

/** What ends a program, while operations are in flight. */
export const signalFaults = {
  'SIGTERM while Graph is asked': { number: 24, cells: all(ok) },
  'SIGTERM in back-off': {
    number: 24,
    cells: all(answered('ok', 2)),
  },
  'SIGTERM before the request, while balancers may not know': {
    number: 24,
    cells: all(ok),
  },
  'SIGTERM before the request, after that': { number: 24, cells: all(cut(0)) },
  'SIGTERM and a drain that takes too long, while Graph is asked': {
    number: 24,
    cells: readAndWrites(answered('UPSTREAM_UNAVAILABLE', 1), done(answered('OUTCOME_UNKNOWN', 1))),
  },
  'SIGTERM and a drain that takes too long, in back-off': {
    number: 24,
    cells: all(answered('UPSTREAM_UNAVAILABLE', 1)),
  },
  'second SIGTERM while Graph is asked': { number: 24, cells: cutAfterExecution },
  'second SIGTERM in back-off': { number: 24, cells: all(cut(1)) },
  'SIGKILL of one replica: what it had in hand': {
    number: 24,
    cells: cutAfterExecution,
  },
  'SIGKILL of one replica: what the other is asked': { number: 24, cells: all(ok) },
} as const satisfies ProcessFaults;

const overloaded = all(answered('OVERLOADED', 0));

/** What a program can lack that the system gives it. */
export const systemShortages = {
  'event loop blocked for 1.5 s: what was in flight': {
    number: 25,
    cells: all(ok),
  },
  'event loop blocked for 1.5 s: who came meanwhile, beside 60 in flight': {
    number: 25,
    cells: overloaded,
  },
  'no file descriptors: over connections that are there': {
    number: 25,
    cells: all(ok),
  },
  'no file descriptors: and no connection to Graph': {
    number: 25,
    cells: all(answered('UPSTREAM_UNAVAILABLE', 0)),
  },
  'no file descriptors: new callers': { number: 25, cells: all(cut(0)) },
  'no file descriptors: once there are some again': { number: 25, cells: all(ok) },
  'log pipe full': { number: 25, cells: all(ok) },
} as const satisfies ProcessFaults;

/** What a gateway can lack in any process. */
export const gatewayShortages = {
  'heap fuller than it may be: beside another request': {
    number: 25,
    cells: overloaded,
  },
  'heap fuller than it may be: alone': { number: 25, cells: all(ok) },
  'Redis refuses connections': { number: 25, cells: all(ok) },
  'Redis hangs': { number: 25, cells: all(ok) },
} as const satisfies ProcessFaults;
