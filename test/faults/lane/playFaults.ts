import type { TestCertificates } from '../../support/certificates.ts';
import { totalCountQuery } from '../../support/documents.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';
import type { NamedFault } from '../faultCatalogue.ts';
import { documentOf, type Intent, isOwnOf, tellsTheTruth } from './laneCaller.ts';
import type { FaultLane } from './startFaultLane.ts';

interface Stage {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
  readonly certificates: TestCertificates;
}

/** Plays an operation that meets faults one after another, in virtual time; says what its caller and Graph saw. */
export async function playFaults(
  { lane, clock, certificates }: Stage,
  faults: readonly NamedFault[],
  intent: Intent,
) {
  const { gateway, graph, proxy, elsewhere } = lane;
  // Each case has a token of its own, so that none waits because Graph has throttled another one.
  const names = faults.map(({ name }) => name).join();
  const token = `for-${intent.operation}-${intent.name}-${names}`.replaceAll(/[^\w-]/g, '-');
  const headers = { authorization: `Bearer ${token}` };
  if (faults.some(({ needsIdleConnection }) => needsIdleConnection)) {
    await lane.drive(gateway.run(totalCountQuery, {}, headers));
  }
  const strays = lane.strays();
  const [received, forwarded] = [proxy.received.length, proxy.forwarded.length];
  for (const fault of faults) {
    await fault.arm({ proxy, certificates, elsewhere });
  }
  const startedMs = clock.now();
  const answer = await lane.drive(gateway.run(...documentOf(intent), headers));
  return {
    answer,
    status: answer.status,
    code: String(answer.extensions?.['code'] ?? 'ok'),
    isFound: answer.text.includes('FOUND_AFTER_UNCLEAR_ANSWER'),
    /** Requests of the operation's own method that reached the proxy, whatever became of them. */
    calls: proxy.received.slice(received).filter(isOwnOf(intent)).length,
    durationMs: clock.now() - startedMs,
    /** What Graph has of it by now: the writes that it has executed, and whether the answer is true. */
    look: () => ({
      executions: proxy.forwarded.slice(forwarded).filter(isOwnOf(intent)).length,
      strays: lane.strays() - strays,
      isTrue: tellsTheTruth(intent, answer, graph.partners()),
    }),
  };
}
