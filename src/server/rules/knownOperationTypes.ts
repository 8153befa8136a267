import { GraphQLError, type ValidationRule } from 'graphql';

/**
 * Refuses an operation of a kind that the schema does not have, such as a subscription. graphql-js 16 has no rule for
 * it: such a document is valid there and fails when it is executed, as if the server were at fault.
 */
export const knownOperationTypes: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (!context.getSchema().getRootType(node.operation)) {
      const message = `This gateway has no operations of the kind "${node.operation}".`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    }
    return undefined;
  },
});
