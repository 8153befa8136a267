import { request } from 'undici';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { Emulator } from '../../../src/emulator/startEmulator.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

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
  /** The proxy's; the machine's where absent. */
  readonly proxyClock?: Clock;
  /** Makes the proxy speak TLS. */
  readonly certificates?: TestCertificates | undefined;
}

const collection = '/beta/deviceManagement/complianceManagementPartners';

/** Starts both without rows; the Graph takes every token, so that each operation can have its own. */
export async function startLaneGraph(options: LaneGraphOptions = {}): Promise<LaneGraph> {
  const { proxyClock = systemClock, certificates } = options;
  const graph = await startTestGraph({
    seed: [],
    clock: systemClock,
    acceptToken: () => true,
    recordRequests: false,
  });
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    clock: proxyClock,
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
