import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startTestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { built, createChoices } from '../fuzz/randomCases.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { drawOperation, listOf } from './commands.ts';
import { givenId, ModelGraph } from './modelGraph.ts';
import { type Generation, generations, seededRows } from './modelPartner.ts';

/** How many operations are sent in all. */
const commands = volumeOf(10_000);
const shares: Readonly<Record<Generation['name'], number>> = {
  today: 0.6,
  'reference-page': 0.2,
  'v1.0': 0.2,
};
/** As many as the longest operation is drawn from. */
const commandBytes = 400;
/** Operations are drawn when their turn comes, because only then it is known which partners and cursors there are. */
const sequences = fc.array(
  built(commandBytes, ({ bytes }) => bytes(commandBytes)),
  { minLength: 1, maxLength: 200, size: 'max' },
);

/** A gateway before an embedded Graph, whose list has pages of a few rows. */
async function startReal({ name, isKnownBeforehand }: Generation) {
  let [ids, writes] = [0, 0];
  const graph = await startTestGraph({
    generation: name === 'reference-page' ? name : 'today',
    seed: seededRows,
    pageSize: 6,
    recordRequests: false,
    newId() {
      ids += 1;
      return givenId(ids);
    },
    onRequest({ method, path }) {
      writes += method === 'GET' || path.endsWith('$batch') ? 0 : 1;
    },
  });
  const gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    GRAPH_API_VERSION: isKnownBeforehand ? 'v1.0' : 'beta',
  });
  return { gateway, graph, writes: () => writes };
}

/** Sends operations to a gateway and does them to the model; both have to say the same, and hold the same in the end. */
async function play(generation: Generation, sequence: readonly Uint8Array[]): Promise<void> {
  const world = new ModelGraph(generation);
  const { gateway, graph, writes } = await startReal(generation);
  const sent: string[] = [];
  async function playOne({ document, variables, ...expected }: ReturnType<typeof drawOperation>) {
    sent.push(`${/\w+ \w+/.exec(document)} ${JSON.stringify(variables)}`);
    const before = writes();
    expected.verify(await gateway.run(document, variables));
    expect({ writes: writes() - before }).toEqual({ writes: expected.writes });
  }
  try {
    // Every revision is known then.
    await playOne(listOf({ first: 1000, orderBy: [] }, world));
    for (const bytes of sequence) {
      await playOne(drawOperation(createChoices(bytes), world));
    }
    await playOne(listOf({ first: 1000, orderBy: [] }, world));
    expect(graph.partners().map(({ id }) => id)).toEqual(world.partners.map(({ id }) => id));
  } catch (error) {
    throw new Error(`What was sent:\n${sent.join('\n')}`, { cause: error });
  } finally {
    await gateway.stop(0);
    await graph.close();
  }
}

describe.each(generations)('the gateway over $name', (generation) => {
  const wanted = Math.ceil(commands * shares[generation.name]);

  it(
    'answers as a simple model does, whatever it is asked in whatever order',
    async () => {
      let count = 0;
      const property = fc.asyncProperty(sequences, async (sequence) => {
        await play(generation, sequence);
        count += sequence.length;
      });
      for (let seed = firstSeed; count < wanted; seed += 1) {
        // Shrinking ends with the time too, so that the smallest failure that was found is shown.
        const interruptAfterTimeLimit = 60_000;
        const numRuns = Math.min(10, Math.ceil((wanted - count) / 100));
        await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit });
      }
      expect(count).toBeGreaterThanOrEqual(wanted);
    },
    timeLimitMs(wanted),
  );
});
