import { ApolloServer, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { RequestContext } from '../partners/context.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import type { Log } from '../telemetry/log.ts';
import { createAnswerBounds } from './answerBounds.ts';
import {
  createDocumentLimits,
  type DocumentLimitsParts,
  type DocumentStore,
} from './documentStore.ts';
import { createErrorFormat, isForCaller } from './errorFormat.ts';
import { decideHttpOutcome } from './httpStatus.ts';
import { createIdentityPlugin } from './identityFirst.ts';
import { findInputFields } from './inputFields.ts';
import { knownOperationTypes } from './limits.ts';
import { printAnswer } from './printAnswer.ts';

interface ApolloParts extends DocumentLimitsParts {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly documents: DocumentStore;
  readonly loopShare: LoopShare;
}

/**
 * A page of another site cannot send these without a preflight. Of `authorization` only a bearer gets here: browsers send
 * other schemes by themselves.
 */
const preflightedHeaders = [
  'authorization',
  'graphql-require-preflight',
  'apollo-require-preflight',
  'x-apollo-operation-name',
];

/**
 * Builds the GraphQL server. Stopping, the page at `/` and everything that calls home stay out of its hands; the
 * cache control plugin would wrap every resolver, at four times the cost of a whole request.
 */
export function createApollo(parts: ApolloParts): ApolloServer<RequestContext> {
  const { schema, introspection, limits, documents, loopShare, log } = parts;
  const answerBounds = createAnswerBounds(limits);
  const documentLimits = createDocumentLimits(parts);
  return new ApolloServer<RequestContext>({
    schema,
    introspection,
    fieldResolver: answerBounds.fieldResolver,
    stringifyResult: (result) => printAnswer(result, loopShare),
    formatError: createErrorFormat(limits, introspection),
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [documentLimits.rule, knownOperationTypes],
    validationOptions: { maxErrors: limits.errors, hideSuggestions: !introspection },
    executionOptions: { maxCoercionErrors: limits.errors },
    logger: {
      debug: (message) => log.debug(String(message)),
      info: (message) => log.debug(String(message)),
      warn: (message) => log.warn(String(message)),
      error: (message) => log.error(String(message)),
    },
    documentStore: documents.store,
    persistedQueries: false,
    csrfPrevention: { requestHeaders: [...preflightedHeaders] },
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      answerBounds.plugin,
      createOutcomePlugin(schema, log),
      createLegacyStatusPlugin(),
      createIdentityPlugin(documentLimits.checkOperation),
      documentLimits.plugin,
      documents.plugin,
      createTracePlugin(),
    ],
  });
}

/** Gives errors about values their fields, sets status and headers, and logs what is masked to the caller. */
function createOutcomePlugin(schema: GraphQLSchema, log: Log): ApolloServerPlugin<RequestContext> {
  return {
    async unexpectedErrorProcessingRequest({ error }) {
      log.error('A request failed unexpectedly', {}, error);
    },
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, contextValue }) {
          if (operation?.operation === 'mutation') {
            contextValue.noteMutation();
          }
        },
        async didEncounterErrors({ errors, contextValue, document, operationName, request }) {
          if (document !== undefined) {
            const { variables = {} } = request;
            const sent = { schema, document, operationName, variables };
            for (const [{ extensions }, field] of findInputFields(errors, sent)) {
              Object.assign(extensions, { code: 'BAD_USER_INPUT', field });
            }
          }
          for (const error of errors.filter(
            (candidate) => !isForCaller(candidate.toJSON(), candidate),
          )) {
            const { requestId } = contextValue;
            log.error(
              'A resolver failed unexpectedly',
              { requestId },
              error.originalError ?? error,
            );
          }
        },
        async willSendResponse({ response, contextValue }) {
          contextValue.finish();
          if (response.body.kind !== 'single') {
            return;
          }
          const result = response.body.singleResult;
          if (contextValue.notices.length > 0) {
            result.extensions = { ...result.extensions, notices: contextValue.notices };
          }
          const outcome = decideHttpOutcome(result);
          if (outcome !== undefined) {
            response.http.status = outcome.status;
            for (const [name, value] of Object.entries(outcome.headers)) {
              response.http.headers.set(name, value);
            }
          }
          for (const { extensions } of result.errors ?? []) {
            if (extensions?.['code'] === 'INTERNAL_SERVER_ERROR') {
              extensions['requestId'] = contextValue.requestId;
            }
          }
        },
      };
    },
  };
}

/** Notes in the request's trace what a document asks for, and with which codes its errors are answered. */
function createTracePlugin(): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, contextValue }) {
          if (operation !== undefined) {
            contextValue.trace?.noteOperation(operation.operation, operation.name?.value);
          }
        },
        async willSendResponse({ response, contextValue }) {
          const { body } = response;
          const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
          contextValue.trace?.noteErrors(
            errors.map(({ extensions }) => String(extensions?.['code'])),
          );
        },
      };
    },
  };
}

/**
 * Whether a caller speaks the older of the two media types only. GraphQL over HTTP wants 200 for its requests that
 * cannot be executed, because an `application/json` with another status may come from anybody on the way.
 */
function isLegacyAccept(accept: string | undefined): boolean {
  const names = (accept ?? '').split(',').map((range) => range.split(';', 1)[0]?.trim());
  const has = (type: string) => names.some((name) => name?.toLowerCase() === type);
  return has('application/json') && !has('application/graphql-response+json');
}

/** Answers 200 to such a caller where a document could not be parsed, validated or given its variables. */
function createLegacyStatusPlugin(): ApolloServerPlugin<BaseContext> {
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
