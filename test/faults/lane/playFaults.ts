import type { TestCertificates } from '../../support/certificates.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';
import type { NamedFault } from '../faultCatalogue.ts';
import { documentOf, type Intent, methodOf, tellsTheTruth } from './laneCaller.ts';
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
  token: string,
) {
  const { gateway, graph, proxy, elsewhere } = lane;
  const strays = lane.strays;
  const [received, forwarded] = [proxy.received.length, proxy.forwarded.length];
  for (const fault of faults) {
    await fault.arm({ proxy, certificates, elsewhere });
  }
  const startedMs = clock.now();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await lane.drive(gateway.run(...documentOf(intent), headers));
  const isOwn = ({ method }: { readonly method: string }) => method === methodOf[intent.operation];
  return {
    answer,
    status: answer.status,
    code: String(answer.result.errors?.[0]?.extensions['code'] ?? 'ok'),
    isFound: answer.text.includes('FOUND_AFTER_UNCLEAR_ANSWER'),
    /** Requests of the operation's own method that reached the proxy, whatever became of them. */
    calls: proxy.received.slice(received).filter(isOwn).length,
    /** Writes of the operation that Graph has executed by now. */
    executions: () => proxy.forwarded.slice(forwarded).filter(isOwn).length,
    strays: () => lane.strays - strays,
    durationMs: clock.now() - startedMs,
    isTrue: () => tellsTheTruth(intent, answer, graph.partners()),
  };
}
