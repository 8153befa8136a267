import type { GraphErrorCode } from './errors.ts';
import { type GraphOperation, isAboutOnePartner, isWrite } from './operation.ts';
import { isSameId } from './partnerId.ts';

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
  /** Whether it is Graph that speaks: in its own envelope, with a code and the id of a request. */
  readonly isGraphsOwn: boolean;
  /** Whether it names another partner than the one that was asked for. */
  readonly namesAnother: boolean;
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
  if (isApprovalMissing(facts)) {
    return 'approvalRequired';
  }
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
      return saysThereIsNone(facts) ? 'notFound' : 'badResponse';
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

function decideBadRequest(facts: RefusalFacts): GraphErrorCode {
  const { operation, codes, message } = facts;
  // There is no code for this one, so the text has to do: the sentence has been the same for years.
  if (/not applicable to target tenant/i.test(message)) {
    return 'tenantNotLicensed';
  }
  if (isRouteMissing(facts) || !(isAboutOnePartner(operation) || operation === 'add')) {
    return 'badResponse';
  }
  // Of a delete it proves nothing: Intune has said so of what was there. A look has to decide.
  const isNone = operation !== 'delete' && codes.includes('ResourceNotFound');
  return isNone && saysThereIsNone(facts) ? 'notFound' : 'invalidRequest';
}

/** Whether it is Graph's own word that it has no partner with the id that was asked for. */
function saysThereIsNone(facts: RefusalFacts): boolean {
  const { operation, isGraphsOwn, namesAnother } = facts;
  return isAboutOnePartner(operation) && isGraphsOwn && !namesAnother && !isRouteMissing(facts);
}

/** Whether the address leads nowhere, which says nothing of any partner. */
function isRouteMissing({ codes, message }: RefusalFacts): boolean {
  return (
    codes.includes('No method match route template') ||
    /^No OData route exists|^Resource not found for the segment/i.test(message)
  );
}

/**
 * Whether Multi Admin Approval holds the change back until another administrator has agreed. It is told by a missing
 * header (400), by a code (403), or by an approval that is still open (412).
 */
function isApprovalMissing({ status, codes, message }: RefusalFacts): boolean {
  return (
    codes.some((code) => /approval/i.test(code)) ||
    /x-msft-approval-|multi(ple)?[ -]?admin(istrator)?[ -]?approval/i.test(message) ||
    ((status === 403 || status === 412) && /\b(approvals?|justification)\b/i.test(message))
  );
}

function decideUnauthorized({ codes, hasClaims, isIntuneRole }: RefusalFacts): GraphErrorCode {
  if (hasClaims) {
    return 'unauthenticated';
  }
  return isIntuneRole || codes.includes('Forbidden') ? 'forbidden' : 'unauthenticated';
}

const uuid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi;
const labelledId = new RegExp(
  `\\b(?:correlation|request|activity|operation|trace|tenant)[ _-]?id\\b[^\\da-f]{0,3}${uuid.source}`,
  'gi',
);
const partnerPath = /complianceManagementPartners(?:\/|\('?)([^/'")?\s]+)/gi;

/**
 * Whether an error names a partner, and another one than was asked for. `text` is what Graph wrote, its path included;
 * `message` is the part of it that is meant for people, and `requestIds` are ids of requests.
 */
export function namesAnotherPartner(id: string, { text, message, requestIds }: NamedIds): boolean {
  const inPaths = [...text.matchAll(partnerPath)].map((match) => match[1] ?? '');
  const inMessage = message.replace(labelledId, '').match(uuid) ?? [];
  return [...inPaths, ...inMessage].some(
    (named) => ![id, ...requestIds].some((known) => isSameId(known, named)),
  );
}

/** What an error says, for the question which ids it names. */
export interface NamedIds {
  readonly text: string;
  readonly message: string;
  readonly requestIds: readonly string[];
}
