import type { NamedFault } from '../namedFault.ts';
import { type CaseOperation, operationTimeoutMs } from './runCase.ts';

/** What the rules promise for one operation that meets one fault. */
export interface Expected {
  readonly code: string;
  readonly status: number;
  readonly isFound?: boolean;
  /** The most requests of the operation's own method that may arrive, and the fewest. */
  readonly calls: readonly [number, number];
}

const statuses: Readonly<Record<string, number>> = {
  ok: 200,
  THROTTLED: 429,
  UNAUTHENTICATED: 401,
  TOO_MANY_ROWS: 400,
  OUTCOME_UNKNOWN: 500,
  UPSTREAM_BAD_RESPONSE: 502,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 504,
};

const expected = (
  code: string,
  least: number,
  most = least,
  more: { readonly isFound?: boolean } = {},
): Expected => ({ code, status: statuses[code] ?? 0, calls: [least, most], ...more });

/** The promise, made from what the fault is and not from what the gateway does. */
export function expectedOf(fault: NamedFault, operation: CaseOperation): Expected {
  const isOnce = fault.lasts === 'oneAttempt';
  switch (fault.kind) {
    case 'harmless':
      return expected('ok', 1);
    case 'neverConnected':
      return neverConnected(fault);
    case 'badCertificate':
      return expected('UPSTREAM_UNAVAILABLE', 0);
    case 'throttled':
      return throttled(fault);
    case 'unauthenticated':
      return expected('UNAUTHENTICATED', 1);
    case 'redirected':
      return expected('UPSTREAM_BAD_RESPONSE', 1);
    case 'unavailableForATime':
      return isOnce ? expected('ok', 2) : expected('UPSTREAM_UNAVAILABLE', 2);
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

function neverConnected({ name, lasts }: NamedFault): Expected {
  if (name.startsWith('TLS handshake hangs')) {
    return expected('UPSTREAM_TIMEOUT', 0);
  }
  return lasts === 'oneAttempt' ? expected('ok', 1) : expected('UPSTREAM_UNAVAILABLE', 0);
}

/** A wait of two seconds does not fit; without a word on when, a second is taken for it. */
function throttled({ name, lasts }: NamedFault): Expected {
  const isWorthIt = /429 with (a past date|rubbish)|429 without/.test(name);
  if (!isWorthIt) {
    return expected('THROTTLED', 1);
  }
  return lasts === 'oneAttempt' ? expected('ok', 2) : expected('THROTTLED', 2, 3);
}

/** The request went out, and no answer came that can be believed. */
function inDoubt(fault: NamedFault, operation: CaseOperation): Expected {
  const isOnce = fault.lasts === 'oneAttempt';
  const isRepeatable = canBeRepeatedInTime(fault);
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
    case 'delete':
      return isRepeatable && isOnce
        ? expected('ok', 2)
        : expected('OUTCOME_UNKNOWN', 1, isRepeatable ? 3 : 1);
  }
}

/** What hangs takes the whole time of these operations; what is no answer of Graph's is not better the next time. */
function canBeRepeatedInTime({ name, kind }: NamedFault): boolean {
  return !hangs({ name, kind }) && !isNoAnswerOfGraphs({ name, kind });
}

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

/** The most time that an operation may take, in milliseconds, with what the promise adds to its deadline. */
export const longestMs = operationTimeoutMs + 250;
