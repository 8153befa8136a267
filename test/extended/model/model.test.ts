import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { built } from '../fuzz/randomCases.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';
import { Command, listQuery } from './commands.ts';
import { pageOf } from './modelList.ts';
import { type Generation, generations } from './modelPartner.ts';
import { type Connection, dataOf, verifyConnection } from './verify.ts';
import { createWorld, type Real, startReal, type World } from './world.ts';

/** How many operations are sent in all. */
const commands = volumeOf(10_000);
const shares: Readonly<Record<Generation['name'], number>> = {
  today: 0.6,
  'reference-page': 0.2,
  'v1.0': 0.2,
};
/** What a sequence has of them on average, so that not many more are sent than are wanted. */
const usualLength = 125;
/** As many as the longest of them is drawn from. */
const commandBytes = 400;

/** Reads everything, which has to be what the model holds; every revision is known then. */
async function verifyAll(world: World, { gateway, graph }: Real): Promise<void> {
  const request = { first: 1000, orderBy: [] };
  const answer = await gateway.run(listQuery, request);
  const connection = dataOf(answer) as Connection;
  verifyConnection(connection, pageOf(world.graph.partners, request), world.revisions);
  expect(graph.partners().map(({ id }) => id)).toEqual(world.graph.partners.map(({ id }) => id));
}

describe.each(generations.map((generation) => [generation.name, generation] as const))(
  'the gateway over %s',
  (name, generation) => {
    const wanted = Math.ceil(commands * shares[name]);
    const sequences = fc.commands<World, Real, false>(
      [built(commandBytes, ({ bytes }) => new Command(bytes(commandBytes)))],
      { maxCommands: 200, size: 'max' },
    );

    it(
      'answers as a simple model does, whatever it is asked in whatever order',
      async () => {
        let count = 0;
        const property = fc.asyncProperty(sequences, async (sequence) => {
          const [world, real] = [createWorld(generation), await startReal(generation)];
          try {
            await verifyAll(world, real);
            await fc.asyncModelRun(() => ({ model: world, real }), sequence);
            await verifyAll(world, real);
            count += world.sent.length;
          } catch (error) {
            throw new Error(`What was sent:\n${world.sent.join('\n')}`, { cause: error });
          } finally {
            await real.close();
          }
        });
        for (let seed = firstSeed; count < wanted; seed += 1) {
          // Shrinking ends with the time too, so that the smallest failure that was found is shown.
          const interruptAfterTimeLimit = 60_000;
          const numRuns = Math.min(10, Math.ceil((wanted - count) / usualLength));
          await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit });
        }
        expect(count).toBeGreaterThanOrEqual(wanted);
      },
      timeLimitMs(wanted),
    );
  },
);
