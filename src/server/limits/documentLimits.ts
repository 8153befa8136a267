import type {
  ApolloServerPlugin,
  GraphQLRequestContextDidResolveOperation,
  GraphQLRequestListener,
} from '@apollo/server';
import type {
  DocumentNode,
  FormattedExecutionResult,
  OperationDefinitionNode,
  ValidationRule,
} from 'graphql';
import type { Limits } from '../../graphql/limits.ts';
import { measureOperationWork } from '../../graphql/operationWork.ts';
import type { RequestContext } from '../../partners/context.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import { type Excess, extensionsOf, findExcesses, messageOf, seenIn } from './excess.ts';
import { excessOf, LimitError } from './limitError.ts';
import { createLimitsRule } from './limitsRule.ts';
import { type DocumentMeasure, measureDocument } from './measureDocument.ts';

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
  const tolerated = new WeakMap<DocumentNode, readonly Excess[]>();
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
      const excesses = isTolerant ? findExcesses(measure, limits) : [];
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

/** Only those about the document and its variables are counted: of what was executed, each failure is told. */
function hasMoreErrors({ data, errors }: FormattedExecutionResult, limits: Limits): boolean {
  return data === undefined && (errors?.length ?? 0) > limits.errors;
}

/** The last one says that there are more: graphql-js stops counting there, with a sentence without a code. */
function firstErrors(
  errors: NonNullable<FormattedExecutionResult['errors']>,
  { errors: allowed }: Limits,
): NonNullable<FormattedExecutionResult['errors']> {
  const excess: Excess = { limit: 'errors', allowed, seen: errors.length, isExact: false };
  return [
    ...errors.slice(0, allowed - 1),
    { message: messageOf(excess), extensions: extensionsOf(excess) },
  ];
}
