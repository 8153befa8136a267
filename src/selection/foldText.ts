/** How many characters of a text are compared; Microsoft's own names are shorter. */
export const comparedLength = 256;

const onlyAscii = /^[\0-\x7f]*$/;

/**
 * More than 30 marks in a row, the bound of Unicode's stream-safe text format (UAX #15, UAX15-D4): sorting them takes
 * time that grows with their square. The two halfwidth sound marks are letters that NFKC turns into marks.
 */
const marksBeyondBound = /[\p{M}\uff9e\uff9f]{30}(?=[\p{M}\uff9e\uff9f])/gu;
const combiningGraphemeJoiner = '\u034f';

/**
 * Gives the form in which texts are compared: the same for upper and lower case (`Straße`, `STRASSE` and `STRAẞE`, the
 * two small sigmas) and for the different Unicode spellings of one character. No locale has a say in it. Takes time
 * that grows with the text up to `comparedLength`, and none for what is behind that.
 */
export function foldText(text: string): string {
  const compared = text.slice(0, comparedLength);
  if (onlyAscii.test(compared)) {
    return compared.toLowerCase();
  }
  const spelled = compared
    .replace(marksBeyondBound, `$&${combiningGraphemeJoiner}`)
    .normalize('NFKC')
    .slice(0, comparedLength);
  // The capital sharp s is upper case already; only its small form becomes two letters there.
  const alike = spelled.toLowerCase().toUpperCase().toLowerCase();
  return alike.replaceAll('ς', 'σ').normalize('NFKC').slice(0, comparedLength);
}
