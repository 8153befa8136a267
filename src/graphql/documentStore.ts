import type {
  ApolloServerOptions,
  ApolloServerPlugin,
  BaseContext,
  GraphQLRequestContextDidResolveOperation,
  GraphQLRequestListener,
} from '@apollo/server';
import type {
  DocumentNode,
  FormattedExecutionResult,
  OperationDefinitionNode,
  ValidationRule,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Limits } from '../config/http.ts';
import type { RequestContext } from '../partners/context.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import {
  createLimitsRule,
  type DocumentMeasure,
  excessOf,
  extensionsOf,
  findLimitViolations,
  LimitError,
  type LimitViolation,
  measureDocument,
  messageOf,
  seenIn,
} from './limits.ts';
import { measureOperationWork } from './operationWork.ts';

type Store = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

export interface DocumentStore {
  /** Where Apollo looks for a document by its hash before it parses and validates the text. */
  readonly store: Store;
  /** Keeps the documents of operations that were executed for a caller whose token was accepted. */
  readonly plugin: ApolloServerPlugin<RequestContext>;
  /** How much is kept, in bytes, as estimated. */
  readonly bytes: () => number;
}

/**
 * Keeps parsed and validated documents, the least recently used of them as long as there is room. A document is kept
 * only after its operation was executed for an accepted token, so that unknown callers leave nothing behind.
 */
export function createDocumentStore(maximumBytes: number): DocumentStore {
  const kept = new LRUCache<string, DocumentNode>({
    maxSize: maximumBytes,
    sizeCalculation: bytesOf,
  });
  /** Apollo stores a document before anything is known of the caller: the key waits here, for as long as the document. */
  const keys = new WeakMap<DocumentNode, string>();
  return {
    store: {
      get: async (key) => kept.get(key),
      set: async (key, document) => void keys.set(document, key),
      delete: async (key) => kept.delete(key),
    },
    plugin: {
      async requestDidStart() {
        return {
          async willSendResponse({ document, contextValue, response: { body } }) {
            const key = document && keys.get(document);
            if (key === undefined) {
              return;
            }
            const isExecuted = body.kind === 'single' && body.singleResult.data !== undefined;
            // To set it again would measure it again.
            if (isExecuted && !kept.has(key) && contextValue.isTokenAccepted()) {
              kept.set(key, document);
            }
          },
        };
      },
    },
    bytes: () => kept.calculatedSize,
  };
}

/** Measured on 15 shapes of documents with graphql-js 16: the estimate is 0.95 to 2.8 times the truth. */
const bytesPerDocument = 1_000;
const bytesPerCharacter = 2;
/** graphql-js keeps all tokens of a document in a chain, comments included. */
const bytesPerLink = 100;
/** The nodes that a token stands for, with their locations and lists. */
const bytesPerToken = 400;

/** Estimates the memory that a parsed document takes. It depends on its tokens far more than on its text. */
export function bytesOf({ loc, tokenCount = 0 }: DocumentNode): number {
  let links = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) {
    links += 1;
  }
  const characters = loc?.source.body.length ?? 0;
  return (
    bytesPerDocument +
    bytesPerCharacter * characters +
    bytesPerLink * links +
    bytesPerToken * tokenCount
  );
}

/** An operation that is about to be executed. */
export type CheckOperation = (
  context: Pick<
    GraphQLRequestContextDidResolveOperation<RequestContext>,
    'document' | 'request'
  > & {
    readonly operation: OperationDefinitionNode;
  },
) => void;

export interface DocumentLimitsParts {
  readonly limits: Limits;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'limitExceeded'>;
}

/**
 * The limits of documents, as a rule that refuses what is beyond them and a plugin that measures and counts. Apollo
 * keeps documents that passed, so all of this costs nothing when one comes again.
 */
export function createDocumentLimits({ limits, log, measurements }: DocumentLimitsParts): {
  readonly rule: ValidationRule;
  readonly plugin: ApolloServerPlugin<RequestContext>;
  /** Counts the work of a valid operation before its variables are coerced. @throws LimitError, in every mode. */
  readonly checkOperation: CheckOperation;
} {
  const measures = new WeakMap<DocumentNode, DocumentMeasure>();
  const tolerated = new WeakMap<DocumentNode, readonly LimitViolation[]>();
  const isTolerant = limits.mode === 'warn-only';

  const measureOf = (document: DocumentNode): DocumentMeasure => {
    const measure = measures.get(document) ?? measureDocument(document);
    measures.set(document, measure);
    return measure;
  };

  const listener: GraphQLRequestListener<RequestContext> = {
    async validationDidStart({ document, source, contextValue }) {
      const measure = measureOf(document);
      measurements.limitSeen('document-bytes', Buffer.byteLength(source));
      measurements.limitSeen('tokens', document.tokenCount ?? 0);
      for (const [limit, seen] of seenIn(measure)) {
        measurements.limitSeen(limit, seen);
      }
      const excesses = isTolerant ? findLimitViolations(measure, limits) : [];
      tolerated.set(document, excesses);
      for (const { limit, seen, allowed } of excesses) {
        const { requestId } = contextValue;
        log.warn('A document beyond a limit passes', { requestId, limit, seen, allowed });
      }
    },
    async didEncounterErrors({ errors }) {
      for (const error of errors) {
        const excess = excessOf(error, limits);
        if (excess !== undefined) {
          measurements.limitExceeded(excess.limit, 'rejected');
        }
      }
    },
    async willSendResponse({ response: { body } }) {
      if (body.kind === 'single' && hasMoreErrors(body.singleResult, limits)) {
        body.singleResult.errors = firstErrors(body.singleResult.errors ?? [], limits);
        measurements.limitExceeded('errors', 'rejected');
      }
    },
    ...(isTolerant && {
      async didResolveOperation({ document }: { readonly document: DocumentNode }) {
        for (const { limit } of tolerated.get(document) ?? []) {
          measurements.limitExceeded(limit, 'warned');
        }
      },
    }),
  };

  const checkOperation: CheckOperation = ({ operation, document, request }) => {
    const { seen, excess } = measureOperationWork(
      operation,
      document,
      request.variables ?? {},
      limits,
    );
    for (const [limit, count] of seen) {
      measurements.limitSeen(limit, count);
    }
    if (excess !== undefined) {
      throw new LimitError(excess, 400);
    }
  };

  return {
    checkOperation,
    rule: createLimitsRule(limits, measureOf),
    plugin: { requestDidStart: async () => listener },
  };
}

/** Only those about the document and its variables are counted: of executed fields, each failure is reported. */
function hasMoreErrors({ data, errors }: FormattedExecutionResult, limits: Limits): boolean {
  return data === undefined && (errors?.length ?? 0) > limits.errors;
}

/** The last one says that there are more: graphql-js stops counting there, with a sentence without a code. */
function firstErrors(
  errors: NonNullable<FormattedExecutionResult['errors']>,
  { errors: allowed }: Limits,
): NonNullable<FormattedExecutionResult['errors']> {
  const excess: LimitViolation = { limit: 'errors', allowed, seen: errors.length, isExact: false };
  return [
    ...errors.slice(0, allowed - 1),
    { message: messageOf(excess), extensions: extensionsOf(excess) },
  ];
}
