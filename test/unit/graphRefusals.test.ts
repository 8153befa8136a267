import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readErrorBody, refusalOf } from '../../src/graph/errorBody.ts';
import type { GraphErrorCode } from '../../src/graph/errors.ts';
import { responseErrorOf } from '../../src/graph/readRefusal.ts';
import { type GraphOperation, requiredScopesOf } from '../../src/graph/request.ts';
import { intuneErrors } from '../support/intuneErrors.ts';

const parse = (body: unknown) => readErrorBody(JSON.parse(JSON.stringify(body)));

describe('readErrorBody', () => {
  it.each([
    [intuneErrors.jsonInString('Bad', 'No such'), ['Bad'], 'No such'],
    [intuneErrors.jsonInStringTwice('Bad', 'Not you'), ['UnknownError', 'Bad'], 'Not you'],
    [intuneErrors.plainWithTail('Internal', 'Oops'), ['Internal'], 'Oops'],
    [intuneErrors.modelValidation('Bad x'), ['ModelValidationFailure'], 'Bad x'],
  ])('reads a shape that Intune has: %#', (body, codes, message) => {
    const parsed = parse(body);
    const date = '2022-03-30T18:47:41';
    const ids = { requestId: 'inner-request', clientRequestId: 'inner-client', date };
    expect(parsed).toMatchObject({ codes, ...ids });
    expect(parsed?.message.split(/\s+- Operation/)[0]).toBe(message);
  });

  const inside = (more: object): string => JSON.stringify({ Message: 'Slow down', ...more });
  const nestedErrors = (depth: number): object =>
    depth === 0 ? { message: 'Inmost' } : { innerError: nestedErrors(depth - 1) };
  const nestedTexts = (depth: number): string =>
    depth === 0 ? 'Inmost' : JSON.stringify({ message: nestedTexts(depth - 1) });
  const innerError = { code: 'Limit', innerError: { code: 'Slow', message: 'slow' } };
  const seven = inside({ RetryAfter: '7' });

  it.each<[object, object]>([
    // Inner errors in both spellings; empty codes are left out.
    [
      { code: '', message: '', innererror: innerError },
      { codes: ['Limit', 'Slow'], message: 'slow' },
    ],
    [{ message: '\n {"Message":"one\r\ntwo"}' }, { message: 'one two', requestId: undefined }],
    [{ message: '{"Message": 5}' }, { message: '' }],
    [nestedErrors(7), { message: 'Inmost' }],
    [nestedErrors(8), { message: '' }],
    [{ message: nestedTexts(8) }, { message: 'Inmost' }],
    [{ message: nestedTexts(9) }, { message: nestedTexts(1) }],
    [{ message: inside({ RetryAfter: 2.5 }) }, { retryAfter: '2.5' }],
    [{ message: inside({ RetryAfter: '' }) }, { retryAfter: undefined }],
    [{ message: inside({ RetryAfter: { seconds: 30 } }) }, { retryAfter: undefined }],
    // Through JSON in a string twice over, the outermost first.
    [{ message: inside({ Message: seven }) }, { retryAfter: '7' }],
    [{ message: inside({ RetryAfter: '9', Message: seven }) }, { retryAfter: '9' }],
    [{ message: 'Busy', innerError: { message: seven } }, { retryAfter: '7' }],
    // Not from where Intune does not write it.
    [{ message: 'RetryAfter: 30', RetryAfter: '30' }, { retryAfter: undefined }],
  ])('reads of the error %j %j', (error, expected) => {
    expect(parse({ error })).toMatchObject(expected);
  });

  it('never throws, however deep and strange the envelope', () => {
    for (const body of [null, 1, [], {}, { error: null }, { error: 'no' }, '<html>502 Bad']) {
      expect([body, readErrorBody(body)]).toEqual([body, undefined]);
    }
    const nested = fc.letrec((tie) => ({
      error: fc.record(
        {
          code: fc.jsonValue(),
          message: fc.oneof(fc.jsonValue(), fc.json()),
          innerError: fc.oneof({ depthSize: 'small' }, tie('error'), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
    }));
    fc.assert(
      fc.property(nested.error, (error) => {
        expect(parse({ error })?.codes.every((code) => code !== '')).not.toBe(false);
      }),
    );
  });
});

describe('refusalOf', () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
  const encoded = Buffer.from(claims).toString('base64');

  it.each<[string | string[] | undefined, string | undefined, boolean]>([
    [undefined, undefined, false],
    [`Bearer realm="", error="insufficient_claims", claims="${encoded}"`, claims, false],
    [['Basic realm="x"', `Bearer claims="${encoded}", error="x"`], claims, false],
    ['Bearer claims="rubbish"', 'rubbish', false],
    ['Bearer realm="urn:intune:service,c3998d6e-2e37-4c56-87b5-7b444ee1cb26"', undefined, true],
    ['Bearer myclaims="x"', undefined, false],
  ])('reads the challenge %j', (header, expected, isIntuneRole) => {
    const headers = { 'www-authenticate': header };
    const response = { status: 401, headers, body: Buffer.from('<html>') };
    const nothing = { error: undefined, retryAfterMs: undefined, wasRejectedUnread: false };
    expect(refusalOf(response, 0)).toEqual({ ...nothing, claims: expected, isIntuneRole });
  });
});

const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const other = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';

interface Said {
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly error?: object | null;
}

function errorOf(operation: GraphOperation, status: number, said: Said = {}, more = {}) {
  const { code = 'BadRequest', message = '', headers, error = { code, message } } = said;
  const response = {
    status,
    headers: { 'request-id': 'outer-request', ...headers },
    body: Buffer.from(JSON.stringify({ error })),
    ...more,
  };
  const isAboutOne = ['get', 'update', 'delete'].includes(operation);
  const asked = { operation, ...(isAboutOne && { id }) };
  return responseErrorOf(asked, response, refusalOf(response, 0));
}

const claims = { 'www-authenticate': 'Bearer claims="x"' };
const intunesOwn = { 'www-authenticate': 'Bearer realm="urn:intune:service,x"' };
const noRoute = { code: 'No method match route template' };
const none = { code: 'ResourceNotFound' };
const noCode = { code: '' };
const approvalCode = { code: 'ApprovalRequired' };
const noId = { headers: { 'request-id': undefined } };

describe('responseErrorOf', () => {
  const approval =
    'Multi Admin Approval in Intune protects this change: another administrator has to approve it there. Microsoft Graph says: ';
  const noTenant =
    'Intune is not available in this tenant: it needs an active licence and Intune as its device management authority. Repeating does not help.';
  const badToken =
    'Microsoft Graph does not accept the token; get a new one, with the claims if any are given.';
  const unfit = 'Microsoft Graph gave an answer that does not fit the request';
  const stranger =
    "came that is not Microsoft Graph's word on this partner. It does not say whether the partner exists.";
  const gone = 'Microsoft Graph has no partner with this id.';
  const silent = 'Microsoft Graph rejected this without a reason';

  const path = 'https://fef.x.manage.microsoft.com/Service/complianceManagementPartners';
  /** The last is the message; a text in place of what was said is Graph's own message, which some codes keep. */
  it.each<[GraphOperation, number, GraphErrorCode, Said | string, string?]>([
    ['add', 400, 'invalidRequest', {}, `${silent} (400).`],
    ['get', 400, 'invalidRequest', 'Bad name.', 'Bad name.'],
    ['list', 400, 'badResponse', {}, `${unfit} (400).`],
    ['get', 400, 'notFound', none, gone],
    ['get', 400, 'invalidRequest', { ...none, ...noId }],
    ['delete', 400, 'invalidRequest', none],
    ['list', 400, 'tenantNotLicensed', 'Request not applicable to target tenant.', noTenant],
    ['add', 400, 'badResponse', noRoute],
    ['add', 422, 'invalidRequest', {}],
    ['list', 401, 'unauthenticated', {}, badToken],
    ['list', 401, 'unauthenticated', { code: 'Forbidden', headers: claims }],
    ['list', 402, 'tenantNotLicensed', {}, noTenant],
    ['add', 403, 'unauthenticated', { headers: claims }, badToken],
    ['get', 404, 'notFound', 'Not here', gone],
    ['update', 410, 'notFound', {}, gone],
    ['get', 404, 'badResponse', noCode, `A 404 ${stranger}`],
    ['get', 404, 'badResponse', { error: null }, `A 404 ${stranger}`],
    ['delete', 410, 'badResponse', noId, `A 410 ${stranger}`],
    ['get', 404, 'badResponse', 'No OData route exists that match template ~/x'],
    ['get', 404, 'badResponse', "Resource not found for the segment 'x'."],
    ['get', 404, 'notFound', "'No OData route exists' is not there."],
    ['get', 404, 'notFound', 'Here: Resource not found for the segment'],
    ['add', 404, 'badResponse', {}, `${unfit} (404).`],
    ['add', 400, 'approvalRequired', "'x-msft-approval-justification' is missing."],
    ['delete', 400, 'approvalRequired', 'MultiAdminApproval is on.'],
    ['delete', 400, 'approvalRequired', 'Multiple-Administrator-Approval.'],
    ['add', 403, 'approvalRequired', approvalCode, `${approval}nothing more (403).`],
    ['update', 403, 'approvalRequired', 'An approval is open.', `${approval}An approval is open.`],
    ['update', 412, 'approvalRequired', 'A justification is missing.'],
    // A value of the input may well have the word in it.
    ['add', 400, 'invalidRequest', "The name 'Approval' is taken."],
    ['add', 405, 'badResponse', {}],
    ['add', 409, 'conflict', {}, `${silent} (409).`],
    ['add', 412, 'conflict', 'It is another.', 'It is another.'],
    ['add', 413, 'invalidRequest', {}],
    ['list', 413, 'badResponse', {}],
    ['add', 423, 'conflict', {}],
    ['add', 429, 'throttled', {}, 'Microsoft Graph throttles this caller.'],
    ['get', 302, 'badResponse', {}, `${unfit} (302).`],
    ['list', 500, 'unavailable', {}, 'Microsoft Graph has a fault (500).'],
    ['list', 504, 'timeout', {}, 'Microsoft Graph timed out.'],
    ['list', 408, 'timeout', {}],
    ['list', 501, 'badResponse', {}],
    ['update', 501, 'badResponse', approvalCode],
    // The word on another partner; ids of requests are none of a partner.
    ['get', 404, 'notFound', 'Nothing is there.'],
    ['get', 404, 'notFound', `Partner ${id.toUpperCase()} was not found.`],
    ['get', 404, 'badResponse', `Partner ${other} was not found.`],
    ['get', 404, 'badResponse', `Partner ${id} is not ${other}.`],
    ['get', 404, 'notFound', 'Not found (outer-request).'],
    ['get', 404, 'notFound', `Not found. Correlation ID: ${other}`],
    ['get', 404, 'notFound', `Not found. - Url: ${path}('${id}')?api-version=1`],
    ['get', 404, 'badResponse', `Not found. - Url: ${path}('fleet')?api-version=1`],
    ['get', 404, 'badResponse', `Not found. - Url: ${path}(fleet)?api-version=1`],
    ['get', 404, 'badResponse', `Not found. - Url: ${path}/${other}`],
    ['get', 404, 'notFound', `Not found. - Url: ${path}?api-version=1`],
    ['get', 404, 'notFound', { message: `No ${other}`, headers: { 'request-id': other } }],
    [
      'get',
      404,
      'notFound',
      { error: { code: 'X', message: `No ${other}`, 'client-request-id': other } },
    ],
  ])('takes the answer to %s with %i for %s: %j', (...row) => {
    const [operation, status, code, said, message] = row;
    const error = errorOf(operation, status, typeof said === 'string' ? { message: said } : said);
    expect(error).toMatchObject({ code, ...(message !== undefined && { message }) });
  });

  it.each<[boolean, readonly number[]]>([
    [false, [300, 302, 307, 400, 401, 409, 429, 501]],
    [true, [303, 408, 500, 502, 503, 504, 507]],
  ])('leaves a write in doubt: %j, and a read never, after each of %j', (isInDoubt, statuses) => {
    for (const status of statuses) {
      const said = [errorOf('add', status), errorOf('list', status)];
      const they = said.map(({ mayHaveBeenApplied }) => mayHaveBeenApplied);
      expect([status, they]).toEqual([status, [isInDoubt, false]]);
    }
    const unread = errorOf('add', 503, { headers: { 'retry-after': '2' } });
    expect(unread.mayHaveBeenApplied).toBe(false);
    expect(errorOf('add', 400, {}, { isAfterDoubt: true }).mayHaveBeenApplied).toBe(true);
  });

  it.each<[number, Said, string, string]>([
    [403, { message: 'Application is not authorized. X' }, 'PERMISSION', 'least privileged'],
    [403, { message: 'It does not have application permissions' }, 'PERMISSION', 'application'],
    [403, { message: 'One of the following scopes: X' }, 'PERMISSION', 'application'],
    [403, { message: 'User is not authorized. X' }, 'INTUNE_ROLE', 'administrator of Intune'],
    [403, { headers: intunesOwn }, 'INTUNE_ROLE', 'The user lacks the role'],
    [401, { code: 'Forbidden' }, 'INTUNE_ROLE', 'The user lacks the role'],
    [403, {}, 'PERMISSION_OR_INTUNE_ROLE', 'required permission, or its user lacks the role'],
    [403, { message: 'It says: User is not authorized' }, 'PERMISSION_OR_INTUNE_ROLE', ''],
    [403, { message: 'It says: Application is not authorized' }, 'PERMISSION_OR_INTUNE_ROLE', ''],
  ])('takes %i with %j for a lack of %s, and says so', (status, said, lacking, words) => {
    const { code, message, details } = errorOf('add', status, said);
    expect(code).toBe('forbidden');
    expect(details).toMatchObject({ lacking, requiredScopes: requiredScopesOf('add') });
    expect(message).toContain(words);
  });

  it('keeps what helps to go on', () => {
    const named = errorOf('add', 400, { message: `Neither 'one' nor "two".` }).details;
    expect(named).toMatchObject({ quotedNames: ['one', 'two'], lacking: undefined });
    expect([named.requiredScopes, named.retryAfterMs]).toEqual([undefined, undefined]);
    expect(errorOf('get', 401, { headers: claims }).details.claims).toBe('x');
    expect(errorOf('get', 429).details.retryAfterMs).toBe(1_000);
    const unread = errorOf('get', 503, { headers: { 'retry-after': '2' } });
    expect(unread.details.retryAfterMs).toBe(2_000);
  });

  it('takes ids and date of the headers before those of the body', () => {
    const code = 'Request_Bad.a:c-1';
    const ids = ['efa7d359-e387-4c10-a65e-b4cad04bf7f7', 'from.the_caller-1'];
    const date = 'Wed, 11 Feb 2026 08:30:05 GMT';
    const inBody = { 'request-id': 'in-body', 'client-request-id': 'own', date: '2022-03-30' };
    const error = { code, innerError: { code: 'Inner', ...inBody } };
    const headers = { 'request-id': ids[0], 'client-request-id': ids[1], date };
    const answers = [headers, noId.headers].map(
      (given) => errorOf('get', 400, { error, headers: given }).details.answer,
    );
    expect(answers).toEqual([
      { status: 400, code, requestId: ids[0], clientRequestId: ids[1], date },
      { status: 400, code, requestId: 'in-body', clientRequestId: 'own', date: '2022-03-30' },
    ]);
  });

  it.each(['', `eyJ${'a'.repeat(60)}.eyJb.sig`, 'a\nb', 'x '.repeat(60), '{"a":1}', '„nein“'])(
    'takes %j for no code, id or date',
    (text) => {
      const said = { 'request-id': text, 'client-request-id': text, date: text };
      const error = { code: text, ...said };
      expect(errorOf('get', 400, { error, headers: said }).details.answer).toEqual({ status: 400 });
    },
  );
});

describe("Graph's own message", () => {
  const cleaned = (message: string) => errorOf('add', 400, { message }).message;

  it.each([
    ["The property 'x' does not exist.", undefined],
    [
      'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Url: https://fef.msub02.manage.microsoft.com/x',
      'An error has occurred',
    ],
    ['Oops –  Url: x', 'Oops'],
    [' Not\r\nhere\u0000 \u2028now\n', 'Not here now'],
    ['see https://fef.msua06.manage.microsoft.com/a?b=c for it', 'see [address] for it'],
    ['host FEF.MSUA06.MANAGE.MICROSOFT.COM?a=b said no', 'host [address] said no'],
    ['at 10.1.2.3:443 host AMSUA0602.contoso.internal no', 'at [address] host [address] no'],
    ['10.0.0.7, 192.168.1.1 and fe80:0:0:0:1:2:3:4.', '[address], [address] and [address].'],
    ['fe80:0:0:0:1:2:3:4a5b but not 1.2.3.4...5', '[address] but not 1.2.3.4...5'],
    ['see graph.microsoft.com/beta/x or db-1.corp:1433', 'see [address] or [address]'],
    ["System.Net.Http, Edm.Guid, 'microsoft.graph.group' and Microsoft.OData.Core stay", undefined],
    ['ada@contoso.com may not, at 12:34:56 in 4.0.30319', undefined],
    ['token Bearer  abc.def-ghi was bad', 'token Bearer [redacted] was bad'],
    ['eyJhbGciOi.eyJzdWIi.c2ln is bad', '[redacted] is bad'],
    ['eyJhbGciOi.eyJzdWIi is bad', '[redacted] is bad'],
    ["'microsoft.management.services.api.partner'", "'microsoft.graph.partner'"],
    ['x'.repeat(500), undefined],
    ['x'.repeat(100_000), `${'x'.repeat(499)}…`],
  ])('is made fit for a caller: %#', (message, expected = message) => {
    expect(cleaned(message)).toBe(expected);
  });

  it('is one line without addresses, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.webUrl(), (text, url) => {
        expect(cleaned(`${text} ${url} ${text}`)).not.toMatch(/[\r\n]|https?:\/\//);
      }),
      { numRuns: 30 },
    );
  });
});
