import { readChallenge } from '../../challenge.ts';
import { type AttemptFault, isGraphError } from '../../errors.ts';
import type { GraphResponse } from '../../request.ts';
import { retryAfterMsOf, wasTurnedAway } from './retryAfter.ts';

/** What became of one attempt, as far as repeating it is concerned. */
export type AttemptOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      /** Whether it is a 503 that says when to come back. */
      readonly wasTurnedAway: boolean;
      readonly hasClaims: boolean;
    }
  | { readonly kind: 'failed'; readonly fault: AttemptFault | undefined };

/** Reads what matters from an answer. */
export function outcomeOfResponse(response: GraphResponse, nowMs: number): AttemptOutcome {
  const isSuccess = response.status < 300;
  return {
    kind: 'answered',
    status: response.status,
    retryAfterMs: isSuccess ? undefined : retryAfterMsOf(response, nowMs),
    wasTurnedAway: wasTurnedAway(response, nowMs),
    hasClaims: readChallenge(response.headers['www-authenticate']).claims !== undefined,
  };
}

/** Reads what matters from a failure; one that is none of Graph's has no fault and is never repeated. */
export function outcomeOfError(error: unknown): AttemptOutcome {
  return { kind: 'failed', fault: isGraphError(error) ? error.details.fault : undefined };
}
