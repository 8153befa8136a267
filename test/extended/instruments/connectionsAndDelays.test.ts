import { describe, expect, it } from '@jest/globals';
import { closeAsItSends } from '../../support/faultProxy/faults/brokenAnswers.ts';
import { closeAtConnect, hangAtConnect } from '../../support/faultProxy/faults/connectionFaults.ts';
import { held, lateExecution, slow } from '../../support/faultProxy/faults/delays.ts';
import { status } from '../../support/faultProxy/faults/plainAnswers.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import {
  addAndLeaveUnanswered,
  closed,
  isClientGone,
  Left,
  type Sight,
  useFaultStages,
  wasReset,
} from './faultHarness.ts';

const { start } = useFaultStages();

describe('a connection', () => {
  it.each<['close' | 'reset', Sight]>([
    ['close', closed],
    ['reset', wasReset],
  ])('that was idle can end by %s as the client sends: nothing is executed', async (end, sight) => {
    const stage = await start({ connections: 1 });
    stage.proxy.script(closeAsItSends(end));
    expect((await stage.list()).status).toBe(200);
    expect(await stage.add()).toEqual(sight);
    expect((await stage.add()).status).toBe(201);
    expect(stage.graph.partners()).toHaveLength(1);
    expect(stage.proxy.forwarded).toHaveLength(2);
    expect(stage.proxy.connections).toBe(2);
  });

  it('can be closed before it carried anything', async () => {
    const stage = await start();
    stage.proxy.script(closeAtConnect());
    expect(await stage.add()).toEqual(closed);
    expect(stage.graph.requests).toEqual([]);
    expect(stage.proxy.received).toEqual([]);
  });

  it('can be accepted and never heard of again', async () => {
    const stage = await start();
    stage.proxy.script(hangAtConnect());
    const leave = new AbortController();
    const seen = stage.add({ leave: leave.signal });
    await stage.proxy.until(({ connections }) => connections === 1);
    leave.abort(new Left());
    expect(await seen).toEqual({ code: 'LEFT' });
    expect(stage.graph.requests).toEqual([]);
  });
});

describe('a delay', () => {
  it("keeps the upstream's answer back, which is executed at once", async () => {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    stage.proxy.script(slow(5000), slow(100, status(502)));
    const adding = stage.add();
    await clock.whenPending();
    expect(stage.graph.partners()).toHaveLength(1);
    await clock.advance(5000);
    expect((await adding).status).toBe(201);
    const refused = stage.add();
    await clock.whenPending();
    await clock.advance(100);
    expect((await refused).status).toBe(502);
    expect(stage.graph.partners()).toHaveLength(1);
  });

  it('ends with the connection of a client that leaves', async () => {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    stage.proxy.script(slow(5000));
    expect(await addAndLeaveUnanswered(stage, 1)).toEqual({ code: 'LEFT' });
    await stage.proxy.until(isClientGone);
    expect(clock.pendingTimers).toBe(0);
  });

  it('can execute a request whose client has left long ago', async () => {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    stage.proxy.script(lateExecution(30_000));
    expect(await addAndLeaveUnanswered(stage, 0)).toEqual({ code: 'LEFT' });
    await stage.proxy.until(isClientGone);
    expect((await stage.list()).text).not.toContain('Fleet');
    await clock.advance(30_000);
    await stage.proxy.until(({ forwarded }) => forwarded.length === 2);
    expect(stage.graph.partners()).toHaveLength(1);
  });

  it('lasts until the test has seen enough', async () => {
    const stage = await start();
    const fault = held();
    stage.proxy.script(fault);
    const adding = stage.add();
    await stage.proxy.until(({ forwarded }) => forwarded.length === 1);
    expect((await stage.list()).text).toContain('Fleet');
    fault.release();
    expect((await adding).status).toBe(201);
  });
});
