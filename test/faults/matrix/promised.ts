import { type LaneOperation, laneOperations } from '../lane/intent.ts';
import { statusOf } from './expectedOf.ts';

/** What one operation that meets a fault is promised. */
export interface Promised {
  /** `cut`: the connection ended without an answer; `left`: the caller ended it itself. */
  readonly code: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** The fewest requests of the operation's own method that may reach Graph, and the most. */
  readonly calls: readonly [number, number];
  /** Whether Graph holds in the end that it was done; a read does nothing. */
  readonly isDone: boolean;
}

/** A combination that there is not. */
export interface LeftOut {
  readonly because: string;
}

export type Cells = Readonly<Record<LaneOperation, Promised | LeftOut>>;

/** A fault of callers or of the process itself, or of Graph over a time, and what each operation is promised. */
export interface ProcessFault {
  readonly number: 14 | 22 | 23 | 24 | 25;
  readonly cells: Cells;
  /** What the log tells of an operation that meets it, in this order. */
  readonly told?: { readonly read: readonly string[]; readonly write: readonly string[] };
}

/** Faults by their names. */
export type ProcessFaults = Readonly<Record<string, ProcessFault>>;

export const isLeftOut = (cell: Promised | LeftOut): cell is LeftOut => 'because' in cell;

/** Promises an answer with a code. */
export function answered(code: string, least: number, most = least): Promised {
  return { code, status: statusOf(code), calls: [least, most], isDone: code === 'ok' };
}

/** The same where Graph has done it, although the answer does not say so. */
export const done = (promised: Promised): Promised => ({ ...promised, isDone: true });

/** Promises that there is no answer. */
export function unanswered(code: 'cut' | 'left', calls: number): Promised {
  return { code, status: undefined, calls: [calls, calls], isDone: false };
}

/** Promises all four operations the same. */
export const all = (cell: Promised): Cells => ({
  read: cell,
  add: cell,
  update: cell,
  delete: cell,
});

/** Promises one thing to a read and another to whatever writes. */
export const readAndWrites = (read: Promised | LeftOut, write: Promised | LeftOut): Cells => ({
  read,
  add: write,
  update: write,
  delete: write,
});

/** One fault against one operation. */
export interface ProcessCase<Name> {
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
      const promised: Promised | LeftOut = cells[operation];
      return isLeftOut(promised) ? [] : [{ number, name, operation, promised }];
    }),
  );
}
