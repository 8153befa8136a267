/** Where the gateway is in its life. */
export type Phase =
  | { readonly name: 'starting' }
  | { readonly name: 'running' }
  | { readonly name: 'draining'; readonly sinceMs: number }
  | { readonly name: 'stopped' };

/** The current phase, shared by those that answer for it. */
export interface PhaseHolder {
  current: Phase;
}

/**
 * What `/readyz` says in a phase. It never depends on Graph, because an outage there must not
 * take every replica away; but who cannot judge callers lets none in.
 */
export function readinessOf(
  phase: Phase,
  canJudgeCallers: boolean,
): {
  readonly status: 200 | 503;
  readonly body: { readonly status: string };
} {
  if (phase.name === 'running' && !canJudgeCallers) {
    return { status: 503, body: { status: 'waiting for the keys of callers' } };
  }
  return { status: phase.name === 'running' ? 200 : 503, body: { status: phase.name } };
}
