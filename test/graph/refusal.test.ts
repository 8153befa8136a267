import { describe, expect, it } from '@jest/globals';
import type { GraphErrorCode } from '../../src/graph/errors.ts';
import type { GraphOperation } from '../../src/graph/operation.ts';
import { decideRefusal, type RefusalFacts } from '../../src/graph/refusal.ts';

const facts = (operation: GraphOperation, status: number, more: Partial<RefusalFacts> = {}) => ({
  operation,
  status,
  codes: [],
  message: '',
  wasTurnedAway: false,
  hasClaims: false,
  isIntuneRole: false,
  ...more,
});

describe('decideRefusal', () => {
  it.each<[GraphOperation, number, Partial<RefusalFacts>, GraphErrorCode]>([
    ['add', 400, {}, 'invalidRequest'],
    ['get', 400, {}, 'invalidRequest'],
    ['list', 400, {}, 'badResponse'],
    ['get', 400, { codes: ['ResourceNotFound'] }, 'notFound'],
    ['add', 400, { message: 'Request not applicable to target tenant.' }, 'tenantNotLicensed'],
    ['list', 400, { message: 'Request not applicable to target tenant.' }, 'tenantNotLicensed'],
    ['add', 400, { codes: ['No method match route template'] }, 'badResponse'],
    ['add', 400, { message: "Resource not found for the segment 'x'." }, 'badResponse'],
    ['add', 422, {}, 'invalidRequest'],
    ['list', 401, {}, 'unauthenticated'],
    ['list', 401, { codes: ['UnknownError', 'Forbidden'] }, 'forbidden'],
    ['list', 401, { isIntuneRole: true }, 'forbidden'],
    ['list', 401, { codes: ['Forbidden'], hasClaims: true }, 'unauthenticated'],
    ['list', 402, {}, 'tenantNotLicensed'],
    ['add', 403, {}, 'forbidden'],
    ['add', 403, { hasClaims: true }, 'unauthenticated'],
    ['get', 404, {}, 'notFound'],
    ['get', 410, {}, 'notFound'],
    ['list', 404, {}, 'badResponse'],
    ['add', 404, {}, 'badResponse'],
    ['add', 405, {}, 'badResponse'],
    ['add', 409, {}, 'conflict'],
    ['add', 412, {}, 'conflict'],
    ['add', 413, {}, 'invalidRequest'],
    ['list', 413, {}, 'badResponse'],
    ['add', 415, {}, 'badResponse'],
    ['add', 423, {}, 'conflict'],
    ['add', 429, {}, 'throttled'],
    ['list', 418, {}, 'badResponse'],
    ['list', 302, {}, 'badResponse'],
    ['add', 307, {}, 'badResponse'],
    ['list', 500, {}, 'unavailable'],
    ['list', 502, {}, 'unavailable'],
    ['list', 503, {}, 'unavailable'],
    ['list', 504, {}, 'timeout'],
    ['list', 408, {}, 'timeout'],
    ['list', 501, {}, 'badResponse'],
  ])('takes the answer to %s with %i and %j for %s', (operation, status, more, code) => {
    expect(decideRefusal(facts(operation, status, more)).code).toBe(code);
  });

  it.each<[number, Partial<RefusalFacts>, boolean]>([
    [400, {}, false],
    [401, {}, false],
    [409, {}, false],
    [429, {}, false],
    [501, {}, false],
    [503, { wasTurnedAway: true }, false],
    [302, {}, false],
    [307, {}, false],
    [202, {}, true],
    [303, {}, true],
    [408, {}, true],
    [500, {}, true],
    [502, {}, true],
    [503, {}, true],
    [504, {}, true],
    [507, {}, true],
  ])(
    'after %i with %j to an add, says whether it may have been applied: %j',
    (status, more, may) => {
      expect(decideRefusal(facts('add', status, more)).mayHaveBeenApplied).toBe(may);
    },
  );

  it('never says so of a read', () => {
    for (let status = 200; status < 600; status += 1) {
      expect(decideRefusal(facts('list', status)).mayHaveBeenApplied).toBe(false);
    }
  });
});
