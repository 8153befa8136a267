import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  type Identity,
  identityKeyOf,
  ownSubject,
  subjectOf,
} from '../../../src/identity/outbound/identityKey.ts';
import { Secret } from '../../../src/secret.ts';

const identity: Identity = {
  cloud: 'global',
  tenant: 'contoso',
  client: 'gateway',
  mode: 'on-behalf-of',
  scopes: ['https://graph.microsoft.com/.default'],
  subject: subjectOf(new Secret('the token of ada')),
  claims: '',
};

describe('identityKeyOf', () => {
  it.each<[keyof Identity, Partial<Identity>]>([
    ['cloud', { cloud: 'china' }],
    ['tenant', { tenant: 'fabrikam' }],
    ['client', { client: 'another gateway' }],
    ['mode', { mode: 'app-only' }],
    ['scopes', { scopes: ['https://graph.microsoft.us/.default'] }],
    ['subject', { subject: subjectOf(new Secret('the token of grace')) }],
    ['claims', { claims: '{"access_token":{}}' }],
  ])('gives another key where only %s differs', (_part, change) => {
    expect(identityKeyOf({ ...identity, ...change })).not.toBe(identityKeyOf(identity));
  });

  it('gives the same key for the same identity, whatever the order of its parts', () => {
    const backwards = Object.fromEntries(Object.entries(identity).reverse());
    expect(identityKeyOf({ ...identity, ...backwards })).toBe(identityKeyOf({ ...identity }));
  });

  it('does not take two identities for one because their texts join to the same', () => {
    const left = { ...identity, tenant: 'a', client: 'bc', scopes: ['d', 'e'] };
    const keys = [
      left,
      { ...left, tenant: 'ab', client: 'c' },
      { ...left, tenant: 'a","bc', client: '' },
      { ...left, scopes: ['d e'] },
      { ...left, scopes: ['d","e'] },
      { ...left, client: 'bc', mode: '', scopes: ['on-behalf-of', 'd', 'e'] },
    ].map(identityKeyOf);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is a digest from which nothing of the identity can be read', () => {
    expect(identityKeyOf(identity)).toMatch(/^[\w-]{43}$/);
  });
});

describe('subjectOf', () => {
  it('is the digest of the whole token', () => {
    const digest = createHash('sha256').update('the token of ada').digest('base64url');
    expect(subjectOf(new Secret('the token of ada'))).toBe(digest);
  });

  it('differs for two tokens of one person, and from nobody', () => {
    const claims = Buffer.from('{"oid":"ada"}').toString('base64url');
    const subjects = [`h.${claims}.one`, `h.${claims}.two`].map((text) =>
      subjectOf(new Secret(text)),
    );
    expect(new Set([...subjects, ownSubject]).size).toBe(3);
  });
});
