import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';
import { GatewayError } from '../partners/errors.ts';
import { isArgumentFault } from './argumentFault.ts';
import { LimitError } from './limits/limitError.ts';

const masked =
  'Something went wrong inside the gateway. Its operators find the reason by the request id.';

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
