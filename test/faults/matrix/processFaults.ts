import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CloseLater, useClosing } from '../../support/closing.ts';
import { laneOperations, type Met, type Seen, type SeenStage, seenOf } from '../lane/laneCaller.ts';
import { expectPromised } from './promiseOf.ts';

/** What each operation is promised, as the page has it; undefined for a combination that there is not. */
type Cells = readonly (string | undefined)[];

const all = (cell: string): Cells => laneOperations.map(() => cell);
/** Promises one thing to a read and another to whatever writes. */
const readAndWrites = (read: string, write?: string): Cells => [read, write, write, write];

const doneForNobody = readAndWrites('left (1)', 'left, done (1)');
/** Graph has done what it was asked and not answered yet. */
const cutAfterExecution = readAndWrites('cut (1)', 'cut, done (1)');

export const numbers = { outage: 14, leaving: 22, slow: 23, signals: 24, system: 25, gateway: 25 };

/** Faults of callers or of the process itself, or of Graph over a time; times are those of the gateway's clock. */
export const processFaults = {
  outage: {
    // The breaker opens at the tenth call, which can be the first of three.
    'the breaker in an outage of 60 s: before it opens': [
      'UPSTREAM_UNAVAILABLE (1-3)',
      'OUTCOME_UNKNOWN (1)',
      'OUTCOME_UNKNOWN (1)',
      'OUTCOME_UNKNOWN (1-3)',
    ],
    'the breaker in an outage of 60 s: while it is open': all('UPSTREAM_UNAVAILABLE (0)'),
    'the breaker in an outage of 60 s: the looks meanwhile, one at a time': readAndWrites(
      'UPSTREAM_UNAVAILABLE (1)',
      'OUTCOME_UNKNOWN (1)',
    ),
    'the breaker in an outage of 60 s: the first look after it, and all that follow': all('ok (1)'),
  },
  leaving: {
    'the caller leaves while it waits for a token': all('left (0)'),
    'the caller leaves while it waits in the queue before Graph': all('left (0)'),
    // Only changes of one partner wait for each other.
    'the caller leaves while it waits behind another change': [
      undefined,
      undefined,
      'left (0)',
      'left (0)',
    ],
    'the caller leaves in back-off': all('left (1)'),
    "the caller leaves before Graph's answer": doneForNobody,
    "the caller leaves in the middle of Graph's answer": doneForNobody,
    // A write's answer is with the system at once, as small as it is.
    'the caller leaves in the middle of its own answer': readAndWrites('left (1)'),
  },
  slow: {
    'the caller drips its headers': all('REQUEST_TIMEOUT (0)'),
    'the caller drips its body': all('REQUEST_TIMEOUT (0)'),
    'the caller does not read its answers': cutAfterExecution,
  },
  signals: {
    'SIGTERM while Graph is asked': all('ok (1)'),
    'SIGTERM in back-off': all('ok (2)'),
    'SIGTERM before the request, while balancers may not know': all('ok (1)'),
    'SIGTERM before the request, after that': all('cut (0)'),
    'SIGTERM and a drain that takes too long, while Graph is asked': readAndWrites(
      'UPSTREAM_UNAVAILABLE (1)',
      'OUTCOME_UNKNOWN, done (1)',
    ),
    'SIGTERM and a drain that takes too long, in back-off': all('UPSTREAM_UNAVAILABLE (1)'),
    'second SIGTERM while Graph is asked': cutAfterExecution,
    'second SIGTERM in back-off': all('cut (1)'),
    'SIGKILL of one replica: what it had in hand': cutAfterExecution,
    'SIGKILL of one replica: what the other is asked': all('ok (1)'),
  },
  system: {
    'event loop blocked for 1.5 s: what was in flight': all('ok (1)'),
    'event loop blocked for 1.5 s: who came meanwhile, beside 60 in flight': all('OVERLOADED (0)'),
    'no file descriptors: over connections that are there': all('ok (1)'),
    'no file descriptors: and no connection to Graph': all('UPSTREAM_UNAVAILABLE (0)'),
    'no file descriptors: new callers': all('cut (0)'),
    'no file descriptors: once there are some again': all('ok (1)'),
    'log pipe full': all('ok (1)'),
  },
  gateway: {
    'heap fuller than it may be: beside another request': all('OVERLOADED (0)'),
    'heap fuller than it may be: alone': all('ok (1)'),
    'Redis refuses connections': all('ok (1)'),
    'Redis hangs': all('ok (1)'),
  },
} as const satisfies Record<keyof typeof numbers, Record<string, Cells>>;

/** Looks at what became of callers that met the fault of a name, with what else was seen of them. */
export type Look = (name: string, stage: SeenStage, met: Met, more?: object) => void;

/** Plays the faults of a subject once, all together, and holds what was seen of each against what was promised. */
export function describePlayed<More extends object = object>(
  subject: keyof typeof numbers,
  play: (look: Look, closeLater: CloseLater) => Promise<void>,
  check: (seen: Seen & More, name: string) => void = () => undefined,
): void {
  const number = numbers[subject];
  const cases = Object.entries<Cells>(processFaults[subject]).flatMap(([name, promises]) =>
    laneOperations.flatMap((operation, index) => {
      const cell = promises[index];
      return cell === undefined ? [] : [{ number, name, operation, cell }];
    }),
  );

  describe(subject, () => {
    const closeLater = useClosing(afterAll);
    const played: { readonly name: string; readonly seen: Seen }[] = [];
    beforeAll(() =>
      play((name, stage, met, more) => {
        for (const { caller, ending } of met) {
          played.push({ name, seen: { ...seenOf(stage, caller, ending), ...more } });
        }
      }, closeLater),
    );

    it.each(cases)('$number $name: $operation', ({ name, operation, cell }) => {
      const own = played.filter((one) => one.name === name && one.seen.operation === operation);
      expect(own).not.toHaveLength(0);
      for (const { seen } of own) {
        const isDone = expectPromised(seen, cell) && operation !== 'read';
        expect(seen.executions).toBe(isDone ? 1 : 0);
        check(seen as Seen & More, name);
      }
    });
  });
}
