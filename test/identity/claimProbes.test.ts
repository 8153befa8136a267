import { describe, expect, it } from '@jest/globals';
import { contoso, fabrikam, frontendClientId, gatewayClient } from '../support/authority/people.ts';
import {
  authorityUrl,
  errorAgainst,
  fabrikamsKey,
  mintToken,
  nowMs,
  type Probe,
  reasonAgainst,
  strangersKey,
  v1Issuer,
  withClaims,
  withHeader,
  withPayloadText,
} from './identityHarness.ts';

const seconds = Math.floor(nowMs / 1000);
const stranger = strangersKey.privateKey;

const claimProbes: readonly Probe[] = [
  ['an expiry in the past', () => mintToken({ lifetimeSeconds: -60 }), 'token-expired'],
  ['a beginning in the future', () => withClaims({ nbf: seconds + 62 }), 'token-not-yet-valid'],
  [
    'an issue far in the future',
    () => withClaims({ iat: seconds + 86_400 }),
    'token-from-the-future',
  ],
  ['no expiry', () => withClaims({ exp: undefined }), 'claims-malformed'],
  ['no time of issue', () => withClaims({ iat: undefined }), 'claims-malformed'],
  ['an expiry that is a text', () => withClaims({ exp: '9999999999' }), 'claims-malformed'],
  ['an expiry beyond all numbers', () => withPayloadText('{"exp":1e999}'), 'claims-malformed'],
  ['a wrong issuer', () => withClaims({ iss: 'https://evil.example' }), 'issuer-not-allowed'],
  [
    'the issuer of another tenant',
    () => withClaims({ iss: `${authorityUrl}/${fabrikam.id}/v2.0` }),
    'issuer-not-allowed',
  ],
  [
    'an issuer of version 1.0 in a token of version 2.0',
    () => withClaims({ iss: `${v1Issuer}/${contoso.id}/` }),
    'issuer-not-allowed',
  ],
  [
    'an issuer of version 2.0 in a token of version 1.0',
    () => mintToken({ version: '1.0', claims: { iss: `${authorityUrl}/${contoso.id}/v2.0` } }),
    'issuer-not-allowed',
  ],
  [
    'an issuer that only begins right',
    () => withClaims({ iss: `${authorityUrl}/${contoso.id}/v2.0/` }),
    'issuer-not-allowed',
  ],
  ['a version that is not known', () => withClaims({ ver: '3.0' }), 'claims-malformed'],
  ['a tenant that is no GUID', () => withClaims({ tid: 'common' }), 'claims-malformed'],
  ['no tenant', () => withClaims({ tid: undefined }), 'claims-malformed'],
  [
    'a tenant that is not allowed',
    () => mintToken({ tenant: { ...contoso, id: '00000000-1111-2222-3333-444444444444' } }),
    'tenant-not-allowed',
  ],
  ['the key of another tenant', () => mintToken({}, fabrikamsKey), 'key-issuer-mismatch'],
  [
    'the key of another tenant, in version 1.0',
    () => mintToken({ version: '1.0' }, fabrikamsKey),
    'key-issuer-mismatch',
  ],
  [
    'a wrong audience',
    () => mintToken({ audience: 'api://somebody-else' }),
    'audience-not-allowed',
  ],
  [
    'an audience with a slash more',
    () => mintToken({ audience: `api://${gatewayClient.clientId}/` }),
    'audience-not-allowed',
  ],
  ['a list of audiences', () => withClaims({ aud: [gatewayClient.clientId] }), 'claims-malformed'],
  ['neither scopes nor roles', () => withClaims({ scp: undefined }), 'not-an-access-token'],
  [
    'neither scopes nor roles, of an application',
    () => mintToken({ kind: 'application', claims: { roles: undefined } }),
    'roles-missing',
  ],
  ['an empty list of roles', () => mintToken({ kind: 'application', roles: [] }), 'roles-missing'],
  [
    'scopes for an application',
    () => mintToken({ kind: 'application', claims: { idtyp: 'app', scp: 'access_as_user' } }),
    'not-an-access-token',
  ],
  [
    'roles instead of scopes for a user',
    () => withClaims({ scp: undefined, roles: ['Gateway.Use'] }),
    'not-an-access-token',
  ],
  [
    'roles instead of scopes for a user without an object id',
    () => withClaims({ scp: undefined, oid: undefined, roles: ['Gateway.Use'] }),
    'not-an-access-token',
  ],
  ['scopes of nothing', () => withClaims({ scp: ' ' }), 'not-an-access-token'],
  ['the type of a device', () => withClaims({ idtyp: 'device' }), 'not-an-access-token'],
  [
    'the name of the right scope among the roles only',
    () => withClaims({ scp: 'other', roles: ['access_as_user'] }),
    'permission-missing',
    { scopes: ['access_as_user'] },
  ],
  [
    'the client that is not allowed (azp)',
    () => mintToken({ clientId: '00000000-0000-0000-0000-00000000dead' }),
    'client-not-allowed',
    { clientIds: [frontendClientId] },
  ],
  [
    'the client that is not allowed (appid)',
    () =>
      mintToken({
        version: '1.0',
        clientId: '00000000-0000-0000-0000-00000000dead',
        claims: { azp: frontendClientId },
      }),
    'client-not-allowed',
    { clientIds: [frontendClientId] },
  ],
  ['no client', () => withClaims({ azp: undefined }), 'claims-malformed'],
  ['roles that are a text', () => withClaims({ roles: 'Gateway.Use' }), 'claims-malformed'],
  ['scopes that are a list', () => withClaims({ scp: ['access_as_user'] }), 'claims-malformed'],
  ['a tenant that is a number', () => withClaims({ tid: 7 }), 'claims-malformed'],
  ['a subject that is null', () => withClaims({ sub: null }), 'claims-malformed'],
];

const graphAudiences = [
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.com/',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us/',
  'https://microsoftgraph.chinacloudapi.cn',
];

describe('a token', () => {
  it.each(claimProbes)(
    'with %s is refused',
    // A parameter without a default would be jest's own callback where a probe has no surroundings.
    async (_what, token, reason, surroundings = {}) => {
      expect(await reasonAgainst(token(), surroundings)).toBe(reason);
    },
  );

  it.each(graphAudiences)('for Graph (%s) is refused, with what to do', async (audience) => {
    // Graph's own tokens cannot be verified by anybody else, so the signature is wrong on purpose.
    const error = await errorAgainst(mintToken({ audience, signWith: stranger }));
    expect(error).toMatchObject({ code: 'unauthenticated', reason: 'audience-is-graph' });
    expect(error?.message).toContain('Ask for a token with a scope of the gateway');
  });

  it('is refused without a word of what stands in it', async () => {
    const planted = 'PLANTED-7f3a';
    const tokens = [
      withHeader({ kid: planted }),
      withHeader({ alg: planted }),
      withHeader({ typ: planted }),
      ...['aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'scp', 'ver', 'idtyp'].map((name) =>
        withClaims({ [name]: planted }),
      ),
      `${planted}.${planted}.${planted}`,
    ];
    const rules = { clientIds: [frontendClientId], scopes: ['x'] };
    for (const token of tokens) {
      const error = await errorAgainst(token, rules);
      expect(error).toBeDefined();
      const shown = `${error?.message} ${error?.stack} ${JSON.stringify(error)} ${error?.cause}`;
      expect(shown).not.toContain(planted);
      expect(shown).not.toContain(token.slice(-40));
    }
  });
});
