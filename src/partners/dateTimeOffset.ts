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
  const digits = parts['fraction']?.length ?? 0;
  return digits > maximumFractionDigits && parts['offset'] !== undefined
    ? `has ${digits} fractional digits; at most ${maximumFractionDigits} can be kept`
    : findPartsProblem(parts);
}

type Parts = Readonly<Record<string, string | undefined>>;

function findPartsProblem(parts: Parts): string | undefined {
  const { year, month, day, hour, minute, second, offset } = parts;
  if (offset === undefined) {
    return `has no offset: end it with Z or with one such as +03:00, as in ${example}`;
  }
  if (parts['fraction'] === '') {
    return 'has a decimal point without digits after it';
  }
  if (Number(month) < 1 || Number(month) > 12) {
    return `has a month ${month}; months go from 01 to 12`;
  }
  const lastDay = daysInMonth(Number(year), Number(month));
  if (Number(day) < 1 || Number(day) > lastDay) {
    return `names a day that does not exist: month ${month} of ${year} has ${lastDay} days`;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    return `has a time of day that does not exist: ${hour}:${minute}:${second}`;
  }
  if (Number(offset.slice(1, 3)) > 23 || Number(offset.slice(4, 6)) > 59) {
    return `has an offset that does not exist: ${offset}`;
  }
  // A leap second is inserted at the end of a day in UTC, whatever the local clock shows then.
  const minuteOfDay = Number(hour) * 60 + Number(minute) - offsetMinutesOf(offset);
  return second === '60' && (minuteOfDay + 1440) % 1440 !== 1439
    ? 'has an impossible second 60: leap seconds exist at 23:59:60 UTC only'
    : undefined;
}

/** 0 for `Z`, which has no digits. */
function offsetMinutesOf(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6));
  return offset.startsWith('-') ? -minutes : minutes;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    return isLeapYear ? 29 : 28;
  }
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** A day before year 0, so that no offset leads to a negative number. */
const firstSecond = -62_167_219_200 - 86_400;
const width = 12;
/** Answers may have more digits than inputs, but not so many that cursors cannot carry them. */
const maximumLength = 64;

/**
 * Gives a text for the instant of a date-time. Two such texts stand in the order of their instants when they are
 * compared character by character, whatever the offsets and the number of digits were. Undefined if the text
 * names no instant, as an answer may.
 */
export function instantKeyOf(dateTime: string): string | undefined {
  const parts: Parts | undefined =
    dateTime.length > maximumLength ? undefined : shape.exec(dateTime)?.groups;
  if (parts === undefined || findPartsProblem(parts) !== undefined) {
    return undefined;
  }
  const { year, month, day, hour, minute, second, fraction = '', offset = '' } = parts;
  // Not `Date.UTC`, which takes the years 0 to 99 for those of the 20th century.
  const dayMs = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const minutes = Number(hour) * 60 + Number(minute) - offsetMinutesOf(offset);
  const seconds = dayMs / 1000 + minutes * 60 + Number(second) - firstSecond;
  return `${String(seconds).padStart(width, '0')}.${fraction.replace(/0+$/, '')}`;
}
