import type { DocumentNode, FormattedExecutionResult, GraphQLError, ValidationRule } from 'graphql';
import type { Limits } from '../config/http.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { DocumentRecord, DocumentStore, OperationRecord } from './documentStore.ts';
import {
  createLimitsRule,
  excessOf,
  extensionsOf,
  findLimitViolations,
  LimitError,
  type LimitViolation,
  messageOf,
  seenIn,
} from './limits.ts';
import { measureOperationWork } from './operationWork.ts';

export interface DocumentLimitsParts {
  readonly limits: Limits;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'limitExceeded'>;
  readonly documents: Pick<DocumentStore, 'recordOf'>;
}

/**
 * The limits of documents: a rule that rejects what is beyond them, and what measures and counts. A document that is
 * kept has passed, so all of this costs nothing when it comes again.
 */
export interface DocumentLimits {
  readonly rule: ValidationRule;
  /** Notes the size of a document before it is validated. */
  noteDocument(document: DocumentNode, source: string, requestId: string): void;
  /** Counts the limits that a document is let through beyond. */
  noteTolerated(record: DocumentRecord): void;
  noteErrors(errors: readonly GraphQLError[]): void;
  /** Cuts the errors of a document and its variables after as many as are allowed. */
  boundErrors(result: FormattedExecutionResult): void;
  /** Counts the work of a valid operation before its variables are coerced. @throws LimitError, in every mode. */
  checkOperation(operation: OperationRecord, variables: Readonly<Record<string, unknown>>): void;
}

export function createDocumentLimits(parts: DocumentLimitsParts): DocumentLimits {
  const { limits, log, measurements, documents } = parts;
  const isTolerant = limits.mode === 'warn-only';
  return {
    rule: createLimitsRule(limits, (document) => documents.recordOf(document).measure),
    noteDocument(document, source, requestId) {
      const record = documents.recordOf(document);
      measurements.limitSeen('document-bytes', Buffer.byteLength(source));
      measurements.limitSeen('tokens', document.tokenCount ?? 0);
      for (const [limit, seen] of seenIn(record.measure)) {
        measurements.limitSeen(limit, seen);
      }
      record.tolerated = isTolerant ? findLimitViolations(record.measure, limits) : [];
      for (const { limit, seen, allowed } of record.tolerated) {
        log.warn('A document beyond a limit passes', { requestId, limit, seen, allowed });
      }
    },
    noteTolerated({ tolerated }) {
      for (const { limit } of tolerated) {
        measurements.limitExceeded(limit, 'warned');
      }
    },
    noteErrors(errors) {
      for (const error of errors) {
        const excess = excessOf(error, limits);
        if (excess !== undefined) {
          measurements.limitExceeded(excess.limit, 'rejected');
        }
      }
    },
    boundErrors(result) {
      if (hasMoreErrors(result, limits)) {
        result.errors = firstErrors(result.errors ?? [], limits);
        measurements.limitExceeded('errors', 'rejected');
      }
    },
    checkOperation(operation, variables) {
      const { seen, excess } = measureOperationWork(operation, variables, limits);
      for (const [limit, count] of seen) {
        measurements.limitSeen(limit, count);
      }
      if (excess !== undefined) {
        throw new LimitError(excess, 400);
      }
    },
  };
}

/** Only errors about the document and its variables are limited: every failure of an execution is reported. */
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
