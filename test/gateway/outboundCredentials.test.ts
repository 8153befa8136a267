import { createPublicKey, X509Certificate } from 'node:crypto';
import { getEventListeners, setMaxListeners } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { isGraphError } from '../../src/graph/errors.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { startIdentityMode } from '../../src/identity/identityMode.ts';
import {
  createOutboundCredentials,
  machineRequestOf,
} from '../../src/identity/outbound/credentials.ts';
import { OutboundIdentityError, type TokenFlow } from '../../src/identity/outbound/token.ts';
import { createTokenEndpoint } from '../../src/identity/outbound/tokenEndpoint.ts';
import { Secret } from '../../src/shared/secret.ts';
import type { AuthorityFault } from '../support/authority/faults.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { readUnchecked } from '../support/authority/tokenEndpoint.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { testCall } from '../support/graphClients.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { createOutboundWorld } from '../support/outboundHarness.ts';
import {
  type Answer,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const minuteMs = 60_000;
const scope = 'https://graph.microsoft.com/.default';
const closeLater = useClosing();
const { good, bad, authority: issuer } = createTestCertificates();
const { good: another } = createTestCertificates();
const publicKeyOf = ({ key }: typeof good): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
const federatedAssertions = ['first.cluster.token', 'second.cluster.token'];
const client = { ...gatewayClient, publicKey: publicKeyOf(good), federatedAssertions };
const otherClient = {
  clientId: '9a7e0a11-0000-4d7e-8f90-000000000011',
  publicKey: publicKeyOf(another),
};

const authority = await startAuthority({ clients: [client, otherClient] });
const folder = mkdtempSync(join(tmpdir(), 'outbound-'));
useClosing(afterAll)(authority.close, () => rmSync(folder, { recursive: true }));
afterEach(() => authority.faults.clear());

type Options = Parameters<typeof createOutboundCredentials>[0];
type Registration = Extract<Options['outbound'], { kind: 'registration' }>;

/** Makes credentials with which each `ask` is an operation of its own. */
function createOf(mode: Options['mode'], outbound: Options['outbound']) {
  const world = createOutboundWorld({ certificateAuthorities: [authority.certificateAuthority] });
  const options = { mode, cloud: 'global', scope, outbound };
  const credentials = createOutboundCredentials(options, world.parts);
  closeLater(credentials.close);
  const ask = async (token = authority.mint(), of: Partial<GraphCall> = {}): Promise<string> => {
    const call = testCall({ callerToken: new Secret(token), ...of });
    return (await credentials.tokenFor(call, { withFreshToken: false })).reveal();
  };
  return { ...world, credentials, ask };
}
const create = (mode: Options['mode'], change: Partial<Registration> = {}) =>
  createOf(mode, {
    kind: 'registration',
    authorityHost: `${authority.url}/`,
    tenantId: contoso.id,
    clientId: gatewayClient.clientId,
    credential: { kind: 'secret', secret: new Secret(gatewayClient.secret) },
    ...change,
  });
const claimsOf = (token: string) => readUnchecked(token)?.claims ?? {};
const formNow = () => authority.requests.at(-1)?.form ?? {};
const failureOf = (asked: Promise<unknown>) => asked.catch((error: unknown) => error);

describe('app-only credentials', () => {
  it('get one token of the application itself for every caller', async () => {
    const { ask, events, credentials } = create('app-only');
    const token = await ask();
    expect(claimsOf(token)).toMatchObject({
      aud: 'https://graph.microsoft.com',
      roles: ['DeviceManagementServiceConfig.ReadWrite.All'],
      tid: contoso.id,
    });
    const { client_id, client_secret, 'client-request-id': id, ...grant } = formNow();
    expect(grant).toEqual({ grant_type: 'client_credentials', scope });
    expect([client_id, client_secret, id]).toEqual([client.clientId, client.secret, undefined]);
    expect(await ask('', { callerToken: undefined })).toBe(token);
    expect(events).toEqual(['token miss', 'client-credentials token', 'token hit']);
    expect(credentials.hasOwnTokens).toBe(true);
  });

  it('are lent to no call that was not authorized before', async () => {
    const config = readConfig({
      AUTH_MODE: 'app-only',
      GRAPH_CLOUD: 'global',
      AZURE_TENANT_ID: contoso.id,
      AZURE_CLIENT_ID: gatewayClient.clientId,
      AZURE_CLIENT_SECRET: gatewayClient.secret,
      AZURE_AUTHORITY_HOST: authority.url,
    });
    const { credentials, close } = await startIdentityMode(config, createOutboundWorld().parts);
    closeLater(close);
    const ask = () => credentials.tokenFor(testCall(), { withFreshToken: false });
    expect(ask).toThrow('This call was not authorized.');
  });

  it('sign with the certificate that is in the file at the time, with its chain if that is wanted', async () => {
    const path = join(folder, 'certificate.pem');
    for (const [pair, { clientId }, sendsChain] of [
      [good, client, true],
      [another, otherClient, false],
    ] as const) {
      await writeFile(path, pair.key + issuer + pair.cert);
      const credential = { kind: 'certificate', path, passphrase: undefined, sendsChain } as const;
      const { ask, clock } = create('app-only', { credential, clientId });
      expect(claimsOf(await ask())).toMatchObject({ tid: contoso.id });
      const { header, claims } = readUnchecked(formNow()['client_assertion'] ?? '') ?? {};
      const digest = new X509Certificate(pair.cert).fingerprint256.replaceAll(':', '');
      const derOf = (pem: string) => new X509Certificate(pem).raw.toString('base64');
      expect(header).toEqual({
        typ: 'JWT',
        alg: 'PS256',
        'x5t#S256': Buffer.from(digest, 'hex').toString('base64url'),
        ...(sendsChain && { x5c: [pair.cert, issuer].map(derOf) }),
      });
      const aud = `${authority.url}/${contoso.id}/oauth2/v2.0/token`;
      expect(claims).toMatchObject({ aud, iss: clientId, sub: clientId, jti: expect.anything() });
      expect(formNow()).not.toHaveProperty('client_secret');
      await writeFile(path, pair.cert);
      await clock.advance(55 * minuteMs);
      await expect(ask()).rejects.toThrow('no private key');
    }
  });

  it("show the cluster's token as it stands in the file at the time", async () => {
    const path = join(folder, 'token');
    const { ask, clock } = create('app-only', { credential: { kind: 'federated-token', path } });
    for (const token of federatedAssertions) {
      await writeFile(path, `${token}\n`);
      await ask();
      expect(formNow()).toMatchObject({ client_assertion: token });
      await clock.advance(55 * minuteMs);
    }
  });

  it('go to no other place than the tenant at its authority, over https', async () => {
    const before = authority.requests.length;
    for (const tenantId of ['../elsewhere', '', 'a b', '-'.repeat(300)]) {
      await expect(create('app-only', { tenantId }).ask()).rejects.toThrow(/tenant is neither/);
    }
    expect(authority.requests).toHaveLength(before);
    const authorityHost = 'http://127.0.0.1.example';
    expect(() => create('app-only', { authorityHost })).toThrow('requested over https only');
  });
});

describe('credentials on behalf of users', () => {
  it("exchange the caller's token for one that Graph takes for the same user", async () => {
    const { ask, events } = create('on-behalf-of');
    const assertion = authority.mint({ user: grace });
    const requestId = '0b8e6c1e-9f3d-4d0e-8d5c-6a7b8c9d0e1f';
    expect(claimsOf(await ask(assertion, { requestId }))).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: gatewayClient.clientId,
      oid: grace.objectId,
      tid: contoso.id,
      scp: 'DeviceManagementServiceConfig.ReadWrite.All',
    });
    const request = authority.requests.at(-1);
    expect(request?.path).toBe(`/${contoso.id}/oauth2/v2.0/token`);
    expect(request?.headers['accept-encoding']).toBe('identity');
    // No claims: nothing is declared that is not handled, or Graph would challenge tokens that it gives a day's life.
    expect(request?.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      scope: `${scope} openid profile offline_access`,
      client_id: gatewayClient.clientId,
      client_secret: gatewayClient.secret,
      assertion,
      'client-request-id': requestId,
    });
    expect(events).toEqual(['token miss', 'on-behalf-of token']);
  });

  it('never give one caller the token of another, whatever user, tenant or token, with one request for each', async () => {
    const { ask } = create('on-behalf-of');
    const before = authority.requests.length;
    const callers = [ada, grace, ada].flatMap((user) =>
      [contoso, fabrikam].map((tenant) => authority.mint({ user, tenant })),
    );
    const asked = Array.from({ length: 400 }, (_, index) => callers[(index * 7) % 6] ?? '');
    const tokens = await Promise.all(asked.map((token) => ask(token)));
    const whose = (token: string) => [claimsOf(token)['oid'], claimsOf(token)['tid']];
    expect(tokens.map(whose)).toEqual(asked.map(whose));
    expect(new Set(tokens).size).toBe(callers.length);
    // None of them to discover anything.
    expect(authority.requests.length - before).toBe(callers.length);
  });

  it('ask a caller without a token for one, and the configured tenant if the token names none', async () => {
    const { ask } = create('on-behalf-of', { tenantId: 'contoso.example' });
    const code = 'unauthenticated';
    await expect(ask('', { callerToken: undefined })).rejects.toMatchObject({ code });
    await expect(ask(authority.mint({ claims: { tid: '../../elsewhere' } }))).rejects.toThrow();
    expect(authority.requests.at(-1)?.tenant).toBe('contoso.example');
  });
});

describe('a fault of the token endpoint', () => {
  const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
  const ofGrace = { userObjectId: grace.objectId };
  const throttled = { code: 'throttled', details: { retryAfterMs: 7_000 } };
  const asked = { code: 'unauthenticated', details: { claims } };
  const large = ' '.repeat(256 * 1024 + 1);
  const tooLarge = { code: 'unavailable', message: expect.stringContaining('larger answer') };

  it.each<[AuthorityFault, object, string]>([
    [{ kind: 'status', status: 503 }, { details: { fault: 'not-connected' } }, 'unavailable'],
    [{ kind: 'status', status: 429, retryAfter: '7' }, throttled, 'throttled'],
    [{ kind: 'redirect', location: '/elsewhere' }, { code: 'unavailable' }, 'unavailable'],
    [{ kind: 'rubbish', body: large }, tooLarge, 'unavailable'],
    [{ kind: 'interaction-required', claims }, asked, 'refused'],
  ])('is one error for all that wait: %p', async (fault, error, outcome) => {
    const { ask, events, lines, clock } = create('on-behalf-of');
    const token = authority.mint({ user: grace });
    const heal = authority.faults.set(fault, ofGrace);
    const errors = await Promise.all([token, token].map((same) => failureOf(ask(same))));
    expect(errors).toMatchObject([error, error]);
    expect(events.at(-1)).toBe(`on-behalf-of ${outcome}`);
    const operation = 'on-behalf-of';
    expect(lines).toMatchObject([{ message: 'No token for Microsoft Graph was got', operation }]);
    expect(authority.requests.filter(({ path }) => path.includes('elsewhere'))).toEqual([]);
    heal();
    await clock.advance(7_000);
    expect(claimsOf(await ask(token))['oid']).toBe(grace.objectId);
  });

  it.each(['time', 'stop'])('is a silence that delays no other user: ends by %s', async (end) => {
    const { ask, clock, events, credentials } = create('on-behalf-of');
    authority.faults.set({ kind: 'hang' }, ofGrace);
    const hanging = failureOf(ask(authority.mint({ user: grace })));
    await clock.whenPending();
    expect(claimsOf(await ask())['oid']).toBe(ada.objectId);
    await clock.advance(9_999);
    expect(events).not.toContain('on-behalf-of unavailable');
    await (end === 'time' ? clock.advance(1) : credentials.close());
    const message = expect.stringMatching(end === 'time' ? /timed out/ : /gateway stopped/);
    const error = { code: 'unavailable', message, mayHaveBeenApplied: false };
    expect(await hanging).toMatchObject(error);
    expect([events.at(-1), clock.pendingTimers]).toEqual(['on-behalf-of unavailable', 0]);
  });

  const secret = (text: string) => ({ kind: 'secret', secret: new Secret(text) }) as const;
  const fileAt = (path: string) => ({ kind: 'federated-token', path }) as const;
  const wrong = { credential: secret('canary') };
  const missing = { credential: fileAt('/no/canary') };
  const stranger = { clientId: '00000000-0000-0000-0000-000000000099' };
  const facts = (code: string, status: number) => ({ codes: [code], status });
  it.each<[string, Partial<Registration>, RegExp, object]>([
    ['a wrong secret', wrong, /secret is wrong/, facts('AADSTS7000215', 401)],
    ['an unknown app', stranger, /not registered in/, facts('AADSTS700016', 400)],
    ['an empty secret', { credential: secret('') }, /cannot be used/, {}],
    ['a missing file', missing, /token cannot be read/, { systemCode: 'ENOENT' }],
    ['a folder', { credential: fileAt(import.meta.dirname) }, /read: it is a directory/, {}],
    ['another file', { credential: fileAt(import.meta.filename) }, /holds no token/, {}],
  ])('is %s: logged once an hour, and hidden from callers', async (_how, change, hint, facts) => {
    const { ask, lines, events, clock } = create('on-behalf-of', change);
    const askTwice = async () => {
      const users = [ada, grace].map((user) => authority.mint({ user }));
      const errors = await Promise.all(users.map((token) => failureOf(ask(token))));
      expect(errors.map(isGraphError)).toEqual([false, false]);
      expect(errors.every((error) => error instanceof OutboundIdentityError)).toBe(true);
    };
    await askTwice();
    const line = { message: expect.stringMatching(hint), ...facts };
    expect(lines).toMatchObject([line]);
    expect(JSON.stringify(lines)).not.toContain('canary');
    expect(events.at(-1)).toBe('on-behalf-of misconfigured');
    await clock.advance(59 * minuteMs);
    await askTwice();
    expect(lines).toHaveLength(1);
    await clock.advance(minuteMs);
    await askTwice();
    expect(lines).toMatchObject([line, line]);
  });
});

describe('a managed identity', () => {
  const grant = (token: string) => json(200, { access_token: token, expires_in: '3600' });

  /** Of App Service; `clientId` is that of a user-assigned identity. */
  async function createManaged(script: readonly Answer[], clientId?: string) {
    const server = await startScriptedServer(...script);
    closeLater(server.close);
    const url = new URL('/msi/token', server.url);
    const endpoint = { url, header: new Secret('canary-header') };
    return { server, ...createOf('app-only', { kind: 'managed-identity', clientId, endpoint }) };
  }

  it('asks App Service with its header, and otherwise the metadata service of the machine', async () => {
    const end = Date.UTC(2026, 1, 11, 9, 30, 5) / 1000;
    const first = json(200, { access_token: 'first', expires_on: String(end) });
    const { ask, server, clock } = await createManaged([first, grant('second')], 'an-id');
    expect([await ask(), await ask()]).toEqual(['first', 'first']);
    const query = 'resource=https%3A%2F%2Fgraph.microsoft.com&client_id=an-id';
    const url = `/msi/token?api-version=2019-08-01&${query}`;
    const headers = { 'x-identity-header': 'canary-header' };
    expect(server.requests).toMatchObject([{ method: 'GET', url, headers }]);
    await clock.advance(55 * minuteMs);
    expect(await ask()).toBe('second');
    const identity = { kind: 'managed-identity', clientId: 'an-id', endpoint: undefined } as const;
    const ofMachine = machineRequestOf(identity, scope);
    const path = '/metadata/identity/oauth2/token?api-version=2018-02-01';
    expect(ofMachine.url.href).toBe(`http://169.254.169.254${path}&${query}`);
    expect(ofMachine.headers).toEqual({ metadata: 'true' });
  });

  it.each<[readonly number[], readonly number[], string | undefined]>([
    [[404, 410, 429, 200], [1_000, 3_000, 4_000], 'first'],
    [[500, 503, 404, 200], [1_000, 2_000, 4_000], 'first'],
    [[503, 503, 503, 503], [1_000, 2_000, 4_000], undefined],
    [[302], [], undefined],
  ])('that answers %j is asked again after %j ms, and gives %s', async (...row) => {
    const [statuses, delays, token] = row;
    const script = statuses.map((status) => (status === 200 ? grant('first') : json(status, {})));
    const { ask, clock, server } = await createManaged(script);
    const asked = ask().catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'unavailable' }),
    );
    for (const [index, delayMs] of delays.entries()) {
      await clock.whenPending(2);
      await clock.advance(delayMs - 1);
      expect(server.requests).toHaveLength(index + 1);
      await clock.advance(1);
    }
    expect(await asked).toBe(token);
    expect(server.requests).toHaveLength(statuses.length);
  });

  it('is waited for no longer than ten seconds, and reported to the operator if it is missing', async () => {
    const answer = json(400, { error: 'invalid_request', error_description: 'Not found' });
    const { ask, clock, lines, server } = await createManaged([silence, answer]);
    const asked = failureOf(ask());
    await until(() => server.requests.length === 1);
    await clock.advance(9_999);
    expect(lines).toHaveLength(0);
    await clock.advance(1);
    expect(await asked).toMatchObject({ code: 'unavailable' });
    expect(await failureOf(ask())).toBeInstanceOf(OutboundIdentityError);
    expect(lines).toMatchObject([{}, { message: expect.stringMatching(/no managed identity/) }]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('the way to a token endpoint', () => {
  const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));
  const opened = 'breaker open towards the authority';
  const never = new AbortController().signal;
  setMaxListeners(0, never);

  /** Its errors come back as results. */
  function open(url: URL, flow: TokenFlow = 'client-credentials', change = {}) {
    const world = createOutboundWorld(change);
    const endpoint = createTokenEndpoint(url, flow, world.parts);
    closeLater(endpoint.close);
    const send = (signal = never): Promise<unknown> =>
      endpoint.send({ path: '/token', headers: {}, body: 'a=b', signal }).catch((e: unknown) => e);
    const sendTimes = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        await send();
      }
    };
    return { ...world, send, sendTimes };
  }

  async function scripted(script: readonly Answer[], flow?: TokenFlow) {
    const server = await startScriptedServer(...script);
    closeLater(server.close);
    return { ...open(server.url, flow), server };
  }

  async function secured(pair: ServerCertificate, certificateAuthorities: string[]) {
    const server = await startOtlpReceiver(undefined, pair);
    closeLater(server.close);
    const url = new URL(server.url.replace('127.0.0.1', 'localhost'));
    return open(url, undefined, { certificateAuthorities });
  }

  /** Through a forward proxy that wants other credentials. */
  async function proxied(url: string, flow?: TokenFlow) {
    const proxy = await startForwardProxy({ user: { name: 'u', password: 'p' } });
    closeLater(proxy.close);
    const way = { url: new URL(proxy.url.replace('u:p@', '')), authorization: undefined };
    const proxies = { https: way, http: way, exceptions: '' };
    return { ...open(new URL(url), flow, { proxies }), proxy };
  }

  const endless: Answer = (response) =>
    void pipeline(createReadStream('/dev/zero'), response, () => undefined);
  const faulty = (fault: string) => ({ code: 'unavailable', details: { fault } });
  const [untrusted, rejected] = ['untrusted', 'proxy-credentials'].map(faulty) as [object, object];
  it.each<[string, () => Promise<ReturnType<typeof open>>, object, boolean]>([
    ['a 503 to an application', () => scripted([json(503, {})]), { status: 503 }, true],
    ['a 503 to a machine', () => scripted([json(503, {})], 'managed-identity'), {}, true],
    ['a 503 to a user', () => scripted([json(503, {})], 'on-behalf-of'), { status: 503 }, false],
    ['no JSON', () => scripted([json(200, '<html>')]), { status: 200, json: undefined }, false],
    ['an answer without end', () => scripted([endless]), { code: 'unavailable' }, false],
    ['a cut connection', () => scripted([reset]), faulty('not-connected'), true],
    ['a certificate of another authority', () => secured(good, []), untrusted, true],
    ['one of another host', () => secured(bad.wrongHost, [issuer]), untrusted, true],
    ['an expired one', () => secured(bad.expired, [issuer]), untrusted, true],
    ['a proxy that rejects it', () => proxied('https://a.test'), rejected, true],
  ])('ten times %s: fails, and opens the breaker or not', async (_what, start, first, opens) => {
    const { send, sendTimes, events } = await start();
    expect(await send()).toMatchObject(first);
    await sendTimes(9);
    expect(events).toEqual(opens ? [opened] : []);
  });

  it('leads to the service of a machine past a forward proxy', async () => {
    const { send, proxy } = await proxied('http://metadata.example.test:9', 'managed-identity');
    expect(await send()).toMatchObject({ code: 'unavailable' });
    expect(proxy.asked).toEqual([]);
  });

  it('fails without sending or waiting while the breaker is open, until any answer, also a 503, closes it', async () => {
    const script = [...Array<Answer>(10).fill(reset), json(503, {})];
    const { send, sendTimes, server, events, clock } = await scripted(script, 'on-behalf-of');
    await sendTimes(10);
    const result = await Promise.race([send(), turnOfTheLoop()]);
    const message = expect.stringContaining('token endpoint is down');
    expect(result).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false, message });
    expect(result).toHaveProperty('details', {});
    expect(server.requests).toHaveLength(10);
    await clock.advance(4_999);
    await send();
    await clock.advance(1);
    expect([await send(), await send()]).toMatchObject([{ status: 503 }, { status: 503 }]);
    const rejected = 'rejected by breaker towards the authority';
    const closed = ['half-open', 'closed'].map((state) => `breaker ${state} towards the authority`);
    expect(events).toEqual([opened, rejected, rejected, ...closed]);
  });

  it.each([
    [4_999, undefined],
    [5_000, opened],
  ])('after silences of %i ms that the gateway gave up is %s', async (durationMs, event) => {
    const { send, events, clock } = await scripted([silence]);
    const givenUp = new AbortController();
    const asked = Array.from({ length: 10 }, () => send(givenUp.signal));
    await turnOfTheLoop();
    await clock.advance(durationMs);
    givenUp.abort();
    await Promise.all(asked);
    expect(events[0]).toBe(event);
  });

  it('bounds what is in flight and what waits, tells others when to come back, and lets go of the queue', async () => {
    const { send, server, events } = await scripted([silence]);
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const inFlight = Array.from({ length: 128 }, () => send(over.signal));
    const leaving = new AbortController();
    const queued = send(leaving.signal);
    void Array.from({ length: 511 }, () => send());
    const details = { retryAfterMs: 1_000 };
    expect(await send()).toMatchObject({ code: 'overloaded', mayHaveBeenApplied: false, details });
    expect(events).toEqual(['rejected by bulkhead towards the authority']);
    leaving.abort();
    const message = 'No token request could start in time.';
    expect(await queued).toMatchObject({ code: 'unavailable', message });
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    await until(() => server.requests.length === 128);
    over.abort();
    await Promise.all(inFlight);
    await until(() => server.requests.length === 256);
  });
});
