import type { GraphQLFormattedError } from 'graphql';
import { withOwnWords } from '../server/apolloFaults.ts';
import { formatError } from '../server/formatError.ts';
import { extensionsOf, messageOf } from '../server/limits/excess.ts';
import { excessOf } from '../server/limits/limitError.ts';
import { withoutSchemaHints } from '../server/schemaHints.ts';
import type { Limits } from './limits.ts';

type ErrorFormat = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

const introspectionOff =
  'This gateway has introspection switched off, so nothing is known here of __schema and __type.';

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
