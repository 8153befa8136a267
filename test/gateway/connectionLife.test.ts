import { describe, expect, it } from '@jest/globals';
import { listQuery } from '../support/documents.ts';
import { type Answer, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const { scripted } = useStages();

const page = json(200, { value: [] });

/** Starts a gateway over a Graph that notes over which connection each request comes. */
async function start(environment: Record<string, string>, ...script: Answer[]) {
  const ports: (number | undefined)[] = [];
  const noting = script.map(
    (answer): Answer =>
      (response, request) => {
        ports.push(response.socket?.remotePort);
        answer(response, request);
      },
  );
  const clock: VirtualClock = createVirtualClock();
  const { graph, gateway } = await scripted(noting, environment, { clock });
  return { ports, graph, clock, gateway };
}

describe('a connection to Graph', () => {
  it('is used for five minutes, and then another one is made', async () => {
    const { ports, clock, gateway } = await start({}, page);
    await gateway.run(listQuery);
    await clock.advance(299_999);
    await gateway.run(listQuery);
    await clock.advance(1);
    await gateway.run(listQuery);
    await gateway.run(listQuery);
    const [first, second, third, fourth] = ports;
    expect([second, fourth]).toEqual([first, third]);
    expect(third).not.toBe(first);
  });

  it('carries the request to its end that it has begun before that', async () => {
    let release = (): void => undefined;
    const hold: Answer = (response, request) => {
      release = () => page(response, request);
    };
    const { ports, graph, clock, gateway } = await start(
      { GRAPH_CONNECTION_LIFE_MS: '1000' },
      hold,
      page,
    );
    const held = gateway.run(listQuery);
    await until(() => graph.requests.length === 1);
    await clock.advance(1_000);
    expect((await gateway.run(listQuery)).result.errors).toBeUndefined();
    release();
    expect((await held).result.errors).toBeUndefined();
    expect(new Set(ports).size).toBe(2);
  });
});
