import { GraphQLScalarType } from 'graphql';
import { GraphQLUUID } from 'graphql-scalars';
import { textParsers } from './textParsers.ts';

const example = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

/**
 * The library's scalar with messages that say what would be right, and without its braces: it cuts them off, together
 * with whatever stands where the second should.
 */
export const UUID = new GraphQLScalarType<string, string>({
  ...GraphQLUUID.toConfig(),
  ...textParsers('UUID', findProblem),
});

function findProblem(text: string): string | undefined {
  if (/[{}]/.test(text)) {
    return `must be written without braces, as in ${example}`;
  }
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)
    ? undefined
    : `is not of the form 8-4-4-4-12 in hexadecimal digits, as in ${example}`;
}
