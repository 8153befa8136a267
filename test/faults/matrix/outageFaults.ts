import { all, answered, type ProcessFaults } from './processFault.ts';

/** For how long Graph answers 503 to everything, without a word on when to come back. */
export const outageMs = 60_000;

const unavailable = (least: number, most = least) => answered('UPSTREAM_UNAVAILABLE', least, most);
const unknown = (least: number, most = least) => answered('OUTCOME_UNKNOWN', least, most);

/** What an outage of a minute does; times are those of the gateway's clock. */
export const outageFaults = {
  // The breaker opens at the tenth call, which can be the first of three.
  'the breaker in an outage of 60 s: before it opens': {
    number: 14,
    withinMs: 0,
    cells: {
      read: unavailable(1, 3),
      add: unknown(1),
      update: unknown(1),
      delete: unknown(1, 3),
    },
  },
  'the breaker in an outage of 60 s: while it is open': {
    number: 14,
    withinMs: 0,
    cells: all(unavailable(0)),
  },
  'the breaker in an outage of 60 s: the looks meanwhile, one at a time': {
    number: 14,
    withinMs: 0,
    cells: { read: unavailable(1), add: unknown(1), update: unknown(1), delete: unknown(1) },
  },
  'the breaker in an outage of 60 s: the first look after it, and all that follow': {
    number: 14,
    withinMs: 0,
    cells: all(answered('ok', 1)),
  },
} as const satisfies ProcessFaults;
