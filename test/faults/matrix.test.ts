import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { gzipBomb } from '../support/faultProxy/faults/hugeAnswers.ts';
import { startLatenessWatch } from './lane/latenessWatch.ts';
import { expectedOf, hangs } from './matrix/expectedOf.ts';
import { type MatrixCase, matrixCases } from './matrix/matrixCases.ts';
import { createMatrixLanes, operationTimeoutMs } from './matrix/matrixLanes.ts';
import { type CaseResult, runCase, timeoutMsOf } from './matrix/runCase.ts';
import type { NamedFault } from './namedFault.ts';

/** How many cases are under way beside each other: most of them wait, but handshakes take more of the machine. */
const atTheSameTime = { http: 40, https: 4 };

/** What an operation may take beyond its deadline, not counting for how long this process was late from there on. */
const graceMs = 250;

const results = new Map<string, CaseResult>();

/** What hangs would take minutes one after the other; so the cases run beside each other first, and are judged then. */
beforeAll(async () => {
  const certificates = createTestCertificates();
  const lateness = startLatenessWatch();
  // Made once, which takes seconds, and not in the time of a case.
  gzipBomb(60_000_000);
  const lanes = createMatrixLanes(certificates);
  const play = async ({ name, operation, fault }: MatrixCase): Promise<void> => {
    const result = await lanes.use(fault, (lane) =>
      runCase(lane, fault, operation, { certificates, lateness }),
    );
    results.set(`${name} ${operation}`, result);
  };
  // What takes the machine for itself, and what ends differently where the machine is slow.
  const isAlone = ({ number, fault: { lasts } }: MatrixCase) =>
    number === 16 || (typeof lasts === 'object' && lasts.ms < operationTimeoutMs);
  // What waits for most of its time, and has to do the rest in what is left of it.
  const isLate = ({ name, operation, fault }: MatrixCase) =>
    operation === 'add' &&
    (name === 'TLS handshake hangs, once' ||
      (hangs(fault) && expectedOf(fault, operation).isFound === true));
  // The first ones pay for everything that is compiled and loaded; what is judged by time must not be among them.
  const warmUp = matrixCases.filter(({ name }) => name.startsWith('some interim answers'));
  for (const one of [...warmUp, ...matrixCases.filter(isAlone)]) {
    await play(one);
  }
  await Promise.all(matrixCases.filter(isLate).map(play));
  const playAll = async (transport: NamedFault['transport']): Promise<void> => {
    const own = matrixCases.filter(
      (one) => one.fault.transport === transport && !isAlone(one) && !isLate(one),
    );
    // What waits longest begins first, and has the rest beside it.
    const open = [
      ...own.filter(({ fault }) => hangs(fault)),
      ...own.filter(({ fault }) => !hangs(fault)),
    ];
    const work = async (): Promise<void> => {
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        await play(next);
      }
    };
    await Promise.all(Array.from({ length: atTheSameTime[transport] }, work));
  };
  await lanes.prepare(atTheSameTime.http, 'http');
  await lanes.prepare(atTheSameTime.https, 'https');
  await Promise.all([playAll('http'), playAll('https')]);
  await lanes.close();
  lateness.stop();
}, 240_000);

describe('the matrix of faults', () => {
  it.each(matrixCases)('$number $name: $operation', ({ fault, operation }) => {
    const result = results.get(`${fault.name} ${operation}`);
    const { code, status, isFound = false, calls } = expectedOf(fault, operation);
    const { durationMs = Number.NaN, latenessMs = 0 } = result ?? {};
    expect(result).toMatchObject({ code, status, isFound, strays: 0, isTrue: true });
    expect(result?.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(result?.calls).toBeLessThanOrEqual(calls[1]);
    expect(durationMs).toBeLessThan(timeoutMsOf(fault, operation) + graceMs + latenessMs);
    if (operation === 'add') {
      expect(result?.executions).toBeLessThanOrEqual(1);
    }
  });
});
