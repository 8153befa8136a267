/** @jest-environment-options {"timersOf": "gateways that keep asking for a Redis that is not there"} */
import type { CloseLater } from '../support/closing.ts';
import { startBrokenProxy } from '../support/forwardProxies.ts';
import { findFreePort } from '../support/freePort.ts';
import { until } from '../support/until.ts';
import { type Played, untilExecuted } from './lane/inFlight.ts';
import {
  ask,
  lookAt,
  type Met,
  meet,
  putFourCallers,
  type SeenByOperation,
} from './lane/laneCaller.ts';
import { type FaultLane, startFaultLane } from './lane/startFaultLane.ts';
import { describePlayed, gatewayShortages } from './matrix/processFaults.ts';

/** Plays them with gateways in this process. */
async function playGatewayShortages(
  closeLater: CloseLater,
): Promise<Played<typeof gatewayShortages>> {
  // It takes connections and never says a word.
  const silent = await startBrokenProxy(() => undefined, 'connection');
  closeLater(silent.close);
  const startLane = async (environment: Record<string, string>): Promise<FaultLane> => {
    const lane = await startFaultLane({ environment });
    closeLater(lane.close);
    return lane;
  };
  const redisAt = (port: number | string) => startLane({ REDIS_URL: `redis://127.0.0.1:${port}` });
  return {
    ...(await playFullHeap(await startLane({ SHED_HEAP_PERCENT: '1' }))),
    'Redis refuses connections': await playAll(await redisAt(await findFreePort())),
    'Redis hangs': await playAll(await redisAt(new URL(silent.url).port)),
  };
}

async function playFullHeap(lane: FaultLane) {
  const { gateway } = lane;
  const [holder] = await putFourCallers(lane, 'holder');
  const callers = await putFourCallers(lane, 'heap');
  const flight = await untilExecuted(lane, gateway.url, holder ? [holder] : []);
  await until(async () => (await gateway.get('/schema.graphql')).status === 503);
  const beside = lookAt(lane, await meet(callers, (caller) => ask(gateway.url, caller)));
  flight.release();
  await flight.met;
  const met: Met[] = [];
  for (const caller of await putFourCallers(lane, 'alone')) {
    met.push({ caller, ending: await ask(gateway.url, caller) });
  }
  return {
    'heap fuller than it may be: beside another request': beside,
    'heap fuller than it may be: alone': lookAt(lane, met),
  };
}

async function playAll(lane: FaultLane): Promise<SeenByOperation> {
  const callers = await putFourCallers(lane, 'redis');
  return lookAt(lane, await meet(callers, (caller) => ask(lane.gateway.url, caller)));
}

describePlayed('what the gateway lacks', gatewayShortages, playGatewayShortages);
