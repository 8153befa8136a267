import { type Clock, systemClock } from '../../../src/clock.ts';
import type { BreakerState } from '../../../src/telemetry/measurements.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTimeDriver } from '../../support/timeDriver.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';
import { type LaneGraph, startLaneGraph } from './startLaneGraph.ts';

/** A whole gateway, the embedded Graph that it asks, and a fault proxy between them. */
export interface FaultLane extends LaneGraph {
  readonly gateway: TestGateway;
  /** The root of a server that must never be asked. */
  readonly elsewhere: URL;
  /** How often it was asked all the same. */
  readonly strays: number;
  readonly breaker: BreakerState;
  /** Lets virtual time pass until an operation's outcome is there; on the machine's clock it just waits. */
  drive<Outcome>(outcome: Promise<Outcome>): Promise<Outcome>;
}

export interface FaultLaneOptions {
  /** Added to what every lane's gateway is told. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of gateway and proxy, in place of the other two. */
  readonly virtualClock?: VirtualClock;
  /** The gateway's clock; the machine's where absent. */
  readonly clock?: Clock;
  /** The proxy's; the gateway's where absent. */
  readonly proxyClock?: Clock;
  /** Makes gateway and proxy speak TLS with each other. */
  readonly certificates?: TestCertificates | undefined;
  /** What the gateway is pointed at in place of the proxy. */
  readonly url?: URL | undefined;
}

/** Starts a lane without rows; its Graph takes every token, so that each operation can have its own. */
export async function startFaultLane(options: FaultLaneOptions): Promise<FaultLane> {
  const { environment, virtualClock, certificates, url } = options;
  const { clock = systemClock, proxyClock = virtualClock ?? clock } = options;
  const laneGraph = await startLaneGraph({ proxyClock, certificates });
  const { proxy } = laneGraph;
  const { origin } = url ?? proxy.url;
  const driver = virtualClock && startTimeDriver(virtualClock, { origin, held: () => proxy.held });
  const trap = await startScriptedServer(empty(200));
  let breaker: BreakerState = 'closed';
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and a name that nobody knows is none.
      GRAPH_BASE_URL: (url ?? proxy.url).href,
      DRAIN_TIMEOUT_MS: '0',
      // Some answers are longer than the buffers between two sockets.
      LIMIT_ANSWER_BYTES: '67108864',
      ...environment,
    },
    {
      clock: driver?.clock ?? clock,
      certificateAuthorities: certificates && [certificates.authority],
      measurements: {
        ...noMeasurements,
        breakerState(state, upstream) {
          breaker = upstream === 'graph' ? state : breaker;
        },
      },
    },
  );
  return {
    ...laneGraph,
    gateway,
    elsewhere: trap.url,
    get strays() {
      return trap.requests.length;
    },
    get breaker() {
      return breaker;
    },
    drive: driver?.drive ?? ((outcome) => outcome),
    async close() {
      const stopped = gateway.stop(0);
      await virtualClock?.advance(0);
      await stopped;
      driver?.stop();
      await trap.close();
      await laneGraph.close();
    },
  };
}
