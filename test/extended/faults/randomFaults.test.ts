import { afterEach, expect, it } from '@jest/globals';
import { faultCatalogue, type NamedFault } from '../../faults/faultCatalogue.ts';
import { type LaneOperation, laneOperations } from '../../faults/lane/laneCaller.ts';
import { playFaults } from '../../faults/lane/playFaults.ts';
import { type FaultLane, startFaultLane } from '../../faults/lane/startFaultLane.ts';
import { promiseOf } from '../../faults/matrix/promiseOf.ts';
import { createTestCertificates } from '../../support/certificates.ts';
import { useClosing } from '../../support/closing.ts';
import { totalCountQuery } from '../../support/documents.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';
import { built, type Choices, playRandomCases } from '../fuzz/randomCases.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';

const cases = volumeOf(2_500);
const certificates = createTestCertificates();
const operationTimeoutMs = 500;
/** In which an operation has to end after its deadline. */
const graceMs = 250;
const minuteMs = 60_000;
/** A lane remembers all that it received. */
const casesPerLane = 500;

/** Rows that no case touches. */
const restingIds = ['resting-0', 'resting-1', 'resting-2'];

/** What can strike an operation; what needs another address or TLS, or is a lie, is left to the matrix. */
const candidatesOf = (operation: LaneOperation): readonly NamedFault[] =>
  faultCatalogue.filter(
    (fault) => !fault.isTls && !fault.url && promiseOf(fault, operation) !== undefined,
  );
const candidates = new Map(laneOperations.map((each) => [each, candidatesOf(each)]));
/** They cost as much as hundreds of others. */
const isHeavy = ({ name }: NamedFault): boolean => /^(100 MB|gzip bomb)/.test(name);

/** What happens to one request: no fault, one, or two, of which the second strikes what the first one leaves. */
function drawCase(choices: Choices) {
  const operation = choices.pick(laneOperations);
  const count = choices.pick([0, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
  const isPatient = choices.chance(2);
  const fitting = candidates.get(operation)?.filter((fault) => isPatient || !isHeavy(fault)) ?? [];
  return {
    operation,
    faults: Array.from({ length: count }, () => choices.pick(fitting)),
    /** By how much the proxy's waits are shortened: what comes after a minute comes before or after the deadline. */
    haste: minuteMs / (100 + choices.below(1400)),
    waitsForBreaker: !choices.chance(10),
  };
}

/** A gateway with its Graph, and a proxy between them whose waits can be shortened. */
async function startStage() {
  const clock = createVirtualClock();
  const pace = { haste: 1 };
  const lane = await startFaultLane({
    environment: { OPERATION_TIMEOUT_MS: String(operationTimeoutMs), LIST_ROW_LIMIT: '1000' },
    clock,
    proxyClock: {
      now: clock.now,
      startTimer: (delayMs, callback) => clock.startTimer(delayMs / pace.haste, callback),
    },
  });
  for (const id of restingIds) {
    await lane.put({ id, displayName: id });
  }
  return { clock, pace, lane, certificates };
}

/** Plays one request, waits until nothing of it is in flight, and gives its misdeeds. */
async function playCase(
  stage: Awaited<ReturnType<typeof startStage>>,
  index: number,
  { operation, faults, haste, waitsForBreaker }: ReturnType<typeof drawCase>,
): Promise<readonly string[]> {
  const { lane, clock, pace } = stage;
  const { gateway, graph, proxy }: FaultLane = lane;
  const intent = { operation, id: `row-${index}`, name: `Written ${index}` };
  if (operation === 'update' || operation === 'delete') {
    await lane.put({ id: intent.id, displayName: `Before ${index}` });
  }
  pace.haste = 1;
  while (waitsForBreaker && lane.breaker() !== 'closed') {
    await clock.advance(minuteMs);
    await lane.drive(gateway.run(totalCountQuery));
  }
  pace.haste = haste;
  const { answer, durationMs, look } = await playFaults(stage, faults, intent);
  proxy.clear();
  await proxy.acceptConnections();
  // What was to come late comes now.
  await clock.advance(minuteMs / haste + 1);
  await until(() => proxy.isIdle);
  const { isTrue, executions, strays } = look();
  const rows = graph.partners();
  const copies = rows.filter(({ displayName }) => displayName === intent.name).length;
  await lane.remove(rows.map(({ id }) => id).filter((id) => !restingIds.includes(id)));
  const misdeeds = [
    ...(durationMs > operationTimeoutMs + graceMs ? ['late'] : []),
    ...(copies > 1 || (operation === 'add' && executions > 1) ? ['double add'] : []),
    ...(isTrue && strays === 0 ? [] : ['wrong answer']),
  ];
  const names = faults.map(({ name }) => name).join('; then ');
  return misdeeds.map(
    (misdeed) => `${misdeed}: ${operation}, ${names}, ${haste} times as fast: ${answer.text}`,
  );
}

const closeLater = useClosing(afterEach);

/** Random faults against a whole gateway, up to two at a time, in virtual time. */
it(
  `ends in time, truly, and adds at most once in ${cases} cases`,
  async () => {
    let stage = await startStage();
    closeLater(() => stage.lane.close());
    let index = 0;
    const count = await playRandomCases({
      count: cases,
      atOnce: 1,
      cases: built(40, drawCase),
      async play(all) {
        const misdeeds: string[] = [];
        for (const one of all) {
          index += 1;
          if (index % casesPerLane === 0) {
            await stage.lane.close();
            stage = await startStage();
          }
          misdeeds.push(...(await playCase(stage, index, one)));
        }
        return misdeeds;
      },
    });
    expect(count).toBeGreaterThanOrEqual(cases);
  },
  timeLimitMs(cases),
);
