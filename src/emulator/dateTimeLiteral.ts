const literal =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d{1,12})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Whether a text is an `Edm.DateTimeOffset`: up to twelve fractional digits, an offset, a day that exists. */
export function isDateTimeLiteral(text: string): boolean {
  const [, year, month, day] = (literal.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) {
    return false;
  }
  // Day 0 of the next month is the last of this one; setUTCFullYear keeps years below 100 as they are.
  const lastDay = new Date(0);
  lastDay.setUTCFullYear(year, month, 0);
  return day <= lastDay.getUTCDate();
}
