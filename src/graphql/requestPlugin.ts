import {
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestListener,
  HeaderMap,
} from '@apollo/server';
import type {
  DocumentNode,
  FormattedExecutionResult,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { Limits } from '../config/http.ts';
import { requireToken } from '../partners/caller.ts';
import type { RequestContext } from '../partners/context.ts';
import { GatewayError } from '../partners/errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { AnswerBounds } from './answerBounds.ts';
import type { DocumentStore, OperationRecord } from './documentStore.ts';
import { isForCaller } from './errorFormat.ts';
import { decideHttpOutcome, isLegacyAccept } from './httpStatus.ts';
import { fieldsOfVariables, findInputFields, type SentOperation } from './inputFields.ts';
import {
  excessOf,
  extensionsOf,
  findLimitViolations,
  LimitError,
  type LimitViolation,
  messageOf,
  seenIn,
} from './limits.ts';
import { measureOperationWork } from './operationWork.ts';
import { compilePlan } from './plan/plan.ts';
import { PrintedData } from './printAnswer.ts';
import { serviceField } from './subgraph.ts';

export interface RequestPluginParts {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'limitExceeded'>;
  readonly documents: DocumentStore;
  readonly answerBounds: AnswerBounds;
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
export function createRequestPlugin(parts: RequestPluginParts): ApolloServerPlugin<RequestContext> {
  const { schema, limits, log, measurements, documents, answerBounds } = parts;

  function planOf(record: OperationRecord, document: DocumentNode) {
    record.plan ??= compilePlan(schema, document, record.operation, limits);
    return record.plan;
  }

  /** Counts the work of a valid operation. @throws LimitError, in every mode */
  function checkWork(record: OperationRecord, variables: Readonly<Record<string, unknown>>): void {
    const { seen, excess } = measureOperationWork(record, variables, limits);
    for (const [limit, count] of seen) {
      measurements.limitSeen(limit, count);
    }
    if (excess !== undefined) {
      throw new LimitError(excess, 400);
    }
  }

  /**
   * Cuts the errors of a document and its variables after as many as are allowed; every failure of an execution is
   * reported. The last one says that there are more: graphql-js stops counting there, with a sentence without a code.
   */
  function boundErrors(result: FormattedExecutionResult): void {
    const { data, errors = [] } = result;
    if (data === undefined && errors.length > limits.errors) {
      const { errors: allowed } = limits;
      const excess: LimitViolation = {
        limit: 'errors',
        allowed,
        seen: errors.length,
        isExact: false,
      };
      const last = { message: messageOf(excess), extensions: extensionsOf(excess) };
      result.errors = [...errors.slice(0, allowed - 1), last];
      measurements.limitExceeded('errors', 'rejected');
    }
  }

  const listener: GraphQLRequestListener<RequestContext> = {
    async validationDidStart({ document, source, contextValue: { requestId } }) {
      const record = documents.recordOf(document);
      measurements.limitSeen('document-bytes', Buffer.byteLength(source));
      measurements.limitSeen('tokens', document.tokenCount ?? 0);
      for (const [limit, seen] of seenIn(record.measure)) {
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
      if (!isPublic(record)) {
        await requireToken(contextValue);
      }
      checkWork(record, request.variables ?? {});
      checkNumbers({ schema, document, operationName }, contextValue);
    },

    async responseForOperation({ document, operation, request, contextValue }) {
      const named: OperationDefinitionNode | undefined = operation;
      const plan = named && planOf(documents.recordOf(document).operation(named), document);
      const text = await plan?.run(request.variables, contextValue);
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

const publicFields: ReadonlySet<string> = new Set([
  '__typename',
  '__schema',
  '__type',
  serviceField,
]);

/**
 * Whether an operation asks for nothing but `__typename`, introspection and a router's `_service`, skipped or not:
 * variables decide about that.
 */
function isPublic({ rootFields }: OperationRecord): boolean {
  return rootFields.every(({ name }) => publicFields.has(name.value));
}

/** A number that no argument uses does not matter. */
function checkNumbers(sent: SentOperation, { inexactVariables }: RequestContext): void {
  if (inexactVariables.length === 0) {
    return;
  }
  const fieldOf = fieldsOfVariables(sent);
  for (const { path, text } of inexactVariables) {
    const field = fieldOf(path);
    if (field !== undefined) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `Variable "$${path[0]}" has the number ${text.slice(0, 64)} at "${path.join('.')}", ` +
          'which cannot be read exactly. Send it as a string.',
        { field },
      );
    }
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
