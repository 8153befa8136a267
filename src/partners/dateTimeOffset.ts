const shape =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})[Tt](?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?:\.(?<fraction>\d*))?(?<offset>[Zz]|[+-]\d{2}:\d{2})?$/;

const example = '2016-12-31T23:56:56.7799755+03:00';
const maximumFractionDigits = 12;

/**
 * Says what keeps a text from being a date-time with its offset, or gives undefined if nothing does.
 *
 * The form is RFC 3339's, with `T` and `Z` in either case and 0 to 12 fractional digits, which is also what Graph's own
 * pattern for the heartbeat allows. The calendar is checked by hand: a JS `Date` would turn 30 February into 1 March and
 * cut the digits.
 */
export function findDateTimeOffsetProblem(text: string): string | undefined {
  const parts = shape.exec(text)?.groups;
  if (parts === undefined) {
    return `is not a date-time as RFC 3339 writes it, such as ${example}`;
  }
  const { fraction, offset } = parts;
  if (offset === undefined) {
    return `has no offset: end it with Z or with one such as +03:00, as in ${example}`;
  }
  if (fraction === '') {
    return 'has a decimal point without digits after it';
  }
  if (fraction !== undefined && fraction.length > maximumFractionDigits) {
    return `has ${fraction.length} fractional digits; at most ${maximumFractionDigits} can be kept`;
  }
  return findCalendarProblem(parts) ?? findClockProblem(parts, offset);
}

type Parts = Readonly<Record<string, string | undefined>>;

function findCalendarProblem(parts: Parts): string | undefined {
  const month = Number(parts['month']);
  const day = Number(parts['day']);
  if (month < 1 || month > 12) {
    return `has a month ${parts['month']}; months go from 01 to 12`;
  }
  const lastDay = daysInMonth(Number(parts['year']), month);
  if (day < 1 || day > lastDay) {
    return `names a day that does not exist: month ${parts['month']} of ${parts['year']} has ${lastDay} days`;
  }
  return undefined;
}

function findClockProblem(parts: Parts, offset: string): string | undefined {
  const hour = Number(parts['hour']);
  const minute = Number(parts['minute']);
  const second = Number(parts['second']);
  const offsetMinutes = toOffsetMinutes(offset);
  if (hour > 23 || minute > 59 || second > 60) {
    return `has a time of day that does not exist: ${parts['hour']}:${parts['minute']}:${parts['second']}`;
  }
  if (offsetMinutes === undefined) {
    return `has an offset that does not exist: ${offset}`;
  }
  // A leap second is inserted at the end of a day in UTC, whatever the local clock shows then.
  if (second === 60 && modulo(hour * 60 + minute - offsetMinutes, 1440) !== 1439) {
    return 'has an impossible second 60: leap seconds exist at 23:59:60 UTC only';
  }
  return undefined;
}

function toOffsetMinutes(offset: string): number | undefined {
  if (/^z$/i.test(offset)) {
    return 0;
  }
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 23 || minutes > 59) {
    return undefined;
  }
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    return isLeapYear ? 29 : 28;
  }
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

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
 * compared character by character, whatever the offsets and the number of digits were. Undefined if the text
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
