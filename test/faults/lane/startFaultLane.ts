import { type Clock, systemClock } from '../../../src/clock.ts';
import type { BreakerState } from '../../../src/telemetry/measurements.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { type LaneGraph, startLaneGraph } from './startLaneGraph.ts';

/** A whole gateway, the embedded Graph that it asks, and a fault proxy between them. */
export interface FaultLane extends LaneGraph {
  readonly gateway: TestGateway;
  /** The root of a server that must never be asked. */
  readonly elsewhere: URL;
  /** How often it was asked all the same. */
  readonly strays: number;
  readonly breaker: BreakerState;
}

export interface FaultLaneOptions {
  /** Added to what every lane's gateway is told. */
  readonly environment: Readonly<Record<string, string>>;
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
  const { environment, clock = systemClock, proxyClock = clock, certificates, url } = options;
  const laneGraph = await startLaneGraph({ proxyClock, certificates });
  const trap = await startScriptedServer(empty(200));
  let breaker: BreakerState = 'closed';
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and a name that nobody knows is none.
      GRAPH_BASE_URL: (url ?? laneGraph.proxy.url).href,
      DRAIN_TIMEOUT_MS: '0',
      ...environment,
    },
    {
      clock,
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
    async close() {
      await gateway.stop(0);
      await trap.close();
      await laneGraph.close();
    },
  };
}
