import {
  GraphQLEnumType,
  type GraphQLInputField,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  getNullableType,
} from 'graphql';
import type { Choices } from './randomCases.ts';

/** Words between white space. */
export const words = (text: string): readonly string[] => text.trim().split(/\s+/);

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
  "x') or ('a' eq 'a",
  '{{7*7}}<%= 7 %>',
  '\\u0000',
  '\\',
  '"',
  "'",
  ...words(`
    __proto__ constructor prototype toString hasOwnProperty ../../users %2e%2e%2fusers ..%5c..
    <script>alert(1)</script> "}],"errors":[{"message":"x"}]} $skiptoken=x&$filter=y#z
    null NaN 1e400 -0`),
];

/** A text that is odd in one of many ways; sometimes very long. */
export function randomText(choices: Choices): string {
  switch (choices.below(5)) {
    case 0:
      return choices.pick(oddTexts);
    case 1:
      return choices.some(12, () => String.fromCharCode(choices.below(65_536))).join('');
    case 2:
      return choices.some(20, () => String.fromCharCode(choices.below(128))).join('');
    case 3:
      return choices.pick(['Fleet', 'Jamf Pro', 'a', 'Ж', 'ﬀ']);
    default:
      return choices.chance(10)
        ? choices.pick(oddTexts).repeat(1 + choices.below(3_000))
        : 'Kandji';
  }
}

const numbers = words(`
  0 1 -1 10 1000 1001 -0 0.5 1e3 2147483647 2147483648 -2147483649 9007199254740993
  1e400 -1e400 1e-400 123456789012345678901234567890`);

/** A number as JSON writes it, and as it should not be written. */
export const randomNumberText = (choices: Choices): string => choices.pick(numbers);

const names = words(`
  a B1 _ __typename __proto__ constructor toString query on null true fragment displayName
  __schema ünïcode 1a a-b`);

/** A name that GraphQL's grammar allows, or nearly so. */
export const randomName = (choices: Choices): string =>
  choices.pick([...names, 'x'.repeat(300), '']);

/** Takes pieces out of a text, puts pieces in, and doubles some. */
export function cutUp(text: string, choices: Choices): string {
  let result = text;
  for (let count = 1 + choices.below(4); count > 0; count -= 1) {
    const at = choices.below(Math.min(65_536, result.length + 1));
    const length = choices.below(12);
    const piece = result.slice(at, at + length);
    const odd = choices.pick(words('{ } ( ) " """ ... @ $ # & \\ : ! \ud800 \0'));
    const put = choices.pick(['', piece + piece, odd, randomText(choices).slice(0, 20)]);
    result = result.slice(0, at) + put + result.slice(at + length);
  }
  return result;
}

/** Ids that the embedded Graph of the stage holds, and some that it does not. */
export const knownIds: readonly string[] = ['row-1', 'row-2', 'row-3'];

const rightTexts: Readonly<Record<string, readonly string[]>> = {
  ID: [...knownIds, 'nobody', '0c65e46a-e46a-0c65-6ae4-650c6ae4650c'],
  UUID: ['0c65e46a-e46a-0c65-6ae4-650c6ae4650c', '2B4F3F0E-1F5D-4C7A-9A0B-0D9A5F1F7C11'],
  DateTimeOffset: ['2016-12-31T23:56:56.7799755+03:00', '0001-01-01T00:00:00Z'],
  NonEmptyString: ['Fleet', 'a', 'Ж\u0301'],
  String: ['Fleet', '', 'Kandji'],
};

/** How a value is written: in a document, or as JSON among the variables. */
export interface Notation {
  readonly kind: 'document' | 'json';
  /** A variable in place of a value, where that is possible. */
  variable?(type: GraphQLInputType): string | undefined;
}

const wrongPercent = 6;
const deepest = 6;

/** The text of a value for a type: right as a rule, wrong now and then. */
export function randomValue(
  type: GraphQLInputType,
  notation: Notation,
  choices: Choices,
  depth = 0,
): string {
  const variable = choices.chance(25) ? notation.variable?.(type) : undefined;
  if (variable !== undefined) {
    return variable;
  }
  if (choices.chance(wrongPercent)) {
    return randomJunk(notation, choices, depth);
  }
  if (!(type instanceof GraphQLNonNull) && choices.chance(8)) {
    return 'null';
  }
  const inside = (of: GraphQLInputType): string => randomValue(of, notation, choices, depth + 1);
  const right = getNullableType(type);
  if (right instanceof GraphQLList) {
    return `[${depth > deepest ? '' : choices.some(3, () => inside(right.ofType))}]`;
  }
  if (right instanceof GraphQLEnumType) {
    const { name } = choices.pick(right.getValues());
    return notation.kind === 'json' || choices.chance(4) ? JSON.stringify(name) : name;
  }
  if (right instanceof GraphQLInputObjectType) {
    const fields = Object.values(right.getFields());
    const isRequired = ({ type: of }: GraphQLInputField): boolean => of instanceof GraphQLNonNull;
    const chosen = right.isOneOf
      ? [choices.pick(fields), ...(choices.chance(5) ? [choices.pick(fields)] : [])]
      : fields.filter((field) =>
          isRequired(field) ? !choices.chance(4) : depth <= deepest && choices.chance(25),
        );
    const members = chosen.map(({ name, type: of }) => member(name, inside(of), notation));
    if (choices.chance(4)) {
      members.push(member(randomName(choices), randomJunk(notation, choices, depth), notation));
    }
    return `{${members}}`;
  }
  switch (right.name) {
    case 'Int':
      return choices.pick(['1', '2', '100', '1000']);
    case 'Boolean':
      return choices.pick(['true', 'false']);
    case 'Float':
      return randomNumberText(choices);
    default: {
      const texts = choices.chance(10) ? undefined : rightTexts[right.name];
      return JSON.stringify(texts === undefined ? randomText(choices) : choices.pick(texts));
    }
  }
}

const member = (name: string, value: string, { kind }: Notation): string =>
  `${kind === 'json' ? JSON.stringify(name) : name}:${value}`;

/** A value of any form. JSON's strings are GraphQL's too; lone surrogates become escapes. */
export function randomJunk(notation: Notation, choices: Choices, depth = 0): string {
  const inside = (): string => randomJunk(notation, choices, depth + 1);
  switch (choices.below(depth > deepest ? 5 : 8)) {
    case 0:
      return 'null';
    case 1:
      return randomNumberText(choices);
    case 2:
      return choices.pick(['true', 'false']);
    case 3:
      return JSON.stringify(randomText(choices));
    case 4:
      return notation.kind === 'json'
        ? '"x"'
        : choices.pick(['ENABLED', '$nobody', '"""block"""', 'null']);
    case 5:
      return `[${choices.some(4, inside)}]`;
    case 6:
      return '['.repeat(1 + choices.below(40)) + ']'.repeat(1 + choices.below(40));
    default:
      return `{${choices.some(4, () => member(randomName(choices), inside(), notation))}}`;
  }
}
