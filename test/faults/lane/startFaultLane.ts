import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { BreakerState } from '../../../src/telemetry/metrics.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { startTimeDriver } from '../../support/timeDriver.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';

/** A row as it is put into the embedded Graph. */
export interface LaneRow {
  readonly id: string;
  readonly displayName: string;
}

/** The embedded Graph and a fault proxy before it, for one gateway or several. */
export interface LaneGraph {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  /** Puts a row into the embedded Graph, past the proxy. */
  put(row: LaneRow): Promise<void>;
  /** Takes rows out of it in the same way. */
  remove(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface LaneGraphOptions {
  /** The proxy's; the machine's if absent. */
  readonly clock?: Clock;
  /** Makes the proxy speak TLS. */
  readonly certificates?: TestCertificates | undefined;
}

const collection = '/beta/deviceManagement/complianceManagementPartners';

/** Starts both without rows; the Graph takes every token, so that each operation can have its own. */
export async function startLaneGraph(options: LaneGraphOptions = {}): Promise<LaneGraph> {
  const { clock = systemClock, certificates } = options;
  const graph = await startTestGraph({
    seed: [],
    clock: systemClock,
    acceptToken: () => true,
    recordRequests: false,
  });
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    clock,
    ...(certificates && { tls: certificates.good }),
  });

  async function ask(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    const answer = await request(`${graph.baseUrl}${collection}${path}`, {
      method,
      headers: { authorization: 'Bearer lane', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) {
      throw new Error(`The embedded Graph answered ${answer.statusCode} to ${method} ${path}`);
    }
  }

  return {
    graph,
    proxy,
    put: (row) => ask('POST', '', row),
    async remove(ids) {
      for (const id of ids) {
        await ask('DELETE', `/${encodeURIComponent(id)}`);
      }
    },
    async close() {
      await proxy.close();
      await graph.close();
    },
  };
}

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
  /** Of gateway and proxy; the machine's if absent. */
  readonly clock?: VirtualClock;
  /** Of the proxy alone, over that clock. */
  readonly proxyClock?: Clock;
  /** Makes gateway and proxy speak TLS with each other. */
  readonly certificates?: TestCertificates | undefined;
  /** What the gateway is pointed at in place of the proxy. */
  readonly url?: URL | undefined;
}

/** Starts a lane without rows; its Graph takes every token, so that each operation can have its own. */
export async function startFaultLane(options: FaultLaneOptions): Promise<FaultLane> {
  const { environment, clock, proxyClock = clock ?? systemClock, certificates, url } = options;
  const laneGraph = await startLaneGraph({ clock: proxyClock, certificates });
  const { proxy } = laneGraph;
  const { origin } = url ?? proxy.url;
  const driver = clock && startTimeDriver(clock, { origin, held: () => proxy.held });
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
      clock: driver?.clock ?? systemClock,
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
      await clock?.advance(0);
      await stopped;
      driver?.stop();
      await trap.close();
      await laneGraph.close();
    },
  };
}
