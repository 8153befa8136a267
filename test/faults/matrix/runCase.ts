import type { TestCertificates } from '../../support/certificates.ts';
import { totalCountQuery } from '../../support/documents.ts';
import { throttledToken } from '../faultCatalogue.ts';
import { documentOf, methodOf } from '../lane/documentOf.ts';
import type { LatenessWatch } from '../lane/latenessWatch.ts';
import type { FaultLane } from '../lane/startFaultLane.ts';
import { type LaneOperation, tellsTheTruth } from '../lane/tellsTheTruth.ts';
import type { NamedFault } from '../namedFault.ts';
import { expectedOf, hangs } from './expectedOf.ts';
import { fleet, operationTimeoutMs } from './matrixLanes.ts';

/** What a caller saw of one operation that met a fault, and what the upstream saw of it. */
export interface CaseResult {
  readonly status: number;
  /** The code of the top-level error; `ok` where there is none. */
  readonly code: string;
  /** Whether the answer says that the partner was found and not answered. */
  readonly isFound: boolean;
  /** Requests of the operation's own method that arrived, whatever became of them. */
  readonly calls: number;
  /** Writes of the operation that the upstream executed by the end of the operation. */
  readonly executions: number;
  /** How often the trap elsewhere was reached. */
  readonly strays: number;
  readonly durationMs: number;
  /** For how long this process was late from the operation's deadline on. */
  readonly latenessMs: number;
  /** Whether what the answer says is what the upstream holds. */
  readonly isTrue: boolean;
}

/** How long an operation that meets a fault may take, in milliseconds. */
export function timeoutMsOf(fault: NamedFault, operation: LaneOperation): number {
  const waitsToLook = expectedOf(fault, operation).isFound === true;
  return hangs(fault) && !waitsToLook ? 2_000 : operationTimeoutMs;
}

export interface CaseSurroundings {
  readonly certificates: TestCertificates;
  readonly lateness: LatenessWatch;
}

/** Plays one fault against one operation, through a whole gateway in front of an embedded Graph. */
export async function runCase(
  lane: FaultLane,
  fault: NamedFault,
  operation: LaneOperation,
  { certificates, lateness }: CaseSurroundings,
): Promise<CaseResult> {
  const { gateway, graph, proxy, elsewhere } = lane;
  // Each case has a token of its own, so that no other waits where Graph lets this one wait.
  const token = fault.number === 12 ? throttledToken : `token-for-${operation}-${fault.name}`;
  const headers = {
    authorization: `Bearer ${token.replaceAll(/[^\w-]/g, '-')}`,
    // Nothing is learnt from waiting longer for what hangs, but where there is time left to look.
    ...(timeoutMsOf(fault, operation) < operationTimeoutMs && { prefer: 'wait=2' }),
  };
  if (fault.needsIdleConnection) {
    await gateway.run(totalCountQuery, {}, headers);
  }
  const straysBefore = lane.strays;
  const receivedBefore = proxy.received.length;
  const forwardedBefore = proxy.forwarded.length;
  await fault.arm({ proxy, certificates, elsewhere });
  const startedMs = performance.now();
  const intent = { operation, id: fleet.id, name: operation === 'add' ? 'Added' : 'Updated' };
  const answer = await gateway.run(...documentOf(intent), headers);
  const durationMs = performance.now() - startedMs;
  const isOwn = ({ method }: { readonly method: string }) => method === methodOf[operation];
  return {
    status: answer.status,
    code: String(answer.result.errors?.[0]?.extensions['code'] ?? 'ok'),
    isFound: answer.text.includes('FOUND_AFTER_UNCLEAR_ANSWER'),
    calls: proxy.received.slice(receivedBefore).filter(isOwn).length,
    executions: proxy.forwarded.slice(forwardedBefore).filter(isOwn).length,
    strays: lane.strays - straysBefore,
    durationMs,
    latenessMs: lateness.totalSince(startedMs + timeoutMsOf(fault, operation)),
    isTrue: tellsTheTruth(intent, answer, graph.partners()),
  };
}
