import { describe, expect, it } from '@jest/globals';
import { executed, type RequestFault } from '../../support/faultProxy/fault.ts';
import {
  cut,
  drip,
  hangUp,
  headThen,
  interimFlood,
  reset,
  silence,
} from '../../support/faultProxy/faults/brokenAnswers.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import {
  addAndLeave,
  addAndLeaveUnanswered,
  closed,
  type FaultStage,
  isClientGone,
  type Sight,
  useFaultStages,
  wasReset,
} from './faultHarness.ts';

const { start } = useFaultStages();

describe.each([
  ['not executed', (fault: RequestFault) => fault, 0],
  ['executed', executed, 1],
] as const)('a request that was %s', (_what, prepare, executions) => {
  const expectExecutions = ({ graph, proxy }: FaultStage): void => {
    expect(graph.partners()).toHaveLength(executions);
    expect(proxy.forwarded).toHaveLength(executions);
    expect(proxy.received).toHaveLength(1);
  };

  it.each<{ fault: RequestFault; sight: Sight }>([
    { fault: reset(), sight: wasReset },
    { fault: hangUp(), sight: closed },
    { fault: headThen('reset'), sight: { status: 201, ...wasReset } },
    { fault: headThen('close'), sight: { status: 201, ...closed } },
    { fault: cut('length', 'after the JSON'), sight: { status: 201, ...closed } },
    { fault: cut('length', 'after the JSON', 'reset'), sight: { status: 201, ...wasReset } },
    { fault: cut('length', 'in the JSON'), sight: { status: 201, ...closed } },
    { fault: cut('length', 'in the JSON', 'reset'), sight: { status: 201, ...wasReset } },
    { fault: cut('chunked', 'after the JSON'), sight: { status: 201, ...closed } },
    { fault: cut('chunked', 'after the JSON', 'reset'), sight: { status: 201, ...wasReset } },
    { fault: cut('chunked', 'in the JSON'), sight: { status: 201, ...closed } },
    { fault: cut('chunked', 'in the JSON', 'reset'), sight: { status: 201, ...wasReset } },
  ])(
    'and whose answer is "$fault.name" ends with an error, and the next one passes',
    async ({ fault, sight }) => {
      const stage = await start();
      stage.proxy.script(prepare(fault));
      const seen = await stage.add();
      expect(seen).toMatchObject(sight);
      expect(seen.text).toBeUndefined();
      expect(seen.status).toBe(sight.status);
      expectExecutions(stage);
      expect((await stage.list()).status).toBe(200);
    },
  );

  it.each<{ fault: RequestFault }>([
    { fault: cut('untilClose', 'in the JSON', 'close') },
    { fault: cut('untilClose', 'in the JSON', 'reset') },
  ])(
    'and whose answer is "$fault.name" looks like a success with a short body',
    async ({ fault }) => {
      const stage = await start();
      stage.proxy.script(prepare(fault));
      const { status: code, text = '', code: error } = await stage.add();
      expect([code, error]).toEqual([201, undefined]);
      expect(() => JSON.parse(text)).toThrow();
      expectExecutions(stage);
    },
  );

  it.each<{ fault: RequestFault }>([
    { fault: cut('untilClose', 'after the JSON', 'close') },
    { fault: cut('untilClose', 'after the JSON', 'reset') },
  ])('and whose answer is "$fault.name" cannot be told from a success', async ({ fault }) => {
    const stage = await start();
    stage.proxy.script(prepare(fault));
    const { status: code, text = '' } = await stage.add();
    expect([code, JSON.parse(text)]).toMatchObject([201, { displayName: 'Fleet' }]);
    expectExecutions(stage);
  });

  it.each<{ fault: RequestFault }>([
    { fault: headThen('stall') },
    { fault: cut('length', 'after the JSON', 'stall') },
    { fault: cut('length', 'in the JSON', 'stall') },
    { fault: cut('chunked', 'after the JSON', 'stall') },
    { fault: cut('untilClose', 'after the JSON', 'stall') },
  ])(
    'and whose answer is "$fault.name" shows its status and keeps the client waiting',
    async ({ fault }) => {
      const stage = await start();
      stage.proxy.script(prepare(fault));
      const seen = await addAndLeave(stage);
      expect(seen).toMatchObject({ status: 201, code: 'LEFT' });
      expectExecutions(stage);
      await stage.proxy.until(isClientGone);
    },
  );

  it.each<{ fault: RequestFault }>([{ fault: silence() }, { fault: interimFlood() }])(
    'and whose answer is "$fault.name" keeps the client waiting for its status',
    async ({ fault }) => {
      const stage = await start();
      stage.proxy.script(prepare(fault));
      expect(await addAndLeaveUnanswered(stage, executions)).toEqual({ code: 'LEFT' });
      expectExecutions(stage);
      await stage.proxy.until(isClientGone);
    },
  );

  it("and whose answer is silence ends with the client's own timeouts", async () => {
    const stage = await start();
    stage.proxy.script(prepare(silence()), headThen('stall'));
    const seen = stage.add({ headersTimeout: 20 });
    await stage.proxy.until(({ received }) => received.length === 1);
    const cutOff = stage.list({ bodyTimeout: 20 });
    expect(await seen).toEqual({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    expect(await cutOff).toMatchObject({ status: 200, code: 'UND_ERR_BODY_TIMEOUT' });
  });

  it.each(['head', 'body'] as const)(
    'and whose answer drips from its %s comes in full',
    async (from) => {
      const clock = createVirtualClock();
      const stage = await start({ clock });
      stage.proxy.script(prepare(drip(20, from)));
      let isOver = false;
      const adding = stage.add().then((seen) => {
        isOver = true;
        return seen;
      });
      await clock.whenPending();
      await clock.advance(20 * 50);
      expect(isOver).toBe(false);
      await clock.advance(20 * 2000);
      const { status: code, text = '' } = await adding;
      expect([code, JSON.parse(text)]).toMatchObject([201, { displayName: 'Fleet' }]);
      expectExecutions(stage);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  it('and whose answer follows some interim ones is complete', async () => {
    const stage = await start();
    stage.proxy.script(prepare(interimFlood(40)));
    expect(await stage.add()).toMatchObject({
      status: 201,
      text: expect.stringContaining('Fleet'),
    });
    expectExecutions(stage);
  });
});

describe('an answer without a body', () => {
  it.each<{ fault: RequestFault; sight: Sight }>([
    { fault: headThen('close'), sight: closed },
    { fault: headThen('reset'), sight: wasReset },
    { fault: cut('length', 'in the JSON'), sight: closed },
    { fault: cut('chunked', 'after the JSON'), sight: closed },
  ])('lacks the end of its head where it is "$fault.name"', async ({ fault, sight }) => {
    const stage = await start();
    await stage.add();
    const { id } = stage.graph.partners()[0] ?? {};
    stage.proxy.script(executed(fault));
    const path = `/beta/deviceManagement/complianceManagementPartners/${id}`;
    expect(await stage.ask('DELETE', path, undefined)).toEqual(sight);
    expect(stage.graph.partners()).toEqual([]);
  });
});
