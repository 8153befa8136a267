import { describe, expect, it } from '@jest/globals';
import { foldText } from '../../src/selection/foldText.ts';

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
});
