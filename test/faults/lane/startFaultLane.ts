import { request } from 'undici';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { Emulator } from '../../../src/emulator/startEmulator.ts';
import type { BreakerState } from '../../../src/telemetry/measurements.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

/** A row as it is put into the embedded Graph. */
export interface LaneRow {
  readonly id: string;
  readonly displayName: string;
}

/** A whole gateway, the embedded Graph that it asks, and a fault proxy between them, for one operation after the other. */
export interface FaultLane {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  readonly gateway: TestGateway;
  /** The root of a server that must never be asked. */
  readonly elsewhere: URL;
  /** How often it was asked all the same. */
  readonly strays: number;
  readonly breaker: BreakerState;
  /** Puts a row into the embedded Graph, past gateway and proxy. */
  put(row: LaneRow): Promise<void>;
  /** Takes rows out of it in the same way. */
  remove(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
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

const collection = '/beta/deviceManagement/complianceManagementPartners';

/** Starts a lane without rows; its Graph takes every token, so that each operation can have its own. */
export async function startFaultLane(options: FaultLaneOptions): Promise<FaultLane> {
  const { environment, clock = systemClock, proxyClock = clock, certificates, url } = options;
  const graph = await startTestGraph({
    seed: [],
    clock: systemClock,
    acceptToken: () => true,
    recordRequests: false,
  });
  const trap = await startScriptedServer(empty(200));
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    clock: proxyClock,
    ...(certificates && { tls: certificates.good }),
  });
  let breaker: BreakerState = 'closed';
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and a name that nobody knows is none.
      GRAPH_BASE_URL: (url ?? proxy.url).href,
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
    gateway,
    elsewhere: trap.url,
    get strays() {
      return trap.requests.length;
    },
    get breaker() {
      return breaker;
    },
    put: (row) => ask('POST', '', row),
    async remove(ids) {
      for (const id of ids) {
        await ask('DELETE', `/${encodeURIComponent(id)}`);
      }
    },
    async close() {
      await gateway.stop(0);
      await proxy.close();
      await trap.close();
      await graph.close();
    },
  };
}
