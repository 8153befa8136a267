import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { faultCatalogue } from './faultCatalogue.ts';
import { expectedOf, longestMs } from './matrix/expectedOf.ts';
import { type CaseResult, caseOperations, runCase } from './matrix/runCase.ts';
import type { NamedFault } from './namedFault.ts';

const atTheSameTime = 12;

/** A 503 with Retry-After that was executed all the same cannot be told from one that was not: the upstream lies. */
const isLie = ({ kind, executes }: NamedFault) => kind === 'unavailableForATime' && executes;

const cases = faultCatalogue
  .filter((fault) => !isLie(fault))
  .flatMap((fault) =>
    caseOperations
      .filter((operation) => operation === 'read' || !fault.isForListsOnly)
      .map((operation) => ({ number: fault.number, name: fault.name, operation, fault })),
  );
const results = new Map<string, CaseResult>();

/** What hangs would take minutes one after the other; so the cases run beside each other first, and are judged then. */
beforeAll(async () => {
  const certificates = createTestCertificates();
  const open = [...cases];
  const work = async (): Promise<void> => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const { fault, operation } = next;
      results.set(`${fault.name} ${operation}`, await runCase(fault, operation, certificates));
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
