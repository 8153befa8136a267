import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { GraphClient } from './client.ts';
import { isGraphError } from './errors.ts';
import type { GraphOperation } from './operation.ts';
import type { GraphCall } from './request.ts';

export interface WatchParts {
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'outcomeUnknown'>;
}

/** Tells operators of each write whose outcome nobody knows: somebody may have to look. */
export function watchOutcomes(graph: GraphClient, { log, measurements }: WatchParts): GraphClient {
  function watch<Result>(
    operation: GraphOperation,
    { requestId, trail }: GraphCall,
    writing: Promise<Result>,
  ): Promise<Result> {
    return writing.catch((error: unknown) => {
      if (isGraphError(error) && error.mayHaveBeenApplied) {
        const { status, requestId: graphRequestId } = error.details.answer ?? {};
        measurements.outcomeUnknown(operation);
        log.warn('A write may have been applied, or not', {
          requestId,
          traceId: trail?.traceId,
          operation,
          status,
          graphRequestId,
          code: error.code,
        });
      }
      throw error;
    });
  }
  return {
    ...graph,
    add: (partner, call) => watch('add', call, graph.add(partner, call)),
    update: (id, changes, call) => watch('update', call, graph.update(id, changes, call)),
    replaceAssignments: (id, platform, assignments, call) =>
      watch('update', call, graph.replaceAssignments(id, platform, assignments, call)),
    readBack: (id, call) => watch('update', call, graph.readBack(id, call)),
    delete: (id, call) => watch('delete', call, graph.delete(id, call)),
  };
}
