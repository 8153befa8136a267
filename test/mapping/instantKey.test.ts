import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instantKeyOf } from '../../src/mapping/instantKey.ts';
import { dateTimeOffsets } from '../support/arbitraryInputs.ts';

/** Nanoseconds and beyond as one whole number, computed in another way than the code under test does. */
function picosecondsOf(text: string): bigint {
  const [, date = '', fraction = '', offset = ''] =
    /^(.{19})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  const utc = new Date(`${date}Z`).getTime();
  const sign = offset.startsWith('-') ? -1 : 1;
  const minutes =
    offset === 'Z' ? 0 : sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)));
  return BigInt(utc - minutes * 60_000) * 1_000_000_000n + BigInt(fraction.padEnd(12, '0'));
}

describe('instantKeyOf', () => {
  it.each([
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.7799755Z'],
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.779975500000Z'],
    ['2020-01-01T00:00:00Z', '2019-12-31T19:00:00-05:00'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2020-01-01T00:00:00Z', '2020-01-01t01:00:00+01:00'],
    ['2020-01-01T00:00:00Z', '2020-01-01t00:00:00z'],
  ])('gives %s and %s the same key', (left, right) => {
    expect(instantKeyOf(left)).toBe(instantKeyOf(right));
  });

  it.each([
    ['2016-12-31T23:56:56.7799755+03:00', '2016-12-31T20:56:56.77997551Z'],
    ['2016-12-31T20:56:56Z', '2016-12-31T20:56:56.000000000001Z'],
    ['0001-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z'],
    ['0099-12-31T23:59:59Z', '1900-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59'],
  ])('puts %s before %s', (earlier, later) => {
    const [left = '', right = ''] = [instantKeyOf(earlier), instantKeyOf(later)];
    expect(left < right).toBe(true);
  });

  it('orders any two date-times as their instants are ordered', () => {
    fc.assert(
      fc.property(dateTimeOffsets, dateTimeOffsets, (left, right) => {
        const [leftKey = '', rightKey = ''] = [instantKeyOf(left), instantKeyOf(right)];
        const [leftPs, rightPs] = [picosecondsOf(left), picosecondsOf(right)];
        expect(leftKey < rightKey).toBe(leftPs < rightPs);
        expect(leftKey === rightKey).toBe(leftPs === rightPs);
      }),
    );
  });

  it('keeps more digits than an input may have', () => {
    expect(instantKeyOf('2020-01-01T00:00:00.12345678901234Z')).toMatch(/\.12345678901234$/);
  });

  it.each([
    '',
    'yesterday',
    '2020-01-01',
    '2020-01-01T00:00:00',
    '2020-02-30T00:00:00Z',
    '2020-13-01T00:00:00Z',
  ])('gives none for %j, which an answer may hold', (text) => {
    expect(instantKeyOf(text)).toBeUndefined();
  });
});
