import { type LatenessWatch, startLatenessWatch } from '../lane/latenessWatch.ts';
import { type FaultLane, startFaultLane } from '../lane/startFaultLane.ts';
import { createHastyClock, type HastyClock } from './hastyClock.ts';

/** A lane whose proxy can be in haste. */
export interface RandomLane {
  readonly lane: FaultLane;
  readonly proxyClock: HastyClock;
  readonly operationTimeoutMs: number;
  readonly lateness: LatenessWatch;
  close(): Promise<void>;
}

/** Rows that no case touches. */
export const restingRows = ['Resting 1', 'Resting 2', 'Resting 3'].map((displayName, index) => ({
  id: `resting-${index}`,
  displayName,
}));

/** Starts a lane whose operations have little time and whose breaker looks again soon. */
export async function startRandomLane(operationTimeoutMs: number): Promise<RandomLane> {
  const proxyClock = createHastyClock();
  const lane = await startFaultLane({
    environment: {
      OPERATION_TIMEOUT_MS: String(operationTimeoutMs),
      GRAPH_BREAKER_OPEN_MS: '10',
      LIST_ROW_LIMIT: '1000',
    },
    proxyClock,
  });
  for (const row of restingRows) {
    await lane.put(row);
  }
  const lateness = startLatenessWatch();
  return {
    lane,
    proxyClock,
    operationTimeoutMs,
    lateness,
    async close() {
      lateness.stop();
      await lane.close();
    },
  };
}
