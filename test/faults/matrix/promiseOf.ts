import { expect } from '@jest/globals';
import type { NamedFault } from '../faultCatalogue.ts';
import type { LaneOperation, Seen } from '../lane/laneCaller.ts';

/** The codes of requests that are rejected before they are executed; an executed operation is 200. */
const statuses: Readonly<Record<string, number | undefined>> = {
  OVERLOADED: 503,
  REQUEST_TIMEOUT: 408,
  cut: undefined,
  left: undefined,
};

/**
 * Holds what was seen of one operation against what it is promised, and tells if that is to be done. A promise is a code
 * with the number of requests of the operation's own method that reach Graph: the least, and the most if they differ.
 */
export function expectPromised(
  seen: Pick<Seen, 'code' | 'status' | 'calls' | 'isTrue'> & { readonly isFound?: boolean },
  promise: string,
  status?: number,
): boolean {
  const [, word = '', done, least, most = least] =
    /^(\w+)(, done)? \((\d+)(?:-(\d+))?\)$/.exec(promise) ?? [];
  const code = word === 'found' ? 'ok' : word;
  const expected = status ?? (code in statuses ? statuses[code] : 200);
  expect(seen).toMatchObject({ code, status: expected, isTrue: true });
  expect(seen.isFound ?? false).toBe(word === 'found');
  expect(seen.calls).toBeGreaterThanOrEqual(Number(least));
  expect(seen.calls).toBeLessThanOrEqual(Number(most));
  return code === 'ok' || done !== undefined;
}

/**
 * What an operation is promised that meets a fault, made from what the fault is and not from what the gateway does.
 * Undefined for a combination that there is not, and if the answer says the opposite of what was done: no client can
 * know better.
 */
export function promiseOf(fault: NamedFault, operation: LaneOperation): string | undefined {
  const { name, executes } = fault;
  const isOnce = fault.lasts === 'once';
  if (fault.isForListsOnly && operation !== 'read') {
    return undefined;
  }
  switch (fault.kind) {
    case 'harmless':
      // A 204 whose end the connection's end marks may look broken; the repeat then finds nothing, which is success. If
      // that one looks broken as well, the 404 that says so never comes whole: it is a matter of packets.
      if (operation === 'delete') {
        return !isOnce && hasNoBodyToHarm(fault) ? undefined : 'ok (1-2)';
      }
      return 'ok (1)';
    case 'neverConnected':
      if (name.startsWith('TLS handshake hangs')) {
        // An add gives up its attempt in time to look, and finds that it can try again instead.
        return operation === 'add' && isOnce ? 'ok (1)' : 'UPSTREAM_TIMEOUT (0)';
      }
      return isOnce ? 'ok (1)' : 'UPSTREAM_UNAVAILABLE (0)';
    case 'throttled':
      // Waits up to two seconds fit into an operation, one that Graph makes a little longer does not.
      if (/429 with (2\.128|3600)/.test(name)) {
        return 'THROTTLED (1)';
      }
      return isOnce ? 'ok (2)' : 'THROTTLED (2-3)';
    case 'unauthenticated':
      return 'UNAUTHENTICATED (1)';
    case 'redirected':
      // A 303 says that the request was executed and that its answer is elsewhere.
      return name.startsWith('303') && operation !== 'read'
        ? 'OUTCOME_UNKNOWN (1)'
        : 'UPSTREAM_BAD_RESPONSE (1)';
    case 'unavailableForATime':
      if (executes) {
        return undefined;
      }
      return isOnce ? 'ok (2)' : 'UPSTREAM_UNAVAILABLE (3)';
    case 'endless':
      return name.includes('of 0 rows') ? 'UPSTREAM_BAD_RESPONSE (51)' : 'TOO_MANY_ROWS (11)';
    default:
      return inDoubt(fault, operation);
  }
}

/** The request went out, and no answer came that can be believed. */
function inDoubt(fault: NamedFault, operation: LaneOperation): string | undefined {
  const { name, executes } = fault;
  const isOnce = fault.lasts === 'once';
  if (isLegalAnswer(fault, operation)) {
    const isDelete = operation === 'delete';
    if (!executes || (isDelete && !isOnce && hasNoBodyToHarm(fault))) {
      return undefined;
    }
    return isDelete || isOnce ? 'ok (1-2)' : 'OUTCOME_UNKNOWN (1)';
  }
  // What hangs takes the whole time of these operations; what is no answer of Graph's is not better the next time.
  const hangs = fault.kind === 'late' || /silence|stall/.test(name);
  const isGraphs =
    !name.startsWith('64 KB of headers') &&
    (fault.kind !== 'unbelievable' || /truncated JSON|cut in its JSON/.test(name));
  const isRepeatable = !hangs && isGraphs;
  const times = isRepeatable ? '(1-3)' : '(1)';
  switch (operation) {
    case 'read': {
      const isBad = !isGraphs || fault.kind === 'unbelievable';
      const reason =
        hangs || name.startsWith('504') ? 'TIMEOUT' : isBad ? 'BAD_RESPONSE' : undefined;
      return isRepeatable && isOnce ? 'ok (2)' : `UPSTREAM_${reason ?? 'UNAVAILABLE'} ${times}`;
    }
    case 'add':
      return isOnce && executes && !name.startsWith('execution after')
        ? 'found (1)'
        : 'OUTCOME_UNKNOWN (1)';
    case 'update':
      return 'OUTCOME_UNKNOWN (1)';
    case 'delete':
      if (isRepeatable && isOnce) {
        return 'ok (2)';
      }
      // One look at the partner tells whether it is gone.
      return isOnce && executes && !hangs ? 'ok (1)' : `OUTCOME_UNKNOWN ${times}`;
  }
}

/**
 * What is no answer to one operation is one to another: a delete is done with any JSON or nothing, an update with
 * nothing, after which it is read.
 */
function isLegalAnswer(fault: NamedFault, operation: LaneOperation): boolean {
  const { name, kind } = fault;
  if (operation === 'delete') {
    return hasNoBodyToHarm(fault)
      ? name.includes('executed')
      : kind === 'unbelievable' && /^(200 with nothing|200 with null|204|wrong types)/.test(name);
  }
  return operation === 'update' && /^(200 with nothing|204)/.test(name);
}

/** A 204 has no body that could be harmed. */
const hasNoBodyToHarm = ({ name }: NamedFault): boolean =>
  /^close-delimited|^drip from the body|^truncated JSON/.test(name);
