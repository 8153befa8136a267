const literal =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d{1,12})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const largestOffsetMinutes = 14 * 60;

/**
 * Whether a text is an `Edm.DateTimeOffset` that .NET can hold: `T` and `Z` in either case, up to twelve fractional
 * digits, an offset of at most 14 hours, a day that exists, and an instant from year 1 to year 9999 in UTC.
 */
export function isDateTimeLiteral(text: string): boolean {
  const match = literal.exec(text);
  const [, year, month, day, hour = 0, minute = 0] = (match ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || year === 0) {
    return false;
  }
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const offsetMinutes = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  if (Math.abs(offsetMinutes) > largestOffsetMinutes) {
    return false;
  }
  // Day 0 of the next month is the last of this one; setUTCFullYear keeps years below 100 as they are.
  const lastDay = new Date(0);
  lastDay.setUTCFullYear(year, month, 0);
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  instant.setUTCHours(hour, minute - offsetMinutes);
  const utcYear = instant.getUTCFullYear();
  return day <= lastDay.getUTCDate() && utcYear >= 1 && utcYear <= 9999;
}
