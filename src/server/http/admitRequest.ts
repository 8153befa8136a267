import { createHash } from 'node:crypto';
import type { InexactNumber } from '../../graph/exactNumbers.ts';
import { decideDocument } from '../../graphql/documents.ts';
import type { Limits } from '../../graphql/limits.ts';
import { RequestProblem } from '../../graphql/problems.ts';
import type { TrustedDocuments } from '../../graphql/trusted.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import { LimitProblem } from '../limits/limitProblem.ts';
import { type GraphQLParameters, parametersOf } from './graphqlParameters.ts';

/** The parts of an HTTP request that may hold an operation. */
export interface OperationRequest {
  readonly id: string;
  readonly method: string;
  readonly body: unknown;
  /** The query of the URL with its question mark, or nothing. */
  readonly search: string;
  /** The numbers that the parsed body does not have as they were sent. */
  readonly inexactNumbers?: readonly InexactNumber[] | undefined;
}

/** A request that may become an operation, with the document that it means in its place. */
export interface AdmittedRequest extends Pick<OperationRequest, 'body' | 'search'> {
  /** The numbers of the variables that are not as they were sent once they are parsed. */
  readonly inexactVariables: readonly InexactNumber[];
}

/** Lets a request through, or throws a `RequestProblem`. */
export type Admit = (request: OperationRequest) => AdmittedRequest;

export interface AdmissionParts {
  readonly limits: Limits;
  /** Undefined where callers send documents of their own and nothing else. */
  readonly trusted: TrustedDocuments | undefined;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'untrustedDocument'>;
}

/** Builds what stands between HTTP and the GraphQL server. */
export function createAdmission({ limits, trusted, log, measurements }: AdmissionParts): Admit {
  const tellUnknown = (
    { id: requestId }: OperationRequest,
    query: string | undefined,
    outcome: 'rejected' | 'warned',
  ): void => {
    measurements.untrustedDocument(outcome);
    const documentHash =
      query === undefined ? undefined : createHash('sha256').update(query).digest('hex');
    log.warn('A document is not in the manifest', { requestId, documentHash, state: outcome });
  };

  return (request) => {
    if (request.method === 'POST' && Array.isArray(request.body)) {
      throw new RequestProblem(
        400,
        'BATCHING_NOT_SUPPORTED',
        'The request body is an array. Send one operation in each request, as a JSON object.',
      );
    }
    const parameters = parametersOf(request, limits.jsonDepth);
    if (parameters.jsonDepth !== undefined) {
      measurements.limitSeen('json-depth', parameters.jsonDepth);
    }
    checkSize(parameters, limits);
    const { inexactVariables } = parameters;
    const decision = decideDocument(parameters, trusted);
    switch (decision.kind) {
      case 'refused':
        if (decision.isUnknown) {
          tellUnknown(request, parameters.query, 'rejected');
        }
        throw decision.problem;
      case 'by-id':
        return { ...parameters.replace(decision.text), inexactVariables };
      case 'as-sent':
        if (decision.isUnknown) {
          tellUnknown(request, parameters.query, 'warned');
        }
        return {
          ...(trusted !== undefined && parameters.persistedHash !== undefined
            ? parameters.replace(parameters.query)
            : parameters.request),
          inexactVariables,
        };
    }
  };
}

function checkSize({ query = '' }: GraphQLParameters, { documentBytes: allowed }: Limits): void {
  // No character has more than three bytes for each of its units, so most documents need not be counted.
  const seen = query.length * 3 > allowed ? Buffer.byteLength(query) : 0;
  if (seen > allowed) {
    throw new LimitProblem({ limit: 'document-bytes', allowed, seen, isExact: true });
  }
}
