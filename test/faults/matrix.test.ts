import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { gzipBomb } from '../support/faultProxy/faults/hugeAnswers.ts';
import { faultCatalogue } from './faultCatalogue.ts';
import { expectedOf, isLegalAnswer, longestMs } from './matrix/expectedOf.ts';
import { type CaseOperation, type CaseResult, caseOperations, runCase } from './matrix/runCase.ts';
import type { NamedFault } from './namedFault.ts';

const atTheSameTime = 16;

/** An answer that says the opposite of what was done: no client can know better. */
const isLie = (fault: NamedFault, operation: CaseOperation) =>
  fault.kind === 'falseRefusal' || (!fault.executes && isLegalAnswer(fault, operation));

const cases = faultCatalogue.flatMap((fault) =>
  caseOperations
    .filter((operation) => operation === 'read' || !fault.isForListsOnly)
    .filter((operation) => !isLie(fault, operation))
    .map((operation) => ({ number: fault.number, name: fault.name, operation, fault })),
);
const results = new Map<string, CaseResult>();

/** What hangs would take minutes one after the other; so the cases run beside each other first, and are judged then. */
beforeAll(async () => {
  const certificates = createTestCertificates();
  // Made once, which takes seconds, and not in the time of a case.
  gzipBomb(60_000_000);
  const play = async ({ fault, operation }: (typeof cases)[number]): Promise<void> => {
    results.set(`${fault.name} ${operation}`, await runCase(fault, operation, certificates));
  };
  // What takes the machine for itself, and what has little time left when it can go on.
  const isHeavy = ({ number, name, operation }: (typeof cases)[number]) =>
    number === 16 || (name === 'TLS handshake hangs, once' && operation === 'add');
  // The first ones pay for everything that is compiled and loaded; what is judged by time must not be among them.
  const warmUp = cases.filter(({ name }) => name.startsWith('some interim answers'));
  for (const one of [...warmUp, ...cases.filter(isHeavy)]) {
    await play(one);
  }
  const open = cases.filter((one) => !isHeavy(one));
  const work = async (): Promise<void> => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      await play(next);
    }
  };
  await Promise.all(Array.from({ length: atTheSameTime }, work));
}, 240_000);

describe('the matrix of faults', () => {
  it.each(cases)('$number $name: $operation', ({ fault, operation }) => {
    const result = results.get(`${fault.name} ${operation}`);
    const { code, status, isFound = false, calls } = expectedOf(fault, operation);
    expect(result).toMatchObject({ code, status, isFound, strays: 0, isTrue: true });
    expect(result?.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(result?.calls).toBeLessThanOrEqual(calls[1]);
    expect(result?.durationMs).toBeLessThan(longestMs);
    if (operation === 'add') {
      expect(result?.executions).toBeLessThanOrEqual(1);
    }
  });
});
