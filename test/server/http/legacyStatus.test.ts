import { describe, expect, it } from '@jest/globals';
import { isLegacyAccept } from '../../../src/server/http/legacyStatus.ts';

describe('isLegacyAccept', () => {
  it.each<[string | undefined, boolean]>([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['text/html, application/json;q=0.5', true],
    ['application/graphql-response+json', false],
    ['application/graphql-response+json, application/json;q=0.9', false],
    ['application/json, application/graphql-response+json;q=0.1', false],
    ['*/*', false],
    ['application/*', false],
    ['application/jsonp', false],
    ['', false],
    [undefined, false],
  ])('takes %j for %j', (accept, expected) => {
    expect(isLegacyAccept(accept)).toBe(expected);
  });
});
