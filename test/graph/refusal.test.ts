import { describe, expect, it } from '@jest/globals';
import type { GraphErrorCode } from '../../src/graph/errors.ts';
import type { GraphOperation } from '../../src/graph/operation.ts';
import { decideRefusal, namesAnotherPartner, type RefusalFacts } from '../../src/graph/refusal.ts';

const facts = (operation: GraphOperation, status: number, more: Partial<RefusalFacts> = {}) => ({
  operation,
  status,
  codes: [],
  message: '',
  wasTurnedAway: false,
  hasClaims: false,
  isIntuneRole: false,
  isGraphsOwn: true,
  namesAnother: false,
  ...more,
});

const header = 'x-msft-approval-justification';

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
    ['delete', 404, {}, 'notFound'],
    ['get', 404, { isGraphsOwn: false }, 'badResponse'],
    ['update', 410, { isGraphsOwn: false }, 'badResponse'],
    ['delete', 404, { namesAnother: true }, 'badResponse'],
    ['get', 404, { codes: ['No method match route template'] }, 'badResponse'],
    ['get', 404, { message: 'No OData route exists that match template ~/x' }, 'badResponse'],
    ['delete', 404, { message: "Resource not found for the segment 'x'." }, 'badResponse'],
    ['get', 400, { codes: ['ResourceNotFound'], isGraphsOwn: false }, 'invalidRequest'],
    ['update', 400, { codes: ['ResourceNotFound'] }, 'notFound'],
    ['delete', 400, { codes: ['ResourceNotFound'] }, 'invalidRequest'],
    ['getMore', 400, {}, 'badResponse'],
    ['getMore', 404, {}, 'badResponse'],
    ['add', 400, { message: `Header '${header}' is required.` }, 'approvalRequired'],
    ['delete', 400, { message: 'Multi Admin Approval is on.' }, 'approvalRequired'],
    ['add', 403, { codes: ['Forbidden', 'ApprovalRequired'] }, 'approvalRequired'],
    ['update', 403, { message: 'This needs the approval of another.' }, 'approvalRequired'],
    ['update', 412, { message: 'A justification is missing.' }, 'approvalRequired'],
    ['update', 412, { codes: ['ApprovalPending'] }, 'approvalRequired'],
    // A value of the input may well have the word in it.
    ['add', 400, { message: "The name 'Approval' is taken." }, 'invalidRequest'],
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

describe('namesAnotherPartner', () => {
  const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const other = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
  const requestId = '8d1d6ff5-1d76-4dcc-b1be-0c65e46a0c65';
  const path = 'https://fef.x.manage.microsoft.com/Service/complianceManagementPartners';

  it.each<[string, boolean]>([
    ['Nothing is there.', false],
    [`Partner ${id} was not found.`, false],
    [`Partner ${id.toUpperCase()} was not found.`, false],
    [`Partner ${other} was not found.`, true],
    [`Partner ${id} is not ${other}.`, true],
    [`Not found (${requestId}).`, false],
    [`Not found. Correlation ID: ${other}`, false],
    [`Not found. - Url: ${path}('${id}')?api-version=1`, false],
    [`Not found. - Url: ${path}('fleet')?api-version=1`, true],
    [`Not found. - Url: ${path}/${other}`, true],
    [`Not found. - Url: ${path}?api-version=1`, false],
  ])('finds in %j that it does: %j', (text, names) => {
    const message = text.replace(/ - Url.*/, '');
    expect(namesAnotherPartner(id, { text, message, requestIds: [requestId] })).toBe(names);
  });
});
