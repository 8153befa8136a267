import { describe, expect, it } from '@jest/globals';
import { type AskedOperation, askedOperations } from './askedOperation.ts';
import { type Exchange, findLie } from './findLie.ts';

const asked = (kind: AskedOperation['kind']): AskedOperation =>
  askedOperations.find((operation) => operation.kind === kind) as AskedOperation;

const exchange = (method: string, status: number, retryAfter?: string): Exchange => ({
  method,
  isBatch: false,
  isCollection: method === 'POST',
  answer: {
    status,
    headers: retryAfter === undefined ? [] : [['retry-after', retryAfter]],
    body: Buffer.alloc(0),
  },
});

const failed = (code: string) => ({ data: null, errors: [{ extensions: { code } }] });
const told = { data: { add: { complianceManagementPartner: null, userErrors: [{}] } } };
const done = { data: { add: { complianceManagementPartner: { id: 'a' }, userErrors: [] } } };
const found = { ...done, extensions: { notices: [{ code: 'FOUND_AFTER_UNCLEAR_ANSWER' }] } };
const partner = (value: object | null) => ({ data: { complianceManagementPartner: value } });

type Result = Parameters<typeof findLie>[1];

describe('findLie', () => {
  it.each<[string, Result, readonly Exchange[]]>([
    ['a success', done, [exchange('POST', 201)]],
    ['a doubt', failed('OUTCOME_UNKNOWN'), [exchange('POST', 500)]],
    ['a refusal', told, [exchange('POST', 400)]],
    ['a throttled repeat', done, [exchange('POST', 429), exchange('POST', 201)]],
    ['a repeat of what was turned away', done, [exchange('POST', 503, '0'), exchange('POST', 201)]],
    ['what was found', found, [exchange('POST', 502), exchange('GET', 200)]],
    ['nothing sent', failed('UPSTREAM_TIMEOUT'), []],
  ])('finds none in %s', (_what, result, exchanges) => {
    expect(findLie(asked('add'), result, exchanges)).toBeUndefined();
  });

  it.each<[string, Result, readonly Exchange[], RegExp]>([
    ['a doubt that is kept quiet', failed('UPSTREAM_TIMEOUT'), [exchange('POST', 504)], /nothing/],
    ['a success that is kept quiet', told, [exchange('POST', 201)], /nothing/],
    [
      'a 503 that does not say when',
      failed('UPSTREAM_UNAVAILABLE'),
      [exchange('POST', 503)],
      /503/,
    ],
    ['a refusal as a success', done, [exchange('POST', 400)], /as a success/],
    ['a doubt as a success', done, [exchange('POST', 500)], /as a success/],
    ['a second add', done, [exchange('POST', 500), exchange('POST', 201)], /again/],
    [
      'an answer that was cut',
      failed('UPSTREAM_UNAVAILABLE'),
      [{ ...exchange('POST', 400), isCut: true }],
      /nothing/,
    ],
    ['a success without a partner', { data: { add: {} } }, [exchange('POST', 201)], /no partner/],
  ])('finds %s', (_what, result, exchanges, lie) => {
    expect(findLie(asked('add'), result, exchanges)).toMatch(lie);
  });

  it('finds a partner that is said not to be there although nobody said so', () => {
    const lie = (status: number) => findLie(asked('get'), partner(null), [exchange('GET', status)]);
    expect(lie(404)).toBeUndefined();
    expect(lie(503)).toMatch(/503/);
  });
});
