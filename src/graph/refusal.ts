import type { GraphErrorCode } from './errors.ts';
import { type GraphOperation, isAboutOnePartner, isWrite } from './operation.ts';

/** What is known of an answer that is no success, for the decision below. */
export interface RefusalFacts {
  readonly operation: GraphOperation;
  readonly status: number;
  readonly codes: readonly string[];
  readonly message: string;
  /** Whether it is a 503 that says when to come back. */
  readonly wasTurnedAway: boolean;
  readonly hasClaims: boolean;
  readonly isIntuneRole: boolean;
}

/** What an answer means for the caller. */
export interface Refusal {
  readonly code: GraphErrorCode;
  readonly mayHaveBeenApplied: boolean;
}

/**
 * Decides what an answer that is no success means. Graph's status is not the whole truth: a tenant without Intune and
 * a missing route both answer 400, a missing Intune role may answer 401.
 */
export function decideRefusal(facts: RefusalFacts): Refusal {
  if (facts.status >= 500 || facts.status === 408) {
    return decideFault(facts);
  }
  if (facts.status < 400) {
    // A redirect is never followed, with the token or without. 303 says that the request was executed; so may a 2xx.
    const mayHaveBeenApplied =
      isWrite(facts.operation) && (facts.status === 303 || facts.status < 300);
    return { code: 'badResponse', mayHaveBeenApplied };
  }
  return { code: decideRefusalCode(facts), mayHaveBeenApplied: false };
}

/** Only 503 with a `Retry-After` and 501 say that a write was surely not executed. */
function decideFault({ operation, status, wasTurnedAway }: RefusalFacts): Refusal {
  if (status === 501) {
    return { code: 'badResponse', mayHaveBeenApplied: false };
  }
  const code = status === 504 || status === 408 ? 'timeout' : 'unavailable';
  return { code, mayHaveBeenApplied: isWrite(operation) && !wasTurnedAway };
}

function decideRefusalCode(facts: RefusalFacts): GraphErrorCode {
  switch (facts.status) {
    case 400:
    case 422:
      return decideBadRequest(facts);
    case 401:
      return decideUnauthorized(facts);
    case 402:
      return 'tenantNotLicensed';
    case 403:
      return facts.hasClaims ? 'unauthenticated' : 'forbidden';
    case 404:
    case 410:
      return isAboutOnePartner(facts.operation) ? 'notFound' : 'badResponse';
    case 409:
    case 412:
    case 423:
      return 'conflict';
    case 413:
      return isWrite(facts.operation) ? 'invalidRequest' : 'badResponse';
    case 429:
      return 'throttled';
    default:
      return 'badResponse';
  }
}

function decideBadRequest({ operation, codes, message }: RefusalFacts): GraphErrorCode {
  // There is no code for this one, so the text has to do: the sentence has been the same for years.
  if (/not applicable to target tenant/i.test(message)) {
    return 'tenantNotLicensed';
  }
  const isRouteMissing =
    codes.includes('No method match route template') ||
    /^Resource not found for the segment/i.test(message);
  if (isRouteMissing || operation === 'list' || operation === 'getMany') {
    return 'badResponse';
  }
  return isAboutOnePartner(operation) && codes.includes('ResourceNotFound')
    ? 'notFound'
    : 'invalidRequest';
}

function decideUnauthorized({ codes, hasClaims, isIntuneRole }: RefusalFacts): GraphErrorCode {
  if (hasClaims) {
    return 'unauthenticated';
  }
  return isIntuneRole || codes.includes('Forbidden') ? 'forbidden' : 'unauthenticated';
}
