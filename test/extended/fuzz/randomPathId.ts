import type { Choices } from './choices.ts';
import { randomText } from './randomTexts.ts';

const pieces: readonly string[] = [
  'a',
  '0c65e46a-e46a-0c65-6ae4-650c6ae4650c',
  '.',
  '..',
  '...',
  '/',
  '//',
  '\\',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '%252e%252e%252f',
  '%c0%ae',
  '%u002e',
  '%00',
  '%',
  '\u0000',
  '\t',
  '\r\n',
  ' ',
  '?',
  '#',
  '&',
  ';',
  '@',
  ':',
  '=',
  '~',
  '_',
  '-',
  "'",
  "('x')",
  '$batch',
  '$ref',
  'users',
  'evil.example',
  'http://evil.example/',
  '//evil.example',
  '\uff0e\uff0e',
  '\u2024',
  '\u3002',
  '\u2215',
  '\uff0f',
  '\ud800',
  '\u202e',
  'é',
  'x'.repeat(255),
];

/** Draws what a caller may give as an id: about every third can be one, the others would like to be elsewhere. */
export function randomPathId(choices: Choices): string {
  const lot = choices.below(10);
  if (lot === 0) {
    return randomText(choices);
  }
  const few = lot < 6 ? pieces : pieces.filter((piece) => /^[\w.~=-]+$/.test(piece));
  return [choices.pick(few), ...choices.some(5, () => choices.pick(few))].join('');
}
