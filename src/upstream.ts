import type { Redis } from 'ioredis';
import type { Clock } from './clock.ts';
import type { Config, Upstream } from './config/config.ts';
import { StartError } from './config/startError.ts';
import { embeddedGraphToken } from './embeddedGraphToken.ts';
import { startEmulator } from './emulator/startEmulator.ts';
import { createGraphBudget } from './graph/budget/createGraphBudget.ts';
import { createGraphClient, type GraphClient } from './graph/client.ts';
import { createGraphPipeline } from './graph/pipeline/createGraphPipeline.ts';
import { createConnections } from './graph/pipeline/transport/connections.ts';
import { createUndiciSend } from './graph/pipeline/transport/undiciSend.ts';
import { createRoutes } from './graph/routes.ts';
import { watchOutcomes } from './graph/watchOutcomes.ts';
import type { IdentityMode } from './identityMode.ts';
import type { Surroundings } from './surroundings.ts';
import { systemCodeOf } from './systemCode.ts';

/** What answers the gateway's calls, and the client for it. */
export interface RunningUpstream {
  readonly graph: GraphClient;
  readonly root: URL;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** Of Graph's limits for this resource. */
const windowSeconds = 20;

/** Starts the embedded Graph where no other is configured, and connects the client. */
export async function connectUpstream(
  config: Config,
  surroundings: Surroundings,
  identity: Pick<IdentityMode, 'credentials' | 'tenantKeys'>,
  redis: Redis | undefined,
): Promise<RunningUpstream> {
  const { clock, chance, certificateAuthorities } = surroundings;
  const { root, close } = await startUpstream(config.upstream, clock);
  const connections = createConnections(root.origin, {
    limit: config.graphConnections,
    connectTimeoutMs,
    certificateAuthorities,
  });
  const routes = createRoutes(root, config.apiVersion);
  const budget = await createGraphBudget(
    { ...config.graphBudget, windowSeconds },
    { ...surroundings, redis },
  );
  const send = createGraphPipeline(
    {
      base: routes.base,
      concurrency: config.graphConnections,
      queue: config.graphQueue,
      breakerOpenMs: config.breakerOpenMs,
      slowMs: config.operationTimeoutMs / 4,
    },
    {
      ...surroundings,
      ...identity,
      budget,
    },
    createUndiciSend(connections),
  );
  return {
    graph: watchOutcomes(createGraphClient({ send, routes, clock, chance }), surroundings),
    root,
    async close() {
      budget.close();
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
  const { port } = upstream;
  const emulator = await startEmulator({
    port,
    generation: upstream.betaGeneration,
    oddities: upstream.oddities,
    acceptToken: (token) => token === embeddedGraphToken,
    clock,
  }).catch((error: unknown) => {
    const code = systemCodeOf(error) ?? 'unknown';
    throw new StartError(
      `the embedded Graph cannot listen at 127.0.0.1:${port} (${code}); set EMULATOR_PORT to a free port.`,
    );
  });
  return { root: new URL(emulator.baseUrl), close: () => emulator.close() };
}
