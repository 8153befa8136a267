import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { faultCatalogue } from './faultCatalogue.ts';
import { expectedOf, matrixCases } from './matrix/expectedOf.ts';
import { type MatrixStage, operationTimeoutMs, startMatrixStage } from './matrix/matrixStage.ts';

/** In which an operation has to end after its deadline. */
const graceMs = 250;

let stage: MatrixStage;
beforeAll(async () => {
  stage = await startMatrixStage(faultCatalogue, createTestCertificates());
});
afterAll(() => stage.close());

describe('the matrix of faults', () => {
  it.each(matrixCases)('$number $name: $operation', async ({ fault, operation }) => {
    const { code, status, isFound = false, calls } = expectedOf(fault, operation);
    const result = await stage.play(fault, operation);
    expect(result).toMatchObject({ code, status, isFound, strays: 0, isTrue: true });
    expect(result.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(result.calls).toBeLessThanOrEqual(calls[1]);
    expect(result.durationMs).toBeLessThanOrEqual(operationTimeoutMs + graceMs);
    if (operation === 'add') {
      expect(result.executions).toBeLessThanOrEqual(1);
    }
  });
});
