/**
 * Gives the form in which texts are compared: the same for upper and lower case (`Straße` and `STRASSE`, the two small
 * sigmas) and for the different Unicode spellings of one character. No locale has a say in it.
 */
export function foldText(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC');
}
