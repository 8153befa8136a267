import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CredentialConfig } from '../../src/config/identity.ts';
import {
  createOutboundCredentials,
  decideMachineRetry,
  machineRequestOf,
} from '../../src/identity/outbound/credentials.ts';
import { OutboundIdentityError } from '../../src/identity/outbound/token.ts';
import { createTokenEndpoint } from '../../src/identity/outbound/tokenEndpoint.ts';
import { Secret } from '../../src/shared/secret.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { readUnchecked } from '../support/authority/tokenEndpoint.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { testCall } from '../support/graphClients.ts';
import { callOf, claimsOf, createOutboundWorld, useOutbound } from '../support/outboundHarness.ts';
import { type Answer, json, silence, startScriptedServer } from '../support/scriptedServer.ts';

const { good, authority: issuer } = createTestCertificates();
const publicKey = createPublicKey(good.key).export({ type: 'spki', format: 'pem' }).toString();
const federatedAssertions = ['first.cluster.token', 'second.cluster.token'];
const outbound = useOutbound({ clients: [{ ...gatewayClient, publicKey, federatedAssertions }] });
const formNow = () => outbound.authority.requests.at(-1)?.form ?? {};
const minuteMs = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'app-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('app-only credentials', () => {
  const create = (change: Parameters<typeof outbound.create>[0] = {}) =>
    outbound.create({ mode: 'app-only', ...change });

  it('get one token of the application itself for every caller', async () => {
    const { ask, events, credentials } = create();
    const token = await ask();
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
    expect(await ask('', { call: testCall({ callerToken: undefined }) })).toBe(token);
    expect(events).toEqual(['token miss', 'client-credentials token', 'token hit']);
    expect(credentials.hasOwnTokens).toBe(true);
  });

  it.each([false, true])('sign with the certificate; with its chain: %s', async (sendsChain) => {
    const path = join(folder, 'certificate.pem');
    await writeFile(path, good.key + good.cert + issuer);
    const credential = { kind: 'certificate', path, passphrase: undefined, sendsChain } as const;
    expect(claimsOf(await create({ credential }).ask())).toMatchObject({ tid: contoso.id });
    const { header, claims } = readUnchecked(formNow()['client_assertion'] ?? '') ?? {};
    const digest = new X509Certificate(good.cert).fingerprint256.replaceAll(':', '');
    const derOf = (pem: string) => new X509Certificate(pem).raw.toString('base64');
    expect(header).toEqual({
      typ: 'JWT',
      alg: 'PS256',
      'x5t#S256': Buffer.from(digest, 'hex').toString('base64url'),
      ...(sendsChain && { x5c: [good.cert, issuer].map(derOf) }),
    });
    expect(claims).toMatchObject({
      aud: `${outbound.authority.url}/${contoso.id}/oauth2/v2.0/token`,
      iss: gatewayClient.clientId,
    });
    expect(formNow()).not.toHaveProperty('client_secret');
  });

  it("show the cluster's token as it stands in the file at the time", async () => {
    const path = join(folder, 'token');
    const credential: CredentialConfig = { kind: 'federated-token', path };
    const { ask, clock } = create({ credential });
    for (const token of federatedAssertions) {
      await writeFile(path, `${token}\n`);
      await ask();
      expect(formNow()).toMatchObject({ client_assertion: token });
      await clock.advance(55 * minuteMs);
    }
  });

  it('belong to one tenant each', async () => {
    const tenants = [contoso.id, fabrikam.id];
    const tokens = await Promise.all(tenants.map((tenantId) => create({ tenantId }).ask()));
    expect(tokens.map((token) => claimsOf(token)['tid'])).toEqual(tenants);
  });

  it('take a refusal of the grant for a fault of the setup, since no user stands behind it', async () => {
    const { ask, lines } = create();
    outbound.authority.faults.set({ kind: 'interaction-required' });
    const facts = { codes: ['AADSTS50079'] };
    await expect(ask()).rejects.toMatchObject({ name: 'Error', facts });
    expect(lines).toHaveLength(1);
  });

  it.each(['../elsewhere', '', 'a b', 'https://elsewhere.example', '-'.repeat(300)])(
    'send no request for the tenant "%s"',
    async (tenantId) => {
      const { ask } = create({ tenantId });
      const asked = () => expect(ask()).rejects.toThrow(/tenant is neither/);
      expect(await outbound.requestsOf(asked)).toBe(0);
    },
  );
});

describe('credentials on behalf of users', () => {
  it("exchange the caller's token for one that Graph takes for the same user", async () => {
    const { ask, events } = outbound.create();
    const assertion = outbound.authority.mint({ user: grace });
    const requestId = '0b8e6c1e-9f3d-4d0e-8d5c-6a7b8c9d0e1f';
    const token = await ask(assertion, { call: { ...callOf(assertion), requestId } });
    expect(claimsOf(token)).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: gatewayClient.clientId,
      oid: grace.objectId,
      tid: contoso.id,
      scp: 'DeviceManagementServiceConfig.ReadWrite.All',
    });
    const request = outbound.authority.requests.at(-1);
    expect(request?.path).toBe(`/${contoso.id}/oauth2/v2.0/token`);
    // No claims: nothing is declared that is not handled, or Graph would challenge tokens that it gives a day's life.
    expect(request?.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      scope: 'https://graph.microsoft.com/.default openid profile offline_access',
      client_id: gatewayClient.clientId,
      client_secret: gatewayClient.secret,
      assertion,
      'client-request-id': requestId,
    });
    expect(events).toEqual(['token miss', 'on-behalf-of token']);
  });

  it('make one request for fifty operations at the same time, and none to discover anything', async () => {
    const { ask, events } = outbound.create();
    const assertion = outbound.authority.mint();
    const asked = () => Promise.all(Array.from({ length: 50 }, () => ask(assertion)));
    const before = outbound.authority.requests.length;
    expect(new Set([...(await asked()), ...(await asked())]).size).toBe(1);
    expect(outbound.authority.requests.length - before).toBe(1);
    expect(events.filter((event) => event === 'token miss')).toHaveLength(1);
    expect(events.at(-1)).toBe('token hit');
  });

  it('never give one caller the token of another, whatever user or tenant', async () => {
    const { ask } = outbound.create();
    const callers = [ada, grace].flatMap((user) =>
      [contoso, fabrikam].map((tenant) => ({
        assertion: outbound.authority.mint({ user, tenant }),
        whose: [user.objectId, tenant.id],
      })),
    );
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const caller = callers[(index * 7 + (index >> 3)) % callers.length];
        const { oid, tid } = claimsOf(await ask(caller?.assertion));
        return { got: [oid, tid], due: caller?.whose };
      }),
    );
    expect(answers.map(({ got }) => got)).toEqual(answers.map(({ due }) => due));
  });

  it('take two tokens of one user for two callers', async () => {
    const { ask } = outbound.create();
    const [first, second] = [outbound.authority.mint(), outbound.authority.mint()];
    expect(await outbound.requestsOf(() => Promise.all([ask(first), ask(second)]))).toBe(2);
    expect(await ask(first)).not.toBe(await ask(second));
  });

  it('ask a caller without a token for one', async () => {
    const asked = outbound.create().ask('', { call: testCall({ callerToken: undefined }) });
    await expect(asked).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it("ask the configured tenant if the caller's token names none that could be one", async () => {
    const { ask } = outbound.create({ tenantId: 'contoso.example' });
    const claims = { tid: '../../elsewhere' };
    await expect(ask(outbound.authority.mint({ claims }))).rejects.toThrow();
    expect(outbound.authority.requests.at(-1)?.tenant).toBe('contoso.example');
  });
});

describe('a managed identity', () => {
  const closeLater = useClosing();
  const scope = 'https://graph.microsoft.com/.default';
  const grant = (token: string) =>
    json(200, { access_token: token, expires_in: '3600', token_type: 'Bearer' });

  /** Of App Service; `clientId` is that of a user-assigned identity. */
  async function create(script: readonly Answer[], clientId?: string) {
    const server = await startScriptedServer(...script);
    const world = createOutboundWorld();
    const url = new URL('/msi/token', server.url);
    const endpoint = { url, header: new Secret('canary-header') };
    const identity = { kind: 'managed-identity', clientId, endpoint } as const;
    const options = { mode: 'app-only', cloud: 'global', scope, outbound: identity } as const;
    const credentials = createOutboundCredentials(options, world.parts);
    closeLater(credentials.close, server.close);
    const ask = async () =>
      (await credentials.tokenFor(testCall(), { withFreshToken: false })).reveal();
    return { ...world, ask, server };
  }

  it('asks App Service and Container Apps with their header, and reads the time of the end', async () => {
    const end = Date.UTC(2026, 1, 11, 9, 30, 5) / 1000;
    const first = json(200, { access_token: 'first', expires_on: String(end) });
    const { ask, server, clock } = await create([first, grant('second')]);
    expect([await ask(), await ask()]).toEqual(['first', 'first']);
    const url = '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com';
    const headers = { 'x-identity-header': 'canary-header' };
    expect(server.requests).toMatchObject([{ method: 'GET', url, headers }]);
    await clock.advance(55 * minuteMs);
    expect(await ask()).toBe('second');
  });

  it('names the identity that it means if the machine may have several', async () => {
    const { ask, server } = await create([grant('first')], 'a-client-id');
    await ask();
    expect(server.requests[0]?.url).toContain('&client_id=a-client-id');
  });

  it('asks the metadata service of a machine, which no other address replaces', () => {
    const identity = { kind: 'managed-identity', clientId: 'id', endpoint: undefined } as const;
    const { url, headers } = machineRequestOf(identity, scope);
    expect(url.href).toBe(
      'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01' +
        '&resource=https%3A%2F%2Fgraph.microsoft.com&client_id=id',
    );
    expect(headers).toEqual({ metadata: 'true' });
  });

  it('is asked past a forward proxy that would lead there', async () => {
    const proxy = await startForwardProxy();
    const way = { url: new URL(proxy.url), authorization: undefined };
    const { parts } = createOutboundWorld({ proxies: { https: way, http: way, exceptions: '' } });
    // Only the proxy knows the name.
    const place = new URL('http://metadata.example.test:9/msi/token');
    const endpoint = createTokenEndpoint(place, 'managed-identity', parts);
    closeLater(endpoint.close, proxy.close);
    const { signal } = new AbortController();
    const sent = endpoint.send({ path: '/msi/token', headers: {}, signal });
    await expect(sent).rejects.toMatchObject({ code: 'unavailable' });
    expect(proxy.asked).toEqual([]);
  });

  it('waits for a service that is starting', async () => {
    const { ask, clock } = await create([json(404, {}), json(410, {}), grant('first')]);
    const asked = ask();
    for (const delayMs of [1_000, 3_000]) {
      await clock.whenPending(2);
      await clock.advance(delayMs);
    }
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

  it.each([
    [404, 1, 1_000],
    [410, 1, 3_000],
    [429, 2, 2_000],
    [500, 3, 4_000],
    [503, 4, undefined],
    [400, 1, undefined],
    [302, 1, undefined],
  ])('after %d at attempt %d waits %p ms', (status, attempt, delayMs) => {
    expect(decideMachineRetry(status, attempt)).toBe(delayMs);
  });
});
