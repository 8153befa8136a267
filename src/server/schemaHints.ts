import type { GraphQLFormattedError } from 'graphql';

const suggestion = ' Did you mean ';

/**
 * Takes out of an error what it tells of the schema beyond what the caller wrote: for gateways that hide it.
 * graphql-js can leave its suggestions out of validation, but Apollo has no way to ask for that when variables are
 * coerced.
 */
export function withoutSchemaHints(error: GraphQLFormattedError): GraphQLFormattedError {
  const start = error.message.lastIndexOf(suggestion);
  const isSuggested = start !== -1 && error.message.endsWith('?');
  return isSuggested ? { ...error, message: error.message.slice(0, start) } : error;
}
