import { type Refusal, readErrorBody, throttlePauseMsOf } from './errorBody.ts';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from './errors.ts';
import {
  type GraphOperation,
  type GraphResponse,
  headerText,
  isSameId,
  isWrite,
  requiredScopesOf,
  safeIdOf,
} from './request.ts';

/** What a request was for: the operation, and the partner's id if it was about one. */
export interface Asked {
  readonly operation: GraphOperation;
  readonly id?: string;
}

/** Makes the error of an answer that is no success. */
export function responseErrorOf(
  { operation, id }: Asked,
  response: GraphResponse,
  refusal: Refusal,
): GraphError {
  const { status } = response;
  const { error, claims } = refusal;
  const answer = graphAnswerOf(response, error);
  const message = cleanMessage(error?.message ?? '');
  const requestIds = [
    answer.requestId,
    answer.clientRequestId,
    error?.requestId,
    error?.clientRequestId,
  ];
  const facts: RefusalFacts = {
    ...refusal,
    operation,
    status,
    codes: error?.codes ?? [],
    message,
    isGraphsOwn: error !== undefined && error.codes.length > 0 && answer.requestId !== undefined,
    namesAnother:
      id !== undefined && namesAnotherPartner(id, error?.message ?? '', message, requestIds),
  };
  const { code, mayHaveBeenApplied } = decideRefusal(facts);
  const isForbidden = code === 'forbidden';
  const lacking = isForbidden ? missingGrantOf(facts) : undefined;
  const text = lacking ? forbiddenMessages[lacking] : messageFor(code, message, operation, status);
  return new GraphError(code, text, {
    lacking,
    mayHaveBeenApplied: mayHaveBeenApplied || response.isAfterDoubt === true,
    answer,
    claims,
    retryAfterMs: status === 429 ? throttlePauseMsOf(refusal) : refusal.retryAfterMs,
    requiredScopes: isForbidden ? requiredScopesOf(operation) : undefined,
    quotedNames: [...message.matchAll(/'([^']+)'|"([^"]+)"/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    ),
  });
}

/** Makes the error of a success that cannot be believed; `problem` says why. A write may have been applied. */
export function protocolErrorOf(
  { operation }: Pick<Asked, 'operation'>,
  response: GraphResponse,
  problem: string,
  details: Pick<GraphErrorDetails, 'fault' | 'answeredId'> = {},
): GraphError {
  const message = `Microsoft Graph's answer cannot be believed: ${problem}.`;
  return new GraphError('badResponse', message, {
    ...details,
    mayHaveBeenApplied: isWrite(operation),
    answer: graphAnswerOf(response, readErrorBody(response.json)),
  });
}

/** Whether the operation is about one partner by its id, so that "not found" can be said of it. */
function isAboutOnePartner(operation: GraphOperation): boolean {
  return operation === 'get' || operation === 'update' || operation === 'delete';
}

/** Graph's own words if they help to fix the input; otherwise ours, which say what to do. */
function messageFor(
  code: GraphErrorCode,
  message: string,
  operation: GraphOperation,
  status: number,
): string {
  switch (code) {
    case 'approvalRequired':
      return `Multi Admin Approval in Intune protects this change: another administrator has to approve it there. Microsoft Graph says: ${message || `nothing more (${status}).`}`;
    case 'unauthenticated':
      return 'Microsoft Graph does not accept the token; get a new one, with the claims if any are given.';
    case 'tenantNotLicensed':
      return 'Intune is not available in this tenant: it needs an active licence and Intune as its device management authority. Repeating does not help.';
    case 'throttled':
      return 'Microsoft Graph throttles this caller.';
    case 'invalidRequest':
    case 'conflict':
      return message === ''
        ? `Microsoft Graph rejected this without a reason (${status}).`
        : message;
    case 'notFound':
      return 'Microsoft Graph has no partner with this id.';
    case 'timeout':
      return 'Microsoft Graph timed out.';
    case 'unavailable':
      return `Microsoft Graph has a fault (${status}).`;
    default:
      return isAboutOnePartner(operation) && (status === 404 || status === 410)
        ? `A ${status} came that is not Microsoft Graph's word on this partner. It does not say whether the partner exists.`
        : `Microsoft Graph gave an answer that does not fit the request (${status}).`;
  }
}

/** What is known of an answer that is no success, for the decision below. */
interface RefusalFacts extends Omit<Refusal, 'error'> {
  readonly operation: GraphOperation;
  readonly status: number;
  readonly codes: readonly string[];
  readonly message: string;
  /** Whether it is Graph that speaks: in its own envelope, with a code and the id of a request. */
  readonly isGraphsOwn: boolean;
  /** Whether it names another partner than the one that was asked for. */
  readonly namesAnother: boolean;
}

/**
 * Decides what an answer that is no success means. Graph's status is not the whole truth: a tenant without Intune and
 * a missing route both answer 400, a missing Intune role may answer 401.
 */
function decideRefusal(facts: RefusalFacts): Pick<GraphError, 'code' | 'mayHaveBeenApplied'> {
  const { operation, status, wasRejectedUnread } = facts;
  // Of the faults, only 503 with a `Retry-After` and 501 say that a write was surely not executed.
  if ((status >= 500 && status !== 501) || status === 408) {
    const code = status === 504 || status === 408 ? 'timeout' : 'unavailable';
    return { code, mayHaveBeenApplied: isWrite(operation) && !wasRejectedUnread };
  }
  if (status < 400 || status === 501) {
    // A redirect is never followed, with the token or without. 303 says that the request was executed.
    return { code: 'badResponse', mayHaveBeenApplied: isWrite(operation) && status === 303 };
  }
  return { code: decideRefusalCode(facts), mayHaveBeenApplied: false };
}

function decideRefusalCode(facts: RefusalFacts): GraphErrorCode {
  if (isApprovalMissing(facts)) {
    return 'approvalRequired';
  }
  switch (facts.status) {
    case 400:
    case 422:
      return decideBadRequest(facts);
    case 401: {
      const isForbidden = facts.isIntuneRole || facts.codes.includes('Forbidden');
      return isForbidden && facts.claims === undefined ? 'forbidden' : 'unauthenticated';
    }
    case 402:
      return 'tenantNotLicensed';
    case 403:
      return facts.claims === undefined ? 'forbidden' : 'unauthenticated';
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
 * Whether Multi Admin Approval holds the change back until another administrator has agreed. Its sign is a missing
 * header (400), by a code (403), or by an approval that is still open (412).
 */
function isApprovalMissing({ status, codes, message }: RefusalFacts): boolean {
  return (
    codes.some((code) => /approval/i.test(code)) ||
    /x-msft-approval-|multi(ple)?[ -]?admin(istrator)?[ -]?approval/i.test(message) ||
    ((status === 403 || status === 412) && /\b(approvals?|justification)\b/i.test(message))
  );
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
function namesAnotherPartner(
  id: string,
  text: string,
  message: string,
  requestIds: readonly (string | undefined)[],
): boolean {
  const inPaths = [...text.matchAll(partnerPath)].map((match) => match[1] ?? '');
  const inMessage = message.replace(labelledId, '').match(uuid) ?? [];
  return [...inPaths, ...inMessage].some(
    (named) => ![id, ...requestIds].some((known) => known !== undefined && isSameId(known, named)),
  );
}

const maximumLength = 500;

/** From here on an Intune message names operations, activities and the internal address of the tenant's scale unit. */
const supportTail =
  /\s*(-|–)?\s*\b(Operation ID|Activity ID|Url|CustomApiErrorPhrase)\b\s*(\([^)]*\))?\s*:.*/is;

/** Of machines, and not of types: `System.Net` and `microsoft.graph.group` end otherwise. A mail address stays. */
const hostName =
  /(?<![@\w.-])(?:[\w-]+\.)+(?:internal|local|localdomain|lan|corp|intranet|cloud|com|net|org|io|svc)\b(?::\d+)?(?:\/[^\s'"]*)?/g;
const ipAddress =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|(?:[\da-f]{0,4}:){3,7}[\da-f]{0,4})(?![\w.:]*[\w:])/gi;

/**
 * Makes a message of Graph's fit for a caller: one line without the support tail, addresses, internal hosts, tokens
 * and the backend's own namespace. Empty if nothing is left.
 */
function cleanMessage(message: string): string {
  const cleaned = message
    .slice(0, 20_000)
    .replace(supportTail, '')
    .replace(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [redacted]')
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[redacted]')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+/gi, '[address]')
    .replace(/\b(?:[\w-]+\.)+manage\.microsoft\.com\b[^\s'"]*/gi, '[address]')
    .replace(hostName, '[address]')
    .replace(ipAddress, '[address]')
    .replace(/\bmicrosoft\.management\.services\.api\./gi, 'microsoft.graph.')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return cleaned.length > maximumLength ? `${cleaned.slice(0, maximumLength - 1)}…` : cleaned;
}

const isAboutApplication =
  /^Application is not authorized|does not have application permissions|following scopes/i;

type MissingGrant = NonNullable<GraphErrorDetails['lacking']>;

/**
 * Finds what a forbidden caller lacks: the permission, which an administrator grants to the application, or the role in
 * Intune, which is given to the person. Intune says it in its sentences only, which have been the same for years; a 401
 * that means forbidden is always about the role.
 */
function missingGrantOf({ status, message, isIntuneRole }: RefusalFacts): MissingGrant {
  if (isAboutApplication.test(message)) {
    return 'PERMISSION';
  }
  if (isIntuneRole || status === 401 || /^User is not authorized/i.test(message)) {
    return 'INTUNE_ROLE';
  }
  return 'PERMISSION_OR_INTUNE_ROLE';
}

/** What to do about it. */
const forbiddenMessages: Readonly<Record<MissingGrant, string>> = {
  PERMISSION:
    'The application lacks the permission for this; an administrator has to grant it the least privileged one that is named here.',
  INTUNE_ROLE:
    'The user lacks the role in Intune for this. The permission of the application does not help; an administrator of Intune has to give the user a role.',
  PERMISSION_OR_INTUNE_ROLE:
    'The token lacks a required permission, or its user lacks the role in Intune for this.',
};

/**
 * Gathers what a support case needs of an answer, where it has the form that such things have: it is shown to callers
 * and written into logs, and a token or a sentence in its place is neither.
 */
export function graphAnswerOf(
  response: GraphResponse,
  body?: Refusal['error'],
): NonNullable<GraphErrorDetails['answer']> {
  return {
    status: response.status,
    code: ifFits(body?.codes[0], /^(?!eyJ)[A-Za-z][\w .:-]{0,99}$/),
    requestId: safeIdOf(headerText(response, 'request-id')) ?? safeIdOf(body?.requestId),
    clientRequestId:
      safeIdOf(headerText(response, 'client-request-id')) ?? safeIdOf(body?.clientRequestId),
    date: ifFits(headerText(response, 'date') ?? body?.date, /^[\w ,:.+-]{1,40}$/),
  };
}

function ifFits(text: string | undefined, form: RegExp): string | undefined {
  return text !== undefined && form.test(text) ? text : undefined;
}
