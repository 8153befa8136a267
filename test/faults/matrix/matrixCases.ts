import { faultCatalogue } from '../faultCatalogue.ts';
import { type LaneOperation, laneOperations } from '../lane/tellsTheTruth.ts';
import type { NamedFault } from '../namedFault.ts';
import { isLie } from './expectedOf.ts';

/** One fault against one operation. */
export interface MatrixCase {
  readonly number: number;
  readonly name: string;
  readonly operation: LaneOperation;
  readonly fault: NamedFault;
}

/** All cases of which something can be promised, in the catalogue's order. */
export const matrixCases: readonly MatrixCase[] = faultCatalogue.flatMap((fault) =>
  laneOperations
    .filter((operation) => operation === 'read' || !fault.isForListsOnly)
    .filter((operation) => !isLie(fault, operation))
    .map((operation) => ({ number: fault.number, name: fault.name, operation, fault })),
);
