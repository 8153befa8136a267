import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphCredentialError } from '../../src/graph/errors.ts';
import type { ClientCredential } from '../../src/identity/outbound/clientProof.ts';
import {
  type AppOnlyOptions,
  createAppOnlyCredentials,
  type OnBehalfOfOptions,
  type OutboundCredentials,
} from '../../src/identity/outbound/credentials.ts';
import {
  decideManagedRetry,
  imdsEndpoint,
  type ManagedIdentityEndpoint,
} from '../../src/identity/outbound/managedIdentity.ts';
import { OutboundIdentityError } from '../../src/identity/outbound/token.ts';
import { Secret } from '../../src/shared/secret.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { testCall } from '../support/graphClients.ts';
import { recordingLog } from '../support/logs.ts';
import {
  callOf,
  claimsOf,
  createOutboundWorld,
  createTestCredentials,
  headerOf,
  optionsFor,
  type TestCredentials,
} from '../support/outboundHarness.ts';
import { type Answer, json, silence, startScriptedServer } from '../support/scriptedServer.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

describe('app only credentials', () => {
  const { good, authority: issuer } = createTestCertificates();
  const closing: OutboundCredentials[] = [];
  let authority: TestAuthority;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'app-'));
    const publicKey = createPublicKey(good.key).export({ type: 'spki', format: 'pem' }).toString();
    const federatedAssertions = ['first.cluster.token', 'second.cluster.token'];
    authority = await startAuthority({
      clients: [{ ...gatewayClient, publicKey, federatedAssertions }],
    });
  });
  afterEach(async () => {
    authority.faults.clear();
    await Promise.all(closing.splice(0).map((credentials) => credentials.close()));
  });
  afterAll(async () => {
    await authority.close();
    await rm(folder, { recursive: true });
  });

  const secret: ClientCredential = { kind: 'secret', secret: new Secret(gatewayClient.secret) };

  function create(credential: ClientCredential = secret, change: Partial<AppOnlyOptions> = {}) {
    const world = createOutboundWorld(authority);
    const { clientId } = gatewayClient;
    const identity = { kind: 'registration', tenantId: contoso.id, clientId, credential } as const;
    const options = { ...optionsFor(authority), identity, ...change };
    const credentials = createAppOnlyCredentials(options, world.parts);
    closing.push(credentials);
    const ask = async (call = testCall(), withFreshToken = false): Promise<string> =>
      (await credentials.tokenFor(call, { withFreshToken })).reveal();
    return { ...world, credentials, ask };
  }

  const minuteMs = 60_000;
  const formNow = () => authority.requests.at(-1)?.form ?? {};

  describe('app-only credentials', () => {
    it('get a token of the application itself for every caller', async () => {
      const { ask, measured, credentials } = create();
      const token = await ask(testCall({ callerToken: new Secret(authority.mint()) }));
      expect(claimsOf(token)).toMatchObject({
        aud: 'https://graph.microsoft.com',
        roles: ['DeviceManagementServiceConfig.ReadWrite.All'],
        tid: contoso.id,
      });
      expect(formNow()).toMatchObject({
        grant_type: 'client_credentials',
        scope: 'https://graph.microsoft.com/.default',
        client_secret: gatewayClient.secret,
      });
      expect(formNow()).not.toHaveProperty('assertion');
      expect(await ask(testCall({ callerToken: undefined }))).toBe(token);
      expect(measured.map(({ flow, outcome }) => [flow, outcome])).toEqual([
        ['client-credentials', 'token'],
      ]);
      expect(credentials.hasOwnTokens).toBe(true);
    });

    it('sign with the certificate, which the assertion names by its SHA-256', async () => {
      const path = join(folder, 'certificate.pem');
      await writeFile(path, good.key + good.cert);
      const { ask } = create({ kind: 'certificate', path });
      expect(claimsOf(await ask())).toMatchObject({ tid: contoso.id });
      const assertion = formNow()['client_assertion'] ?? '';
      const digest = new X509Certificate(good.cert).fingerprint256.replaceAll(':', '');
      expect(headerOf(assertion)).toEqual({
        typ: 'JWT',
        alg: 'PS256',
        'x5t#S256': Buffer.from(digest, 'hex').toString('base64url'),
      });
      expect(claimsOf(assertion)).toMatchObject({
        aud: `${authority.url}/${contoso.id}/oauth2/v2.0/token`,
        iss: gatewayClient.clientId,
      });
      expect(formNow()).not.toHaveProperty('client_secret');
    });

    it('send the chain along where it is wanted', async () => {
      const path = join(folder, 'chain.pem');
      await writeFile(path, good.key + good.cert + issuer);
      await create({ kind: 'certificate', path, sendsChain: true }).ask();
      const derOf = (pem: string) => new X509Certificate(pem).raw.toString('base64');
      expect(headerOf(formNow()['client_assertion'] ?? '')['x5c']).toEqual(
        [good.cert, issuer].map(derOf),
      );
    });

    it("show the cluster's token as it stands in the file at the time", async () => {
      const path = join(folder, 'token');
      const { ask, clock } = create({ kind: 'federated-token', path });
      await writeFile(path, 'first.cluster.token');
      await ask();
      expect(formNow()).toMatchObject({ client_assertion: 'first.cluster.token' });
      await writeFile(path, 'second.cluster.token\n');
      await clock.advance(55 * minuteMs);
      await ask();
      expect(formNow()).toMatchObject({ client_assertion: 'second.cluster.token' });
    });

    it('make one request for fifty operations at the same time', async () => {
      const { ask } = create();
      const before = authority.requests.length;
      const tokens = await Promise.all(Array.from({ length: 50 }, () => ask()));
      expect([authority.requests.length - before, new Set(tokens).size]).toEqual([1, 1]);
    });

    it('take another token once Graph has refused the one that they had', async () => {
      const { ask } = create();
      const call = testCall();
      const first = await ask(call);
      expect(await ask(call, true)).not.toBe(first);
    });

    it('belong to one tenant each', async () => {
      const { clientId } = gatewayClient;
      const common = { kind: 'registration', clientId, credential: secret } as const;
      const tenants = [contoso.id, fabrikam.id];
      const tokens = await Promise.all(
        tenants.map((tenantId) => create(secret, { identity: { ...common, tenantId } }).ask()),
      );
      expect(tokens.map((token) => claimsOf(token)['tid'])).toEqual(tenants);
    });

    it('take a refusal of the grant for a fault of the setup, since no user stands behind it', async () => {
      const { ask, lines } = create();
      authority.faults.set({ kind: 'interaction-required' });
      await expect(ask()).rejects.toMatchObject({
        name: 'Error',
        facts: { codes: ['AADSTS50079'] },
      });
      expect(lines).toHaveLength(1);
    });

    it.each(['../elsewhere', '', 'a b', 'https://elsewhere.example', '-'.repeat(300)])(
      'send no request for the tenant "%s"',
      async (tenantId) => {
        const { clientId } = gatewayClient;
        const identity = { kind: 'registration', clientId, credential: secret, tenantId } as const;
        const before = authority.requests.length;
        await expect(create(secret, { identity }).ask()).rejects.toThrow(/tenant is neither/);
        expect(authority.requests).toHaveLength(before);
      },
    );
  });
});

describe('on behalf of credentials', () => {
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

  /** How many token requests something makes. */
  async function requestsOf(action: () => Promise<unknown>): Promise<number> {
    const before = authority.requests.length;
    await action();
    return authority.requests.length - before;
  }

  describe('credentials on behalf of users', () => {
    it("exchange the caller's token for one that Graph takes for the same user", async () => {
      const { ask, measured } = create();
      const assertion = authority.mint({ user: grace });
      const token = await ask(assertion);
      expect(claimsOf(token)).toMatchObject({
        aud: 'https://graph.microsoft.com',
        azp: gatewayClient.clientId,
        oid: grace.objectId,
        tid: contoso.id,
        scp: 'DeviceManagementServiceConfig.ReadWrite.All',
      });
      const request = authority.requests.at(-1);
      expect(request?.path.split('?')[0]).toBe(`/${contoso.id}/oauth2/v2.0/token`);
      expect(request?.form).toMatchObject({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        scope: expect.stringMatching(/^https:\/\/graph\.microsoft\.com\/\.default /),
        client_id: gatewayClient.clientId,
        client_secret: gatewayClient.secret,
        assertion,
      });
      // Nothing is declared that is not handled: Graph would else challenge tokens that it gives a day's life.
      expect(request?.form).not.toHaveProperty('claims');
      expect(measured).toEqual([
        { flow: 'on-behalf-of', outcome: 'token', durationMs: expect.any(Number) },
      ]);
    });

    it('make one request for fifty operations at the same time, and none to discover anything', async () => {
      const { ask, lookups } = create();
      const assertion = authority.mint();
      const tokens = new Set<string>();
      const requests = await requestsOf(async () => {
        const all = await Promise.all(Array.from({ length: 50 }, () => ask(assertion)));
        for (const token of all) {
          tokens.add(token);
        }
      });
      expect([requests, tokens.size]).toEqual([1, 1]);
      expect(await requestsOf(() => ask(assertion))).toBe(0);
      expect([lookups.filter((lookup) => lookup === 'miss').length, lookups.at(-1)]).toEqual([
        1,
        'hit',
      ]);
    });

    it('never give one caller the token of another, whatever user or tenant', async () => {
      const { ask } = create({ maximumTokens: 3 });
      const callers = [ada, grace].flatMap((user) =>
        [contoso, fabrikam].map((tenant) => ({
          assertion: authority.mint({ user, tenant }),
          whose: { oid: user.objectId, tid: tenant.id },
        })),
      );
      const answers = await Promise.all(
        Array.from({ length: 400 }, async (_, index) => {
          const caller = callers[(index * 7 + (index >> 3)) % callers.length] ?? callers[0];
          const { oid, tid } = claimsOf(await ask(caller?.assertion ?? ''));
          return { got: { oid, tid }, due: caller?.whose };
        }),
      );
      expect(
        answers.filter(({ got, due }) => got.oid !== due?.oid || got.tid !== due?.tid),
      ).toEqual([]);
      expect(answers).toHaveLength(400);
    });

    it('take two tokens of one user for two callers', async () => {
      const { ask } = create();
      const [first, second] = [authority.mint(), authority.mint()];
      expect(await requestsOf(() => Promise.all([ask(first), ask(second)]))).toBe(2);
      expect(await ask(first)).not.toBe(await ask(second));
    });

    it('get one new token for all operations whose token Graph refused', async () => {
      const { ask } = create();
      const assertion = authority.mint();
      const calls = Array.from({ length: 20 }, () => callOf(assertion));
      const [refused] = await Promise.all(calls.map((call) => ask(assertion, { call })));
      const tokens = new Set<string>();
      const requests = await requestsOf(async () => {
        const all = calls.map((call) => ask(assertion, { call, withFreshToken: true }));
        for (const token of await Promise.all(all)) {
          tokens.add(token);
        }
      });
      expect([requests, tokens.size, tokens.has(refused ?? '')]).toEqual([1, 1, false]);
    });

    it('ask a caller without a token for one', async () => {
      const { credentials } = create();
      const asked = credentials.tokenFor(testCall({ callerToken: undefined }), {
        withFreshToken: false,
      });
      await expect(asked).rejects.toMatchObject({ code: 'unauthenticated' });
      await expect(asked).rejects.toBeInstanceOf(GraphCredentialError);
    });

    it("ask the configured tenant where the caller's token names none that could be one", async () => {
      const { ask } = create({ tenantId: 'contoso.example' });
      const claims = { tid: '../../elsewhere' };
      await expect(ask(authority.mint({ claims }))).rejects.toThrow();
      expect(authority.requests.at(-1)?.tenant).toBe('contoso.example');
    });

    it("name the operation to Entra's logs", async () => {
      const { ask } = create();
      const assertion = authority.mint();
      const requestId = '0b8e6c1e-9f3d-4d0e-8d5c-6a7b8c9d0e1f';
      await ask(assertion, { call: { ...callOf(assertion), requestId } });
      expect(authority.requests.at(-1)?.form).toMatchObject({ 'client-request-id': requestId });
    });
  });
});

describe('managed identity', () => {
  const closeLater = useClosing();

  interface Wish {
    readonly kind?: ManagedIdentityEndpoint['kind'];
    readonly clientId?: string;
  }

  async function create(script: readonly Answer[], { kind = 'imds', clientId }: Wish = {}) {
    const server = await startScriptedServer(...script);
    const clock = createVirtualClock();
    const log = recordingLog();
    const path = kind === 'imds' ? imdsEndpoint.url.pathname : '/msi/token';
    const url = new URL(path, server.url);
    const header = new Secret('canary-header');
    const credentials = createAppOnlyCredentials(
      {
        cloud: 'global',
        authorityHost: 'https://login.microsoftonline.com',
        scope: 'https://graph.microsoft.com/.default',
        identity: { kind: 'managed-identity', endpoint: { kind, url, header }, clientId },
      },
      { clock, log, chance: () => 0.5 },
    );
    closeLater(credentials.close, server.close);
    const ask = async (withFreshToken = false) =>
      (await credentials.tokenFor(testCall(), { withFreshToken })).reveal();
    return { ask, server, clock, lines: log.lines };
  }

  const grant = (token: string) =>
    json(200, { access_token: token, expires_in: '3600', token_type: 'Bearer' });
  const starting = json(404, { error: 'not_found' });

  describe('a managed identity', () => {
    it("asks the machine's metadata service", async () => {
      const { ask, server } = await create([grant('first'), grant('second')]);
      expect([await ask(), await ask()]).toEqual(['first', 'first']);
      expect(server.requests).toHaveLength(1);
      const [request] = server.requests;
      expect(request).toMatchObject({ method: 'GET', headers: { metadata: 'true' } });
      const url = new URL(request?.url ?? '', server.url);
      expect(url.pathname).toBe('/metadata/identity/oauth2/token');
      expect(Object.fromEntries(url.searchParams)).toEqual({
        'api-version': '2018-02-01',
        resource: 'https://graph.microsoft.com',
      });
    });

    it('names the identity that it means where the machine may have several', async () => {
      const { ask, server } = await create([grant('first')], { clientId: 'a-client-id' });
      await ask();
      expect(server.requests[0]?.url).toContain('&client_id=a-client-id');
    });

    it('asks App Service and Container Apps with their header, and reads the time of the end', async () => {
      const end = Date.UTC(2026, 1, 11, 9, 30, 5) / 1000;
      const { ask, server, clock } = await create(
        [json(200, { access_token: 'first', expires_on: String(end) }), grant('second')],
        { kind: 'app-service' },
      );
      expect(await ask()).toBe('first');
      expect(server.requests[0]).toMatchObject({
        url: '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com',
        headers: { 'x-identity-header': 'canary-header' },
      });
      await clock.advance(55 * 60_000);
      expect(await ask()).toBe('second');
    });

    it('is asked past a forward proxy that would lead there', async () => {
      const proxy = await startForwardProxy();
      const server = await startScriptedServer(grant('first'));
      const way = { url: new URL(proxy.url), authorization: undefined };
      const url = new URL(`http://metadata.example.test:${server.url.port}/msi/token`);
      const credentials = createAppOnlyCredentials(
        {
          cloud: 'global',
          authorityHost: 'https://login.microsoftonline.com',
          scope: 'https://graph.microsoft.com/.default',
          identity: {
            kind: 'managed-identity',
            endpoint: { kind: 'imds', url },
            clientId: undefined,
          },
        },
        {
          clock: createVirtualClock(),
          log: recordingLog(),
          chance: () => 0.5,
          proxies: { https: way, http: way, exceptions: '' },
        },
      );
      closeLater(credentials.close, server.close, proxy.close);
      // Only the proxy knows the name.
      await expect(
        credentials.tokenFor(testCall(), { withFreshToken: false }),
      ).rejects.toMatchObject({ code: 'unavailable' });
      expect([proxy.asked, server.requests]).toEqual([[], []]);
    });

    it('waits for a service that is starting', async () => {
      const { ask, clock } = await create([starting, json(410, {}), grant('first')]);
      const asked = ask();
      await clock.whenPending(2);
      await clock.advance(1_000);
      await clock.whenPending(2);
      await clock.advance(3_000);
      expect(await asked).toBe('first');
    });

    it('does not wait longer than ten seconds', async () => {
      const { ask, clock, lines } = await create([silence]);
      const asked = expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
      await clock.whenPending();
      await clock.advance(10_000);
      await asked;
      expect(lines).toHaveLength(1);
    });

    it('is reported to the operator, and to no caller, when it is missing', async () => {
      const answer = { error: 'invalid_request', error_description: 'Identity not found' };
      const { ask, lines } = await create([json(400, answer)]);
      await expect(ask()).rejects.toBeInstanceOf(OutboundIdentityError);
      await expect(ask()).rejects.toBeInstanceOf(OutboundIdentityError);
      expect(lines).toMatchObject([{ message: expect.stringMatching(/no managed identity/) }]);
      expect(JSON.stringify(lines)).not.toContain('canary');
    });

    it('gives no token where the answer holds none', async () => {
      const { ask } = await create([json(200, '<html>')]);
      await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    });
  });

  describe('decideManagedRetry', () => {
    it.each([
      [404, 1, 1_000],
      [410, 1, 3_000],
      [429, 2, 2_000],
      [500, 3, 4_000],
      [503, 4, undefined],
      [400, 1, undefined],
      [302, 1, undefined],
    ])('after %d at attempt %d waits %p ms', (status, attempt, delayMs) => {
      expect(decideManagedRetry(status, attempt)).toBe(delayMs);
    });
  });
});
