import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { isGraphError } from '../../src/graph/errors.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { startIdentityMode } from '../../src/identity/identityMode.ts';
import {
  createOutboundCredentials,
  machineRequestOf,
} from '../../src/identity/outbound/credentials.ts';
import { OutboundIdentityError } from '../../src/identity/outbound/token.ts';
import { Secret } from '../../src/shared/secret.ts';
import type { AuthorityFault } from '../support/authority/faults.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { readUnchecked } from '../support/authority/tokenEndpoint.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { testCall } from '../support/graphClients.ts';
import { createOutboundWorld } from '../support/outboundHarness.ts';
import { type Answer, json, silence, startScriptedServer } from '../support/scriptedServer.ts';

const minuteMs = 60_000;
const scope = 'https://graph.microsoft.com/.default';
const closeLater = useClosing();
const [{ good, authority: issuer }, { good: another }] = [
  createTestCertificates(),
  createTestCertificates(),
];
const publicKeyOf = ({ key }: typeof good): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
const federatedAssertions = ['first.cluster.token', 'second.cluster.token'];
const client = { ...gatewayClient, publicKey: publicKeyOf(good), federatedAssertions };
const otherClient = {
  clientId: '9a7e0a11-0000-4d7e-8f90-000000000011',
  publicKey: publicKeyOf(another),
};

let authority: TestAuthority;
let folder: string;
beforeAll(async () => {
  authority = await startAuthority({ clients: [client, otherClient] });
  folder = await mkdtemp(join(tmpdir(), 'outbound-'));
});
afterEach(() => authority.faults.clear());
afterAll(async () => {
  await authority.close();
  await rm(folder, { recursive: true });
});

type Options = Parameters<typeof createOutboundCredentials>[0];
type Registration = Extract<Options['outbound'], { kind: 'registration' }>;

/** Makes credentials of the gateway's registration, with which each `ask` is an operation of its own. */
function create(mode: Options['mode'], change: Partial<Registration> = {}) {
  const world = createOutboundWorld({ certificateAuthorities: [authority.certificateAuthority] });
  const outbound: Registration = {
    kind: 'registration',
    authorityHost: `${authority.url}/`,
    tenantId: contoso.id,
    clientId: gatewayClient.clientId,
    credential: { kind: 'secret', secret: new Secret(gatewayClient.secret) },
    ...change,
  };
  const credentials = createOutboundCredentials(
    { mode, cloud: 'global', scope, outbound },
    world.parts,
  );
  closeLater(credentials.close);
  const ask = async (token = authority.mint(), of: Partial<GraphCall> = {}): Promise<string> => {
    const call = testCall({ callerToken: new Secret(token), ...of });
    return (await credentials.tokenFor(call, { withFreshToken: false })).reveal();
  };
  return { ...world, credentials, ask };
}
const claimsOf = (token: string) => readUnchecked(token)?.claims ?? {};
const formNow = () => authority.requests.at(-1)?.form ?? {};
const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (error: unknown) => error,
  );

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
    const environment = {
      AUTH_MODE: 'app-only',
      GRAPH_CLOUD: 'global',
      AZURE_TENANT_ID: contoso.id,
      AZURE_CLIENT_ID: gatewayClient.clientId,
      AZURE_CLIENT_SECRET: gatewayClient.secret,
      AZURE_AUTHORITY_HOST: authority.url,
    };
    const { parts } = createOutboundWorld();
    const { credentials, close } = await startIdentityMode(readConfig(environment), parts);
    closeLater(close);
    const call = testCall({ callerToken: new Secret(authority.mint()) });
    const ask = () => credentials.tokenFor(call, { withFreshToken: false });
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

  it('take a refusal of the grant for a fault of the setup, since no user stands behind it', async () => {
    const { ask, lines } = create('app-only');
    authority.faults.set({ kind: 'interaction-required' });
    await expect(ask()).rejects.toMatchObject({ name: 'Error', facts: { codes: ['AADSTS50079'] } });
    expect(lines).toHaveLength(1);
  });

  it.each(['../elsewhere', '', 'a b', 'https://elsewhere.example', '-'.repeat(300)])(
    'send no request for the tenant "%s"',
    async (tenantId) => {
      const before = authority.requests.length;
      await expect(create('app-only', { tenantId }).ask()).rejects.toThrow(/tenant is neither/);
      expect(authority.requests).toHaveLength(before);
    },
  );

  it.each(['http://login.microsoftonline.com', 'http://127.0.0.1.example'])(
    'are not made for %s, because plain http is for loopback',
    (authorityHost) =>
      expect(() => create('app-only', { authorityHost })).toThrow('requested over https only'),
  );
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
      [contoso, fabrikam].map((tenant) => ({
        assertion: authority.mint({ user, tenant }),
        whose: [user.objectId, tenant.id],
      })),
    );
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const caller = callers[(index * 7 + (index >> 3)) % callers.length];
        const token = await ask(caller?.assertion);
        const { oid, tid } = claimsOf(token);
        return { token, got: [oid, tid], due: caller?.whose };
      }),
    );
    expect(answers.map(({ got }) => got)).toEqual(answers.map(({ due }) => due));
    expect(new Set(answers.map(({ token }) => token)).size).toBe(callers.length);
    // None of them to discover anything.
    expect(authority.requests.length - before).toBe(callers.length);
  });

  it('ask a caller without a token for one', async () => {
    const asked = create('on-behalf-of').ask('', { callerToken: undefined });
    await expect(asked).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it("ask the configured tenant if the caller's token names none that could be one", async () => {
    const { ask } = create('on-behalf-of', { tenantId: 'contoso.example' });
    await expect(ask(authority.mint({ claims: { tid: '../../elsewhere' } }))).rejects.toThrow();
    expect(authority.requests.at(-1)?.tenant).toBe('contoso.example');
  });
});

describe('a fault of the token endpoint', () => {
  const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
  const ofGrace = { userObjectId: grace.objectId };
  const unavailable = { code: 'unavailable', details: { fault: 'not-connected' } };
  const throttled = { code: 'throttled', details: { retryAfterMs: 7_000 } };
  const asked = { code: 'unauthenticated', details: { claims } };
  const body = '{"token_type":"Bearer","expires_in":3600}';

  it.each<[string, AuthorityFault, object, string]>([
    ['a 503', { kind: 'status', status: 503, retryAfter: '3' }, unavailable, 'unavailable'],
    ['a 429', { kind: 'status', status: 429, retryAfter: '7' }, throttled, 'throttled'],
    ['a cut connection', { kind: 'reset' }, unavailable, 'unavailable'],
    ['a grant without a token', { kind: 'rubbish', body }, { code: 'unavailable' }, 'unavailable'],
    ['a redirect', { kind: 'redirect', location: '/elsewhere' }, unavailable, 'unavailable'],
    ['interaction_required', { kind: 'interaction-required', claims }, asked, 'refused'],
  ])('that is %s for one user touches no other', async (_what, fault, error, outcome) => {
    const { ask, events, lines, clock } = create('on-behalf-of');
    const [hers, his] = [grace, ada].map((user) => authority.mint({ user }));
    const heal = authority.faults.set(fault, ofGrace);
    const [first, second, third] = await Promise.allSettled([hers, his, hers].map((t) => ask(t)));
    expect([first, third]).toMatchObject(Array(2).fill({ status: 'rejected', reason: error }));
    expect(second?.status === 'fulfilled' && claimsOf(second.value)['oid']).toBe(ada.objectId);
    const measured = events.filter((event) => event.startsWith('on-behalf-of'));
    expect(measured.sort()).toEqual([`on-behalf-of ${outcome}`, 'on-behalf-of token'].sort());
    const operation = 'on-behalf-of';
    expect(lines).toMatchObject([{ message: 'No token for Microsoft Graph was got', operation }]);
    expect(authority.requests.filter(({ path }) => path.includes('elsewhere'))).toEqual([]);
    heal();
    await clock.advance(7_000);
    expect(claimsOf(await ask(hers))['oid']).toBe(grace.objectId);
  });

  it.each(['time', 'stop'])(
    'that is a silence delays no other user, and ends by %s',
    async (end) => {
      const { ask, clock, events, credentials } = create('on-behalf-of');
      authority.faults.set({ kind: 'hang' }, ofGrace);
      const hanging = failureOf(ask(authority.mint({ user: grace })));
      await clock.whenPending();
      expect(claimsOf(await ask())['oid']).toBe(ada.objectId);
      await clock.advance(9_999);
      expect(events).not.toContain('on-behalf-of unavailable');
      await (end === 'time' ? clock.advance(1) : credentials.close());
      const message = end === 'time' ? /timed out/ : /gateway stopped/;
      const error = { code: 'unavailable', message: expect.stringMatching(message) };
      expect(await hanging).toMatchObject({ ...error, mayHaveBeenApplied: false });
      expect([events.at(-1), clock.pendingTimers]).toEqual(['on-behalf-of unavailable', 0]);
    },
  );

  const secret = (text: string) =>
    ({ credential: { kind: 'secret', secret: new Secret(text) } }) as const;
  const file = { credential: { kind: 'federated-token', path: '/nowhere/canary' } } as const;
  const stranger = { clientId: '00000000-0000-0000-0000-000000000099' };
  const facts = (code: string, status: number) => ({ codes: [code], status });
  it.each<[string, Partial<Registration>, RegExp, object]>([
    ['a wrong secret', secret('canary'), /secret is wrong/, facts('AADSTS7000215', 401)],
    ['an unknown app', stranger, /not registered in/, facts('AADSTS700016', 400)],
    ['an empty secret', secret(''), /cannot be used/, {}],
    ['a missing file', file, /federated token cannot be read/, { systemCode: 'ENOENT' }],
  ])(
    'that %s causes is logged once an hour and hidden from callers',
    async (_how, change, hint, facts) => {
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
      expect(events.at(-1)).toBe('on-behalf-of misconfigured');
      await clock.advance(60 * minuteMs);
      await askTwice();
      expect(lines).toMatchObject([line, line]);
    },
  );
});

describe('a managed identity', () => {
  const grant = (token: string) => json(200, { access_token: token, expires_in: '3600' });

  /** Of App Service; `clientId` is that of a user-assigned identity. */
  async function createManaged(script: readonly Answer[], clientId?: string) {
    const server = await startScriptedServer(...script);
    const world = createOutboundWorld();
    const endpoint = {
      url: new URL('/msi/token', server.url),
      header: new Secret('canary-header'),
    };
    const outbound = { kind: 'managed-identity', clientId, endpoint } as const;
    const credentials = createOutboundCredentials(
      { mode: 'app-only', cloud: 'global', scope, outbound },
      world.parts,
    );
    closeLater(credentials.close, server.close);
    const ask = async () =>
      (await credentials.tokenFor(testCall(), { withFreshToken: false })).reveal();
    return { ...world, ask, server };
  }

  it('asks App Service and Container Apps with their header, and reads the time of the end', async () => {
    const end = Date.UTC(2026, 1, 11, 9, 30, 5) / 1000;
    const first = json(200, { access_token: 'first', expires_on: String(end) });
    const { ask, server, clock } = await createManaged([first, grant('second')], 'an-id');
    expect([await ask(), await ask()]).toEqual(['first', 'first']);
    const resource = 'resource=https%3A%2F%2Fgraph.microsoft.com';
    const url = `/msi/token?api-version=2019-08-01&${resource}&client_id=an-id`;
    const headers = { 'x-identity-header': 'canary-header' };
    expect(server.requests).toMatchObject([{ method: 'GET', url, headers }]);
    await clock.advance(55 * minuteMs);
    expect(await ask()).toBe('second');
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

  it.each([
    [
      [404, 410, 429],
      [1_000, 3_000, 4_000],
    ],
    [
      [500, 503, 404],
      [1_000, 2_000, 4_000],
    ],
  ])('waits for a service that answers %j while it starts or is busy', async (statuses, delays) => {
    const script = [...statuses.map((status) => json(status, {})), grant('first')];
    const { ask, clock, server } = await createManaged(script);
    const asked = ask();
    for (const [index, delayMs] of delays.entries()) {
      await clock.whenPending(2);
      await clock.advance(delayMs - 1);
      expect(server.requests).toHaveLength(index + 1);
      await clock.advance(1);
    }
    expect(await asked).toBe('first');
  });

  it.each([
    ['after the fourth of them', Array<Answer>(5).fill(json(503, {})), 4],
    ['after another answer', [json(302, {})], 1],
  ])('gives up %s', async (_when, script, count) => {
    const { ask, clock, server } = await createManaged(script);
    const asked = failureOf(ask());
    for (let index = 1; index < count; index += 1) {
      await clock.whenPending(2);
      await clock.advanceToNext();
    }
    expect(await asked).toMatchObject({ code: 'unavailable' });
    expect(server.requests).toHaveLength(count);
  });

  it('does not wait longer than ten seconds', async () => {
    const { ask, clock, lines } = await createManaged([silence]);
    const asked = expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    await clock.whenPending();
    await clock.advance(10_000);
    await asked;
    expect(lines).toHaveLength(1);
  });

  it('is reported to the operator, and to no caller, when it is missing', async () => {
    const answer = { error: 'invalid_request', error_description: 'Identity not found' };
    const { ask, lines } = await createManaged([json(400, answer)]);
    await expect(ask()).rejects.toBeInstanceOf(OutboundIdentityError);
    expect(lines).toMatchObject([{ message: expect.stringMatching(/no managed identity/) }]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});
