import {
  GraphQLEnumType,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
} from 'graphql';
import type { Choices } from './choices.ts';
import { randomName, randomNumberText, randomText } from './randomTexts.ts';

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
  if (type instanceof GraphQLNonNull) {
    return rightValue(type.ofType as GraphQLInputType, notation, choices, depth);
  }
  return choices.chance(8) ? 'null' : rightValue(type, notation, choices, depth);
}

function rightValue(
  type: GraphQLInputType,
  notation: Notation,
  choices: Choices,
  depth: number,
): string {
  if (type instanceof GraphQLList) {
    const item = type.ofType as GraphQLInputType;
    const items =
      depth > deepest ? [] : choices.some(3, () => randomValue(item, notation, choices, depth + 1));
    return `[${items.join(',')}]`;
  }
  if (type instanceof GraphQLInputObjectType) {
    return randomInputObject(type, notation, choices, depth);
  }
  if (type instanceof GraphQLEnumType) {
    const { name } = choices.pick(type.getValues());
    return notation.kind === 'json' || choices.chance(4) ? JSON.stringify(name) : name;
  }
  return rightScalar(String(type), choices);
}

function rightScalar(name: string, choices: Choices): string {
  switch (name) {
    case 'Int':
      return choices.pick(['1', '2', '100', '1000']);
    case 'Boolean':
      return choices.pick(['true', 'false']);
    case 'Float':
      return randomNumberText(choices);
    default: {
      const texts = rightTexts[name];
      return textOf(
        texts === undefined || choices.chance(10) ? randomText(choices) : choices.pick(texts),
      );
    }
  }
}

function randomInputObject(
  type: GraphQLInputObjectType,
  notation: Notation,
  choices: Choices,
  depth: number,
): string {
  const fields = Object.values(type.getFields());
  const chosen = type.isOneOf
    ? [
        choices.pick(fields),
        ...choices.some(1, () => choices.pick(fields)).filter(() => choices.chance(10)),
      ]
    : fields.filter(({ type: of }) =>
        of instanceof GraphQLNonNull ? !choices.chance(4) : choices.chance(25),
      );
  const members = chosen
    .filter(({ type: of }) => depth <= deepest || of instanceof GraphQLNonNull)
    .map(({ name, type: of }) =>
      member(name, randomValue(of, notation, choices, depth + 1), notation),
    );
  if (choices.chance(4)) {
    members.push(member(randomName(choices), randomJunk(notation, choices, depth), notation));
  }
  return `{${members.join(',')}}`;
}

const member = (name: string, value: string, { kind }: Notation): string =>
  `${kind === 'json' ? JSON.stringify(name) : name}:${value}`;

/** A value of any form. */
export function randomJunk(notation: Notation, choices: Choices, depth = 0): string {
  switch (choices.below(depth > deepest ? 5 : 8)) {
    case 0:
      return 'null';
    case 1:
      return randomNumberText(choices);
    case 2:
      return choices.pick(['true', 'false']);
    case 3:
      return textOf(randomText(choices));
    case 4:
      return notation.kind === 'json'
        ? '"x"'
        : choices.pick(['ENABLED', '$nobody', '"""block"""', 'null']);
    case 5:
      return `[${choices.some(4, () => randomJunk(notation, choices, depth + 1)).join(',')}]`;
    case 6:
      return '['.repeat(1 + choices.below(40)) + ']'.repeat(1 + choices.below(40));
    default:
      return `{${choices
        .some(4, () =>
          member(randomName(choices), randomJunk(notation, choices, depth + 1), notation),
        )
        .join(',')}}`;
  }
}

/** JSON's strings are GraphQL's too, but for a solidus that JSON may escape; lone surrogates become escapes. */
const textOf = (text: string): string => JSON.stringify(text);
