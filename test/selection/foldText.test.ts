import { describe, expect, it } from '@jest/globals';
import { comparedLength, foldText } from '../../src/selection/foldText.ts';

describe('foldText', () => {
  it('takes every character for the same in upper and lower case and in each spelling', () => {
    const apart: string[] = [];
    // Only the first two planes have letters with cases.
    for (let code = 0; code <= 0x1ffff; code += 1) {
      // Half a surrogate pair is no character.
      const character = code >= 0xd800 && code <= 0xdfff ? '' : String.fromCodePoint(code);
      const variants = [
        character.toUpperCase(),
        character.toLowerCase(),
        character.normalize('NFD'),
        character.normalize('NFC'),
      ];
      if (variants.some((variant) => foldText(variant) !== foldText(character))) {
        apart.push(code.toString(16));
      }
    }
    expect(apart).toEqual([]);
  });

  it('keeps different letters apart', () => {
    const texts = ['a', 'ä', 'b', 's', 'ss', 'o', 'ø', 'i', 'j', 'σ'];
    expect(new Set(texts.map(foldText)).size).toBe(texts.length);
  });

  it('knows every character that Unicode turns into a mark, so that no run of marks is unbounded', () => {
    const unknown: string[] = [];
    for (let code = 0; code <= 0x1ffff; code += 1) {
      const character = code >= 0xd800 && code <= 0xdfff ? '' : String.fromCodePoint(code);
      if (/^\p{M}+$/u.test(character.normalize('NFKC'))) {
        const folded = foldText(`a${character.repeat(40)}`);
        if (!folded.includes('\u034f')) {
          unknown.push(code.toString(16));
        }
      }
    }
    expect(unknown).toEqual([]);
  });

  it.each([
    ['marks in the wrong order', `a${'\u0300\u0327'.repeat(14_000)}`],
    ['halfwidth sound marks', `a${'\uff9e\u0327\u0334'.repeat(14_000)}`],
    ['letters that become many', '\ufdfa'.repeat(28_000)],
    ['letters that grow in upper case', '\u0390ß'.repeat(14_000)],
  ])('compares the first characters only of %s', (_what, text) => {
    expect(foldText(text)).toBe(foldText(text.slice(0, comparedLength)));
    expect(foldText(text).length).toBeLessThanOrEqual(comparedLength);
  });
});
