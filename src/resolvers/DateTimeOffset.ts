import { GraphQLScalarType } from 'graphql';
import { findDateTimeOffsetProblem } from '../partners/dateTimeOffset.ts';
import { textParsers } from './textParsers.ts';

/**
 * The scalar over the text. Inputs are checked to the last digit; an answer is Graph's own text as it came, whatever
 * it is, because a strange heartbeat must not hide the rest of a row.
 */
export const DateTimeOffset = new GraphQLScalarType<string, string>({
  name: 'DateTimeOffset',
  serialize: (value) => String(value),
  ...textParsers('DateTimeOffset', findDateTimeOffsetProblem),
});
