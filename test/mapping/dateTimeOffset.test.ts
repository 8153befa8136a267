import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findDateTimeOffsetProblem } from '../../src/mapping/dateTimeOffset.ts';
import { dateTimeOffsets } from '../support/arbitraryInputs.ts';

describe('findDateTimeOffsetProblem', () => {
  it.each([
    '2016-12-31T23:56:56.7799755+03:00',
    '0001-01-01T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2000-02-29T00:00:00-12:30',
    '2016-12-31T23:59:60Z',
    '2017-01-01T02:59:60.5+03:00',
    '2016-12-31T23:56:56.123456789012Z',
    '2016-12-31t23:56:56.7799755z',
    '2016-12-31t23:59:60z',
  ])('finds nothing wrong with %s', (text) => {
    expect(findDateTimeOffsetProblem(text)).toBeUndefined();
  });

  it.each([
    ['2016-12-31T23:56:56', /no offset/],
    ['2016-12-31T23:56:56.7799755', /no offset/],
    ['2016-12-31T23:56:56.1234567890123Z', /13 fractional digits; at most 12/],
    ['2016-12-31T23:56:56.Z', /decimal point without digits/],
    ['2023-02-30T00:00:00Z', /month 02 of 2023 has 28 days/],
    ['2023-02-29T00:00:00Z', /month 02 of 2023 has 28 days/],
    ['1900-02-29T00:00:00Z', /month 02 of 1900 has 28 days/],
    ['2023-04-31T00:00:00Z', /month 04 of 2023 has 30 days/],
    ['2023-01-00T00:00:00Z', /names a day that does not exist/],
    ['2023-13-01T00:00:00Z', /month 13; months go from 01 to 12/],
    ['2023-00-01T00:00:00Z', /month 00/],
    ['2023-01-01T24:00:00Z', /time of day that does not exist: 24:00:00/],
    ['2023-01-01T00:60:00Z', /time of day that does not exist/],
    ['2023-01-01T00:00:61Z', /time of day that does not exist/],
    ['2023-01-01T00:00:60Z', /only possible at 23:59:60 in UTC/],
    ['2023-01-01T23:59:60+01:00', /only possible at 23:59:60 in UTC/],
    ['2023-01-01T00:00:00+24:00', /offset that does not exist/],
    ['2023-01-01T00:00:00+01:60', /offset that does not exist/],
    ['2023-01-01 00:00:00Z', /not a date-time as RFC 3339 writes it/],
    ['2023-01-01', /not a date-time/],
    ['2023-1-1T00:00:00Z', /not a date-time/],
    ['2023-01-01T00:00Z', /not a date-time/],
    ['2023-01-01T00:00:00+0300', /not a date-time/],
    ['2023-01-01T00:00:00Z\n', /not a date-time/],
    ['', /not a date-time/],
  ])('refuses %j and says why', (text, reason) => {
    expect(findDateTimeOffsetProblem(text)).toMatch(reason);
  });

  it('accepts every date-time that exists, with any digits and offset', () => {
    fc.assert(
      fc.property(dateTimeOffsets, (text) => findDateTimeOffsetProblem(text) === undefined),
    );
  });

  it('agrees with the calendar of the platform on which days exist', () => {
    const dates = fc.tuple(fc.nat(9999), fc.nat(13), fc.nat(32));
    fc.assert(
      fc.property(dates, ([year, month, day]) => {
        const pad = (number: number, width: number) => String(number).padStart(width, '0');
        const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
        const instant = new Date(`${text}T00:00:00Z`);
        const exists =
          !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(`${text}T`);
        expect(findDateTimeOffsetProblem(`${text}T00:00:00Z`) === undefined).toBe(exists);
      }),
    );
  });
});
