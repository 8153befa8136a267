import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readErrorBody, refusalOf } from '../../src/graph/errorBody.ts';
import type { GraphErrorCode } from '../../src/graph/errors.ts';
import {
  cleanMessage,
  decideRefusal,
  graphAnswerOf,
  missingGrantOf,
  namesAnotherPartner,
  protocolErrorOf,
  type RefusalFacts,
  responseErrorOf,
} from '../../src/graph/readRefusal.ts';
import { type GraphOperation, requiredScopesOf } from '../../src/graph/request.ts';
import { intuneErrors } from '../support/intuneErrors.ts';

const noBytes = Buffer.alloc(0);

describe('graphAnswerOf', () => {
  const jwt = `eyJ${'a'.repeat(60)}.eyJ${'b'.repeat(60)}.sig`;
  const error = {
    codes: ['BadRequest', 'Inner'],
    message: '',
    requestId: 'from-the-body',
    clientRequestId: 'own',
    date: '2022-03-30T18:47:41',
    retryAfter: undefined,
  };
  const answerOf = (headers: Record<string, string>, change: Partial<typeof error> = {}) =>
    graphAnswerOf({ status: 400, headers, body: noBytes }, { ...error, ...change });

  it('takes ids and date of the headers before those of the body', () => {
    const requestId = 'efa7d359-e387-4c10-a65e-b4cad04bf7f7';
    const clientRequestId = 'from.the_caller-1';
    const date = 'Wed, 11 Feb 2026 08:30:05 GMT';
    const code = 'BadRequest';
    expect(
      answerOf({ 'request-id': requestId, 'client-request-id': clientRequestId, date }),
    ).toEqual({ status: 400, code, requestId, clientRequestId, date });
    expect(answerOf({})).toEqual({
      status: 400,
      code,
      requestId: error.requestId,
      clientRequestId: error.clientRequestId,
      date: error.date,
    });
    expect(graphAnswerOf({ status: 500, headers: {}, body: noBytes })).toEqual({ status: 500 });
  });

  it.each(['UnknownError', 'No method match route template', 'Request_BadRequest', 'a.b:c-1'])(
    'keeps the code %s',
    (code) => {
      expect(answerOf({}, { codes: [code] }).code).toBe(code);
    },
  );

  it.each(['', jwt, 'a\nb', `Bearer ${'x'.repeat(100)}`, '{"a":1}', '<html>', 'Zugriff „nein“'])(
    'takes %j for no code, id or date',
    (text) => {
      const headers = { 'request-id': text, 'client-request-id': text, date: text };
      const said = { codes: [text], requestId: text, clientRequestId: text };
      expect(answerOf(headers, said)).toEqual({ status: 400 });
    },
  );
});

const parse = (body: unknown) => readErrorBody(JSON.parse(JSON.stringify(body)));

describe('readErrorBody', () => {
  it.each<[string, object, string[], string]>([
    [
      'JSON in a string',
      intuneErrors.jsonInString('BadRequest', 'No such thing'),
      ['BadRequest'],
      'No such thing',
    ],
    [
      'JSON in a string twice over',
      intuneErrors.jsonInStringTwice('Forbidden', 'Not you'),
      ['UnknownError', 'Forbidden'],
      'Not you',
    ],
    [
      'plain text with a tail',
      intuneErrors.plainWithTail('InternalError', 'Oops'),
      ['InternalError'],
      'Oops',
    ],
    [
      'a model validation failure',
      intuneErrors.modelValidation('Bad x'),
      ['ModelValidationFailure'],
      'Bad x',
    ],
    [
      'a missing route',
      intuneErrors.noRoute(),
      ['No method match route template'],
      'No OData route exists that match template ~/singleton/navigation/key with http verb GET for request /StatelessOnboardingService/deviceManagement/x.',
    ],
    [
      'a missing segment',
      intuneErrors.noSegment('x'),
      ['BadRequest'],
      "Resource not found for the segment 'x'.",
    ],
  ])('reads %s', (_shape, body, codes, message) => {
    const parsed = parse(body);
    expect(parsed).toMatchObject({
      codes,
      requestId: 'inner-request',
      clientRequestId: 'inner-client',
      date: '2022-03-30T18:47:41',
    });
    expect(cleanMessage(parsed?.message ?? '')).toBe(message);
  });

  it('reads nested inner errors in both spellings, and leaves empty codes out', () => {
    const innerError = { code: 'throttledRequest', message: 'slow' };
    const innererror = { code: 'activityLimitReached', innerError };
    expect(parse({ error: { code: '', message: '', innererror } })).toMatchObject({
      codes: ['activityLimitReached', 'throttledRequest'],
      message: 'slow',
      requestId: undefined,
    });
  });

  it('reads inner JSON with raw line breaks in its strings', () => {
    const body = { error: { code: 'BadRequest', message: '{"Message":"one\r\ntwo"}' } };
    expect(parse(body)?.message).toBe('one two');
  });

  it.each([
    null,
    1,
    'x',
    [],
    {},
    { error: null },
    { error: 'no' },
    { message: 'x' },
    '<html>502 Bad Gateway</html>',
    undefined,
  ])('finds no envelope in %j', (body) => {
    expect(readErrorBody(body)).toBeUndefined();
  });

  const inside = (more: object): string => JSON.stringify({ Message: 'Slow down', ...more });
  it.each<[object, string | undefined]>([
    [{ message: inside({ _version: 3, RetryAfter: '30' }) }, '30'],
    [{ message: inside({ RetryAfter: 30 }) }, '30'],
    [{ message: inside({ RetryAfter: 2.5 }) }, '2.5'],
    [
      { message: inside({ RetryAfter: 'Sun, 01 Mar 2026 12:00:30 GMT' }) },
      'Sun, 01 Mar 2026 12:00:30 GMT',
    ],
    [{ message: inside({ RetryAfter: null }) }, undefined],
    [{ message: inside({ RetryAfter: '' }) }, undefined],
    [{ message: inside({ RetryAfter: true }) }, undefined],
    [{ message: inside({ RetryAfter: { seconds: 30 } }) }, undefined],
    // Through JSON in a string twice over, the outermost first.
    [{ message: inside({ ErrorCode: 'Busy', Message: inside({ RetryAfter: '7' }) }) }, '7'],
    [{ message: inside({ RetryAfter: '9', Message: inside({ RetryAfter: '7' }) }) }, '9'],
    [{ message: 'Busy', innerError: { message: inside({ RetryAfter: '7' }) } }, '7'],
    // Not from where Intune does not write it.
    [{ message: 'RetryAfter: 30', RetryAfter: '30' }, undefined],
  ])('reads in %j the RetryAfter %j', (error, expected) => {
    expect(parse({ error })?.retryAfter).toBe(expected);
  });

  const nestedErrors = (depth: number): object =>
    depth === 0 ? { message: 'Inmost' } : { innerError: nestedErrors(depth - 1) };
  const nestedTexts = (depth: number): string =>
    depth === 0 ? 'Inmost' : JSON.stringify({ message: nestedTexts(depth - 1) });
  it.each<[string, object, string | undefined]>([
    ['JSON behind a line break', { message: '\n {"Message": "Inner"}' }, 'Inner'],
    ['no text in JSON that has a number for it', { message: '{"Message": 5}' }, ''],
    ['the 8th error in each other', nestedErrors(7), 'Inmost'],
    ['no 9th error in each other', nestedErrors(8), ''],
    ['the text in 8 texts', { message: nestedTexts(8) }, 'Inmost'],
    ['no text in 9 texts', { message: nestedTexts(9) }, nestedTexts(1)],
  ])('reads %s', (_what, error, message) => {
    expect(parse({ error })?.message).toBe(message);
  });

  it('never throws, however deep and strange the envelope', () => {
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

const facts = (operation: GraphOperation, status: number, more: Partial<RefusalFacts> = {}) => ({
  operation,
  status,
  codes: [],
  message: '',
  wasRejectedUnread: false,
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
    ['get', 404, { message: "'No OData route exists' is not there." }, 'notFound'],
    ['get', 404, { message: 'Here: Resource not found for the segment' }, 'notFound'],
    ['get', 400, { codes: ['ResourceNotFound'], isGraphsOwn: false }, 'invalidRequest'],
    ['update', 400, { codes: ['ResourceNotFound'] }, 'notFound'],
    ['delete', 400, { codes: ['ResourceNotFound'] }, 'invalidRequest'],
    ['getMore', 400, {}, 'badResponse'],
    ['getMore', 404, {}, 'badResponse'],
    ['add', 400, { message: `Header '${header}' is required.` }, 'approvalRequired'],
    ['delete', 400, { message: 'Multi Admin Approval is on.' }, 'approvalRequired'],
    ['delete', 400, { message: 'MultiAdminApproval is on.' }, 'approvalRequired'],
    ['delete', 400, { message: 'Multiple-Administrator-Approval.' }, 'approvalRequired'],
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

  it.each<[boolean, number, Partial<RefusalFacts>?]>([
    ...[400, 401, 409, 429, 501, 300, 302, 307].map((status): [boolean, number] => [false, status]),
    ...[202, 303, 408, 500, 502, 503, 504, 507].map((status): [boolean, number] => [true, status]),
    [false, 503, { wasRejectedUnread: true }],
  ])('says that an add may have been applied (%j) after %i %j', (...[may, status, more]) => {
    expect(decideRefusal(facts('add', status, more)).mayHaveBeenApplied).toBe(may);
  });

  it('never says so of a read', () => {
    for (let status = 200; status < 600; status += 1) {
      expect(decideRefusal(facts('list', status)).mayHaveBeenApplied).toBe(false);
    }
  });
});

describe('responseErrorOf', () => {
  const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const answer = (status: number, text = '', headers = {}, code = 'BadRequest') => ({
    status,
    headers: { 'request-id': 'outer-request', ...headers },
    body: Buffer.from(JSON.stringify(intuneErrors.jsonInString(code, text))),
  });
  const errorOf = (operation: GraphOperation, response: ReturnType<typeof answer>) =>
    responseErrorOf(
      { operation, ...(operation !== 'add' && { id }) },
      response,
      refusalOf(response, 0),
    );

  const approval =
    'Multi Admin Approval in Intune protects this change: another administrator has to approve it there. Microsoft Graph says: ';
  it.each<[GraphOperation, ReturnType<typeof answer>, GraphErrorCode, string]>([
    [
      'add',
      answer(403, 'The approval is open.'),
      'approvalRequired',
      `${approval}The approval is open.`,
    ],
    ['add', answer(403, '', {}, 'Approval'), 'approvalRequired', `${approval}nothing more (403).`],
    [
      'get',
      answer(401),
      'unauthenticated',
      'Microsoft Graph does not accept the token; get a new one, with the claims if any are given.',
    ],
    [
      'get',
      answer(402),
      'tenantNotLicensed',
      'Intune is not available in this tenant: it needs an active licence and Intune as its device management authority. Repeating does not help.',
    ],
    ['get', answer(429), 'throttled', 'Microsoft Graph throttles this caller.'],
    ['add', answer(400, 'Bad name.'), 'invalidRequest', 'Bad name.'],
    ['add', answer(400), 'invalidRequest', 'Microsoft Graph rejected this without a reason (400).'],
    ['add', answer(409), 'conflict', 'Microsoft Graph rejected this without a reason (409).'],
    ['get', answer(404, 'Gone'), 'notFound', 'Microsoft Graph has no partner with this id.'],
    ['get', answer(504), 'timeout', 'Microsoft Graph timed out.'],
    ['get', answer(500), 'unavailable', 'Microsoft Graph has a fault (500).'],
    ...[404, 410].map(
      (status): [GraphOperation, ReturnType<typeof answer>, GraphErrorCode, string] => [
        'get',
        answer(status, '', { 'request-id': undefined }, ''),
        'badResponse',
        `A ${status} came that is not Microsoft Graph's word on this partner. It does not say whether the partner exists.`,
      ],
    ),
    [
      'get',
      answer(418),
      'badResponse',
      'Microsoft Graph gave an answer that does not fit the request (418).',
    ],
    [
      'add',
      answer(404),
      'badResponse',
      'Microsoft Graph gave an answer that does not fit the request (404).',
    ],
    [
      'get',
      answer(403, 'Application is not authorized.'),
      'forbidden',
      'The application lacks the permission for this; an administrator has to grant it the least privileged one that is named here.',
    ],
    [
      'get',
      answer(403, 'User is not authorized.'),
      'forbidden',
      'The user lacks the role in Intune for this. The permission of the application does not help; an administrator of Intune has to give the user a role.',
    ],
    [
      'get',
      answer(403),
      'forbidden',
      'The token lacks a required permission, or its user lacks the role in Intune for this.',
    ],
  ])('says of a %s with %j that it is %s: %s', (operation, response, code, message) => {
    expect(errorOf(operation, response)).toMatchObject({ code, message });
  });

  it('takes what others said before for no word on this partner', () => {
    expect(errorOf('get', answer(404, `Not outer-request but ${id}.`)).code).toBe('notFound');
    expect(errorOf('get', answer(404, `No ${id.replace('2', '3')}.`)).code).toBe('badResponse');
    expect(errorOf('get', answer(404, '', {}, '')).code).toBe('badResponse');
  });

  it.each<[string, object, string, GraphErrorCode]>([
    ['a page of a proxy', {}, '<html>', 'badResponse'],
    [
      'an envelope without ids',
      { 'request-id': undefined },
      '{"error":{"code":"X"}}',
      'badResponse',
    ],
    ['an envelope with ids', {}, '{"error":{"code":"X"}}', 'notFound'],
    [
      'a message with the id of the request',
      { 'request-id': id.replace('2', '3') },
      `{"error":{"code":"X","message":"No ${id.replace('2', '3')}"}}`,
      'notFound',
    ],
    [
      'a tail with the address of another',
      {},
      `{"error":{"code":"X","message":"No. - Url: https://x/complianceManagementPartners('fleet')"}}`,
      'badResponse',
    ],
  ])('judges a 404 by %s', (_what, headers, body, code) => {
    const response = { ...answer(404, '', headers), body: Buffer.from(body) };
    expect(errorOf('get', response)).toMatchObject({ code });
  });

  it('takes a challenge for more than a missing role', () => {
    const challenge = { 'www-authenticate': 'Bearer claims="x"' };
    expect(errorOf('get', answer(401, '', challenge, 'Forbidden')).code).toBe('unauthenticated');
  });

  it('keeps what helps to go on', () => {
    const named = errorOf('add', answer(400, `Neither 'one' nor "two".`));
    expect(named.details).toMatchObject({ quotedNames: ['one', 'two'], lacking: undefined });
    expect(named.details.requiredScopes).toBeUndefined();
    expect(errorOf('get', answer(403)).details).toMatchObject({
      lacking: 'PERMISSION_OR_INTUNE_ROLE',
      requiredScopes: requiredScopesOf('get'),
    });
    expect(errorOf('get', answer(429)).details.retryAfterMs).toBe(1_000);
    expect(errorOf('get', answer(409)).details.retryAfterMs).toBeUndefined();
    expect(errorOf('get', answer(503, '', { 'retry-after': '2' })).details.retryAfterMs).toBe(
      2_000,
    );
  });

  it.each<[string, GraphOperation, object, boolean]>([
    ['a rejected add', 'add', answer(400), false],
    [
      'a rejected add whose answer before left doubt',
      'add',
      { ...answer(400), isAfterDoubt: true },
      true,
    ],
    ['a fault of an add', 'add', answer(500), true],
    ['a fault of a read', 'get', answer(500), false],
  ])('knows of %s whether it may have been applied', (_what, operation, response, may) => {
    const { details } = errorOf(operation, response as ReturnType<typeof answer>);
    expect(details.mayHaveBeenApplied).toBe(may);
  });
});

describe('protocolErrorOf', () => {
  it.each<[GraphOperation, boolean]>([
    ['add', true],
    ['list', false],
  ])('says of a success of %s why it cannot be believed', (operation, mayHaveBeenApplied) => {
    const response = { status: 200, headers: { 'request-id': 'outer' }, body: noBytes };
    const error = protocolErrorOf({ operation }, response, 'it is empty', { answeredId: 'a' });
    expect(error).toMatchObject({
      code: 'badResponse',
      message: "Microsoft Graph's answer cannot be believed: it is empty.",
      details: {
        mayHaveBeenApplied,
        answeredId: 'a',
        answer: { status: 200, requestId: 'outer' },
      },
    });
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
    [`Not found. - Url: ${path}(fleet)?api-version=1`, true],
    [`Not found. - Url: ${path}/${other}`, true],
    [`Not found. - Url: ${path}?api-version=1`, false],
  ])('finds in %j that it does: %j', (text, names) => {
    const message = text.replace(/ - Url.*/, '');
    expect(namesAnotherPartner(id, text, message, [undefined, requestId])).toBe(names);
  });
});

describe('missingGrantOf', () => {
  const appOnly =
    'This endpoint was called in app only context but does not have application permissions configured';
  const scopes =
    'Application is not authorized to perform this operation. Application must have one of the following scopes: X';

  it.each([
    [403, scopes, false, 'PERMISSION'],
    [403, appOnly, false, 'PERMISSION'],
    [403, 'User is not authorized to perform this operation', false, 'INTUNE_ROLE'],
    [403, 'An error has occurred', true, 'INTUNE_ROLE'],
    [401, 'An error has occurred', false, 'INTUNE_ROLE'],
    [403, 'Forbidden', false, 'PERMISSION_OR_INTUNE_ROLE'],
    [403, '', false, 'PERMISSION_OR_INTUNE_ROLE'],
    [403, 'It says: Application is not authorized', false, 'PERMISSION_OR_INTUNE_ROLE'],
    [403, 'It says: User is not authorized', false, 'PERMISSION_OR_INTUNE_ROLE'],
  ])('takes %i with %j (Intune speaks: %j) for a lack of %s', (...row) => {
    const [status, message, isIntuneRole, lacking] = row;
    expect(missingGrantOf({ status, message, isIntuneRole })).toBe(lacking);
  });
});

describe('refusalOf', () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
  const encoded = Buffer.from(claims).toString('base64');

  it.each<[string | string[] | undefined, string | undefined, boolean]>([
    [undefined, undefined, false],
    ['Bearer realm="", error="invalid_token"', undefined, false],
    [`Bearer realm="", error="insufficient_claims", claims="${encoded}"`, claims, false],
    [`Bearer claims="${encoded}", error="insufficient_claims"`, claims, false],
    [['Basic realm="x"', `Bearer claims="${encoded}"`], claims, false],
    ['Bearer claims="rubbish"', 'rubbish', false],
    ['Bearer realm="urn:intune:service,c3998d6e-2e37-4c56-87b5-7b444ee1cb26"', undefined, true],
    ['Bearer myclaims="x"', undefined, false],
  ])('reads the challenge %j', (header, expected, isIntuneRole) => {
    const response = { status: 401, headers: { 'www-authenticate': header }, body: noBytes };
    expect(refusalOf(response, 0)).toMatchObject({ claims: expected, isIntuneRole });
  });
});

describe('cleanMessage', () => {
  it.each([
    ["The property 'x' does not exist.", undefined],
    [
      'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 8d1d6ff5-1d76-4dcc-b1be-5d0e5e5e5e5e - Url: https://fef.msub02.manage.microsoft.com/TrafficGateway/x?api-version=5018',
      'An error has occurred',
    ],
    ['Oops- Url: x', 'Oops'],
    ['Oops –  Url: x', 'Oops'],
    ['Oops Activity ID  (for support)  : x', 'Oops'],
    [' Not here\n', 'Not here'],
    ['Not\r\nhere\u0000 \u2028now', 'Not here now'],
    ['see https://fef.msua06.manage.microsoft.com/a?b=c for it', 'see [address] for it'],
    ['host fef.msua06.manage.microsoft.com said no', 'host [address] said no'],
    [
      'at 10.1.2.3:443 host AMSUA0602.contoso.internal said no',
      'at [address] host [address] said no',
    ],
    ['10.0.0.7, 192.168.1.1 and fe80:0:0:0:1:2:3:4.', '[address], [address] and [address].'],
    ['fe80:0:0:0:1:2:3:4a5b but not 1.2.3.4...5', '[address] but not 1.2.3.4...5'],
    ['host FEF.MSUA06.MANAGE.MICROSOFT.COM?a=b said no', 'host [address] said no'],
    ['see graph.microsoft.com/beta/x or db-1.corp:1433', 'see [address] or [address]'],
    ["System.Net.Http, Edm.Guid, 'microsoft.graph.group' and Microsoft.OData.Core stay", undefined],
    ['ada@contoso.com may not, at 12:34:56 in 4.0.30319', undefined],
    ['token Bearer abc.def-ghi was bad', 'token Bearer [redacted] was bad'],
    ['token Bearer  abc.def-ghi was bad', 'token Bearer [redacted] was bad'],
    ['eyJhbGciOi.eyJzdWIi.c2ln is bad', '[redacted] is bad'],
    ['eyJhbGciOi.eyJzdWIi is bad', '[redacted] is bad'],
    [
      "not on type 'microsoft.management.services.api.complianceManagementPartner'",
      "not on type 'microsoft.graph.complianceManagementPartner'",
    ],
    ['', undefined],
  ])('makes %j fit for a caller', (message, expected = message) => {
    expect(cleanMessage(message)).toBe(expected);
  });

  it('cuts a very long message', () => {
    const cleaned = cleanMessage('x'.repeat(100_000));
    expect(cleaned).toHaveLength(500);
    expect(cleaned.endsWith('…')).toBe(true);
    expect(cleanMessage('x'.repeat(500))).toBe('x'.repeat(500));
  });

  it('gives one line without addresses, whatever the message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.webUrl(), (text, url) => {
        const cleaned = cleanMessage(`${text} ${url} ${text}`);
        expect(cleaned).not.toMatch(/[\r\n]|https?:\/\//);
      }),
      { numRuns: 30 },
    );
  });
});
