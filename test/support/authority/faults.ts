/** The three things that an authority is asked for. */
export type AuthorityEndpoint = 'metadata' | 'keys' | 'token';

/** What goes wrong instead of an answer. */
export type AuthorityFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** The connection stays open and nothing comes. */
  | { readonly kind: 'hang' }
  /** The connection is cut. */
  | { readonly kind: 'reset' }
  /** A success with a body of the test's choice, `<html>` unless it is said. */
  | { readonly kind: 'rubbish'; readonly body?: string; readonly contentType?: string }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Conditional Access wants something of the user; only the token endpoint says it. */
  | { readonly kind: 'interaction-required'; readonly claims?: string };

/** Where a fault strikes. What is left out does not matter. */
export interface FaultPlace {
  readonly endpoint?: AuthorityEndpoint;
  readonly tenantId?: string;
  /** The user whose token is exchanged. */
  readonly userObjectId?: string;
  /** How often it strikes; for ever where it is left out. */
  readonly times?: number;
}

/** What is known of a request when its fault is looked for. */
export type FaultTarget = Pick<FaultPlace, 'endpoint' | 'tenantId' | 'userObjectId'>;

/** The faults that are set at the moment. */
export interface FaultScript {
  /** Sets one; the function that comes back takes it away. A later one goes before an earlier one. */
  set(fault: AuthorityFault, place?: FaultPlace): () => void;
  /** Takes all away. */
  clear(): void;
  /** The fault that strikes here, counted as struck. */
  take(target: FaultTarget): AuthorityFault | undefined;
}

interface SetFault {
  readonly fault: AuthorityFault;
  readonly place: FaultPlace;
  left: number;
}

/** Makes a script without faults. */
export function createFaultScript(): FaultScript {
  let all: readonly SetFault[] = [];
  return {
    set(fault, place = {}) {
      const entry = { fault, place, left: place.times ?? Number.POSITIVE_INFINITY };
      all = [entry, ...all];
      return () => {
        all = all.filter((other) => other !== entry);
      };
    },
    clear() {
      all = [];
    },
    take(target) {
      const entry = all.find(({ place, left }) => left > 0 && strikes(place, target));
      if (entry !== undefined) {
        entry.left -= 1;
      }
      return entry?.fault;
    },
  };
}

function strikes(place: FaultPlace, target: FaultTarget): boolean {
  return (['endpoint', 'tenantId', 'userObjectId'] as const).every(
    (key) => place[key] === undefined || place[key] === target[key],
  );
}

/** An HTTP answer as data. */
export interface AuthorityAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal in the form of Entra's token endpoint. */
export function refusalOf(
  status: number,
  error: string,
  [code, sentence]: readonly [code: number, sentence: string],
  more: object = {},
): AuthorityAnswer {
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${sentence} Trace ID: 00000000-0000-0000-0000-00000000aaaa`,
      error_codes: [code],
      trace_id: '00000000-0000-0000-0000-00000000aaaa',
      ...more,
    },
  };
}

/** The claims that Conditional Access asks for unless a test gives others. */
const defaultClaims =
  '{"access_token":{"capolids":{"essential":true,"values":["11111111-2222-3333-4444-555555555555"]}}}';

/** The answer that a fault gives; undefined if it gives none. */
export function answerOfFault(fault: AuthorityFault): AuthorityAnswer | undefined {
  switch (fault.kind) {
    case 'status': {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      const code = fault.status === 429 ? 90033 : 90024;
      return {
        ...refusalOf(fault.status, 'temporarily_unavailable', [code, 'Try later.']),
        headers,
      };
    }
    case 'rubbish':
      return {
        status: 200,
        body: fault.body ?? '<html>Sign in</html>',
        headers: { 'content-type': fault.contentType ?? 'application/json' },
      };
    case 'redirect':
      return { status: 302, body: '', headers: { location: fault.location } };
    case 'interaction-required':
      return refusalOf(
        400,
        'interaction_required',
        [50079, 'The user is required to use multi-factor authentication.'],
        { suberror: 'basic_action', claims: fault.claims ?? defaultClaims },
      );
    case 'hang':
    case 'reset':
      return undefined;
  }
}
