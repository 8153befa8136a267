/**
 * Gives the form in which texts are compared: the same for upper and lower case (`Straße`, `STRASSE` and `STRAẞE`, the
 * two small sigmas) and for the different Unicode spellings of one character. No locale has a say in it.
 */
export function foldText(text: string): string {
  // The capital sharp s is upper case already; only its small form becomes two letters there.
  const alike = text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase();
  return alike.replaceAll('ς', 'σ').normalize('NFKC');
}
