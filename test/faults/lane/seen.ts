import { methodOf } from './documentOf.ts';
import { type Ending, type LaneCaller, nameBefore } from './laneCaller.ts';
import { type Intent, tellsTheTruth } from './tellsTheTruth.ts';

/** What became of one operation, for its caller and at Graph. */
export interface Seen {
  /** `left` where the caller did not wait for the end. */
  readonly code: string;
  readonly status: number | undefined;
  /** Requests of the operation's own method that arrived for this caller, whatever became of them. */
  readonly calls: number;
  /** How often Graph holds that it was done; a read does nothing. */
  readonly executions: number;
  /** Whether what the answer says, if there is one, is what Graph holds. */
  readonly isTrue: boolean;
  /** From the moment at which it had to end, in milliseconds. */
  readonly durationMs: number;
  /** What the log told of it, where that was asked for. */
  readonly told?: readonly string[];
}

/** The end of a caller that did not wait for it. */
export const leftAt = (endedMs: number): Ending => ({
  code: 'left',
  status: undefined,
  result: {},
  endedMs,
});

/** What has to be looked at to know what became of an operation. */
export interface SeenStage {
  readonly graph: { partners(): readonly Row[] };
  readonly proxy: {
    readonly received: readonly {
      readonly method: string;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }[];
  };
}

interface Row {
  readonly id: string;
  readonly displayName?: string | null;
}

/** Looks at what became of a caller's operation that had to end from `sinceMs` on. */
export function seenOf(
  { graph, proxy }: SeenStage,
  { intent, token }: LaneCaller,
  ending: Ending,
  sinceMs: number,
): Seen {
  const calls = proxy.received.filter(
    ({ method, headers }) =>
      method === methodOf[intent.operation] && headers['authorization'] === `Bearer ${token}`,
  );
  const rows = graph.partners();
  return {
    code: ending.code,
    status: ending.status,
    calls: calls.length,
    executions: executionsIn(rows, intent),
    isTrue: isTrue(intent, ending, rows),
    durationMs: ending.endedMs - sinceMs,
  };
}

/** Counts what was done of an intent. */
export function executionsIn(rows: readonly Row[], { operation, id, name }: Intent): number {
  const named = rows.filter(({ displayName }) => displayName === name);
  switch (operation) {
    case 'read':
      return 0;
    case 'add':
      return named.length;
    case 'update':
      return named.filter((row) => row.id === id).length;
    case 'delete':
      return rows.some((row) => row.id === id) ? 0 : 1;
  }
}

function isTrue(intent: Intent, { code, result }: Ending, rows: readonly Row[]): boolean {
  if (code === 'cut' || code === 'left') {
    return true;
  }
  if (intent.operation === 'read' && code === 'ok') {
    const row = { id: intent.id, displayName: nameBefore(intent.id) };
    return JSON.stringify(result.data) === JSON.stringify({ complianceManagementPartner: row });
  }
  return tellsTheTruth(intent, { result }, rows);
}
