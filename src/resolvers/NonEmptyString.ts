import { GraphQLScalarType } from 'graphql';
import { GraphQLNonEmptyString } from 'graphql-scalars';
import { textParsers } from './textParsers.ts';

/** The library's scalar, with messages that say what is wrong. */
export const NonEmptyString = new GraphQLScalarType<string, string>({
  ...GraphQLNonEmptyString.toConfig(),
  ...textParsers('NonEmptyString', (text) =>
    text.trim() === '' ? 'must not be blank' : undefined,
  ),
});
