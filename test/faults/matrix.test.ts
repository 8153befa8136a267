import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../support/certificates.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';
import { faultCatalogue, type NamedFault } from './faultCatalogue.ts';
import { laneOperations } from './lane/laneCaller.ts';
import { playFaults } from './lane/playFaults.ts';
import { type FaultLane, startFaultLane } from './lane/startFaultLane.ts';
import { expectPromised, promiseOf } from './matrix/promiseOf.ts';

/** Long enough for two waits of a second. */
const operationTimeoutMs = 3_000;
/** In which an operation has to end after its deadline. */
const graceMs = 250;
/** The one row that Graph holds before each case. */
const fleet = { id: 'fleet', displayName: 'Fleet' };
/** Longer than the breaker remembers failures, than the retry budget needs to refill, and than any fault waits. */
const forgettingMs = 120_000;

interface Gate {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
}

const certificates = createTestCertificates();
/** A gateway for each way to Graph that the faults need; cases of one way share it. */
const gates = new Map<string, Gate>();
const wayOf = ({ isTls, url }: NamedFault): string => `${isTls} ${url?.href}`;

async function startGate({ isTls, url }: NamedFault): Promise<Gate> {
  const clock = createVirtualClock();
  const lane = await startFaultLane({
    environment: { OPERATION_TIMEOUT_MS: String(operationTimeoutMs), LIST_ROW_LIMIT: '1000' },
    clock,
    certificates: isTls ? certificates : undefined,
    url,
  });
  await lane.put(fleet);
  return { lane, clock };
}

/** Makes all as good as new: what was to come late has come, no connection is left, and Graph holds one row again. */
async function tidy({ lane, clock }: Gate): Promise<void> {
  const { proxy, graph } = lane;
  proxy.clear();
  await proxy.acceptConnections();
  proxy.present(certificates.good);
  await clock.advance(forgettingMs);
  await proxy.until(({ underWay }) => underWay === 0);
  await proxy.dropConnections();
  const rows = graph.partners();
  if (rows.length !== 1 || rows[0]?.displayName !== fleet.displayName) {
    await lane.remove(rows.map(({ id }) => id));
    await lane.put(fleet);
  }
}

const cases = faultCatalogue.flatMap((fault) =>
  laneOperations.flatMap((operation) => {
    const promise = promiseOf(fault, operation);
    return promise === undefined ? [] : [{ ...fault, fault, operation, promise }];
  }),
);

describe('the matrix of faults', () => {
  beforeAll(async () => {
    for (const fault of faultCatalogue) {
      const way = wayOf(fault);
      gates.set(way, gates.get(way) ?? (await startGate(fault)));
    }
  });
  afterAll(() => Promise.all([...gates.values()].map(({ lane }) => lane.close())));

  it.each(cases)('$number $name: $operation', async ({ fault, operation, promise }) => {
    const gate = gates.get(wayOf(fault)) as Gate;
    const intent = { operation, id: fleet.id, name: operation === 'add' ? 'Added' : 'Updated' };
    const { executions, strays, ...seen } = await playFaults(
      { ...gate, certificates },
      [fault],
      intent,
    )
      .then(({ look, ...rest }) => ({ ...rest, ...look() }))
      .finally(() => tidy(gate));
    expectPromised(seen, promise);
    expect(strays).toBe(0);
    expect(seen.durationMs).toBeLessThanOrEqual(operationTimeoutMs + graceMs);
    expect(operation === 'add' ? executions : 0).toBeLessThanOrEqual(1);
  });
});
