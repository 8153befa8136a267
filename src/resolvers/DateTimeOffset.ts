import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { findDateTimeOffsetProblem } from '../mapping/dateTimeOffset.ts';

/**
 * The scalar over the text. Inputs are checked to the last digit; an answer is Graph's own text as it came, whatever
 * it is, because a strange heartbeat must not hide the rest of a row.
 */
export const DateTimeOffset = new GraphQLScalarType<string, string>({
  name: 'DateTimeOffset',
  serialize: (value) => String(value),
  parseValue: (value) => readText(value, typeof value),
  parseLiteral: (node) =>
    readText(node.kind === Kind.STRING ? node.value : undefined, node.kind.replace(/Value$/, '')),
});

function readText(value: unknown, kind: string): string {
  if (typeof value !== 'string') {
    throw new GraphQLError(`DateTimeOffset must be given as a text, not as ${kind}.`);
  }
  const problem = findDateTimeOffsetProblem(value);
  if (problem !== undefined) {
    throw new GraphQLError(`DateTimeOffset "${value.slice(0, 64)}" ${problem}.`);
  }
  return value;
}
