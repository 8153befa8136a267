import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError } from 'graphql';
import { GatewayError } from '../partners/errors.ts';

/**
 * Whether an error of the execution is the document's or its variables' fault: a value that validation has to let pass
 * and that turns out to be none for its argument, such as a null in a variable with a default. graphql-js tells which
 * part of the document it means before it knows the field; nothing that a resolver throws does.
 */
export function isArgumentFault(error: unknown): boolean {
  const thrown = unwrapResolverError(error);
  return (
    thrown instanceof GraphQLError &&
    !(thrown instanceof GatewayError) &&
    thrown.originalError === undefined &&
    thrown.nodes !== undefined
  );
}
