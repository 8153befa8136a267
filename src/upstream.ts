import { Pool } from 'undici';
import type { Clock } from './clock.ts';
import type { Config, Upstream } from './config/config.ts';
import { embeddedGraphToken } from './embeddedGraphToken.ts';
import { startEmulator } from './emulator/startEmulator.ts';
import { createGraphClient, type GraphClient } from './graph/client.ts';
import { passthroughCredentials } from './graph/credentials.ts';
import { createBearer } from './graph/pipeline/bearer.ts';
import { createObserve } from './graph/pipeline/observe.ts';
import { composePolicies } from './graph/pipeline/pipeline.ts';
import { tracing } from './graph/pipeline/tracing.ts';
import { createUndiciSend } from './graph/pipeline/undiciSend.ts';
import { createRoutes } from './graph/routes.ts';
import type { Log } from './telemetry/log.ts';

/** What answers the gateway's calls, and the client for it. */
export interface RunningUpstream {
  readonly graph: GraphClient;
  readonly root: URL;
  close(): Promise<void>;
}

/** Starts the embedded Graph where no other is configured, and connects the client. */
export async function connectUpstream(
  config: Config,
  clock: Clock,
  log: Log,
): Promise<RunningUpstream> {
  const { root, close } = await startUpstream(config.upstream, clock);
  const pool = new Pool(root.origin);
  // Outermost first. What is to be repeated or held back later sits between tracing, which is the same for all
  // attempts of a call, and the bearer, which is signed afresh for each.
  const policies = [tracing, createBearer(passthroughCredentials), createObserve(log, clock)];
  return {
    graph: createGraphClient({
      send: composePolicies(policies, createUndiciSend(pool)),
      routes: createRoutes(root, config.apiVersion),
      clock,
    }),
    root,
    async close() {
      await pool.destroy();
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
