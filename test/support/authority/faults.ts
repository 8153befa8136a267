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
