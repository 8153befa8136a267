import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ada, contoso, fabrikam, grace } from '../support/authority/people.ts';
import { signToken } from '../support/authority/signToken.ts';
import {
  authorityKey,
  goodClaims,
  identify,
  mintToken,
  reasonAgainst,
  withPayloadText,
} from './identityHarness.ts';

const token = mintToken();
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a token that was tampered with', () => {
  it('is refused wherever one character is another one of base64url', async () => {
    const position = fc.nat(token.length - 1);
    const character = fc.constantFrom(...alphabet);
    await fc.assert(
      fc.asyncProperty(position, character, async (at, other) => {
        fc.pre(token[at] !== other);
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        expect(await reasonAgainst(changed)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused with any last character but its own, though the last bits of it mean nothing', async () => {
    const last = token.at(-1);
    const others = [...alphabet].filter((character) => character !== last);
    for (const other of others) {
      expect(await reasonAgainst(token.slice(0, -1) + other)).toBeDefined();
    }
  });

  it('is refused wherever something is put in, taken out or cut off', async () => {
    const change = fc.record({
      at: fc.nat(token.length),
      taken: fc.nat(5),
      put: fc.string({ unit: 'binary', maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, taken, put }) => {
        const changed = token.slice(0, at) + put + token.slice(at + taken);
        fc.pre(changed !== token);
        expect(await reasonAgainst(changed)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused, and never fails otherwise, whatever text it is', async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.string({ unit: 'binary' }),
    );
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(text, async (anything) => {
        expect(await reasonAgainst(anything)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('a token that the authority signed', () => {
  const names = ['aud', 'iss', 'tid', 'azp', 'sub', 'exp', 'iat', 'ver'] as const;

  it('is refused where a claim that counts is any other value', async () => {
    const change = fc.record({ name: fc.constantFrom(...names), value: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(change, async ({ name, value }) => {
        const isOfItsType = ['azp', 'sub'].includes(name) && typeof value === 'string';
        fc.pre(!isOfItsType && typeof value !== 'number');
        expect(await reasonAgainst(mintToken({ claims: { [name]: value } }))).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('is refused, and never fails otherwise, whatever else its payload is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (payload) => {
        expect(await reasonAgainst(withPayloadText(payload))).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('is refused, and never fails otherwise, whatever its header is', async () => {
    const header = fc.dictionary(
      fc.oneof(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk'), fc.string()),
      fc.oneof(fc.constantFrom<unknown>('RS256', authorityKey.kid, 'JWT'), fc.jsonValue()),
    );
    await fc.assert(
      fc.asyncProperty(header, async (anything) => {
        const { alg, kid } = anything;
        fc.pre(alg !== 'RS256' || kid !== authorityKey.kid);
        const signed = signToken(anything, goodClaims, authorityKey.privateKey);
        expect(await reasonAgainst(signed)).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  it('tells exactly what it says, whoever comes', async () => {
    const wish = fc.record({
      tenant: fc.constantFrom(contoso, fabrikam),
      user: fc.constantFrom(ada, grace),
      version: fc.constantFrom('1.0' as const, '2.0' as const),
      kind: fc.constantFrom('user' as const, 'application' as const),
      roles: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
      scope: fc
        .array(fc.stringMatching(/^[\w.]{1,20}$/), { minLength: 1 })
        .map((all) => all.join(' ')),
    });
    await fc.assert(
      fc.asyncProperty(wish, async (wished) => {
        const caller = await identify(mintToken(wished));
        expect(caller).toMatchObject({
          kind: wished.kind,
          tenantId: wished.tenant.id,
          ...(wished.kind === 'user'
            ? { subject: wished.user.objectId, scopes: wished.scope.split(' ') }
            : { roles: wished.roles }),
        });
      }),
      { numRuns: 50 },
    );
  });
});
