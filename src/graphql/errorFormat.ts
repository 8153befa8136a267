import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Limits } from '../config/http.ts';
import { GatewayError } from '../partners/errors.ts';
import { isJsonObject } from '../shared/json.ts';
import { excessOf, extensionsOf, LimitError, messageOf } from './limits.ts';

type ErrorFormat = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

const introspectionOff =
  'Introspection is disabled, so __schema and __type are unavailable. Read the schema at /schema.graphql.';

/** graphql-js repeats in a message the value that is wrong, however long that is. */
const longestMessage = 1000;

function withShortMessage(error: GraphQLFormattedError): GraphQLFormattedError {
  const { message } = error;
  return message.length <= longestMessage
    ? error
    : { ...error, message: `${message.slice(0, longestMessage)}…` };
}

/** Gives each error the form in which callers see it: masked where they must not, with the code of its limit. */
export function createErrorFormat(limits: Limits, introspection: boolean): ErrorFormat {
  return (formatted, error) => {
    const excess = excessOf(error, limits);
    if (excess !== undefined) {
      const { path } = formatted;
      return {
        message: messageOf(excess),
        ...(path !== undefined && { path }),
        extensions: extensionsOf(excess),
      };
    }
    const shown = withShortMessage(withOwnWords(formatError(formatted, error), error));
    if (introspection) {
      return shown;
    }
    return shown.extensions?.['validationErrorCode'] === 'INTROSPECTION_DISABLED'
      ? { ...shown, message: introspectionOff }
      : withoutSchemaHints(shown);
  };
}

const masked =
  'Internal error. The operators of the gateway can find the reason by the request id.';

/**
 * Lets through what is meant for the caller: the gateway's own errors, and those about the document and the
 * variables, which come before anything is executed. Everything else is masked, whatever its text.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  error: unknown,
): GraphQLFormattedError {
  if (!isForCaller(formatted, error)) {
    return maskedError(formatted);
  }
  const isWithoutCode = formatted.extensions?.['code'] === 'INTERNAL_SERVER_ERROR';
  return isWithoutCode
    ? { ...formatted, extensions: { ...formatted.extensions, code: 'BAD_USER_INPUT' } }
    : formatted;
}

/** Whether an error may be shown as it is. */
export function isForCaller(formatted: GraphQLFormattedError, error: unknown): boolean {
  const thrown = unwrapResolverError(error);
  if (thrown instanceof GatewayError || thrown instanceof LimitError || isArgumentFault(error)) {
    return true;
  }
  const isExecuted = formatted.path !== undefined;
  return !isExecuted && formatted.extensions?.['code'] !== 'INTERNAL_SERVER_ERROR';
}

function maskedError({ path, locations }: GraphQLFormattedError): GraphQLFormattedError {
  return {
    message: masked,
    ...(locations !== undefined && { locations }),
    ...(path !== undefined && { path }),
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };
}

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

/** What Apollo says if there is nothing to parse. Its words speak of persisted queries, which are not taken here. */
const ownWords: ReadonlyMap<string, string> = new Map([
  [
    'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    'The request has no document: "query" is missing or empty. Send an operation in it.',
  ],
  [
    'POST body missing, invalid Content-Type, or JSON object has no keys.',
    'The body must be a JSON object with a "query" string. Send an operation as its "query".',
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
function withOwnWords(shown: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
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

const suggestion = ' Did you mean ';

/**
 * Takes out of an error what it tells of the schema beyond what the caller wrote: for gateways that hide it.
 * graphql-js can leave its suggestions out of validation, but Apollo has no way to ask for that when variables are
 * coerced.
 */
function withoutSchemaHints(error: GraphQLFormattedError): GraphQLFormattedError {
  const start = error.message.lastIndexOf(suggestion);
  const isSuggested = start !== -1 && error.message.endsWith('?');
  return isSuggested ? { ...error, message: error.message.slice(0, start) } : error;
}
