import {
  all,
  answered,
  done,
  type ProcessFault,
  type ProcessFaults,
  readAndWrites,
  unanswered,
} from './processFault.ts';

const left = (calls: number) => unanswered('left', calls);
const late = answered('REQUEST_TIMEOUT', 0);

/** Much shorter than an operator would have them. */
export const slowCallerTimes = { headersMs: 300, requestMs: 600, responseIdleMs: 500 };

const notInTheWay = { because: 'Only changes of one partner wait for each other.' };
const isSmall = { because: "A write's answer is with the system at once, as small as it is." };

/** What the log tells of an operation whose caller has left: Graph's part, and its own end. */
const lines = {
  nothing: ['Answered, to nobody'],
  ended: ['Microsoft Graph gave no answer, to nobody', 'Answered, to nobody'],
  finished: ['Microsoft Graph answered, to nobody', 'Answered, to nobody'],
  beforeBackOff: [
    'Microsoft Graph answered',
    'Microsoft Graph is asked again',
    'Answered, to nobody',
  ],
  answered: ['Microsoft Graph answered', 'Answered, to nobody'],
} as const;

/** A way to leave. */
export interface LeavingFault extends ProcessFault {
  readonly told: { readonly read: readonly string[]; readonly write: readonly string[] };
}

/** What a caller does who leaves. */
export const leavingFaults = {
  'the caller leaves while it waits for a token': {
    number: 22,
    withinMs: 0,
    cells: all(left(0)),
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves while it waits in the queue before Graph': {
    number: 22,
    withinMs: 0,
    cells: all(left(0)),
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves while it waits behind another change': {
    number: 22,
    withinMs: 0,
    cells: { read: notInTheWay, add: notInTheWay, update: left(0), delete: left(0) },
    told: { read: lines.nothing, write: lines.nothing },
  },
  'the caller leaves in back-off': {
    number: 22,
    withinMs: 0,
    cells: all(left(1)),
    told: { read: lines.beforeBackOff, write: lines.beforeBackOff },
  },
  "the caller leaves before Graph's answer": {
    number: 22,
    withinMs: 0,
    cells: readAndWrites(left(1), done(left(1))),
    told: { read: lines.ended, write: lines.finished },
  },
  "the caller leaves in the middle of Graph's answer": {
    number: 22,
    withinMs: 0,
    cells: readAndWrites(left(1), done(left(1))),
    told: { read: lines.ended, write: lines.finished },
  },
  'the caller leaves in the middle of its own answer': {
    number: 22,
    withinMs: 0,
    cells: readAndWrites(left(1), isSmall),
    told: { read: lines.answered, write: lines.answered },
  },
} as const satisfies Readonly<Record<string, LeavingFault>>;

/** What a caller does who is slow. */
export const slowCallerFaults = {
  'the caller drips its headers': {
    number: 23,
    // node:http looks for late requests in intervals of the shortest of the times.
    withinMs: slowCallerTimes.headersMs * 2,
    cells: all(late),
  },
  'the caller drips its body': {
    number: 23,
    withinMs: slowCallerTimes.requestMs + slowCallerTimes.headersMs,
    cells: all(late),
  },
  'the caller does not read its answers': {
    number: 23,
    withinMs: slowCallerTimes.responseIdleMs,
    cells: readAndWrites(unanswered('cut', 1), done(unanswered('cut', 1))),
  },
} as const satisfies ProcessFaults;
