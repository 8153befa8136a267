import type { ApolloServerPlugin } from '@apollo/server';
import type { RequestContext } from '../../partners/context.ts';

/** Notes in the request's trail what a document asks for, and with which codes its errors are answered. */
export function createTrailPlugin(): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, contextValue }) {
          if (operation !== undefined) {
            contextValue.trail?.noteOperation(operation.operation, operation.name?.value);
          }
        },
        async willSendResponse({ response, contextValue }) {
          const { body } = response;
          const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
          contextValue.trail?.noteErrors(
            errors.map(({ extensions }) => String(extensions?.['code'])),
          );
        },
      };
    },
  };
}
