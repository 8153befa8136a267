import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../../src/emulator/faults.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { useStages, writeBehind } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { embedded } = useStages();
const input = { displayName: 'Fleet', iosOnboarded: true };
const lost: Fault = { kill: 'reset' };
const executed: Fault = { kill: 'reset', execute: true };

async function start(dependencies = {}) {
  const { graph, gateway } = await embedded({ seed: [] }, {}, dependencies);
  return {
    graph,
    add: (headers = {}, more = {}) =>
      gateway.run(addMutation, { input: { ...input, ...more } }, headers),
    /** Adds past the gateway, so that it does not see what is added. */
    addUnseen: () => writeBehind(graph, 'POST', '', input),
    async listedIds(): Promise<string[]> {
      const { nodes } = await gateway.ask<{ nodes: { id: string }[] }>(listQuery);
      return nodes.map(({ id }) => id);
    },
    /** From now on, adds meet these faults, one each. */
    meet(...faults: readonly Fault[]): void {
      for (const fault of faults) {
        graph.faults.add({ when: { method: 'POST' }, ...fault });
      }
    },
    adds: () => graph.requests.filter(({ method }) => method === 'POST').length,
  };
}
type Stage = Awaited<ReturnType<typeof start>>;

const foundIn = ({ root }: Reply) =>
  (root as { complianceManagementPartner: { id: string } } | null)?.complianceManagementPartner.id;

function expectUnknown({ status, result }: Reply): void {
  const extensions = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true };
  expect([status, result]).toMatchObject([
    200,
    { data: { addComplianceManagementPartner: null }, errors: [{ extensions }] },
  ]);
  expect(result).not.toHaveProperty('extensions');
}

const list = async (stage: Stage) => [await stage.addUnseen(), await stage.listedIds()];

describe('an add whose answer leaves its outcome in doubt', () => {
  it('is answered with the partner that is found, and with a notice', async () => {
    const stage = await start();
    stage.meet(executed);
    const answer = await stage.add();
    expect([answer.status, answer.result.errors]).toEqual([200, undefined]);
    expect(answer.root).toMatchObject({ complianceManagementPartner: input, userErrors: [] });
    const notice = {
      code: 'FOUND_AFTER_UNCLEAR_ANSWER',
      path: ['addComplianceManagementPartner'],
      message: expect.stringMatching(/^[A-Z].* found, not answered, and nothing was sent again\.$/),
    };
    expect(answer.result.extensions?.notices).toMatchObject([notice]);
    expect(stage.adds()).toBe(1);
    expect(await stage.listedIds()).toEqual([foundIn(answer)]);
  });

  it.each<[string, Fault, (stage: Stage) => Promise<unknown>]>([
    ['nothing is found', lost, async () => undefined],
    ['two fit', executed, ({ addUnseen }) => addUnseen()],
    ['the one that fits was listed before', lost, list],
  ])('stays in doubt if %s', async (_what, fault, prepare) => {
    const stage = await start();
    await prepare(stage);
    const before = stage.adds();
    stage.meet(fault);
    expectUnknown(await stage.add());
    expect(stage.adds() - before).toBe(1);
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['was listed', list],
    ['this gateway added', ({ add }) => add()],
  ])('is found beside an equal one that %s before', async (_what, prepare) => {
    const stage = await start();
    await prepare(stage);
    const [old] = await stage.listedIds();
    stage.meet(executed);
    const found = foundIn(await stage.add());
    expect(found).not.toBe(old);
    expect([old, found].sort()).toEqual((await stage.listedIds()).sort());
  });

  const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const ids = [{ id }, { id: id.toUpperCase() }];

  it.each<[string, Fault[], object[], number, number]>([
    ['both were executed', [executed, executed], [{}, {}], 0, 2],
    ['one was executed', [executed, lost], [{}, {}], 1, 1],
    ['none was executed', [lost, lost], [{}, {}], 0, 0],
    ['the first of two with one id was executed', [executed, lost], ids, 1, 1],
    ['the second of two with one id was executed', [lost, executed], ids, 1, 1],
  ])('is never given to two adds at one moment if %s', async (_what, faults, inputs, ...range) => {
    const stage = await start();
    stage.meet(...faults);
    const answers = await Promise.all(inputs.map((one) => stage.add({}, one)));
    const found = answers.map(foundIn).filter((one) => one !== undefined);
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBeGreaterThanOrEqual(range[0]);
    expect(found.length).toBeLessThanOrEqual(range[1]);
    answers.filter((one) => foundIn(one) === undefined).forEach(expectUnknown);
    expect(stage.adds()).toBe(2);
  });

  it('is looked for once, and no longer than the operation lasts', async () => {
    const clock = createVirtualClock();
    const { graph, add, meet } = await start({ clock });
    meet({ kill: 'silence', execute: true });
    graph.faults.add({ kill: 'silence' });
    const answering = add({ prefer: 'wait=8' });
    await until(() => graph.partners().length === 1);
    await clock.advance(5_999);
    expect(graph.requests).toHaveLength(1);
    // A quarter of the time is kept for the look.
    await clock.advance(1);
    await until(() => graph.requests.length === 2);
    expect(graph.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    await clock.advance(2_000);
    const answer = await answering;
    expectUnknown(answer);
    expect(answer.headers['preference-applied']).toBe('wait=8');
    expect([graph.requests.length, clock.pendingTimers]).toEqual([2, 0]);
  });
});
