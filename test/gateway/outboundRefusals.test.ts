import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { isGraphError } from '../../src/graph/errors.ts';
import {
  acceptAnswer,
  OutboundIdentityError,
  type TokenFlow,
  tokenFactsOf,
} from '../../src/identity/outbound/token.ts';
import { createTokenEndpoint } from '../../src/identity/outbound/tokenEndpoint.ts';
import { Secret } from '../../src/shared/secret.ts';
import type { AuthorityFault } from '../support/authority/faults.ts';
import { ada, fabrikam, grace } from '../support/authority/people.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { claimsOf, createOutboundWorld, useOutbound } from '../support/outboundHarness.ts';
import {
  type Answer,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
const unavailable = { code: 'unavailable', details: { fault: 'not-connected' } };
const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What an answer without a grant means. */
function refusalOf(
  json: unknown,
  { status = 400, flow = 'on-behalf-of' as TokenFlow, headers = {} } = {},
): Error {
  try {
    acceptAnswer(flow, { status, headers, json }, Date.UTC(2026, 1, 11, 8, 30, 5));
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was granted.');
}

describe('a refusal', () => {
  const user = { code: 'unauthenticated', message: expect.stringMatching(/get a new one/) };
  const withClaims = { code: 'unauthenticated', details: { claims } };
  const needsConsent = { code: 'unauthenticated', message: expect.stringMatching(/no consent/) };
  const misconfigured = { name: 'Error', facts: { status: 400 } };
  const passing = { code: 'unavailable', details: { fault: 'not-connected' } };
  const after = { headers: { 'retry-after': ['2.128', '9'] } };
  const [ofApp, ofMachine] = [
    { flow: 'client-credentials' },
    { flow: 'managed-identity' },
  ] as const;
  const throttledFor = (retryAfterMs: number) => ({ code: 'throttled', details: { retryAfterMs } });
  const passingFor = (retryAfterMs: number) => ({
    ...passing,
    details: { ...passing.details, retryAfterMs },
  });

  it.each<[string, unknown, object, Parameters<typeof refusalOf>[1]?]>([
    ['more is asked of the user', { error: 'interaction_required', claims }, withClaims],
    ['a grant is refused with claims', { error: 'invalid_grant', claims }, withClaims],
    ['a grant is refused', { error: 'invalid_grant' }, user],
    ['a login is asked for', { error: 'login_required' }, user],
    ['consent is missing', { error: 'invalid_grant', suberror: 'consent_required' }, needsConsent],
    ['consent is asked for', { error: 'consent_required' }, needsConsent],
    ['the secret is wrong', { error: 'invalid_client' }, misconfigured],
    ['the app may not do this', { error: 'unauthorized_client' }, misconfigured],
    ['the request is malformed', { error: 'invalid_request' }, misconfigured],
    ['the scope is wrong', { error: 'invalid_scope' }, misconfigured],
    ['no user stands behind it', { error: 'invalid_grant', claims }, misconfigured, ofApp],
    ['a machine has no identity', { error: 'invalid_request' }, misconfigured, ofMachine],
    ['there are too many for so long', {}, throttledFor(2128), { status: 429, ...after }],
    ['there are too many', {}, throttledFor(1000), { status: 429 }],
    ['it broke', { error: 'server_error' }, passing, { status: 500 }],
    ['it is down for so long', '<html>', passingFor(2128), { status: 503, ...after }],
    ['it is down and says it with 400', { error: 'temporarily_unavailable' }, passing],
    ['a proxy answers', {}, passing, { status: 403 }],
    ['a proxy asks for a password', {}, passing, { status: 407 }],
    ['it sends elsewhere', {}, passing, { status: 302 }],
    ['a success is none', { error: 'invalid_client' }, passing, { status: 204 }],
  ])('concerns whom it should when %s', (_what, body, error, how = {}) => {
    expect(refusalOf(body, how)).toMatchObject(error);
  });

  it.each<[string, unknown]>([
    ['no JSON', 'capolids'],
    ['no object', '[1]'],
    ['no text', { access_token: {} }],
    ['longer than any claims are', JSON.stringify({ access_token: 'x'.repeat(9000) })],
  ])('hands on no claims that are %s', (_what, text) => {
    const error = refusalOf({ error: 'interaction_required', claims: text });
    expect(error).toMatchObject({ code: 'unauthenticated', details: { claims: undefined } });
  });

  it('gives the log status, word and numbers', () => {
    const error = refusalOf({ error: 'interaction_required', claims, error_codes: [50079] });
    const facts = { status: 400, code: 'interaction_required', codes: ['AADSTS50079'] };
    expect(tokenFactsOf(error)).toEqual(facts);
  });

  it.each<[TokenFlow, number, RegExp]>([
    ['client-credentials', 7000215, /secret is wrong/],
    ['client-credentials', 7000222, /secret has expired/],
    ['on-behalf-of', 700016, /not registered in this tenant/],
    ['on-behalf-of', 1, /rejects the registration or the credential/],
    ['managed-identity', 7000215, /no managed identity/],
  ])('tells the operator of %s with AADSTS%d how to fix it', (flow, code, sentence) => {
    const error = refusalOf({ error: 'invalid_client', error_codes: [code] }, { flow });
    expect(error).toBeInstanceOf(OutboundIdentityError);
    expect(error.message).toMatch(sentence);
  });

  const canary = 'canary-eyJhbGciOiJSUzI1NiJ9';
  it.each(['invalid_client', 'invalid_grant', canary])(
    'repeats nothing of the answer but its codes when it is %s',
    (word) => {
      const error = refusalOf({
        error: word,
        suberror: canary,
        error_description: canary,
        error_codes: [canary, 1, 2.5, { canary }],
        trace_id: canary,
        access_token: canary,
      });
      const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error);
      expect(shown).not.toContain('canary');
      expect(tokenFactsOf(error).codes).toEqual(['AADSTS1']);
    },
  );
});

describe('a fault of the token endpoint for one user', () => {
  const outbound = useOutbound();
  const ofGrace = { userObjectId: grace.objectId };
  const throttled = { code: 'throttled', details: { retryAfterMs: 7_000 } };
  const asked = { code: 'unauthenticated', details: { claims } };
  const body = '{"token_type":"Bearer","expires_in":3600}';
  const location = 'https://127.0.0.1:1/';

  it.each<[string, AuthorityFault, object, string]>([
    ['a 500', { kind: 'status', status: 500 }, unavailable, 'unavailable'],
    ['a 503', { kind: 'status', status: 503, retryAfter: '3' }, unavailable, 'unavailable'],
    ['a 429', { kind: 'status', status: 429, retryAfter: '7' }, throttled, 'throttled'],
    ['a cut connection', { kind: 'reset' }, unavailable, 'unavailable'],
    ['rubbish', { kind: 'rubbish' }, { code: 'unavailable' }, 'unavailable'],
    ['a grant without a token', { kind: 'rubbish', body }, { code: 'unavailable' }, 'unavailable'],
    ['a redirect', { kind: 'redirect', location }, unavailable, 'unavailable'],
    ['interaction_required', { kind: 'interaction-required', claims }, asked, 'refused'],
  ])('that is %s touches no other user', async (_what, fault, error, outcome) => {
    const { ask, events, clock } = outbound.create();
    const tokens = [grace, ada].map((user) => outbound.authority.mint({ user }));
    const [hers, his] = tokens;
    const heal = outbound.authority.faults.set(fault, ofGrace);
    const [first, second, third] = await Promise.allSettled([hers, his, hers].map((t) => ask(t)));
    expect([first, third]).toMatchObject(Array(2).fill({ status: 'rejected', reason: error }));
    expect(second?.status === 'fulfilled' && claimsOf(second.value)['oid']).toBe(ada.objectId);
    const measured = events.filter((event) => event.startsWith('on-behalf-of'));
    expect(measured.sort()).toEqual([`on-behalf-of ${outcome}`, 'on-behalf-of token'].sort());
    const late = await ask(outbound.authority.mint({ user: ada, tenant: fabrikam }));
    expect(claimsOf(late)).toMatchObject({ oid: ada.objectId, tid: fabrikam.id });
    heal();
    await clock.advance(7_000);
    expect(claimsOf(await ask(hers))['oid']).toBe(grace.objectId);
  });

  it('that is a silence ends after ten seconds and delays no other user', async () => {
    const { ask, clock } = outbound.create();
    outbound.authority.faults.set({ kind: 'hang' }, ofGrace);
    const hanging = failureOf(ask(outbound.authority.mint({ user: grace })));
    await clock.whenPending();
    expect(claimsOf(await ask())['oid']).toBe(ada.objectId);
    await clock.advance(10_000);
    expect(await hanging).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false });
    outbound.authority.faults.clear();
    const healed = await ask(outbound.authority.mint({ user: grace }));
    expect(claimsOf(healed)['oid']).toBe(grace.objectId);
  });

  it('that asks for more is asked about again, never remembered', async () => {
    const { ask } = outbound.create();
    const assertion = outbound.authority.mint({ user: grace });
    outbound.authority.faults.set({ kind: 'interaction-required', claims }, { times: 1 });
    expect(await failureOf(ask(assertion))).toMatchObject({ code: 'unauthenticated' });
    expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
  });

  it('that throttles is heeded without asking, until its time is over', async () => {
    const { ask, clock } = outbound.create();
    const assertion = outbound.authority.mint({ user: grace });
    outbound.authority.faults.set({ kind: 'status', status: 429, retryAfter: '7' }, { times: 1 });
    await failureOf(ask(assertion));
    await clock.advance(6_999);
    const again = () =>
      expect(ask(assertion)).rejects.toMatchObject({ details: { retryAfterMs: 1 } });
    expect(await outbound.requestsOf(again)).toBe(0);
    await clock.advance(1);
    expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
  });

  const secret = (text: string) =>
    ({ credential: { kind: 'secret', secret: new Secret(text) } }) as const;
  const file = { credential: { kind: 'federated-token', path: '/nowhere/canary' } } as const;
  const stranger = { clientId: '00000000-0000-0000-0000-000000000099' };
  it.each<[string, Parameters<typeof outbound.create>[0], RegExp, object]>([
    [
      'a wrong secret',
      secret('canary'),
      /secret is wrong/,
      { codes: ['AADSTS7000215'], status: 401 },
    ],
    ['an unknown app', stranger, /not registered in/, { codes: ['AADSTS700016'], status: 400 }],
    ['an empty secret', secret(''), /cannot be used/, {}],
    ['a missing file', file, /federated token cannot be read/, { systemCode: 'ENOENT' }],
  ])('that %s causes is logged once and hidden from callers', async (_how, change, hint, facts) => {
    const { ask, lines } = outbound.create(change);
    const users = [ada, grace].map((user) => outbound.authority.mint({ user }));
    const errors = await Promise.all(users.map((token) => failureOf(ask(token))));
    expect(errors.map(isGraphError)).toEqual([false, false]);
    expect(errors.every((error) => error instanceof OutboundIdentityError)).toBe(true);
    expect(lines).toMatchObject([{ message: expect.stringMatching(hint), ...facts }]);
  });
});

describe('the way to a token endpoint', () => {
  const closeLater = useClosing();
  const certificates = createTestCertificates();
  const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));
  const opened = 'breaker open towards the authority';
  const never = new AbortController().signal;
  setMaxListeners(0, never);
  const post = { path: '/tenant/token?a=b', headers: {}, body: 'grant_type=x', signal: never };

  /** To plain http on this machine unless the flow is another one; errors come back as results. */
  function open(
    url: URL,
    flow: TokenFlow = 'client-credentials',
    change: Parameters<typeof createOutboundWorld>[0] = {},
  ) {
    const world = createOutboundWorld(change);
    const endpoint = createTokenEndpoint(url, flow, world.parts);
    closeLater(endpoint.close);
    const send = (signal = never): Promise<unknown> =>
      endpoint.send({ ...post, signal }).catch((error: unknown) => error);
    const sendTimes = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        await send();
      }
    };
    return { ...world, send, sendTimes, endpoint };
  }

  async function scripted(script: readonly Answer[], flow?: TokenFlow) {
    const server = await startScriptedServer(...script);
    closeLater(server.close);
    return { ...open(server.url, flow), server };
  }

  async function secured(certificate: ServerCertificate): Promise<URL> {
    const server = createServer(certificate, (_request, response) => response.end('{"a":1}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closeLater(() => {
      server.close();
      server.closeAllConnections();
    });
    return new URL(`https://localhost:${(server.address() as AddressInfo).port}`);
  }

  it('sends what it is given and gives the answer as JSON', async () => {
    const answer = json(400, { error: 'x' }, { 'retry-after': '2' });
    const { send, server } = await scripted([answer]);
    const headers = { 'retry-after': '2' };
    expect(await send()).toMatchObject({ status: 400, json: { error: 'x' }, headers });
    const { path: url, body } = post;
    const sent = { method: 'POST', url, body, headers: { 'accept-encoding': 'identity' } };
    expect(server.requests).toMatchObject([sent]);
  });

  it.each(['http://login.microsoftonline.com', 'http://127.0.0.1.example'])(
    'rejects %s, because plain http is for loopback',
    (url) => expect(() => open(new URL(url))).toThrow('requested over https only'),
  );

  it('leads to one origin only, whatever the path is', async () => {
    const { endpoint, server } = await scripted([json(200, {})]);
    await endpoint.send({ ...post, path: '//elsewhere.example/token' });
    expect(server.requests).toMatchObject([{ url: '//elsewhere.example/token' }]);
  });

  it('does not follow where it is sent on to', async () => {
    const { server: other } = await scripted([json(200, {})]);
    const { send } = await scripted([json(307, {}, { location: other.url.href })]);
    expect(await send()).toMatchObject({ status: 307 });
    expect(other.requests).toEqual([]);
  });

  const endless: Answer = (response) => {
    const more = (): void => {
      response.write(Buffer.alloc(65_536, 32), (error) => error ?? more());
    };
    more();
  };
  const tooLarge = { code: 'unavailable', message: expect.stringContaining('larger answer') };
  it.each<[string, Answer, object]>([
    ['no JSON', json(200, '<html>Sign in</html>'), { status: 200, json: undefined }],
    ['an answer without end', endless, tooLarge],
    ['a cut connection, after which the attempt may be repeated', reset, unavailable],
  ])('understands %s', async (_what, answer, result) => {
    const { send } = await scripted([answer]);
    expect(await send()).toMatchObject(result);
  });

  it('ends with the signal', async () => {
    const { send, server } = await scripted([silence]);
    const leaving = new AbortController();
    const sent = send(leaving.signal);
    await until(() => server.requests.length === 1);
    leaving.abort();
    expect(await sent).toMatchObject({ code: 'unavailable' });
  });

  const trusting = { certificateAuthorities: [certificates.authority] };
  it('trusts an authority that it is given', async () => {
    const { send } = open(await secured(certificates.good), undefined, trusting);
    expect(await send()).toMatchObject({ status: 200, json: { a: 1 } });
  });

  it.each<[string, ServerCertificate, object]>([
    ['of another authority', certificates.good, {}],
    ...Object.entries(certificates.bad).map(([what, pair]) => [what, pair, trusting] as never),
  ])('trusts no certificate that is %s, and counts it as a failure', async (_what, pair, trust) => {
    const { send, sendTimes, events } = open(await secured(pair), undefined, trust);
    expect(await send()).toMatchObject({ code: 'unavailable', details: { fault: 'untrusted' } });
    await sendTimes(9);
    expect(events).toEqual([opened]);
  });

  it('counts a proxy that rejects the credentials as a failure, and answers that are too large not', async () => {
    const proxy = await startForwardProxy({ user: { name: 'u', password: 'p' } });
    closeLater(proxy.close);
    const https = { url: new URL(proxy.url.replace('u:p@', '')), authorization: undefined };
    const proxies = { https, http: undefined, exceptions: '' };
    const { sendTimes, send, events } = open(new URL('https://login.example'), undefined, {
      proxies,
    });
    expect(await send()).toMatchObject({ details: { fault: 'proxy-credentials' } });
    await sendTimes(9);
    const { sendTimes: sendLarge, events: none } = await scripted([endless]);
    await sendLarge(10);
    expect([events, none]).toEqual([[opened], []]);
  });

  it('opens the breaker after ten connections that broke, and then fails without sending or waiting', async () => {
    const { send, sendTimes, server, events, lines } = await scripted([reset]);
    await sendTimes(10);
    const sent = server.requests.length;
    const result = await Promise.race([send(), turnOfTheLoop()]);
    const message = expect.stringContaining('token endpoint is down');
    expect(result).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false, message });
    expect(result).toHaveProperty('details', {});
    expect(server.requests).toHaveLength(sent);
    expect(events).toEqual([opened, 'rejected by breaker towards the authority']);
    expect(lines).toMatchObject([{ state: 'open' }]);
  });

  it.each<[TokenFlow, string | undefined]>([
    ['client-credentials', opened],
    ['managed-identity', opened],
    ['on-behalf-of', undefined],
  ])('takes ten of 503 for %s as %s', async (flow, event) => {
    const { sendTimes, events } = await scripted([json(503, {})], flow);
    await sendTimes(10);
    expect(events[0]).toBe(event);
  });

  it("closes the breaker again with any answer, also with another user's 503", async () => {
    const script = [...Array<Answer>(10).fill(reset), json(503, {})];
    const { send, sendTimes, events, clock } = await scripted(script, 'on-behalf-of');
    await sendTimes(10);
    await clock.advance(5_000);
    expect([await send(), await send()]).toMatchObject([{ status: 503 }, { status: 503 }]);
    expect(events).toEqual(
      ['open', 'half-open', 'closed'].map((state) => `breaker ${state} towards the authority`),
    );
  });

  it.each([
    [4_999, undefined],
    [5_000, opened],
  ])('after silences of %i ms that the gateway gave up is %s', async (durationMs, event) => {
    const { send, events, clock } = await scripted([silence]);
    const givenUp = Array.from({ length: 10 }, () => new AbortController());
    const asked = givenUp.map(({ signal }) => send(signal));
    await turnOfTheLoop();
    await clock.advance(durationMs);
    for (const one of givenUp) {
      one.abort();
    }
    await Promise.all(asked);
    expect(events[0]).toBe(event);
  });

  it('lets no more than it should wait, and tells the others when to come back', async () => {
    const { send, server, events } = await scripted([silence]);
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const inFlight = Array.from({ length: 128 }, () => send(over.signal));
    const waiting = Array.from({ length: 512 }, () => send());
    const details = { retryAfterMs: 1_000 };
    expect(await send()).toMatchObject({ code: 'overloaded', mayHaveBeenApplied: false, details });
    expect(events).toEqual(['rejected by bulkhead towards the authority']);
    await until(() => server.requests.length === 128);
    over.abort();
    await Promise.all(inFlight);
    await until(() => server.requests.length === 256);
    void waiting;
  });

  it('leaves the queue with the signal, and nothing keeps listening to it', async () => {
    const { send, server } = await scripted([silence]);
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const first = Array.from({ length: 128 }, () => send(over.signal));
    const leaving = new AbortController();
    const queued = send(leaving.signal);
    leaving.abort();
    const message = 'No token request could start in time.';
    expect(await queued).toMatchObject({ code: 'unavailable', message });
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    over.abort();
    await Promise.all(first);
    expect(server.requests.length).toBeLessThanOrEqual(128);
  });
});
