import type { TestCertificates } from '../../support/certificates.ts';
import {
  addMutation,
  deleteMutation,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { type GraphQLAnswer, startTestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { throttledToken } from '../faultCatalogue.ts';
import type { NamedFault } from '../namedFault.ts';

export const caseOperations = ['read', 'add', 'update', 'delete'] as const;
export type CaseOperation = (typeof caseOperations)[number];

/** The time of an operation: short, so that what hangs is over soon, and long enough for two waits of a second. */
export const operationTimeoutMs = 3_000;

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
  /** Whether what the answer says is what the upstream holds. */
  readonly isTrue: boolean;
}

const methods = { read: 'GET', add: 'POST', update: 'PATCH', delete: 'DELETE' } as const;
const row = { id: 'fleet', displayName: 'Fleet' };

/** Plays one fault against one operation, through a whole gateway in front of an embedded Graph. */
export async function runCase(
  fault: NamedFault,
  operation: CaseOperation,
  certificates: TestCertificates,
): Promise<CaseResult> {
  const { graph, trap, proxy, gateway } = await inTurn(() => startStage(fault, certificates));
  try {
    if (fault.needsIdleConnection) {
      await gateway.run(totalCountQuery);
    }
    const receivedBefore = proxy.received.length;
    const forwardedBefore = proxy.forwarded.length;
    await fault.arm({ proxy, certificates, elsewhere: trap.url });
    const startedMs = Date.now();
    const answer = await gateway.run(...documentOf(operation), {
      ...(fault.number === 12 && { authorization: `Bearer ${throttledToken}` }),
    });
    const durationMs = Date.now() - startedMs;
    const isOwn = ({ method }: { readonly method: string }) => method === methods[operation];
    return {
      status: answer.status,
      code: String(answer.result.errors?.[0]?.extensions['code'] ?? 'ok'),
      isFound: answer.text.includes('FOUND_AFTER_UNCLEAR_ANSWER'),
      calls: proxy.received.slice(receivedBefore).filter(isOwn).length,
      executions: proxy.forwarded.slice(forwardedBefore).filter(isOwn).length,
      strays: trap.requests.length,
      durationMs,
      isTrue: tellsTheTruth(operation, answer, graph.partners()),
    };
  } finally {
    await gateway.stop(0);
    await proxy.close();
    await trap.close();
    await graph.close();
  }
}

/** One start after the other: what is judged by time must not share its time with a crowd that starts. */
let starting: Promise<unknown> = Promise.resolve();

function inTurn<Result>(start: () => Promise<Result>): Promise<Result> {
  const started = starting.then(start);
  starting = started.catch(() => undefined);
  return started;
}

async function startStage(fault: NamedFault, certificates: TestCertificates) {
  const graph = await startTestGraph({
    seed: [row],
    acceptToken: (token) => [throttledToken, 'embedded-graph-token'].includes(token),
  });
  const trap = await startScriptedServer(empty(200));
  const isSecure = fault.transport === 'https';
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    ...(isSecure && { tls: certificates.good }),
  });
  const root = fault.url ?? proxy.url;
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and a name that nobody knows is none.
      GRAPH_BASE_URL: root.href.replace('http://graph.invalid', 'https://graph.invalid'),
      OPERATION_TIMEOUT_MS: String(operationTimeoutMs),
      LIST_ROW_LIMIT: '1000',
      DRAIN_TIMEOUT_MS: '0',
    },
    { certificateAuthorities: isSecure ? [certificates.authority] : undefined },
  );
  return { graph, trap, proxy, gateway };
}

function documentOf(operation: CaseOperation): [string, object] {
  switch (operation) {
    case 'read':
      return [totalCountQuery, {}];
    case 'add':
      return [addMutation, { input: { displayName: 'Added', macOsOnboarded: true } }];
    case 'update':
      return [updateMutation, { input: { id: row.id, displayName: 'Updated' } }];
    case 'delete':
      return [deleteMutation, { input: { id: row.id } }];
  }
}

/** A success says what is so; a failure that does not speak of doubt says that nothing was written. */
function tellsTheTruth(
  operation: CaseOperation,
  { result }: GraphQLAnswer,
  partners: readonly { readonly displayName?: string | null }[],
): boolean {
  const names = partners.map(({ displayName }) => displayName);
  const isWritten = {
    read: false,
    add: names.filter((name) => name === 'Added').length === 1,
    update: names.includes('Updated'),
    delete: !names.includes('Fleet') && !names.includes('Updated'),
  }[operation];
  const code = result.errors?.[0]?.extensions['code'];
  if (code === 'OUTCOME_UNKNOWN') {
    return operation !== 'read';
  }
  if (code !== undefined) {
    return !isWritten;
  }
  const data = JSON.stringify(result.data);
  return operation === 'read'
    ? data.includes('"totalCount":1')
    : isWritten && data.includes('"userErrors":[]');
}
