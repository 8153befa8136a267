import { describe, expect, it } from '@jest/globals';
import { readTokenClaims } from '../../src/graph/tokenClaims.ts';

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

const nothing = {
  tenantId: undefined,
  clientId: undefined,
  scopes: [],
  roles: [],
  expiresAtMs: undefined,
};

describe('readTokenClaims', () => {
  it('reads tenant, application, permissions and end, in the forms of both versions', () => {
    const claims = { tid: 't', azp: 'a', scp: 'One Two', roles: ['Three'], exp: 1_700_000_000 };
    expect(readTokenClaims(tokenOf(claims))).toEqual({
      tenantId: 't',
      clientId: 'a',
      scopes: ['One', 'Two'],
      roles: ['Three'],
      expiresAtMs: 1_700_000_000_000,
    });
    expect(readTokenClaims(tokenOf({ appid: 'b' }))?.clientId).toBe('b');
  });

  it.each([
    [{ tid: 1, azp: {}, scp: ['x'], roles: 'x', exp: 'soon' }],
    [{ roles: [1, null], exp: 1e300 }],
    [{}],
  ])('takes nothing from %j', (claims) => {
    expect(readTokenClaims(tokenOf(claims))).toEqual(nothing);
  });

  it.each(['', 'opaque', 'a.b', 'a.b.c', 'a.bnVsbA.c', 'a.W10.c', 'a.b.c.d'])(
    'knows that %j is no token of that kind',
    (token) => {
      expect(readTokenClaims(token)).toBeUndefined();
    },
  );
});
