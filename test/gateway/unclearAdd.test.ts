import { describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { executed, onlyFor, type RequestFault } from '../support/faultProxy/fault.ts';
import {
  cut,
  hangUp,
  headThen,
  reset,
  silence,
} from '../support/faultProxy/faults/brokenAnswers.ts';
import { noContent, status } from '../support/faultProxy/faults/plainAnswers.ts';
import { truncatedJson } from '../support/faultProxy/faults/twistedAnswers.ts';
import { type FaultProxy, startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { type GraphQLAnswer, startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();

interface Stage {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  readonly gateway: TestGateway;
}

/** A gateway, a proxy behind it, and an embedded Graph without rows behind that. */
async function start(clock?: Clock & { advance(ms: number): Promise<void> }): Promise<Stage> {
  const graph = await startTestGraph({ seed: [] });
  const proxy = await startFaultProxy({ upstream: new URL(graph.baseUrl) });
  const gateway = await startTestGateway(
    { GRAPH_BASE_URL: proxy.url.href },
    clock === undefined ? {} : { clock },
  );
  const stop = async () => {
    const stopped = gateway.stop(0);
    await clock?.advance(0);
    await stopped;
  };
  closeLater(stop, proxy.close, graph.close);
  return { graph, proxy, gateway };
}

const input = { displayName: 'Fleet', iosOnboarded: true };
const add = ({ gateway }: Stage, headers = {}) => gateway.run(addMutation, { input }, headers);
const list = ({ gateway }: Stage) => gateway.run(listQuery);
const isAdd = ({ method }: { readonly method: string }): boolean => method === 'POST';
const toAdds = (fault: RequestFault): RequestFault => onlyFor(isAdd, fault);
const adds = ({ proxy }: Stage): number => proxy.received.filter(isAdd).length;

/** Adds past the gateway, so that it does not see what is added. */
async function addUnseen({ graph }: Stage): Promise<void> {
  const response = await fetch(
    `${graph.baseUrl}/beta/deviceManagement/complianceManagementPartners`,
    {
      method: 'POST',
      headers: {
        authorization: 'Bearer embedded-graph-token',
        'content-type': 'application/json',
        connection: 'close',
      },
      body: JSON.stringify(input),
    },
  );
  expect(response.status).toBe(201);
  await response.text();
}

async function idsIn(stage: Stage): Promise<string[]> {
  const { result } = await list(stage);
  const connection = result.data?.['complianceManagementPartners'] as { nodes: { id: string }[] };
  return connection.nodes.map(({ id }) => id);
}

function foundIn({ result }: GraphQLAnswer): string | undefined {
  const payload = result.data?.['addComplianceManagementPartner'] as
    | { complianceManagementPartner: { id: string } | null }
    | null
    | undefined;
  return payload?.complianceManagementPartner?.id;
}

function expectUnknown({ status: httpStatus, result }: GraphQLAnswer): void {
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
    expect(answer.status).toBe(200);
    expect(answer.result.errors).toBeUndefined();
    expect(answer.result.data?.['addComplianceManagementPartner']).toMatchObject({
      complianceManagementPartner: input,
      userErrors: [],
    });
    expect(answer.result).toMatchObject({
      extensions: {
        notices: [
          {
            code: 'FOUND_AFTER_UNCLEAR_ANSWER',
            path: ['addComplianceManagementPartner'],
            message: expect.stringMatching(
              /^[A-Z].* found, not answered, and nothing was sent again\.$/,
            ),
          },
        ],
      },
    });
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
    await list(stage);
    stage.proxy.script(toAdds(reset()));
    expectUnknown(await add(stage));
  });

  it('is found beside an equal one that was listed before', async () => {
    const stage = await start();
    await addUnseen(stage);
    const [old] = await idsIn(stage);
    stage.proxy.script(toAdds(executed(reset())));
    const found = foundIn(await add(stage));
    expect(found).toBeDefined();
    expect(found).not.toBe(old);
  });

  it('is found beside an equal one that this gateway added before', async () => {
    const stage = await start();
    const old = foundIn(await add(stage));
    stage.proxy.script(toAdds(executed(reset())));
    const found = foundIn(await add(stage));
    expect([old, found].sort()).toEqual((await idsIn(stage)).sort());
    expect(found).not.toBe(old);
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
    const stage = await start(clock);
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
