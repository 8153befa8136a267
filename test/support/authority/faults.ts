/** The three things that an authority is asked for. */
export type AuthorityEndpoint = 'metadata' | 'keys' | 'token';

/** What goes wrong instead of an answer. */
export type AuthorityFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** The connection stays open and nothing comes, or it is cut. */
  | { readonly kind: 'hang' | 'reset' }
  /** A success with a body that is not one. */
  | { readonly kind: 'rubbish'; readonly body: string }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Conditional Access wants something of the user; only the token endpoint says it. */
  | { readonly kind: 'interaction-required'; readonly claims?: string };

/** Where a fault strikes, and the user whose token is exchanged. What is left out does not matter. */
interface FaultPlace {
  readonly endpoint?: AuthorityEndpoint;
  readonly userObjectId?: string;
}

/** Makes a script without faults. */
export function createFaultScript() {
  let all: readonly { readonly fault: AuthorityFault; readonly place: FaultPlace }[] = [];
  return {
    /** Sets one; the function that comes back takes it away. A later one goes before an earlier one. */
    set(fault: AuthorityFault, place: FaultPlace = {}): () => void {
      const entry = { fault, place };
      all = [entry, ...all];
      return () => {
        all = all.filter((other) => other !== entry);
      };
    },
    /** Takes all away. */
    clear(): void {
      all = [];
    },
    /** The fault that strikes here. */
    find: (endpoint: AuthorityEndpoint | undefined, userObjectId: unknown) =>
      all.find(
        ({ place }) =>
          (place.endpoint ?? endpoint) === endpoint &&
          (place.userObjectId ?? userObjectId) === userObjectId,
      )?.fault,
  };
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
  const error_description = `AADSTS${code}: ${sentence} Trace ID: 00000000-0000-0000-0000-00000000aaaa`;
  return { status, body: { error, error_description, error_codes: [code], ...more } };
}

/** The claims that Conditional Access asks for unless a test gives others. */
const defaultClaims =
  '{"access_token":{"capolids":{"essential":true,"values":["11111111-2222-3333-4444-555555555555"]}}}';

/** The answer that a fault gives; undefined if it gives none. */
export function answerOfFault(fault: AuthorityFault): AuthorityAnswer | undefined {
  switch (fault.kind) {
    case 'status': {
      const { status, retryAfter } = fault;
      const code = status === 429 ? 90033 : 90024;
      const refusal = refusalOf(status, 'temporarily_unavailable', [code, 'Try later.']);
      return { ...refusal, ...(retryAfter && { headers: { 'retry-after': retryAfter } }) };
    }
    case 'rubbish':
      return { status: 200, body: fault.body };
    case 'redirect':
      return { status: 302, body: '', headers: { location: fault.location } };
    case 'interaction-required': {
      const more = { suberror: 'basic_action', claims: fault.claims ?? defaultClaims };
      return refusalOf(400, 'interaction_required', [50079, 'Multi-factor is required.'], more);
    }
    default:
      return undefined;
  }
}
