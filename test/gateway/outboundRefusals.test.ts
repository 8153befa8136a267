import { getEventListeners } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GraphCredentialError, isGraphError } from '../../src/graph/errors.ts';
import type { OnBehalfOfOptions } from '../../src/identity/outbound/credentials.ts';
import {
  OutboundIdentityError,
  type TokenFlow,
  tokenFactsOf,
} from '../../src/identity/outbound/token.ts';
import {
  decideRefusal,
  type Refusal,
  type RefusalFacts,
  refusalErrorOf,
} from '../../src/identity/outbound/tokenAnswer.ts';
import {
  createTokenTransport,
  type GuardOptions,
  guardTransport,
  judgeTokenEnd,
  type TokenTransport,
} from '../../src/identity/outbound/tokenEndpoint.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import type { AuthorityFault } from '../support/authority/faults.ts';
import { ada, fabrikam, grace } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { recordingLog } from '../support/logs.ts';
import {
  claimsOf,
  createTestCredentials,
  type TestCredentials,
} from '../support/outboundHarness.ts';
import {
  type Answer,
  json,
  reset,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const claims = '{"access_token":{"capolids":{"essential":true}}}';
const user: Refusal = { kind: 'user', claims: undefined, needsConsent: false };
const misconfigured: Refusal = { kind: 'misconfigured' };
const unavailable: Refusal = { kind: 'unavailable', retryAfterMs: undefined };

describe('decideRefusal', () => {
  it.each<[string, Partial<RefusalFacts>, Refusal]>([
    ['more is asked of the user', { error: 'interaction_required', claims }, { ...user, claims }],
    ['a grant is refused with claims', { error: 'invalid_grant', claims }, { ...user, claims }],
    ['a grant is refused', { error: 'invalid_grant' }, user],
    ['a login is asked for', { error: 'login_required' }, user],
    [
      'consent is missing',
      { error: 'invalid_grant', suberror: 'consent_required' },
      { ...user, needsConsent: true },
    ],
    ['consent is asked for', { error: 'consent_required' }, { ...user, needsConsent: true }],
    ['the secret is wrong', { status: 401, error: 'invalid_client' }, misconfigured],
    ['the app may not do this', { error: 'unauthorized_client' }, misconfigured],
    ['the request is malformed', { error: 'invalid_request' }, misconfigured],
    ['the scope is wrong', { error: 'invalid_scope' }, misconfigured],
    [
      'an application is refused a grant, for which no user can do anything',
      { flow: 'client-credentials', error: 'invalid_grant', claims },
      misconfigured,
    ],
    [
      'a machine has no such identity',
      { flow: 'managed-identity', error: 'invalid_request' },
      misconfigured,
    ],
    [
      'too many, for so long',
      { status: 429, retryAfterMs: 7 },
      { kind: 'throttled', retryAfterMs: 7 },
    ],
    ['too many', { status: 429 }, { kind: 'throttled', retryAfterMs: 1000 }],
    ['it broke', { status: 500, error: 'server_error' }, unavailable],
    ['it is down', { status: 503, retryAfterMs: 9 }, { kind: 'unavailable', retryAfterMs: 9 }],
    ['it is down and says it with 400', { error: 'temporarily_unavailable' }, unavailable],
    ['a proxy answers', { status: 403 }, unavailable],
    ['a proxy asks for a password', { status: 407 }, unavailable],
    ['it sends elsewhere', { status: 302 }, unavailable],
    ['a success that is none', { status: 204, error: 'invalid_client' }, unavailable],
  ])('knows whom it concerns that %s', (_what, facts, refusal) => {
    const none = { retryAfterMs: undefined, error: undefined, suberror: undefined };
    const usual = { flow: 'on-behalf-of', status: 400, claims: undefined, ...none } as const;
    expect(decideRefusal({ ...usual, ...facts })).toEqual(refusal);
  });
});

describe('refusal error', () => {
  const nowMs = Date.UTC(2026, 1, 11, 8, 30, 5);
  const claims = '{"access_token":{"xms_cc":{"values":["x"]}}}';

  function errorOf(json: unknown, status = 400, flow: TokenFlow = 'on-behalf-of'): Error {
    const headers = { 'retry-after': ['2.128', '9'] };
    return refusalErrorOf(flow, { status, headers, json }, nowMs);
  }

  describe('refusalErrorOf', () => {
    it('hands the claims to the caller', () => {
      const error = errorOf({ error: 'interaction_required', claims, error_codes: [50079] });
      expect(error).toBeInstanceOf(GraphCredentialError);
      expect(error).toMatchObject({ code: 'unauthenticated', details: { claims } });
      expect(tokenFactsOf(error)).toEqual({
        status: 400,
        code: 'interaction_required',
        codes: ['AADSTS50079'],
      });
    });

    it.each<[string, unknown]>([
      ['no JSON', 'capolids'],
      ['no object', '[1]'],
      ['no text', { access_token: {} }],
      ['longer than any claims are', JSON.stringify({ access_token: 'x'.repeat(9000) })],
    ])('hands nothing on that is %s', (_what, text) => {
      const error = errorOf({ error: 'interaction_required', claims: text });
      expect(error).toMatchObject({ code: 'unauthenticated', details: { claims: undefined } });
    });

    it('says how long to wait', () => {
      const error = errorOf({ error: 'temporarily_unavailable' }, 429);
      expect(error).toMatchObject({ code: 'throttled', details: { retryAfterMs: 2128 } });
    });

    it('lets an endpoint that is down be tried again with the whole attempt, since Graph saw nothing', () => {
      const error = errorOf('<html>', 503);
      expect(error).toMatchObject({ code: 'unavailable', details: { fault: 'not-connected' } });
    });

    it.each<[TokenFlow, number, RegExp]>([
      ['client-credentials', 7000215, /secret is wrong/],
      ['client-credentials', 7000222, /secret has expired/],
      ['on-behalf-of', 700016, /not registered in this tenant/],
      ['on-behalf-of', 1, /refuses the registration or the credential/],
      ['managed-identity', 7000215, /no managed identity/],
    ])('tells the operator of %s with AADSTS%d how to fix it', (flow, code, sentence) => {
      const error = errorOf({ error: 'invalid_client', error_codes: [code] }, 401, flow);
      expect(error).toBeInstanceOf(OutboundIdentityError);
      expect(error.message).toMatch(sentence);
    });

    it('repeats nothing of the answer but its codes', () => {
      const canary = 'canary-eyJhbGciOiJSUzI1NiJ9';
      const bodies = ['invalid_client', 'invalid_grant', canary].map((word) => ({
        error: word,
        suberror: canary,
        error_description: canary,
        error_codes: [canary, 1, 2.5, { canary }],
        trace_id: canary,
        access_token: canary,
      }));
      for (const error of bodies.map((body) => errorOf(body))) {
        const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
        expect(shown).not.toContain('canary');
        expect(tokenFactsOf(error).codes).toEqual(['AADSTS1']);
      }
    });
  });
});

describe('token faults', () => {
  let authority: TestAuthority;
  let closing: TestCredentials[] = [];

  beforeAll(async () => {
    authority = await startAuthority();
  });
  afterEach(async () => {
    authority.faults.clear();
    await Promise.all(closing.map(({ credentials }) => credentials.close()));
    closing = [];
  });
  afterAll(() => authority.close());

  function create(options: Partial<OnBehalfOfOptions> = {}): TestCredentials {
    const world = createTestCredentials(authority, options);
    closing.push(world);
    return world;
  }

  const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
  const unavailable = { code: 'unavailable', details: { fault: 'not-connected' } };
  const failure = async (asked: Promise<unknown>): Promise<unknown> => {
    try {
      await asked;
    } catch (error) {
      return error;
    }
    return undefined;
  };

  const faults: readonly [string, AuthorityFault, object, string][] = [
    ['a 500', { kind: 'status', status: 500 }, unavailable, 'unavailable'],
    ['a 503', { kind: 'status', status: 503, retryAfter: '3' }, unavailable, 'unavailable'],
    [
      'a 429',
      { kind: 'status', status: 429, retryAfter: '7' },
      { code: 'throttled', details: { retryAfterMs: 7_000 } },
      'throttled',
    ],
    ['a cut connection', { kind: 'reset' }, unavailable, 'unavailable'],
    ['rubbish', { kind: 'rubbish' }, { code: 'unavailable' }, 'unavailable'],
    [
      'a grant without a token',
      { kind: 'rubbish', body: '{"token_type":"Bearer","expires_in":3600}' },
      { code: 'unavailable' },
      'unavailable',
    ],
    [
      'a redirect',
      { kind: 'redirect', location: 'https://127.0.0.1:1/' },
      unavailable,
      'unavailable',
    ],
    [
      'interaction_required',
      { kind: 'interaction-required', claims },
      { code: 'unauthenticated', details: { claims } },
      'refused',
    ],
  ];

  describe('a fault of the token endpoint for one user', () => {
    it.each(faults)('that is %s touches no other user', async (_what, fault, error, outcome) => {
      const { ask, measured, clock } = create();
      const [ofAda, ofGrace] = [authority.mint({ user: ada }), authority.mint({ user: grace })];
      const heal = authority.faults.set(fault, { userObjectId: grace.objectId });
      const asked = [ofGrace, ofAda, ofGrace].map((assertion) => ask(assertion));
      const [first, second, third] = await Promise.allSettled(asked);
      expect(first).toMatchObject({ status: 'rejected', reason: error });
      expect(third).toMatchObject({ status: 'rejected', reason: error });
      expect(second?.status === 'fulfilled' && claimsOf(second.value)['oid']).toBe(ada.objectId);
      expect(measured.map((one) => one.outcome).sort()).toEqual([outcome, 'token'].sort());
      const late = claimsOf(await ask(authority.mint({ user: ada, tenant: fabrikam })));
      expect(late).toMatchObject({ oid: ada.objectId, tid: fabrikam.id });
      heal();
      await clock.advance(7_000);
      expect(claimsOf(await ask(ofGrace))['oid']).toBe(grace.objectId);
    });

    it('that repeats delays no other user', async () => {
      const { ask, breaker } = create();
      authority.faults.set({ kind: 'status', status: 503 }, { userObjectId: grace.objectId });
      const assertion = authority.mint({ user: grace });
      for (let count = 0; count < 20; count += 1) {
        expect(await failure(ask(assertion))).toMatchObject(unavailable);
      }
      expect(claimsOf(await ask(authority.mint()))['oid']).toBe(ada.objectId);
      expect(breaker).toEqual([]);
    });

    it('that is a silence ends after ten seconds and delays no other user', async () => {
      const { ask, clock } = create();
      authority.faults.set({ kind: 'hang' }, { userObjectId: grace.objectId });
      const hanging = failure(ask(authority.mint({ user: grace })));
      await clock.whenPending();
      expect(claimsOf(await ask(authority.mint()))['oid']).toBe(ada.objectId);
      await clock.advance(10_000);
      expect(await hanging).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false });
      authority.faults.clear();
      expect(claimsOf(await ask(authority.mint({ user: grace })))['oid']).toBe(grace.objectId);
    });

    it('that asks for more is asked about again, never remembered', async () => {
      const { ask } = create();
      const assertion = authority.mint({ user: grace });
      authority.faults.set({ kind: 'interaction-required', claims }, { times: 1 });
      expect(await failure(ask(assertion))).toMatchObject({ code: 'unauthenticated' });
      expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
    });

    it('that throttles is heeded without asking, until its time is over', async () => {
      const { ask, clock } = create();
      const assertion = authority.mint({ user: grace });
      authority.faults.set({ kind: 'status', status: 429, retryAfter: '7' }, { times: 1 });
      await failure(ask(assertion));
      const before = authority.count('token');
      await clock.advance(6_999);
      expect(await failure(ask(assertion))).toMatchObject({ details: { retryAfterMs: 1 } });
      expect(authority.count('token')).toBe(before);
      await clock.advance(1);
      expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
    });
  });

  describe('a token endpoint that breaks all connections', () => {
    it('gets no more requests after ten failures, and callers fail at once', async () => {
      const { ask, breaker, measured } = create();
      authority.faults.set({ kind: 'reset' });
      for (let count = 0; count < 10; count += 1) {
        await failure(ask(authority.mint()));
      }
      expect(breaker).toEqual(['open']);
      const before = authority.count('token');
      authority.faults.clear();
      expect(await failure(ask(authority.mint()))).toMatchObject({
        code: 'unavailable',
        mayHaveBeenApplied: false,
        message: expect.stringContaining('down as far as this gateway can see'),
      });
      expect(authority.count('token')).toBe(before);
      expect(measured.at(-1)).toMatchObject({ outcome: 'unavailable' });
    });
  });

  describe('a gateway that is set up wrongly', () => {
    it.each<[string, Partial<OnBehalfOfOptions>, RegExp, object]>([
      [
        'with a wrong secret',
        { credential: { kind: 'secret', secret: new Secret('canary-secret') } },
        /client secret is wrong/,
        { code: 'invalid_client', codes: ['AADSTS7000215'], status: 401 },
      ],
      [
        'as an app that is not there',
        { clientId: '00000000-0000-0000-0000-000000000099' },
        /not registered in this tenant/,
        { code: 'unauthorized_client', codes: ['AADSTS700016'], status: 400 },
      ],
      [
        'with an empty secret',
        { credential: { kind: 'secret', secret: new Secret('') } },
        /cannot be used/,
        {},
      ],
      [
        'with a file that is missing',
        { credential: { kind: 'certificate', path: '/nowhere/canary.pem' } },
        /certificate cannot be read/,
        { systemCode: 'ENOENT' },
      ],
    ])('%s tells its operator once and its callers nothing', async (_how, options, hint, facts) => {
      const { ask, lines } = create(options);
      const errors = [
        await failure(ask(authority.mint())),
        await failure(ask(authority.mint({ user: grace }))),
      ];
      expect(errors.map(isGraphError)).toEqual([false, false]);
      expect(errors.every((error) => error instanceof OutboundIdentityError)).toBe(true);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ message: expect.stringMatching(hint), ...facts });
    });
  });
});

describe('guard transport', () => {
  let nowMs: number;
  beforeEach(() => {
    nowMs = Date.UTC(2026, 1, 11);
  });
  const closeLater = useClosing();
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

  async function guard(options: Partial<GuardOptions>, script: readonly Answer[]) {
    const server = await startScriptedServer(...script);
    const way = createTokenTransport(server.url, { allowsPlainHttp: true });
    const clock: Clock = { now: () => nowMs, startTimer: () => () => undefined };
    const log = recordingLog();
    const events: string[] = [];
    const transport = guardTransport(
      way,
      { countsAnswers: true, openMs: 1_000, ...options },
      {
        clock,
        log,
        chance: () => 0.5,
        onBreaker: (state, upstream) => events.push(`${upstream} ${state}`),
        onHeldBack: (reason, upstream) => events.push(`${upstream} rejected by ${reason}`),
      },
    );
    closeLater(transport.close, server.close);
    const ask = (signal = new AbortController().signal): Promise<unknown> =>
      transport
        .send({ method: 'POST', url: server.url, headers: {}, body: 'grant_type=x', signal })
        .catch((error: unknown) => error);
    const askTimes = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        await ask();
      }
    };
    return { ask, askTimes, server, events, log };
  }

  const granted = json(200, { access_token: 'x' });
  const times = (count: number, answer: Answer): Answer[] => Array(count).fill(answer);

  describe('the breaker before a token endpoint', () => {
    it('opens after ten connections that broke, and then fails without sending or waiting', async () => {
      const { ask, askTimes, server, events, log } = await guard({}, [reset]);
      await askTimes(10);
      const sent = server.requests.length;
      let isOver = false;
      const asked = ask().finally(() => {
        isOver = true;
      });
      await turnOfTheLoop();
      expect(isOver).toBe(true);
      await expect(asked).resolves.toMatchObject({
        code: 'unavailable',
        mayHaveBeenApplied: false,
        details: {},
        message: expect.stringContaining('token endpoint is down'),
      });
      expect(server.requests).toHaveLength(sent);
      expect(events).toEqual(['authority open', 'authority rejected by breaker']);
      expect(log.lines).toMatchObject([{ state: 'open' }]);
    });

    it.each([
      [true, 'authority open'],
      [false, undefined],
    ])('where answers count: %s, ten of 503 make it %s', async (countsAnswers, state) => {
      const { askTimes, events } = await guard({ countsAnswers }, [json(503, {})]);
      await askTimes(10);
      expect(events[0]).toBe(state);
    });

    it("closes again with any answer, also with another user's 503", async () => {
      const options = { countsAnswers: false };
      const { ask, askTimes, events } = await guard(options, [...times(10, reset), json(503, {})]);
      await askTimes(10);
      pass(1000);
      await expect(ask()).resolves.toMatchObject({ status: 503 });
      await expect(ask()).resolves.toMatchObject({ status: 503 });
      expect(events).toEqual(['authority open', 'authority half-open', 'authority closed']);
    });

    it.each([
      [4_999, undefined],
      [5_000, 'authority open'],
    ])('after silences of %i ms that the gateway gave up is %s', async (durationMs, state) => {
      const silent: Answer = () => undefined;
      const { ask, events } = await guard({}, [silent]);
      const givenUp = Array.from({ length: 10 }, () => new AbortController());
      const asked = givenUp.map(({ signal }) => ask(signal));
      await turnOfTheLoop();
      pass(durationMs);
      for (const one of givenUp) {
        one.abort();
      }
      await Promise.all(asked);
      expect(events[0]).toBe(state);
    });
  });

  describe('judgeTokenEnd', () => {
    const options = { countsAnswers: true, wasEnded: false };
    it.each<[string, unknown, string]>([
      ['a connection that broke', { fault: 'not-connected' }, 'down'],
      ['a certificate that cannot be trusted', { fault: 'untrusted' }, 'down'],
      ['a proxy that rejects the credentials', { fault: 'proxy-credentials' }, 'down'],
      ['an answer that is too large', {}, 'nothing'],
    ])('takes %s for what it is', (_what, details, verdict) => {
      const error = new GraphCredentialError('unavailable', 'No', details as object);
      expect(judgeTokenEnd({ error, durationMs: 0 }, options)).toBe(verdict);
    });

    it('takes a fault of the program for nothing', () => {
      expect(judgeTokenEnd({ error: new TypeError('x'), durationMs: 9_000 }, options)).toBe(
        'nothing',
      );
    });
  });

  describe('the turns before a token endpoint', () => {
    const oneAtATime = { turns: { concurrency: 1, queue: 1 } };

    it('let no more than they should wait, and tell the others when to come back', async () => {
      let answer = (): void => undefined;
      const held: Answer = (response, request) => {
        answer = () => granted(response, request);
      };
      const { ask, server, events } = await guard(oneAtATime, [held, granted]);
      const [first, second] = [ask(), ask()];
      await expect(ask()).resolves.toMatchObject({
        code: 'overloaded',
        mayHaveBeenApplied: false,
        details: { retryAfterMs: 1_000 },
      });
      expect(events).toEqual(['authority rejected by bulkhead']);
      await until(() => server.requests.length > 0);
      answer();
      await expect(first).resolves.toMatchObject({ status: 200 });
      await expect(second).resolves.toMatchObject({ status: 200 });
    });

    it('are left with the signal, and nothing keeps listening to it', async () => {
      const silent: Answer = () => undefined;
      const { ask, server } = await guard(oneAtATime, [silent]);
      const [over, waiting] = [new AbortController(), new AbortController()];
      const first = ask(over.signal);
      const second = ask(waiting.signal);
      waiting.abort();
      await expect(second).resolves.toMatchObject({
        code: 'unavailable',
        message: 'No token request could start in time.',
      });
      expect(getEventListeners(waiting.signal, 'abort')).toHaveLength(0);
      over.abort();
      await first;
      expect(server.requests.length).toBeLessThanOrEqual(1);
    });
  });
});

describe('token transport', () => {
  const certificates = createTestCertificates();
  const closeLater = useClosing();

  async function scripted(...script: Answer[]): Promise<[TokenTransport, ScriptedServer]> {
    const server = await startScriptedServer(...script);
    const transport = createTokenTransport(server.url, { allowsPlainHttp: true });
    closeLater(transport.close, server.close);
    return [transport, server];
  }

  const post = (url: URL, signal = new AbortController().signal) => ({
    method: 'POST' as const,
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=x',
    signal,
  });

  describe('the way to a token endpoint', () => {
    it('sends what it is given and gives the answer as JSON', async () => {
      const [transport, server] = await scripted(json(400, { error: 'x' }, { 'retry-after': '2' }));
      const answer = await transport.send(post(new URL('/tenant/token?a=b', server.url)));
      expect(answer).toMatchObject({ status: 400, json: { error: 'x' } });
      expect(answer.headers['retry-after']).toBe('2');
      expect(server.requests).toMatchObject([
        {
          method: 'POST',
          url: '/tenant/token?a=b',
          body: 'grant_type=x',
          headers: { 'accept-encoding': 'identity' },
        },
      ]);
    });

    it.each(['http://login.microsoftonline.com', 'http://127.0.0.1.example'])(
      'rejects %s, because plain http is for loopback',
      (url) => {
        expect(() => createTokenTransport(new URL(url))).toThrow('requested over https only');
      },
    );

    it('leads to one origin only', async () => {
      const [transport, server] = await scripted(json(200, {}));
      const [, other] = await scripted(json(200, {}));
      await expect(transport.send(post(other.url))).rejects.toMatchObject({ code: 'unavailable' });
      expect([...server.requests, ...other.requests]).toEqual([]);
    });

    it('does not follow where it is sent on to', async () => {
      const [, other] = await scripted(json(200, {}));
      const [transport, server] = await scripted(json(307, {}, { location: other.url.href }));
      expect(await transport.send(post(server.url))).toMatchObject({ status: 307 });
      expect(other.requests).toEqual([]);
    });

    it('reads an answer that is no JSON as nothing', async () => {
      const [transport, server] = await scripted(json(200, '<html>Sign in</html>'));
      expect(await transport.send(post(server.url))).toMatchObject({
        status: 200,
        json: undefined,
      });
    });

    it('gives up on an answer without end', async () => {
      const endless: Answer = (response) => {
        const more = (): void => {
          response.write(Buffer.alloc(65_536, 32), (error) => error ?? more());
        };
        more();
      };
      const [transport, server] = await scripted(endless);
      await expect(transport.send(post(server.url))).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('larger answer'),
      });
    });

    it('calls a cut connection unavailable, and the whole attempt may be repeated', async () => {
      const [transport, server] = await scripted(reset);
      await expect(transport.send(post(server.url))).rejects.toMatchObject({
        code: 'unavailable',
        details: { fault: 'not-connected' },
      });
    });

    it('ends with the signal', async () => {
      const [transport, server] = await scripted(silence);
      const leaving = new AbortController();
      const sent = transport.send(post(server.url, leaving.signal));
      const ended = expect(sent).rejects.toMatchObject({ code: 'unavailable' });
      await until(() => server.requests.length === 1);
      leaving.abort();
      await ended;
    });
  });

  describe('the way to a token endpoint over TLS', () => {
    async function secured(certificate: ServerCertificate) {
      const server = createServer(certificate, (_request, response) => response.end('{"a":1}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return {
        url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
        async close(): Promise<void> {
          server.close();
          server.closeAllConnections();
        },
      };
    }

    let url: URL;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ url, close } = await secured(certificates.good));
    });
    afterAll(() => close());

    it('trusts an authority that it is given', async () => {
      const certificateAuthorities = [certificates.authority];
      const transport = createTokenTransport(url, { certificateAuthorities });
      closeLater(transport.close);
      expect(await transport.send(post(url))).toMatchObject({ status: 200, json: { a: 1 } });
    });

    it('trusts no other, and does not try again', async () => {
      const transport = createTokenTransport(url);
      closeLater(transport.close);
      await expect(transport.send(post(url))).rejects.toMatchObject({
        code: 'unavailable',
        details: { fault: 'untrusted' },
      });
    });

    it.each(Object.entries(certificates.bad))(
      'trusts no certificate that is %s',
      async (_bad, pair) => {
        const elsewhere = await secured(pair);
        const certificateAuthorities = [certificates.authority];
        const transport = createTokenTransport(elsewhere.url, { certificateAuthorities });
        closeLater(transport.close, elsewhere.close);
        await expect(transport.send(post(elsewhere.url))).rejects.toMatchObject({
          details: { fault: 'untrusted' },
        });
      },
    );
  });
});
