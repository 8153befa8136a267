import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { RequestContext } from '../partners/context.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { createAnswerBounds } from './answerBounds.ts';
import { createErrorFormat } from './errorFormat.ts';
import { createLimitsRule, knownOperationTypes } from './limits.ts';
import { PrintedData, printAnswer } from './printAnswer.ts';
import { createRequestPlugin, type RequestPluginParts } from './requestPlugin.ts';
import { hiddenService } from './subgraph.ts';

interface ApolloParts extends Omit<RequestPluginParts, 'answerBounds'> {
  readonly introspection: boolean;
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
      createRequestPlugin({ ...parts, answerBounds }),
    ],
  });
}
