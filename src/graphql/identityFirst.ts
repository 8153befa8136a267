import type { ApolloServerPlugin } from '@apollo/server';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { requireToken } from '../partners/authorize.ts';
import type { RequestContext } from '../partners/context.ts';
import { GatewayError } from '../partners/errors.ts';
import type { CheckOperation } from './documentStore.ts';
import { fieldsOfVariables, type SentOperation } from './inputFields.ts';
import { rootFieldsOf } from './operationWork.ts';
import { serviceField } from './subgraph.ts';

/**
 * Rejects an operation without a usable token: after its document is validated, so that a bad document gets its own
 * error, and before its variables are coerced, because that work grows with what the caller sends. Then rejects a
 * variable with a number that was not read as it was sent, because an id would be another one.
 */
export function createIdentityPlugin(
  checkOperation: CheckOperation,
): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ schema, document, operation, request, contextValue }) {
          if (operation === undefined || !needsNoToken(operation, document)) {
            await requireToken(contextValue);
          }
          if (operation !== undefined) {
            checkOperation({ document, operation, request });
            const operationName = operation.name?.value;
            checkNumbers({ schema, document, operationName }, contextValue);
          }
        },
      };
    },
  };
}

/** A number that no argument uses does not matter. */
function checkNumbers(sent: SentOperation, { inexactVariables }: RequestContext): void {
  if (inexactVariables.length === 0) {
    return;
  }
  const fieldOf = fieldsOfVariables(sent);
  for (const { path, text } of inexactVariables) {
    const field = fieldOf(path);
    if (field !== undefined) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `Variable "$${path[0]}" has the number ${text.slice(0, 64)} at "${path.join('.')}", ` +
          'which cannot be read exactly. Send it as a string.',
        { field },
      );
    }
  }
}

const publicFields: ReadonlySet<string> = new Set([
  '__typename',
  '__schema',
  '__type',
  serviceField,
]);

/**
 * Whether an operation asks for nothing but `__typename`, introspection and a router's `_service`. `@skip` and `@include` are ignored: a field
 * that is skipped counts as asked for, because variables decide about it.
 */
function needsNoToken(operation: OperationDefinitionNode, document: DocumentNode): boolean {
  return rootFieldsOf(operation, document).every(({ name }) => publicFields.has(name.value));
}
