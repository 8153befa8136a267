import { describe, expect, it } from '@jest/globals';
import { readChallenge } from '../../src/graph/challenge.ts';

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const encoded = Buffer.from(claims).toString('base64');

describe('readChallenge', () => {
  it.each<[string, string | string[] | undefined, string | undefined, boolean]>([
    ['nothing', undefined, undefined, false],
    ['a plain challenge', 'Bearer realm="", error="invalid_token"', undefined, false],
    ['claims', `Bearer realm="", error="insufficient_claims", claims="${encoded}"`, claims, false],
    ['claims in front', `Bearer claims="${encoded}", error="insufficient_claims"`, claims, false],
    ['claims in a second line', ['Basic realm="x"', `Bearer claims="${encoded}"`], claims, false],
    ['claims that are no base64 JSON', 'Bearer claims="rubbish"', 'rubbish', false],
    [
      "Intune's own service",
      'Bearer realm="urn:intune:service,c3998d6e-2e37-4c56-87b5-7b444ee1cb26"',
      undefined,
      true,
    ],
    ['a parameter that only ends alike', 'Bearer myclaims="x"', undefined, false],
  ])('reads %s', (_what, header, expectedClaims, isIntuneRole) => {
    expect(readChallenge(header)).toEqual({ claims: expectedClaims, isIntuneRole });
  });
});
