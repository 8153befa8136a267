import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { delay } from '../../../src/shared/clock.ts';
import { always } from '../../support/faultProxy/fault.ts';
import { hangAtConnect } from '../../support/faultProxy/faults/connectionFaults.ts';
import { type HeldFault, held, slow } from '../../support/faultProxy/faults/delays.ts';
import { startTimeDriver, type TimeDriver } from '../../support/timeDriver.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';
import { type FaultStage, Left, useFaultStages } from './faultHarness.ts';

const { start } = useFaultStages();

let clock: VirtualClock;
let stage: FaultStage;
let driver: TimeDriver;
/** Lets the upstream answer what it has not answered yet, whatever the proxy shows of it. */
let fault: HeldFault;
let isHeldKnown: boolean;

beforeEach(async () => {
  clock = createVirtualClock(0);
  stage = await start({ clock });
  fault = held();
  isHeldKnown = true;
  driver = startTimeDriver(clock, {
    origin: stage.proxy.url.origin,
    held: () => (isHeldKnown ? stage.proxy.held : []),
  });
});
afterEach(() => driver.stop());

/** Lists within ten seconds of the driver's clock; undefined if the time was up before. */
async function listInTime(): Promise<number | undefined> {
  const leave = new AbortController();
  const stopTimer = driver.clock.startTimer(10_000, () => leave.abort(new Left()));
  const { status } = await stage.list({ leave: leave.signal });
  stopTimer();
  return status;
}

describe('the driver of virtual time', () => {
  it('lets no time pass while a request is under way', async () => {
    isHeldKnown = false;
    stage.proxy.script(fault);
    const listing = driver.drive(listInTime());
    await until(() => stage.proxy.held.length > 0);
    setTimeout(fault.release, 100);
    expect([await listing, clock.now()]).toEqual([200, 0]);
  });

  it('lets time pass to the end of a request that is held', async () => {
    stage.proxy.script(always(fault));
    expect([await driver.drive(listInTime()), clock.now()]).toEqual([undefined, 10_000]);
  });

  it('lets time pass to the end of a connection that is held before its first request', async () => {
    stage.proxy.script(hangAtConnect());
    expect([await driver.drive(listInTime()), clock.now()]).toEqual([undefined, 10_000]);
  });

  it("lets only as much time pass as the proxy's next step needs", async () => {
    stage.proxy.script(slow(3_000));
    expect([await driver.drive(listInTime()), clock.now()]).toEqual([200, 3_000]);
  });

  it('lets time pass while the client waits between two requests', async () => {
    const listTwice = async () => {
      const stopTimer = driver.clock.startTimer(10_000, () => undefined);
      await stage.list();
      await delay(driver.clock, 500);
      await stage.list();
      stopTimer();
    };
    await driver.drive(listTwice());
    expect(clock.now()).toBe(500);
  });
});
