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

/** What `/readyz` says in a phase. It never depends on Graph: an outage there must not take every replica away. */
export function readinessOf(phase: Phase): {
  readonly status: 200 | 503;
  readonly body: { readonly status: string };
} {
  return { status: phase.name === 'running' ? 200 : 503, body: { status: phase.name } };
}
