import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { picksOf } from './model/arbitraryPicks.ts';
import { Command } from './model/command.ts';
import { listDocument } from './model/documents.ts';
import { type Generation, generations } from './model/generations.ts';
import { pageOf } from './model/modelList.ts';
import { type Connection, dataOf, verifyConnection } from './model/verify.ts';
import { createWorld, type Real, startReal, type World } from './model/world.ts';

/** `MODEL_COMMANDS` is how many operations are sent in all; `MODEL_SEED` is the seed that a failure has shown. */
const { MODEL_COMMANDS = '1500', MODEL_SEED = '20261124' } = process.env;
const shares: Readonly<Record<Generation['name'], number>> = {
  today: 0.6,
  'reference-page': 0.2,
  'v1.0': 0.2,
};
/** What a sequence has of them on average, so that not many more are sent than are wanted. */
const usualLength = 125;

/** Reads everything, which has to be what the model holds; every revision is known then. */
async function verifyAll(world: World, { gateway, graph }: Real): Promise<void> {
  const request = { first: 1000, orderBy: [] };
  const answer = await gateway.run(listDocument, request);
  const connection = dataOf(answer, 'connection') as Connection;
  verifyConnection(connection, pageOf(world.graph.partners, request), world.revisions);
  expect(graph.partners().map(({ id }) => id)).toEqual(world.graph.partners.map(({ id }) => id));
}

describe.each(generations.map((generation) => [generation.name, generation] as const))(
  'the gateway over %s',
  (name, generation) => {
    const wanted = Math.ceil(Number(MODEL_COMMANDS) * shares[name]);
    const commands = fc.commands<World, Real, false>(
      picksOf(generation).map((picks) => picks.map((pick) => new Command(pick))),
      { maxCommands: 200, size: 'max' },
    );

    it(
      'answers as a simple model does, whatever it is asked in whatever order',
      async () => {
        let count = 0;
        const property = fc.asyncProperty(commands, async (sequence) => {
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
        for (let seed = Number(MODEL_SEED); count < wanted; seed += 1) {
          // Shrinking ends with the time too, so that the smallest failure that was found is shown.
          const interruptAfterTimeLimit = 60_000;
          const numRuns = Math.min(10, Math.ceil((wanted - count) / usualLength));
          await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit });
        }
        expect(count).toBeGreaterThanOrEqual(wanted);
      },
      120_000 + wanted * 20,
    );
  },
);
