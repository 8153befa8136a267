import { createGraphClient } from '../../src/graph/client.ts';
import { createTenantKeys, passthroughCredentials } from '../../src/graph/credentials.ts';
import type { EndReason } from '../../src/graph/errors.ts';
import { createRoutes, type GraphCall } from '../../src/graph/request.ts';
import { createSend } from '../../src/graph/send.ts';
import { createConnections, createTransport } from '../../src/graph/transport.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { readPartner } from '../../src/partners/partnerMapping.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { Secret } from '../../src/shared/secret.ts';
import { silentLog } from './logs.ts';
import { noMeasurements } from './measurements.ts';

/** The real client with the whole pipeline, over real connections, towards a server of the test's. */
export function createTestClient(root: URL) {
  const connections = createConnections(root.origin, {
    limit: 16,
    connectTimeoutMs: 2_000,
    maximumLifeMs: 300_000,
    clock: systemClock,
  });
  const routes = createRoutes(root, 'beta');
  const send = createTestSend({ transport: createTransport(connections), base: routes.base });
  const graph = createGraphClient({ ...testClientParts, send, routes });
  return { graph, close: connections.close };
}

/** What a client needs beside a way of sending; it gives rows as Graph wrote them, and believes any answer to an add. */
export const testClientParts = {
  readRow(value: unknown): PartnerResource | string {
    const row = readPartner(value);
    return typeof row === 'string' ? row : row.wire;
  },
  clock: systemClock,
  chance: () => 0,
  log: silentLog,
  measurements: noMeasurements,
  noteSeen: () => undefined,
  matchesSubmitted: () => true,
};

type SendParts = Parameters<typeof createSend>[0];

/** The way to Graph with room for everything, over the test's transport. */
export function createTestSend(parts: Partial<SendParts> & Pick<SendParts, 'transport'>) {
  return createSend({
    base: new URL('http://graph/'),
    concurrency: 16,
    queue: 100,
    breakerOpenMs: 1_000,
    slowMs: 5_000,
    clock: systemClock,
    log: silentLog,
    measurements: noMeasurements,
    chance: () => 0,
    credentials: passthroughCredentials,
    budget: { acquire: () => undefined, pause: async () => undefined },
    tenantKeys: createTenantKeys(),
    ...parts,
  });
}

/** A call with a token, ended by nothing unless the test says so. */
export function testCall(change: Partial<GraphCall> = {}): GraphCall {
  return {
    requestId: 'test-request-id',
    traceparent: undefined,
    callerToken: new Secret('test-token'),
    deadlineMs: Date.now() + 20_000,
    signal: new AbortController().signal,
    writeSignal: new AbortController().signal,
    ...change,
  };
}

/** A call that its deadline, its caller or the gateway's stop can end, as the test tells it. */
export function endableCall(change: Partial<GraphCall> = {}): {
  readonly call: GraphCall;
  end(reason: EndReason): void;
} {
  const all = new AbortController();
  const forWrites = new AbortController();
  return {
    call: testCall({ ...change, signal: all.signal, writeSignal: forWrites.signal }),
    end(reason) {
      all.abort(reason);
      if (reason === 'deadline' || reason === 'shutdown') {
        forWrites.abort(reason);
      }
    },
  };
}
