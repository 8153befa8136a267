import { request } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readUnchecked } from '../support/authority/clientProof.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../support/authority/people.ts';
import { createAuthorityKey } from '../support/authority/signingKeys.ts';
import { signToken } from '../support/authority/signToken.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';

const clientKey = createAuthorityKey();
const publicKey = clientKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
let authority: TestAuthority;

beforeAll(async () => {
  const federatedAssertions = ['the.cluster.says'];
  const clients = [{ ...gatewayClient, publicKey, federatedAssertions }];
  authority = await startAuthority({ clients });
});

afterEach(() => authority.faults.clear());

afterAll(() => authority.close());

interface Reply {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

function ask(path: string, form?: Readonly<Record<string, string>>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const method = form === undefined ? 'GET' : 'POST';
    const options = { method, ca: authority.certificateAuthority, agent: false };
    const outgoing = request(`${authority.url}${path}`, options, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => {
        const json = body.startsWith('{') ? (JSON.parse(body) as Reply['json']) : {};
        const { statusCode: status, headers } = response;
        resolve({ status, retryAfter: headers['retry-after'], body, json });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(form && new URLSearchParams(form).toString());
  });
}

const tokenPath = `/${contoso.id}/oauth2/v2.0/token`;
const proof = { client_id: gatewayClient.clientId, client_secret: gatewayClient.secret };
const application = {
  grant_type: 'client_credentials',
  scope: 'https://graph.microsoft.com/.default',
};
const onBehalfOf = (assertion: string) => ({
  ...proof,
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  requested_token_use: 'on_behalf_of',
  scope: 'https://graph.microsoft.com/.default openid profile offline_access',
  assertion,
});
const claimsOfToken = (token: unknown) => readUnchecked(String(token))?.claims;

describe('the test authority', () => {
  it.each([
    ['a tenant', contoso.id, contoso.id],
    ['everybody', 'common', '{tenantid}'],
  ])('describes itself to %s', async (_who, tenant, issuerTenant) => {
    const { json } = await ask(`/${tenant}/v2.0/.well-known/openid-configuration`);
    const issuer = `${authority.url}/${issuerTenant}/v2.0`;
    const jwksUri = `${authority.url}/${tenant}/discovery/v2.0/keys`;
    expect(json).toMatchObject({ issuer, jwks_uri: jwksUri });
    const keys = await ask(new URL(jwksUri).pathname);
    expect(keys.json).toEqual({ keys: [{ ...authority.keys.current.jwk, issuer }] });
  });

  it('gives an application with its secret a token for what it asks for', async () => {
    const { status, json } = await ask(tokenPath, { ...application, ...proof });
    expect(status).toBe(200);
    expect(claimsOfToken(json['access_token'])).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: gatewayClient.clientId,
      tid: contoso.id,
      roles: ['DeviceManagementServiceConfig.ReadWrite.All'],
    });
    expect(json).not.toHaveProperty('scope');
  });

  it.each(['PS256', 'RS256'] as const)('takes an assertion signed with %s', async (alg) => {
    const { clientId } = gatewayClient;
    const exp = Math.floor(Date.now() / 1000) + 300;
    const aud = `${authority.url}${tokenPath}`;
    const claims = { iss: clientId, sub: clientId, aud, exp, jti: 'once' };
    const assertionOf = (payload: object) => ({
      ...application,
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: signToken({ alg, typ: 'JWT' }, payload, clientKey.privateKey, alg),
    });
    expect(await ask(tokenPath, assertionOf(claims))).toMatchObject({ status: 200 });
    const elsewhere = assertionOf({ ...claims, aud: 'https://elsewhere.example' });
    expect(await ask(tokenPath, elsewhere)).toMatchObject({ status: 401 });
  });

  it('takes a federated assertion as it is', async () => {
    const { status } = await ask(tokenPath, {
      ...application,
      client_id: gatewayClient.clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'the.cluster.says',
    });
    expect(status).toBe(200);
  });

  it('exchanges the token of a user, and remembers for whom', async () => {
    const { json } = await ask(tokenPath, onBehalfOf(authority.mint({ user: grace })));
    expect(claimsOfToken(json['access_token'])).toMatchObject({ oid: grace.objectId });
    expect(claimsOfToken(json['id_token'])).toMatchObject({ aud: gatewayClient.clientId });
    expect(json).toMatchObject({
      scope: 'https://graph.microsoft.com/DeviceManagementServiceConfig.ReadWrite.All',
      client_info: Buffer.from(JSON.stringify({ uid: grace.objectId, utid: contoso.id })).toString(
        'base64url',
      ),
      refresh_token: 'refresh-grace',
    });
    expect(authority.issued.at(-1)).toMatchObject({
      accessToken: json['access_token'],
      tenantId: contoso.id,
      userObjectId: grace.objectId,
    });
  });

  it.each([
    ['of an application', () => authority.mint({ kind: 'application' })],
    ['for somebody else', () => authority.mint({ audience: 'https://graph.microsoft.com' })],
    ['of another tenant', () => authority.mint({ tenant: fabrikam })],
    ['that has expired', () => authority.mint({ lifetimeSeconds: -10 })],
    ['that it did not sign', () => authority.mint({ signWith: clientKey.privateKey })],
    ['that is none', () => 'x'],
  ])('does not exchange a token %s', async (_what, assertion) => {
    const { status, json } = await ask(tokenPath, onBehalfOf(assertion()));
    expect([status, json['error']]).toEqual([400, 'invalid_grant']);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['a wrong secret', { ...proof, client_secret: 'wrong' }, 401],
    ['an unknown client', { ...proof, client_id: 'unknown' }, 400],
    ['another grant', { ...proof, grant_type: 'password' }, 400],
    ['a scope without .default', { ...proof, scope: 'User.Read' }, 400],
  ])('refuses %s', async (_what, form, status) => {
    expect(await ask(tokenPath, { ...application, ...form })).toMatchObject({ status });
  });

  it('asks one user for more, and nobody else', async () => {
    const place = { endpoint: 'token', userObjectId: grace.objectId } as const;
    authority.faults.set({ kind: 'interaction-required', claims: '{"a":1}' }, place);
    const ofGrace = await ask(tokenPath, onBehalfOf(authority.mint({ user: grace })));
    const ofAda = await ask(tokenPath, onBehalfOf(authority.mint({ user: ada })));
    expect(ofGrace.json).toMatchObject({ error: 'interaction_required', claims: '{"a":1}' });
    expect(ofAda.status).toBe(200);
  });

  it('breaks as it is told, as often as it is told', async () => {
    authority.faults.set({ kind: 'rubbish' }, { endpoint: 'keys' });
    authority.faults.set({ kind: 'status', status: 429, retryAfter: '7' }, { times: 1 });
    const path = `/${contoso.id}/discovery/v2.0/keys`;
    expect(await ask(path)).toMatchObject({ status: 429, retryAfter: '7' });
    expect(await ask(path)).toMatchObject({ status: 200, body: '<html>Sign in</html>' });
    authority.faults.clear();
    expect((await ask(path)).json).toHaveProperty('keys');
  });

  it('cuts the connection where the fault is a reset, and records the request all the same', async () => {
    const before = authority.count('metadata');
    authority.faults.set({ kind: 'reset' });
    const path = `/${contoso.id}/v2.0/.well-known/openid-configuration`;
    await expect(ask(path)).rejects.toThrow();
    expect(authority.count('metadata')).toBe(before + 1);
    expect(authority.requests.at(-1)).toMatchObject({ endpoint: 'metadata', status: undefined });
  });
});
