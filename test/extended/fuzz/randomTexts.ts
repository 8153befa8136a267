import type { Choices } from './choices.ts';

const oddTexts: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\u0000b',
  '\u001b[31mred\u001b[0m',
  'line\r\nx-injected: yes',
  '\ud800',
  'half \udfff of a pair',
  '\u202edlrow',
  '\ufeff',
  '\u2028\u2029',
  'e\u0301\u0327\u0300',
  '👩‍👩‍👧‍👦',
  'İıſß',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../users',
  '%2e%2e%2fusers',
  '..%5c..',
  "x') or ('a' eq 'a",
  '{{7*7}}<%= 7 %>',
  '<script>alert(1)</script>',
  '"}],"errors":[{"message":"x"}]}',
  '$skiptoken=x&$filter=y#z',
  'null',
  'NaN',
  '1e400',
  '-0',
  '\\u0000',
  '\\',
  '"',
  "'",
];

/** A text that is odd in one of many ways; sometimes very long. */
export function randomText(choices: Choices): string {
  switch (choices.below(6)) {
    case 0:
      return choices.pick(oddTexts);
    case 1:
      return `${choices.pick(oddTexts)}${choices.pick(oddTexts)}`;
    case 2:
      return choices.some(12, () => String.fromCharCode(choices.below(65_536))).join('');
    case 3:
      return choices.some(20, () => String.fromCharCode(choices.below(128))).join('');
    case 4:
      return choices.pick(['Fleet', 'Jamf Pro', 'a', 'Ж', 'ﬀ']);
    default:
      return choices.chance(10)
        ? choices.pick(oddTexts).repeat(1 + choices.below(3_000))
        : 'Kandji';
  }
}

/** A number as JSON writes it, and as it should not be written. */
export const randomNumberText = (choices: Choices): string =>
  choices.pick([
    '0',
    '1',
    '-1',
    '10',
    '1000',
    '1001',
    '-0',
    '0.5',
    '1e3',
    '2147483647',
    '2147483648',
    '-2147483649',
    '9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '123456789012345678901234567890',
  ]);

/** A name that GraphQL's grammar allows, or nearly so. */
export const randomName = (choices: Choices): string =>
  choices.pick([
    'a',
    'B1',
    '_',
    '__typename',
    '__proto__',
    'constructor',
    'toString',
    'query',
    'on',
    'null',
    'true',
    'fragment',
    'x'.repeat(300),
    'displayName',
    '__schema',
    'ünïcode',
    '1a',
    'a-b',
    '',
  ]);
