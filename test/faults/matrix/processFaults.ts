import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CloseLater, useClosing } from '../../support/closing.ts';
import type { Played } from '../lane/inFlight.ts';
import { type LaneOperation, laneOperations, type Seen } from '../lane/laneCaller.ts';
import { statusOf } from './expectedOf.ts';

/** What one operation that meets a fault is promised. */
interface Promised {
  /** `cut`: the connection ended without an answer; `left`: the caller ended it itself. */
  readonly code: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** The fewest requests of the operation's own method that may reach Graph, and the most. */
  readonly calls: readonly [number, number];
  /** Whether Graph holds in the end that it was done; a read does nothing. */
  readonly isDone: boolean;
}

/** Undefined for a combination that there is not. */
type Cells = Readonly<Record<LaneOperation, Promised | undefined>>;

/** A fault of callers or of the process itself, or of Graph over a time, and what each operation is promised. */
interface ProcessFault {
  readonly number: 14 | 22 | 23 | 24 | 25;
  readonly cells: Cells;
}

/** Faults by their names. */
export type ProcessFaults = Readonly<Record<string, ProcessFault>>;

/** Faults of one number. */
const numbered = <Name extends string>(
  number: ProcessFault['number'],
  faults: Readonly<Record<Name, Cells>>,
) =>
  Object.fromEntries(
    Object.entries<Cells>(faults).map(([name, cells]) => [name, { number, cells }]),
  ) as Readonly<Record<Name, ProcessFault>>;

/** Promises an answer with a code. */
function answered(code: string, least: number, most = least): Promised {
  return { code, status: statusOf(code), calls: [least, most], isDone: code === 'ok' };
}

/** The same where Graph has done it, although the answer does not say so. */
const done = (promised: Promised): Promised => ({ ...promised, isDone: true });

/** Promises that there is no answer. */
function unanswered(code: 'cut' | 'left', calls: number): Promised {
  return { code, status: undefined, calls: [calls, calls], isDone: false };
}

/** Promises all four operations the same. */
const all = (cell: Promised): Cells => ({
  read: cell,
  add: cell,
  update: cell,
  delete: cell,
});

/** Promises one thing to a read and another to whatever writes. */
const readAndWrites = (read: Promised, write: Promised | undefined): Cells => ({
  read,
  add: write,
  update: write,
  delete: write,
});

/** One fault against one operation. */
interface ProcessCase<Name> {
  readonly number: number;
  readonly name: Name;
  readonly operation: LaneOperation;
  readonly promised: Promised;
}

/** All combinations that there are. */
export function casesOf<Faults extends ProcessFaults>(
  faults: Faults,
): readonly ProcessCase<keyof Faults & string>[] {
  return Object.entries<ProcessFault>(faults).flatMap(([name, { number, cells }]) =>
    laneOperations.flatMap((operation) => {
      const promised = cells[operation];
      return promised === undefined ? [] : [{ number, name, operation, promised }];
    }),
  );
}

/** Holds what was seen against what was promised; where it was seen more than once, each time. */
export function expectPromised(
  seen: readonly Seen[],
  { promised, operation }: ProcessCase<string>,
): void {
  expect(seen).not.toHaveLength(0);
  const { code, status, calls, isDone } = promised;
  for (const each of seen) {
    expect(each).toMatchObject({ code, status, isTrue: true });
    expect(each.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(each.calls).toBeLessThanOrEqual(calls[1]);
    expect(each.executions).toBe(isDone && operation !== 'read' ? 1 : 0);
  }
}

/** Plays faults once, all together, and holds what was seen of each against what was promised. */
export function describePlayed<Faults extends ProcessFaults>(
  subject: string,
  faults: Faults,
  play: (closeLater: CloseLater) => Promise<Played<Faults>>,
  more: () => void = () => undefined,
): void {
  describe(subject, () => {
    const closeLater = useClosing(afterAll);
    let played: Played<Faults>;
    beforeAll(async () => {
      played = await play(closeLater);
    });

    it.each(casesOf(faults))('$number $name: $operation', (one) => {
      expectPromised(played[one.name][one.operation], one);
    });
    more();
  });
}

const ok = answered('ok', 1);
const unavailable = (least: number, most = least) => answered('UPSTREAM_UNAVAILABLE', least, most);
const unknown = (least: number, most = least) => answered('OUTCOME_UNKNOWN', least, most);

/** What an outage of a minute does; times are those of the gateway's clock. */
export const outageFaults = numbered(14, {
  // The breaker opens at the tenth call, which can be the first of three.
  'the breaker in an outage of 60 s: before it opens': {
    ...{ read: unavailable(1, 3), add: unknown(1), update: unknown(1), delete: unknown(1, 3) },
  },
  'the breaker in an outage of 60 s: while it is open': all(unavailable(0)),
  'the breaker in an outage of 60 s: the looks meanwhile, one at a time': readAndWrites(
    unavailable(1),
    unknown(1),
  ),
  'the breaker in an outage of 60 s: the first look after it, and all that follow': all(ok),
});

const left = (calls: number) => unanswered('left', calls);
const late = answered('REQUEST_TIMEOUT', 0);
const doneForNobody = readAndWrites(left(1), done(left(1)));

/** What a caller does who leaves. */
export const leavingFaults = numbered(22, {
  'the caller leaves while it waits for a token': all(left(0)),
  'the caller leaves while it waits in the queue before Graph': all(left(0)),
  // Only changes of one partner wait for each other.
  'the caller leaves while it waits behind another change': {
    ...{ read: undefined, add: undefined, update: left(0), delete: left(0) },
  },
  'the caller leaves in back-off': all(left(1)),
  "the caller leaves before Graph's answer": doneForNobody,
  "the caller leaves in the middle of Graph's answer": doneForNobody,
  // A write's answer is with the system at once, as small as it is.
  'the caller leaves in the middle of its own answer': readAndWrites(left(1), undefined),
});

const cut = (calls: number) => unanswered('cut', calls);
/** Graph has done what it was asked and not answered yet. */
const cutAfterExecution = readAndWrites(cut(1), done(cut(1)));

/** What a caller does who is slow. */
export const slowCallerFaults = numbered(23, {
  'the caller drips its headers': all(late),
  'the caller drips its body': all(late),
  'the caller does not read its answers': cutAfterExecution,
});

/** What ends a program, while operations are in flight. */
export const signalFaults = numbered(24, {
  'SIGTERM while Graph is asked': all(ok),
  'SIGTERM in back-off': all(answered('ok', 2)),
  'SIGTERM before the request, while balancers may not know': all(ok),
  'SIGTERM before the request, after that': all(cut(0)),
  'SIGTERM and a drain that takes too long, while Graph is asked': readAndWrites(
    unavailable(1),
    done(unknown(1)),
  ),
  'SIGTERM and a drain that takes too long, in back-off': all(unavailable(1)),
  'second SIGTERM while Graph is asked': cutAfterExecution,
  'second SIGTERM in back-off': all(cut(1)),
  'SIGKILL of one replica: what it had in hand': cutAfterExecution,
  'SIGKILL of one replica: what the other is asked': all(ok),
});

const overloaded = all(answered('OVERLOADED', 0));

/** What a program can lack that the system gives it. */
export const systemShortages = numbered(25, {
  'event loop blocked for 1.5 s: what was in flight': all(ok),
  'event loop blocked for 1.5 s: who came meanwhile, beside 60 in flight': overloaded,
  'no file descriptors: over connections that are there': all(ok),
  'no file descriptors: and no connection to Graph': all(unavailable(0)),
  'no file descriptors: new callers': all(cut(0)),
  'no file descriptors: once there are some again': all(ok),
  'log pipe full': all(ok),
});

/** What a gateway can lack in any process. */
export const gatewayShortages = numbered(25, {
  'heap fuller than it may be: beside another request': overloaded,
  'heap fuller than it may be: alone': all(ok),
  'Redis refuses connections': all(ok),
  'Redis hangs': all(ok),
});
