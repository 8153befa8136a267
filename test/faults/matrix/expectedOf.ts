import { faultCatalogue, type NamedFault } from '../faultCatalogue.ts';
import { type LaneOperation, laneOperations } from '../lane/laneCaller.ts';

/** What the rules promise for one operation that meets one fault. */
interface Expected {
  readonly code: string;
  readonly status: number;
  readonly isFound?: boolean;
  /** The most requests of the operation's own method that may arrive, and the fewest. */
  readonly calls: readonly [number, number];
}

/** The codes of requests that are rejected before they are executed; an executed operation is 200. */
const statuses: Readonly<Record<string, number>> = { OVERLOADED: 503, REQUEST_TIMEOUT: 408 };

/** The HTTP status that goes with a code. */
export const statusOf = (code: string): number => statuses[code] ?? 200;

const expected = (
  code: string,
  least: number,
  most = least,
  more: { readonly isFound?: boolean } = {},
): Expected => ({ code, status: statusOf(code), calls: [least, most], ...more });

/** The promise, made from what the fault is and not from what the gateway does. */
export function expectedOf(fault: NamedFault, operation: LaneOperation): Expected {
  const isOnce = fault.lasts === 'oneAttempt';
  switch (fault.kind) {
    case 'harmless':
      // A 204 whose end the connection's end marks may look broken; the repeat then finds nothing, which is success.
      return expected('ok', 1, operation === 'delete' ? 2 : 1);
    case 'neverConnected':
      return neverConnected(fault, operation);
    case 'badCertificate':
      return expected('UPSTREAM_UNAVAILABLE', 0);
    case 'throttled':
      return throttled(fault);
    case 'unauthenticated':
      return expected('UNAUTHENTICATED', 1);
    case 'redirected':
      // A 303 says that the request was executed and that its answer is elsewhere.
      return fault.name.startsWith('303') && operation !== 'read'
        ? expected('OUTCOME_UNKNOWN', 1)
        : expected('UPSTREAM_BAD_RESPONSE', 1);
    case 'falseRefusal':
      throw new TypeError('No gateway can detect that a rejected request was executed');
    case 'unavailableForATime':
      return isOnce ? expected('ok', 2) : expected('UPSTREAM_UNAVAILABLE', 3);
    case 'endless':
      return fault.name.includes('of 0 rows')
        ? expected('UPSTREAM_BAD_RESPONSE', 51)
        : expected('TOO_MANY_ROWS', 11);
    case 'serverError':
    case 'lost':
    case 'unbelievable':
    case 'late':
      return inDoubt(fault, operation);
  }
}

function neverConnected({ name, lasts }: NamedFault, operation: LaneOperation): Expected {
  if (name.startsWith('TLS handshake hangs')) {
    // An add gives up its attempt in time to look, and finds that it can try again instead.
    return operation === 'add' && lasts === 'oneAttempt'
      ? expected('ok', 1)
      : expected('UPSTREAM_TIMEOUT', 0);
  }
  return lasts === 'oneAttempt' ? expected('ok', 1) : expected('UPSTREAM_UNAVAILABLE', 0);
}

/** Waits up to two seconds fit into an operation, one that Graph makes a little longer does not. */
function throttled({ name, lasts }: NamedFault): Expected {
  if (/429 with (2\.128|3600)/.test(name)) {
    return expected('THROTTLED', 1);
  }
  return lasts === 'oneAttempt' ? expected('ok', 2) : expected('THROTTLED', 2, 3);
}

/** The request went out, and no answer came that can be believed. */
function inDoubt(fault: NamedFault, operation: LaneOperation): Expected {
  const isOnce = fault.lasts === 'oneAttempt';
  const isRepeatable = canBeRepeatedInTime(fault);
  if (isLegalAnswer(fault, operation)) {
    return operation === 'delete' || isOnce ? expected('ok', 1, 2) : expected('OUTCOME_UNKNOWN', 1);
  }
  switch (operation) {
    case 'read': {
      if (isRepeatable && isOnce) {
        return expected('ok', 2);
      }
      return expected(readFailureOf(fault), 1, isRepeatable ? 3 : 1);
    }
    case 'add':
      return isOnce && fault.executes && fault.name.indexOf('execution after') !== 0
        ? expected('ok', 1, 1, { isFound: true })
        : expected('OUTCOME_UNKNOWN', 1);
    case 'update':
      return expected('OUTCOME_UNKNOWN', 1);
    case 'delete': {
      if (isRepeatable && isOnce) {
        return expected('ok', 2);
      }
      // One look at the partner tells whether it is gone.
      return isOnce && fault.executes && !hangs(fault)
        ? expected('ok', 1)
        : expected('OUTCOME_UNKNOWN', 1, isRepeatable ? 3 : 1);
    }
  }
}

/**
 * What is no answer to one operation is one to another: a delete is done with any JSON or nothing, an update with
 * nothing, after which it is read. (Cases with an unknowable execution are left out.)
 */
function isLegalAnswer({ name, kind }: NamedFault, operation: LaneOperation): boolean {
  if (operation === 'delete') {
    return hasNoBodyToHarm({ name })
      ? name.includes('executed')
      : kind === 'unbelievable' && /^(200 with nothing|200 with null|204|wrong types)/.test(name);
  }
  return operation === 'update' && /^(200 with nothing|204)/.test(name);
}

/** What hangs takes the whole time of these operations; what is no answer of Graph's is not better the next time. */
function canBeRepeatedInTime({ name, kind }: NamedFault): boolean {
  return !hangs({ name, kind }) && !isNoAnswerOfGraphs({ name, kind });
}

/** Whether an operation that meets it for ever has to wait until its time is up. */
function hangs({ name, kind }: Pick<NamedFault, 'name' | 'kind'>): boolean {
  return kind === 'late' || /silence|stall/.test(name);
}

function isNoAnswerOfGraphs({ name, kind }: Pick<NamedFault, 'name' | 'kind'>): boolean {
  const isCut = /truncated JSON|cut in its JSON/.test(name);
  return name.startsWith('64 KB of headers') || (kind === 'unbelievable' && !isCut);
}

function readFailureOf(fault: NamedFault): string {
  if (hangs(fault) || fault.name.startsWith('504')) {
    return 'UPSTREAM_TIMEOUT';
  }
  if (isNoAnswerOfGraphs(fault) || fault.kind === 'unbelievable') {
    return 'UPSTREAM_BAD_RESPONSE';
  }
  return 'UPSTREAM_UNAVAILABLE';
}

/** An answer that says the opposite of what was done: no client can know better, so nothing can be promised. */
export function isLie(fault: NamedFault, operation: LaneOperation): boolean {
  if (isMatterOfPackets(fault, operation)) {
    return true;
  }
  return fault.kind === 'falseRefusal' || (!fault.executes && isLegalAnswer(fault, operation));
}

/**
 * Whether a 204 looks broken depends on how its packets arrive. If it does, the delete is sent again, and the 404 that says
 * that it is done never comes whole.
 */
function isMatterOfPackets(fault: NamedFault, operation: LaneOperation): boolean {
  const { executes, lasts } = fault;
  return operation === 'delete' && executes && lasts === 'allAttempts' && hasNoBodyToHarm(fault);
}

/** A 204 has no body that could be harmed. */
function hasNoBodyToHarm({ name }: Pick<NamedFault, 'name'>): boolean {
  return /^close-delimited|^drip from the body|^truncated JSON/.test(name);
}

/** One fault against one operation. */
interface MatrixCase {
  readonly number: number;
  readonly name: string;
  readonly operation: LaneOperation;
  readonly fault: NamedFault;
}

/** All cases of which something can be promised, in the catalogue's order. */
export const matrixCases: readonly MatrixCase[] = faultCatalogue.flatMap((fault) =>
  laneOperations
    .filter((operation) => operation === 'read' || !fault.isForListsOnly)
    .filter((operation) => !isLie(fault, operation))
    .map((operation) => ({ number: fault.number, name: fault.name, operation, fault })),
);
