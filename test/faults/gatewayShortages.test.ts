/** @jest-environment-options {"timersOf": "gateways that keep asking for a Redis that is not there"} */
import { startBrokenProxy } from '../support/forwardProxies.ts';
import { findFreePort } from '../support/freePort.ts';
import { until } from '../support/until.ts';
import { untilExecuted } from './lane/inFlight.ts';
import { ask, meet, putFourCallers } from './lane/laneCaller.ts';
import { startFaultLane } from './lane/startFaultLane.ts';
import { describePlayed } from './matrix/processFaults.ts';

describePlayed('gateway', async (look, closeLater) => {
  const startLane = async (environment: Record<string, string>) => {
    const lane = await startFaultLane({ environment });
    closeLater(lane.close);
    return lane;
  };

  const lane = await startLane({ SHED_HEAP_PERCENT: '1' });
  const { gateway } = lane;
  const callers = await putFourCallers(lane, 'heap');
  const flight = await untilExecuted(lane, gateway.url, callers.slice(0, 1));
  await until(async () => (await gateway.get('/schema.graphql')).status === 503);
  const others = await putFourCallers(lane, 'beside');
  const met = await meet(others, (caller) => ask(gateway.url, caller));
  look('heap fuller than it may be: beside another request', lane, met);
  flight.release();
  await flight.met;
  for (const caller of await putFourCallers(lane, 'alone')) {
    const alone = await meet([caller], () => ask(gateway.url, caller));
    look('heap fuller than it may be: alone', lane, alone);
  }

  // It takes connections and never says a word.
  const silent = await startBrokenProxy(() => undefined, 'connection');
  closeLater(silent.close);
  const ports = { 'refuses connections': await findFreePort(), hangs: new URL(silent.url).port };
  for (const [what, port] of Object.entries(ports)) {
    const withRedis = await startLane({ REDIS_URL: `redis://127.0.0.1:${port}` });
    const served = await meet(await putFourCallers(withRedis, 'redis'), (caller) =>
      ask(withRedis.gateway.url, caller),
    );
    look(`Redis ${what}`, withRedis, served);
  }
});
