import type { ApolloServerPlugin, BaseContext } from '@apollo/server';

/**
 * Whether a caller speaks the older of the two media types only. GraphQL over HTTP wants 200 for its requests that
 * cannot be executed, because an `application/json` with another status may come from anybody on the way.
 */
export function isLegacyAccept(accept: string | undefined): boolean {
  const names = (accept ?? '').split(',').map((range) => range.split(';', 1)[0]?.trim());
  const has = (type: string) => names.some((name) => name?.toLowerCase() === type);
  return has('application/json') && !has('application/graphql-response+json');
}

/** Answers 200 to such a caller where a document could not be parsed, validated or given its variables. */
export function createLegacyStatusPlugin(): ApolloServerPlugin<BaseContext> {
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ request, response, source }) {
          const { body, http } = response;
          const isRefused = body.kind === 'single' && body.singleResult.data === undefined;
          // Without a source it never came to parsing: then the request itself is wrong, which is no 200.
          if (isRefused && source !== undefined && http.status === 400) {
            http.status = isLegacyAccept(request.http?.headers.get('accept')) ? 200 : 400;
          }
        },
      };
    },
  };
}
