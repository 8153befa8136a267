import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isJsonObject } from '../graph/json.ts';

/** What Apollo says where there is nothing to parse. Its words speak of persisted queries, which are not taken here. */
const ownWords: ReadonlyMap<string, string> = new Map([
  [
    'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    'The request has no document: "query" is missing or empty. Send an operation in it.',
  ],
  [
    'POST body missing, invalid Content-Type, or JSON object has no keys.',
    'The request body is no JSON object, or one without members. Send an operation as its "query".',
  ],
]);

const csrf = 'This operation has been blocked as a potential Cross-Site Request Forgery';
const needsPreflight =
  'The request could come from a page of another site. Send the header "graphql-require-preflight: true", or a bearer ' +
  'token in "authorization".';

/** To Apollo each of its refusals is a `BAD_REQUEST`, whatever the status that goes with it. */
const codeByStatus: ReadonlyMap<unknown, string> = new Map([
  [405, 'METHOD_NOT_ALLOWED'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
]);

/** Gives Apollo's refusal of a request this gateway's code and words; any other error comes back as it is. */
export function withOwnWords(shown: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'BAD_REQUEST') {
    return shown;
  }
  const { http } = error.extensions;
  const code = codeByStatus.get(isJsonObject(http) ? http['status'] : undefined) ?? 'BAD_REQUEST';
  const message = error.message.startsWith(csrf)
    ? needsPreflight
    : (ownWords.get(error.message) ?? error.message);
  return { ...shown, message, extensions: { ...shown.extensions, code } };
}
