import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/shared/clock.ts';
import { faultCatalogue, type NamedFault, throttledToken } from '../../faults/faultCatalogue.ts';
import { type Intent, type LaneOperation, laneOperations } from '../../faults/lane/laneCaller.ts';
import { playFaults } from '../../faults/lane/playFaults.ts';
import { type FaultLane, startFaultLane } from '../../faults/lane/startFaultLane.ts';
import { isLie } from '../../faults/matrix/expectedOf.ts';
import { createTestCertificates } from '../../support/certificates.ts';
import { totalCountQuery } from '../../support/documents.ts';
import { numbersOfCase, type RandomNumbers } from '../../support/randomNumbers.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';
import { firstSeed, timeLimitMs, volumeOf } from '../volume.ts';

/** What happens to one request. */
interface RandomCase {
  readonly index: number;
  readonly operation: LaneOperation;
  /** None, one, or two, of which the second strikes what the first one leaves. */
  readonly faults: readonly NamedFault[];
  /** By how much the proxy's waits are shortened: what comes after a minute comes before or after the deadline. */
  readonly haste: number;
  /** Whether an open breaker is waited for before. */
  readonly waitsForBreaker: boolean;
}

const shareWithoutFault = 0.1;
const shareWithTwo = 0.25;
const shareWithOpenBreaker = 0.1;

/** They cost as much as hundreds of others. */
const isHeavy = ({ name }: NamedFault): boolean => /^(100 MB|gzip bomb)/.test(name);
const shareOfHeavy = 0.02;

/** A gateway has one address, so those that need another one, or TLS, are left to the matrix. */
const candidates = faultCatalogue.filter(({ transport, url }) => transport === 'http' && !url);

/** What can strike an operation and be seen through: the same as in the matrix. */
const candidatesOf = new Map(
  laneOperations.map((operation) => [
    operation,
    candidates.filter(
      (fault) => !isLie(fault, operation) && (operation === 'read' || !fault.isForListsOnly),
    ),
  ]),
);

/** Draws a case: the same one for the same seed and index. */
function drawCase(seed: number, index: number): RandomCase {
  const numbers = numbersOfCase(seed, index);
  const operation = numbers.pick(laneOperations);
  const lot = numbers.fraction();
  const count = lot < shareWithoutFault ? 0 : lot > 1 - shareWithTwo ? 2 : 1;
  return {
    index,
    operation,
    faults: Array.from({ length: count }, () => drawFault(numbers, operation)),
    haste: 60_000 / numbers.between(100, 1500),
    waitsForBreaker: numbers.fraction() >= shareWithOpenBreaker,
  };
}

function drawFault(numbers: RandomNumbers, operation: LaneOperation): NamedFault {
  for (;;) {
    const fault = numbers.pick(candidatesOf.get(operation) ?? []);
    if (!isHeavy(fault) || numbers.fraction() < shareOfHeavy) {
      return fault;
    }
  }
}

/** What a report says of a case. */
function describeCase({ operation, faults, haste }: RandomCase): string {
  const names = faults.map(({ number, name }) => `${number} ${name}`);
  return `${operation}, ${names.join('; then ') || 'no fault'}, a minute in ${Math.round(60_000 / haste)} ms`;
}

/**
 * Random faults against a whole gateway, up to two at a time, in virtual time: each case ends in time, is true, and adds
 * at most once. `CASE=<index>` with the same `SEED` plays one case again.
 */
const only = process.env['CASE'];
const cases = only === undefined ? volumeOf(2_500) : 1;

const certificates = createTestCertificates();
const operationTimeoutMs = 500;
/** In which an operation has to end after its deadline. */
const graceMs = 250;
const minuteMs = 60_000;
/** A lane remembers all that it received. */
const casesPerLane = 500;

/** Rows that no case touches. */
const restingRows = ['Resting 1', 'Resting 2', 'Resting 3'].map((displayName, index) => ({
  id: `resting-${index}`,
  displayName,
}));
const restingIds = new Set(restingRows.map(({ id }) => id));

let stage: Stage | undefined;
let played = 0;
const outcomes = new Map<string, number>();

beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.lane.close());

it(
  `ends in time, truly, and adds at most once in ${cases} cases with seed ${firstSeed}`,
  async () => {
    for (let index = Number(only ?? 0); played < cases; index += 1, played += 1) {
      if (stage === undefined || (played > 0 && played % casesPerLane === 0)) {
        await stage?.lane.close();
        stage = await startStage();
      }
      const one = drawCase(firstSeed, index);
      const { outcome, misdeeds, text } = await playCase(stage, one);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      expect({ case: index, faults: describeCase(one), text, misdeeds }).toMatchObject({
        misdeeds: [],
      });
    }
    const summary = [...outcomes].sort(([, left], [, right]) => right - left);
    process.stderr.write(`${summary.map((pair) => pair.join(' ')).join(', ')}\n`);
  },
  timeLimitMs(cases),
);

/** A gateway with its Graph, and a proxy between them whose waits can be shortened. */
interface Stage {
  readonly lane: FaultLane;
  readonly clock: VirtualClock;
  /** How much faster the proxy's clock runs, so that what comes after a minute comes before or after the deadline. */
  haste: number;
}

async function startStage(): Promise<Stage> {
  const clock = createVirtualClock();
  const hasty = { haste: 1 };
  const proxyClock: Clock = {
    now: clock.now,
    startTimer: (delayMs, callback) => clock.startTimer(delayMs / hasty.haste, callback),
  };
  const lane = await startFaultLane({
    environment: { OPERATION_TIMEOUT_MS: String(operationTimeoutMs), LIST_ROW_LIMIT: '1000' },
    clock,
    proxyClock,
  });
  for (const row of restingRows) {
    await lane.put(row);
  }
  return Object.assign(hasty, { lane, clock });
}

/** Plays one request, waits until nothing of it is in flight, and judges. */
async function playCase(stage: Stage, one: RandomCase) {
  const { index, operation, faults, haste, waitsForBreaker } = one;
  const { lane, clock } = stage;
  const { gateway, graph, proxy } = lane;
  const intent: Intent = { operation, id: `row-${index}`, name: `Written ${index}` };
  if (operation === 'update' || operation === 'delete') {
    await lane.put({ id: intent.id, displayName: `Before ${index}` });
  }
  while (waitsForBreaker && lane.breaker !== 'closed') {
    await clock.advance(minuteMs);
    await lane.drive(gateway.run(totalCountQuery));
  }
  stage.haste = haste;
  const isThrottledTenant = faults.some(({ number }) => number === 12);
  const token = isThrottledTenant ? throttledToken : `token-${index}`;
  const { answer, durationMs, executions, strays, isTrue, code, isFound } = await playFaults(
    { lane, clock, certificates },
    faults,
    intent,
    token,
  );
  proxy.clear();
  await proxy.acceptConnections();
  // What was to come late comes now.
  await clock.advance(minuteMs / haste + 1);
  await until(() => proxy.isIdle);
  const rows = graph.partners();
  const copies = rows.filter(({ displayName }) => displayName === intent.name);
  const isDouble = copies.length > 1 || (operation === 'add' && executions() > 1);
  const misdeeds = [
    ...(durationMs > operationTimeoutMs + graceMs ? ['late'] : []),
    ...(isDouble ? ['double add'] : []),
    ...(isTrue() && strays() === 0 ? [] : ['wrong answer']),
  ];
  await lane.remove(rows.map(({ id }) => id).filter((id) => !restingIds.has(id)));
  return { outcome: isFound ? `${code}, found` : code, misdeeds, text: answer.text };
}
