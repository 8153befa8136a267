import { readdirSync } from 'node:fs';
import { createGateway, readConfig } from '../../../dist/createGateway.js';

/** Tells the footprint of the built gateway in a process of its own, which runs with `--expose-gc`. */
function takeFootprint() {
  // What finalizers let go of is garbage of the next round only.
  globalThis.gc();
  globalThis.gc();
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) {
    resources[kind] = (resources[kind] ?? 0) + 1;
  }
  return {
    heapUsedBytes: process.memoryUsage().heapUsed,
    /** Open files and sockets, by the system's count; then what keeps the event loop alive, by kind. */
    held: { descriptors: readdirSync('/proc/self/fd').length, ...resources },
  };
}

const gateway = createGateway(readConfig(process.env));
const { url, metricsUrl } = await gateway.start();

process.on('message', (message) => {
  if (message === 'stop') {
    gateway.stop(0).then(() => process.disconnect());
    return;
  }
  process.send(takeFootprint());
});
process.send({ url, metricsUrl });
