import { Pool } from 'undici';
import { systemClock } from '../../src/clock.ts';
import type { GraphApiVersion } from '../../src/graph/apiVersion.ts';
import { createGraphClient, type GraphClient } from '../../src/graph/client.ts';
import { passthroughCredentials } from '../../src/graph/credentials.ts';
import { createBearer } from '../../src/graph/pipeline/bearer.ts';
import { composePolicies, type GraphCall } from '../../src/graph/pipeline/pipeline.ts';
import { tracing } from '../../src/graph/pipeline/tracing.ts';
import { createUndiciSend } from '../../src/graph/pipeline/undiciSend.ts';
import { createRoutes } from '../../src/graph/routes.ts';
import { Secret } from '../../src/secret.ts';

export interface TestClient {
  readonly graph: GraphClient;
  close(): Promise<void>;
}

/** The real client, over a real pool, towards a server of the test's. */
export function createTestClient(root: URL, version: GraphApiVersion = 'beta'): TestClient {
  const pool = new Pool(root.origin);
  const send = composePolicies(
    [tracing, createBearer(passthroughCredentials)],
    createUndiciSend(pool),
  );
  const routes = createRoutes(root, version);
  return {
    graph: createGraphClient({ send, routes, clock: systemClock }),
    close: () => pool.destroy(),
  };
}

/** A call with a token, ended by nothing unless the test says so. */
export function testCall(change: Partial<GraphCall> = {}): GraphCall {
  return {
    requestId: 'test-request-id',
    traceparent: undefined,
    callerToken: new Secret('test-token'),
    deadline: new AbortController().signal,
    callerLeft: new AbortController().signal,
    ...change,
  };
}
