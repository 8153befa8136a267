import { findDateTimeOffsetProblem } from '../partners/dateTimeOffset.ts';

const parts =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** The Gregorian calendar repeats itself after 400 years; shifted by that, `Date.UTC` reads the years 0 to 99 right. */
const cycle = { years: 400, seconds: 146_097 * 86_400 };
const secondsBeforeEpoch = 62_167_219_200;
const dayOfOffsets = 86_400;
const width = 12;
/** Answers may have more digits than inputs, but not so many that cursors cannot carry them. */
const maximumLength = 64;

/**
 * Gives a text for the instant of a date-time. Two such texts stand in the order of their instants when they are
 * compared character by character, whatever the offsets and the number of digits were. Undefined where the text
 * names no instant, as an answer may.
 */
export function instantKeyOf(dateTime: string): string | undefined {
  if (dateTime.length > maximumLength) {
    return undefined;
  }
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    hours = '0',
    minutes = '0',
  ] = parts.exec(dateTime) ?? [];
  // Answers may have more digits than inputs; the check of the calendar does not care for them.
  const isDateTime =
    findDateTimeOffsetProblem(dateTime.replace(/\.\d+/, '')) === undefined && year !== undefined;
  if (!isDateTime) {
    return undefined;
  }
  const localMs = Date.UTC(
    Number(year) + cycle.years,
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const offsetSeconds = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
  const seconds = localMs / 1000 - cycle.seconds - offsetSeconds;
  const countable = seconds + secondsBeforeEpoch + dayOfOffsets;
  return `${String(countable).padStart(width, '0')}.${fraction.replace(/0+$/, '')}`;
}
