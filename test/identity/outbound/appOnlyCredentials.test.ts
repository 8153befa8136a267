import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AppOnlyOptions,
  createAppOnlyCredentials,
} from '../../../src/identity/outbound/appOnlyCredentials.ts';
import type { ClientCredential } from '../../../src/identity/outbound/client/clientProof.ts';
import type { OutboundCredentials } from '../../../src/identity/outbound/outboundCredentials.ts';
import { Secret } from '../../../src/secret.ts';
import { contoso, fabrikam, gatewayClient } from '../../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../../support/authority/startAuthority.ts';
import { createTestCertificates } from '../../support/certificates.ts';
import { testCall } from '../../support/graphClients.ts';
import { until } from '../../support/until.ts';
import { claimsOf, createOutboundWorld, headerOf, optionsFor } from './outboundHarness.ts';

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
  it('get a token of the application itself, whoever calls', async () => {
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

  it('renew the token in the background, and nobody waits for it', async () => {
    const { ask, clock, measured } = create();
    const first = await ask();
    await clock.advance(45 * minuteMs);
    const before = authority.requests.length;
    authority.faults.set({ kind: 'hang' }, { times: 1 });
    expect(await Promise.all([ask(), ask()])).toEqual([first, first]);
    await until(() => authority.requests.length === before + 1);
    await turn();
    await clock.advance(10_000);
    expect(await ask()).toBe(first);
    await clock.advance(30_000);
    expect(await ask()).toBe(first);
    await until(() => measured.length === 3);
    await turn();
    expect(await ask()).not.toBe(first);
    expect(measured.map(({ outcome }) => outcome)).toEqual(['token', 'unavailable', 'token']);
    expect(authority.requests).toHaveLength(before + 2);
  });

  it('live with a token endpoint that is down for as long as the token lives', async () => {
    const { ask, clock, measured, lines } = create();
    const first = await ask();
    authority.faults.set({ kind: 'status', status: 503 });
    for (let minute = 0; minute < 54; minute += 1) {
      await clock.advance(minuteMs);
      expect(await ask()).toBe(first);
    }
    await clock.advance(minuteMs);
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    expect(measured.filter(({ outcome }) => outcome === 'unavailable').length).toBeLessThan(20);
    expect(new Set(lines.map(({ message }) => message)).size).toBe(1);
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
    await expect(ask()).rejects.toMatchObject({ name: 'Error', facts: { codes: ['AADSTS50079'] } });
    expect(lines).toHaveLength(1);
  });

  it.each(['../elsewhere', '', 'a b', 'https://elsewhere.example', '-'.repeat(300)])(
    'ask nobody for the tenant "%s"',
    async (tenantId) => {
      const { clientId } = gatewayClient;
      const identity = { kind: 'registration', clientId, credential: secret, tenantId } as const;
      const before = authority.requests.length;
      await expect(create(secret, { identity }).ask()).rejects.toThrow(/tenant is neither/);
      expect(authority.requests).toHaveLength(before);
    },
  );
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
