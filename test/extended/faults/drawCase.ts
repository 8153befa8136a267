import { faultCatalogue } from '../../faults/faultCatalogue.ts';
import { type LaneOperation, laneOperations } from '../../faults/lane/intent.ts';
import { isLie } from '../../faults/matrix/expectedOf.ts';
import type { NamedFault } from '../../faults/namedFault.ts';
import { numbersOfCase, type RandomNumbers } from '../../support/randomNumbers.ts';

/** What happens to one request. */
export interface RandomCase {
  readonly index: number;
  readonly operation: LaneOperation;
  /** None, one, or two, of which the second strikes what the first one leaves. */
  readonly faults: readonly NamedFault[];
  /** By how much the proxy's waits are shortened: what comes after a minute comes before or after the deadline. */
  readonly haste: number;
  /** Whether an open breaker is waited for before. */
  readonly waitsForBreaker: boolean;
}

const shareWithoutFault = 0.1;
const shareWithTwo = 0.25;
const shareWithOpenBreaker = 0.1;

/** They cost as much as hundreds of others. */
const isHeavy = ({ name }: NamedFault): boolean => /^(100 MB|gzip bomb)/.test(name);
const shareOfHeavy = 0.02;

/** A gateway has one address, so those that need another one, or TLS, are left to the matrix. */
const candidates = faultCatalogue.filter(({ transport, url }) => transport === 'http' && !url);

/** What can strike an operation and be seen through: the same as in the matrix. */
const candidatesFor = (operation: LaneOperation): readonly NamedFault[] =>
  candidates.filter(
    (fault) => !isLie(fault, operation) && (operation === 'read' || !fault.isForListsOnly),
  );
const candidatesOf: Readonly<Record<LaneOperation, readonly NamedFault[]>> = {
  read: candidatesFor('read'),
  add: candidatesFor('add'),
  update: candidatesFor('update'),
  delete: candidatesFor('delete'),
};

/** Draws a case: the same one for the same seed and index. */
export function drawCase(seed: number, index: number): RandomCase {
  const numbers = numbersOfCase(seed, index);
  const operation = numbers.pick(laneOperations);
  const lot = numbers.fraction();
  const count = lot < shareWithoutFault ? 0 : lot > 1 - shareWithTwo ? 2 : 1;
  return {
    index,
    operation,
    faults: Array.from({ length: count }, () => drawFault(numbers, operation)),
    haste: 60_000 / numbers.between(100, 1500),
    waitsForBreaker: numbers.fraction() >= shareWithOpenBreaker,
  };
}

function drawFault(numbers: RandomNumbers, operation: LaneOperation): NamedFault {
  for (;;) {
    const fault = numbers.pick(candidatesOf[operation]);
    if (!isHeavy(fault) || numbers.fraction() < shareOfHeavy) {
      return fault;
    }
  }
}

/** What a report says of a case. */
export function describeCase({ operation, faults, haste }: RandomCase): string {
  const names = faults.map(({ number, name }) => `${number} ${name}`);
  return `${operation}, ${names.join('; then ') || 'no fault'}, a minute in ${Math.round(60_000 / haste)} ms`;
}
