import type { TokenFlow } from '../token.ts';

/** All that the judgement of a refusal hangs on. */
export interface RefusalFacts {
  readonly flow: TokenFlow;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** The OAuth error, undefined where the answer has none. */
  readonly error: string | undefined;
  readonly suberror: string | undefined;
  /** What Conditional Access asks for, as JSON text. */
  readonly claims: string | undefined;
}

/** Whom a refusal concerns, and what can be done about it. */
export type Refusal =
  /** This user only: with another token it may go. */
  | { readonly kind: 'user'; readonly claims: string | undefined; readonly needsConsent: boolean }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number }
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number | undefined }
  /** The gateway itself: its secret, its registration, its consent. */
  | { readonly kind: 'misconfigured' };

const assumedPauseMs = 1000;
const passing: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);
const aboutUsers: ReadonlySet<string> = new Set([
  'interaction_required',
  'invalid_grant',
  'consent_required',
  'login_required',
]);

/** Judges an answer of a token endpoint that is no grant. */
export function decideRefusal(facts: RefusalFacts): Refusal {
  const { flow, status, retryAfterMs, error, suberror, claims } = facts;
  if (status === 429) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs ?? assumedPauseMs };
  }
  const isRefusal = status >= 400 && status < 500;
  // Without an OAuth error it is not the endpoint that speaks, but something on the way to it.
  if (!isRefusal || error === undefined || passing.has(error)) {
    return { kind: 'unavailable', retryAfterMs };
  }
  if (flow === 'on-behalf-of' && aboutUsers.has(error)) {
    const needsConsent = error === 'consent_required' || suberror === 'consent_required';
    return { kind: 'user', claims, needsConsent };
  }
  return { kind: 'misconfigured' };
}
