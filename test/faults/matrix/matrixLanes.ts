import type { TestCertificates } from '../../support/certificates.ts';
import { createSkippingClock, type SkippingClock } from '../lane/skippingClock.ts';
import { type FaultLane, startFaultLane } from '../lane/startFaultLane.ts';
import type { LaneRow } from '../lane/startLaneGraph.ts';
import type { NamedFault } from '../namedFault.ts';

/** The time of an operation: short, so that what hangs is over soon, and long enough for two waits of a second. */
export const operationTimeoutMs = 3_000;

/** The one row that the Graph of each case holds. */
export const fleet: LaneRow = { id: 'fleet', displayName: 'Fleet' };

/** Lanes for the cases of the matrix: starting a gateway costs more than playing a case. */
export interface MatrixLanes {
  /** Has so many lanes before they are needed, because what is started takes time from what is played. */
  prepare(count: number, transport: NamedFault['transport']): Promise<void>;
  /** Plays on a lane that is as good as new. */
  use<Result>(fault: NamedFault, play: (lane: FaultLane) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

type Way = Pick<NamedFault, 'transport' | 'url'>;

interface OwnedLane {
  readonly lane: FaultLane;
  readonly clock: SkippingClock;
  readonly way: string;
}

/** Longer than a breaker remembers failures, and enough for the budget of repeats to be full again. */
const forgettingMs = 60_000;

/** Makes lanes as cases need them, and closes none before its time. */
export function createMatrixLanes(certificates: TestCertificates): MatrixLanes {
  const free: OwnedLane[] = [];

  async function start({ transport, url }: Way): Promise<OwnedLane> {
    const clock = createSkippingClock();
    const lane = await startFaultLane({
      environment: { OPERATION_TIMEOUT_MS: String(operationTimeoutMs), LIST_ROW_LIMIT: '1000' },
      clock,
      certificates: transport === 'https' ? certificates : undefined,
      url,
    });
    await lane.put(fleet);
    return { lane, clock, way: wayOf({ transport, url }) };
  }

  function takeFree(way: string): OwnedLane | undefined {
    const index = free.findIndex((owned) => owned.way === way);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  }

  async function tidy({ lane, clock, way }: OwnedLane): Promise<void> {
    const { proxy, graph } = lane;
    proxy.clear();
    await proxy.acceptConnections();
    if (way.startsWith('https')) {
      proxy.present(certificates.good);
    }
    await proxy.until(({ underWay }) => underWay === 0);
    await proxy.dropIdleConnections();
    await lane.remove(graph.partners().map(({ id }) => id));
    await lane.put(fleet);
    clock.skip(forgettingMs);
  }

  return {
    async prepare(count, transport) {
      const way = { transport, url: undefined };
      while (free.filter((owned) => owned.way === wayOf(way)).length < count) {
        free.push(await start(way));
      }
    },

    async use(fault, play) {
      const owned = takeFree(wayOf(fault)) ?? (await start(fault));
      const result = await play(owned.lane);
      if (leavesTraces(fault)) {
        await owned.lane.close();
      } else {
        await tidy(owned);
        free.push(owned);
      }
      return result;
    },

    async close() {
      await Promise.all(free.splice(0).map(({ lane }) => lane.close()));
    },
  };
}

const wayOf = ({ transport, url }: Way): string => `${transport} ${url?.href ?? ''}`;

/** What comes late would come into another case, and a token that has to wait would wait there, too. */
const leavesTraces = ({ kind, number }: NamedFault): boolean => kind === 'late' || number === 12;
