import { describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { truncatedJson } from '../support/faultProxy/falseAnswers.ts';
import { executed, onlyFor, type RequestFault } from '../support/faultProxy/fault.ts';
import {
  cut,
  hangUp,
  headThen,
  noContent,
  reset,
  silence,
  status,
} from '../support/faultProxy/faults.ts';
import { type FaultProxy, startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { useStages, writeBehind } from '../support/stages.ts';
import type { Reply, TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const stages = useStages();

interface Stage {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  readonly gateway: TestGateway;
}

/** A gateway, a proxy behind it, and an embedded Graph without rows behind that. */
async function start(dependencies = {}): Promise<Stage> {
  const graph = await startTestGraph({ seed: [] });
  const proxy = await startFaultProxy({ upstream: new URL(graph.baseUrl) });
  stages.closeLater(proxy.close, graph.close);
  const gateway = await stages.start({ GRAPH_BASE_URL: proxy.url.href }, dependencies);
  return { graph, proxy, gateway };
}

const input = { displayName: 'Fleet', iosOnboarded: true };
const add = ({ gateway }: Stage, headers = {}) => gateway.run(addMutation, { input }, headers);
const isAdd = ({ method }: { readonly method: string }): boolean => method === 'POST';
const toAdds = (fault: RequestFault): RequestFault => onlyFor(isAdd, fault);
const adds = ({ proxy }: Stage): number => proxy.received.filter(isAdd).length;
/** Adds past the gateway, so that it does not see what is added. */
const addUnseen = ({ graph }: Stage) => writeBehind(graph, 'POST', '', input);

async function idsIn({ gateway }: Stage): Promise<string[]> {
  const { nodes } = await gateway.ask<{ nodes: { id: string }[] }>(listQuery);
  return nodes.map(({ id }) => id);
}

function foundIn({ root }: Reply): string | undefined {
  const payload = root as { complianceManagementPartner: { id: string } | null } | null;
  return payload?.complianceManagementPartner?.id;
}

function expectUnknown({ status: httpStatus, result }: Reply): void {
  expect([httpStatus, result.data]).toEqual([200, { addComplianceManagementPartner: null }]);
  expect(result.errors).toMatchObject([
    { extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true } },
  ]);
  expect(result).not.toHaveProperty('extensions');
}

const cuts: readonly [string, RequestFault][] = [
  ['a reset', reset()],
  ['a hang-up', hangUp()],
  ['a head without a body', headThen('close')],
  ['a body that is cut', cut('length', 'in the JSON')],
  ['truncated JSON', truncatedJson()],
  ['a 500', status(500)],
  ['a 504', status(504)],
  ['a 503 that does not say when', status(503)],
  ['a success that says nothing', noContent()],
];

describe('an add whose answer leaves its outcome in doubt', () => {
  it.each(cuts)('is answered with the partner that is found after %s', async (_what, fault) => {
    const stage = await start();
    stage.proxy.script(toAdds(executed(fault)));
    const answer = await add(stage);
    expect([answer.status, answer.result.errors]).toEqual([200, undefined]);
    expect(answer.root).toMatchObject({ complianceManagementPartner: input, userErrors: [] });
    expect(answer.result.extensions?.notices).toMatchObject([
      {
        code: 'FOUND_AFTER_UNCLEAR_ANSWER',
        path: ['addComplianceManagementPartner'],
        message: expect.stringMatching(
          /^[A-Z].* found, not answered, and nothing was sent again\.$/,
        ),
      },
    ]);
    expect(adds(stage)).toBe(1);
    await expect(idsIn(stage)).resolves.toEqual([foundIn(answer)]);
  });

  it.each(cuts)('stays in doubt where nothing is found after %s', async (_what, fault) => {
    const stage = await start();
    stage.proxy.script(toAdds(fault));
    expectUnknown(await add(stage));
    expect(adds(stage)).toBe(1);
    expect(stage.proxy.forwarded.filter(isAdd)).toHaveLength(0);
  });

  it('stays in doubt where two fit', async () => {
    const stage = await start();
    await addUnseen(stage);
    stage.proxy.script(toAdds(executed(reset())));
    expectUnknown(await add(stage));
    expect(adds(stage)).toBe(1);
  });

  it('stays in doubt where the list cannot be read', async () => {
    const stage = await start();
    stage.proxy.script(toAdds(executed(reset())), status(501));
    expectUnknown(await add(stage));
  });

  it('does not take a partner for its own that was listed before', async () => {
    const stage = await start();
    await addUnseen(stage);
    await idsIn(stage);
    stage.proxy.script(toAdds(reset()));
    expectUnknown(await add(stage));
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['was listed', async (stage) => [await addUnseen(stage), await idsIn(stage)]],
    ['this gateway added', add],
  ])('is found beside an equal one that %s before', async (_what, prepare) => {
    const stage = await start();
    await prepare(stage);
    const [old] = await idsIn(stage);
    stage.proxy.script(toAdds(executed(reset())));
    const found = foundIn(await add(stage));
    expect(found).not.toBe(old);
    expect([old, found].sort()).toEqual((await idsIn(stage)).sort());
  });

  it.each<[string, RequestFault[], number, number]>([
    ['both were executed', [executed(reset()), executed(reset())], 0, 2],
    ['one was executed', [executed(reset()), reset()], 1, 1],
    ['none was executed', [reset(), reset()], 0, 0],
  ])(
    'never gives one partner to two adds at one moment where %s',
    async (_what, faults, least, most) => {
      const stage = await start();
      stage.proxy.script(...faults.map(toAdds));
      const answers = await Promise.all([add(stage), add(stage)]);
      const found = answers.map(foundIn).filter((id) => id !== undefined);
      expect(new Set(found).size).toBe(found.length);
      expect(found.length).toBeGreaterThanOrEqual(least);
      expect(found.length).toBeLessThanOrEqual(most);
      for (const answer of answers.filter((one) => foundIn(one) === undefined)) {
        expectUnknown(answer);
      }
      expect(adds(stage)).toBe(2);
    },
  );

  it.each<[string, RequestFault[]]>([
    ['the first is executed', [executed(reset()), reset()]],
    ['the second is executed', [reset(), executed(reset())]],
  ])('is the only one with its id of two such adds when %s', async (_what, faults) => {
    const stage = await start();
    const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
    stage.proxy.script(...faults.map(toAdds));
    const run = (spelling: string) =>
      stage.gateway.run(addMutation, { input: { ...input, id: spelling } });
    const answers = await Promise.all([run(id), run(id.toUpperCase())]);
    expect(answers.filter((answer) => foundIn(answer) !== undefined)).toHaveLength(1);
    expectUnknown(answers.find((answer) => foundIn(answer) === undefined) ?? answers[0]);
  });

  it('is looked for once, and no longer than the operation lasts', async () => {
    const clock = createVirtualClock();
    const stage = await start({ clock });
    stage.proxy.script(toAdds(executed(silence())), silence());
    const answering = add(stage, { prefer: 'wait=8' });
    await stage.proxy.until(({ forwarded }) => forwarded.length === 1);
    await clock.advance(5_999);
    expect(stage.proxy.received).toHaveLength(1);
    // A quarter of the time is kept for the look.
    await clock.advance(1);
    await stage.proxy.until(({ received }) => received.length === 2);
    expect(stage.proxy.received.map(({ method }) => method)).toEqual(['POST', 'GET']);
    await clock.advance(2_000);
    const answer = await answering;
    expectUnknown(answer);
    expect(answer.headers['preference-applied']).toBe('wait=8');
    expect([stage.proxy.received.length, clock.pendingTimers]).toEqual([2, 0]);
  });
});
