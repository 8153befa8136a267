import {
  ApolloServer,
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestListener,
  HeaderMap,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { FormattedExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Limits } from '../config/http.ts';
import { requireToken } from '../partners/caller.ts';
import type { RequestContext } from '../partners/context.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { createAnswerBounds, PrintedData, printAnswer } from './answer.ts';
import type { createDocumentStore } from './documents.ts';
import {
  createErrorFormat,
  decideHttpOutcome,
  isForCaller,
  isLegacyAccept,
} from './errorFormat.ts';
import { checkNumbers, findInputFields } from './inputFields.ts';
import {
  createLimitsRule,
  errorOf,
  excessOf,
  findLimitViolations,
  knownOperationTypes,
  LimitError,
} from './limits.ts';
import { compilePlan } from './plan/plan.ts';
import { hiddenService } from './schema.ts';

interface ApolloParts {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly limits: Limits;
  readonly documents: ReturnType<typeof createDocumentStore>;
  readonly loopShare: LoopShare;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'limitExceeded'>;
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
  return new ApolloServer<RequestContext>({
    schema,
    introspection,
    fieldResolver: answerBounds.fieldResolver,
    stringifyResult: (result) =>
      result.data instanceof PrintedData
        ? result.data.print(result.extensions)
        : printAnswer(result, loopShare),
    formatError: createErrorFormat(limits, introspection),
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [
      createLimitsRule(limits, (document) => documents.recordOf(document).measure),
      knownOperationTypes,
      ...(introspection ? [] : [hiddenService]),
    ],
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
      createRequestPlugin(parts, answerBounds),
    ],
  });
}

type Response = GraphQLRequestContext<RequestContext>['response'];

const done = Promise.resolve();
/** What a plan's answer adds to the HTTP answer. */
const nothingMore = { headers: new HeaderMap() };

/**
 * All that happens between Apollo's steps, in one plugin: Apollo waits for each plugin at each step, however little it
 * does. The listener keeps nothing of a request. A document that is kept has passed the limits, so measuring it costs
 * nothing when it comes again.
 */
function createRequestPlugin(
  { schema, limits, log, measurements, documents }: ApolloParts,
  answerBounds: ReturnType<typeof createAnswerBounds>,
): ApolloServerPlugin<RequestContext> {
  /**
   * Cuts the errors of a document and its variables after as many as are allowed; every failure of an execution is
   * reported. The last one says that there are more: graphql-js stops counting there, with a sentence without a code.
   */
  function boundErrors(result: FormattedExecutionResult): void {
    const { data, errors = [] } = result;
    if (data === undefined && errors.length > limits.errors) {
      const { errors: allowed } = limits;
      const last = errorOf({ limit: 'errors', allowed, seen: errors.length, isExact: false });
      result.errors = [...errors.slice(0, allowed - 1), last];
      measurements.limitExceeded('errors', 'rejected');
    }
  }

  const listener: GraphQLRequestListener<RequestContext> = {
    async validationDidStart({ document, source, contextValue: { requestId } }) {
      const record = documents.recordOf(document);
      measurements.limitSeen('document-bytes', Buffer.byteLength(source));
      measurements.limitSeen('tokens', document.tokenCount ?? 0);
      for (const [limit, seen] of Object.entries(record.measure)) {
        measurements.limitSeen(limit, seen);
      }
      if (limits.mode === 'warn-only') {
        record.tolerated = findLimitViolations(record.measure, limits);
      }
      for (const { limit, seen, allowed } of record.tolerated) {
        log.warn('A document beyond a limit passes', { requestId, limit, seen, allowed });
      }
    },

    /**
     * Rejects an operation without a usable token: after its document is validated, so that a bad document gets its
     * own error, and before its variables are coerced, because that work grows with what the caller sends. Then rejects
     * a variable with a number that was not read as it was sent, because an id would be another one.
     */
    async didResolveOperation({ document, operation, operationName, request, contextValue }) {
      const known = documents.recordOf(document);
      for (const { limit } of known.tolerated) {
        measurements.limitExceeded(limit, 'warned');
      }
      // Apollo's type says otherwise, but a name that no operation has comes this far; graphql-js answers it.
      const named: OperationDefinitionNode | undefined = operation;
      if (named === undefined) {
        return requireToken(contextValue);
      }
      contextValue.trace?.noteOperation(named.operation, named.name?.value);
      if (named.operation === 'mutation') {
        contextValue.noteMutation();
      }
      const record = known.operation(named);
      if (!record.isPublic) {
        await requireToken(contextValue);
      }
      const { variables = {} } = request;
      if (record.lists.length > 0) {
        const { seen, excess } = record.measureWork(variables, limits);
        for (const [limit, count] of seen) {
          measurements.limitSeen(limit, count);
        }
        if (excess !== undefined) {
          throw new LimitError(excess, 400);
        }
      }
      if (contextValue.inexactVariables.length > 0) {
        const sent = { schema, document, operationName, variables };
        checkNumbers(sent, contextValue.inexactVariables);
      }
    },

    async responseForOperation({ document, operation, request, contextValue }) {
      const named: OperationDefinitionNode | undefined = operation;
      const record = named && documents.recordOf(document).operation(named);
      if (record !== undefined) {
        record.plan ??= compilePlan(schema, document, record.operation, limits);
      }
      const text = await record?.plan?.run(request.variables, contextValue);
      if (text !== undefined) {
        const singleResult = { data: new PrintedData(text) };
        return { http: nothingMore, body: { kind: 'single', singleResult } };
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
        const excess = excessOf(error, limits);
        if (excess !== undefined) {
          measurements.limitExceeded(excess.limit, 'rejected');
        }
      }
    },

    willSendResponse({ request, response, source, document, operation, contextValue }) {
      const { body } = response;
      contextValue.finish();
      if (body.kind === 'single') {
        const result = body.singleResult;
        if (!(result.data instanceof PrintedData)) {
          answerBounds.bound(result, operation?.operation, contextValue.answer);
        }
        if (contextValue.notices.length > 0) {
          result.extensions = { ...result.extensions, notices: contextValue.notices };
        }
        if (result.errors !== undefined) {
          tellErrors(result, response, contextValue);
          if (result.data === undefined && source !== undefined && response.http.status === 400) {
            // Without a source it never came to parsing: then the request itself is wrong, which is no 200.
            const isLegacy = isLegacyAccept(request.http?.headers.get('accept'));
            response.http.status = isLegacy ? 200 : 400;
          }
          boundErrors(result);
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
