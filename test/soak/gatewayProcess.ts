import { readdirSync } from 'node:fs';
import { readConfig } from '../../src/config/config.ts';
import { createGateway } from '../../src/createGateway.ts';
import type { Footprint } from './footprint.ts';

/** The gateway in a process that tells its footprint; it runs with `--expose-gc`. */
function takeFootprint(): Footprint {
  const { gc } = globalThis;
  if (gc === undefined) {
    throw new Error('Start this with --expose-gc');
  }
  // What finalizers let go of is garbage of the next round only.
  gc();
  gc();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    resources[kind] = (resources[kind] ?? 0) + 1;
  }
  return {
    heapUsedBytes: process.memoryUsage().heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    resources,
  };
}

const gateway = createGateway(readConfig(process.env));
const { url, metricsUrl } = await gateway.start();

process.on('message', (message) => {
  if (message === 'stop') {
    gateway.stop(0).then(() => process.disconnect());
    return;
  }
  process.send?.(takeFootprint());
});
process.send?.({ url, metricsUrl });
