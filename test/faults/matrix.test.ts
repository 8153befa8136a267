import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { totalCountQuery } from '../support/documents.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';
import { faultCatalogue, type NamedFault, throttledToken } from './faultCatalogue.ts';
import type { LaneOperation } from './lane/laneCaller.ts';
import { playFaults } from './lane/playFaults.ts';
import { type FaultLane, startFaultLane } from './lane/startFaultLane.ts';
import { expectedOf, matrixCases } from './matrix/expectedOf.ts';

/** Long enough for two waits of a second. */
const operationTimeoutMs = 3_000;

/** The one row that Graph holds before each case. */
const fleet = { id: 'fleet', displayName: 'Fleet' };

/** Longer than the breaker remembers failures, than the retry budget needs to refill, and than any fault waits. */
const forgettingMs = 120_000;

type Way = Pick<NamedFault, 'transport' | 'url'>;

interface Gate {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
}

const wayOf = ({ transport, url }: Way): string => `${transport} ${url?.href ?? ''}`;

const certificates = createTestCertificates();
/** A gateway for each way to Graph that the faults need; cases of one way share it. */
const gates = new Map<string, Gate>();

async function startGate({ transport, url }: Way): Promise<Gate> {
  const clock = createVirtualClock();
  const lane = await startFaultLane({
    environment: { OPERATION_TIMEOUT_MS: String(operationTimeoutMs), LIST_ROW_LIMIT: '1000' },
    clock,
    certificates: transport === 'https' ? certificates : undefined,
    url,
  });
  await lane.put(fleet);
  return { lane, clock };
}

/** Plays an operation that meets a fault, over real sockets and in virtual time. */
async function playCase({ lane, clock }: Gate, fault: NamedFault, operation: LaneOperation) {
  // Each case has a token of its own, so that none waits because Graph has throttled another one.
  const own = `token-for-${operation}-${fault.name}`.replaceAll(/[^\w-]/g, '-');
  const token = fault.number === 12 ? throttledToken : own;
  if (fault.needsIdleConnection) {
    await lane.gateway.run(totalCountQuery, {}, { authorization: `Bearer ${token}` });
  }
  const intent = { operation, id: fleet.id, name: operation === 'add' ? 'Added' : 'Updated' };
  return playFaults({ lane, clock, certificates }, [fault], intent, token);
}

/** Makes all as good as new: what was to come late has come, no connection is left, and Graph holds one row again. */
async function tidy({ lane, clock }: Gate): Promise<void> {
  const { proxy, graph } = lane;
  proxy.clear();
  await proxy.acceptConnections();
  if (proxy.url.protocol === 'https:') {
    proxy.present(certificates.good);
  }
  await clock.advance(forgettingMs);
  await proxy.until(({ underWay }) => underWay === 0);
  await proxy.dropConnections();
  const rows = graph.partners();
  if (rows.length !== 1 || rows[0]?.displayName !== fleet.displayName) {
    await lane.remove(rows.map(({ id }) => id));
    await lane.put(fleet);
  }
}

/** In which an operation has to end after its deadline. */
const graceMs = 250;

beforeAll(async () => {
  for (const fault of faultCatalogue) {
    if (!gates.has(wayOf(fault))) {
      gates.set(wayOf(fault), await startGate(fault));
    }
  }
});
afterAll(() => Promise.all([...gates.values()].map(({ lane }) => lane.close())));

describe('the matrix of faults', () => {
  it.each(matrixCases)('$number $name: $operation', async ({ fault, operation }) => {
    const { code, status, isFound = false, calls } = expectedOf(fault, operation);
    const gate = gates.get(wayOf(fault)) as Gate;
    const result = await playCase(gate, fault, operation)
      .then(({ isTrue, strays, executions, ...seen }) => ({
        ...{ isTrue: isTrue(), strays: strays(), executions: executions() },
        ...seen,
      }))
      .finally(() => tidy(gate));
    expect(result).toMatchObject({ code, status, isFound, strays: 0, isTrue: true });
    expect(result.calls).toBeGreaterThanOrEqual(calls[0]);
    expect(result.calls).toBeLessThanOrEqual(calls[1]);
    expect(result.durationMs).toBeLessThanOrEqual(operationTimeoutMs + graceMs);
    if (operation === 'add') {
      expect(result.executions).toBeLessThanOrEqual(1);
    }
  });
});
