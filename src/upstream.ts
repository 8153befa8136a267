import type { Clock } from './clock.ts';
import type { Config, Upstream } from './config/config.ts';
import { embeddedGraphToken } from './embeddedGraphToken.ts';
import { startEmulator } from './emulator/startEmulator.ts';
import { createGraphClient, type GraphClient } from './graph/client.ts';
import { passthroughCredentials } from './graph/credentials.ts';
import { createGraphPipeline } from './graph/pipeline/createGraphPipeline.ts';
import { createConnections } from './graph/pipeline/transport/connections.ts';
import { createUndiciSend } from './graph/pipeline/transport/undiciSend.ts';
import { createRoutes } from './graph/routes.ts';
import type { Log } from './telemetry/log.ts';
import type { Measurements } from './telemetry/measurements.ts';

/** What answers the gateway's calls, and the client for it. */
export interface RunningUpstream {
  readonly graph: GraphClient;
  readonly root: URL;
  close(): Promise<void>;
}

/** What the way to Graph takes from the outside. */
export interface UpstreamParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
  /** Certificates of authorities that Graph's may be signed by, beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
}

const connectTimeoutMs = 5_000;

/** Starts the embedded Graph where no other is configured, and connects the client. */
export async function connectUpstream(
  config: Config,
  parts: UpstreamParts,
): Promise<RunningUpstream> {
  const { clock, certificateAuthorities } = parts;
  const { root, close } = await startUpstream(config.upstream, clock);
  const connections = createConnections(root.origin, {
    limit: config.graphConnections,
    connectTimeoutMs,
    certificateAuthorities,
  });
  const routes = createRoutes(root, config.apiVersion);
  const send = createGraphPipeline(
    {
      base: routes.base,
      concurrency: config.graphConnections,
      queue: config.graphQueue,
      breakerOpenMs: config.breakerOpenMs,
      slowMs: config.operationTimeoutMs / 4,
    },
    { ...parts, credentials: passthroughCredentials },
    createUndiciSend(connections),
  );
  return {
    graph: createGraphClient({ send, routes, clock }),
    root,
    async close() {
      await connections.close();
      await close();
    },
  };
}

interface StartedUpstream {
  readonly root: URL;
  close(): Promise<void>;
}

async function startUpstream(upstream: Upstream, clock: Clock): Promise<StartedUpstream> {
  if (upstream.kind === 'graph') {
    return { root: upstream.root, close: async () => undefined };
  }
  const emulator = await startEmulator({
    port: upstream.port,
    generation: upstream.betaGeneration,
    oddities: upstream.oddities,
    acceptToken: (token) => token === embeddedGraphToken,
    clock,
  });
  return { root: new URL(emulator.baseUrl), close: () => emulator.close() };
}
