import {
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestListener,
  HeaderMap,
} from '@apollo/server';
import type { FormattedExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { RequestContext } from '../partners/context.ts';
import type { AnswerBounds } from './answerBounds.ts';
import type { DocumentLimits, DocumentLimitsParts } from './documentLimits.ts';
import type { DocumentStore, OperationRecord } from './documentStore.ts';
import { isForCaller } from './errorFormat.ts';
import { decideHttpOutcome, isLegacyAccept } from './httpStatus.ts';
import { checkOperation } from './identityFirst.ts';
import { findInputFields } from './inputFields.ts';
import { compilePlan } from './plan/plan.ts';
import { PrintedData } from './printAnswer.ts';

interface RequestPluginParts extends Pick<DocumentLimitsParts, 'limits' | 'log'> {
  readonly schema: GraphQLSchema;
  readonly documents: DocumentStore;
  readonly answerBounds: AnswerBounds;
  readonly documentLimits: DocumentLimits;
}

type Response = GraphQLRequestContext<RequestContext>['response'];

const done = Promise.resolve();
/** What a plan's answer adds to the HTTP answer. */
const nothingMore = { headers: new HeaderMap() };

/**
 * All that happens between Apollo's steps, in one plugin: Apollo waits for each plugin at each step, however little it
 * does. The listener keeps nothing of a request.
 */
export function createRequestPlugin(parts: RequestPluginParts): ApolloServerPlugin<RequestContext> {
  const { schema, limits, log, documents, answerBounds, documentLimits } = parts;

  function planOf(record: OperationRecord, document: Parameters<typeof compilePlan>[1]) {
    if (!record.isPlanned) {
      record.isPlanned = true;
      record.plan = compilePlan(schema, document, record.operation, limits);
    }
    return record.plan;
  }

  const listener: GraphQLRequestListener<RequestContext> = {
    async validationDidStart({ document, source, contextValue }) {
      documentLimits.noteDocument(document, source, contextValue.requestId);
    },

    didResolveOperation({ document, operation, operationName, request, contextValue }) {
      const known = documents.recordOf(document);
      if (operation !== undefined) {
        contextValue.trace?.noteOperation(operation.operation, operation.name?.value);
        if (operation.operation === 'mutation') {
          contextValue.noteMutation();
        }
      }
      documentLimits.noteTolerated(known);
      const record = operation && known.operation(operation);
      const { variables = {} } = request;
      return checkOperation(
        { schema, document, operationName, record, variables, context: contextValue },
        documentLimits,
      );
    },

    async responseForOperation({ document, operation, request, contextValue }) {
      // Apollo's type says otherwise, but a name that no operation has comes this far; graphql-js answers it.
      const named: OperationDefinitionNode | undefined = operation;
      const record = named && documents.recordOf(document).operation(named);
      const plan = record && planOf(record, document);
      const text = await plan?.run(request.variables, contextValue);
      if (text !== undefined) {
        return {
          http: nothingMore,
          body: { kind: 'single', singleResult: { data: new PrintedData(text) } },
        };
      }
      contextValue.answer.count = (value, info) => {
        answerBounds.count(value, contextValue, info);
      };
      return null;
    },

    async didEncounterErrors({ errors, contextValue, document, operationName, request }) {
      if (document !== undefined) {
        const { variables = {} } = request;
        const sent = { schema, document, operationName, variables };
        for (const [{ extensions }, field] of findInputFields(errors, sent)) {
          Object.assign(extensions, { code: 'BAD_USER_INPUT', field });
        }
      }
      for (const error of errors) {
        if (!isForCaller(error.toJSON(), error)) {
          const { requestId } = contextValue;
          log.error('A resolver failed unexpectedly', { requestId }, error.originalError ?? error);
        }
      }
      documentLimits.noteErrors(errors);
    },

    willSendResponse({ request, response, source, document, operation, contextValue }) {
      const { body } = response;
      contextValue.finish();
      if (body.kind === 'single') {
        const result = body.singleResult;
        if (!(result.data instanceof PrintedData)) {
          answerBounds.bound(result, operation?.operation, contextValue.answer);
        }
        addNotices(result, contextValue);
        if (result.errors !== undefined) {
          tellErrors(result, response, contextValue);
          if (result.data === undefined && source !== undefined && response.http.status === 400) {
            // Without a source it never came to parsing: then the request itself is wrong, which is no 200.
            const isLegacy = isLegacyAccept(request.http?.headers.get('accept'));
            response.http.status = isLegacy ? 200 : 400;
          }
          documentLimits.boundErrors(result);
          contextValue.trace?.noteErrors(
            result.errors.map(({ extensions }) => String(extensions?.['code'])),
          );
        }
        if (document !== undefined && result.data !== undefined) {
          documents.keep(documents.recordOf(document), contextValue);
        }
      }
      return done;
    },
  };

  const listening = Promise.resolve(listener);
  return {
    async unexpectedErrorProcessingRequest({ error }) {
      log.error('A request failed unexpectedly', {}, error);
    },
    requestDidStart: () => listening,
  };
}

function addNotices(result: FormattedExecutionResult, { notices }: RequestContext): void {
  if (notices.length > 0) {
    result.extensions = { ...result.extensions, notices };
  }
}

/** Sets status and headers, and names the request in errors that are masked. */
function tellErrors(
  result: FormattedExecutionResult,
  { http }: Response,
  { requestId }: RequestContext,
): void {
  const outcome = decideHttpOutcome(result);
  if (outcome !== undefined) {
    http.status = outcome.status;
    for (const [name, value] of Object.entries(outcome.headers)) {
      http.headers.set(name, value);
    }
  }
  for (const { extensions } of result.errors ?? []) {
    if (extensions?.['code'] === 'INTERNAL_SERVER_ERROR') {
      extensions['requestId'] = requestId;
    }
  }
}
