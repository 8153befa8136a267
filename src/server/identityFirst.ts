import type { ApolloServerPlugin } from '@apollo/server';
import {
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { RequestContext } from '../resolvers/context.ts';
import { requireToken } from '../resolvers/letIn.ts';
import type { CheckOperation } from './limits/documentLimits.ts';

/**
 * Rejects an operation without a usable token: after its document is validated, so that a bad document gets its own
 * error, and before its variables are looked at or coerced, because that work grows with what the caller sends.
 */
export function createIdentityPlugin(
  checkOperation: CheckOperation,
): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request, contextValue }) {
          if (operation === undefined || !needsNoToken(operation, document)) {
            await requireToken(contextValue);
          }
          if (operation !== undefined) {
            checkOperation({ document, operation, request });
          }
        },
      };
    },
  };
}

const publicFields: ReadonlySet<string> = new Set(['__typename', '__schema', '__type']);

/**
 * Whether all root fields of a valid operation, those of its fragments included, are `__typename` or introspection.
 * `@skip` and `@include` are ignored: a field that is skipped counts as asked for, because variables decide about it.
 */
export function needsNoToken(operation: OperationDefinitionNode, document: DocumentNode): boolean {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition.selectionSet);
    }
  }
  const isPublicSet = ({ selections }: SelectionSetNode): boolean => selections.every(isPublic);
  const isPublic = (selection: SelectionNode): boolean => {
    switch (selection.kind) {
      case Kind.FIELD:
        return publicFields.has(selection.name.value);
      case Kind.INLINE_FRAGMENT:
        return isPublicSet(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD: {
        const { value: name } = selection.name;
        const fragment = fragments.get(name);
        // Looked at once: a fragment that is spread again adds nothing.
        fragments.delete(name);
        return fragment === undefined || isPublicSet(fragment);
      }
    }
  };
  return isPublicSet(operation.selectionSet);
}
