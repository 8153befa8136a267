import { clearTimeout, setTimeout } from 'node:timers';
import { delay, systemClock } from '../../../src/clock.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { totalCountQuery } from '../../support/documents.ts';
import type { GraphQLAnswer } from '../../support/testGateways.ts';
import { throttledToken } from '../faultCatalogue.ts';
import { documentOf } from '../lane/documentOf.ts';
import { type Intent, tellsTheTruth } from '../lane/tellsTheTruth.ts';
import type { ArmingStage } from '../namedFault.ts';
import type { RandomCase } from './drawCase.ts';
import { type RandomLane, restingRows } from './randomLanes.ts';

/** What is wrong with a case; nothing of it may ever happen. */
export type Misdeed = 'hang' | 'double add' | 'wrong answer';

/** What became of a case. */
export interface Verdict {
  /** The code of the top-level error, `ok`, or `found` where an add was found after an unclear answer. */
  readonly outcome: string;
  readonly misdeeds: readonly Misdeed[];
  /** The answer as it came; empty where none came. */
  readonly text: string;
  /** By how much it ended after its deadline; negative before. */
  readonly overtimeMs: number;
  /** The longest time in which this process did nothing else meanwhile. */
  readonly latenessMs: number;
  /** Whether the lane is as good as before. */
  readonly isLaneGood: boolean;
}

/** What an operation may take beyond its deadline, to which the latest timer of this process is added. */
const graceMs = 250;
/** After that nobody waits any longer. */
const patienceMs = 5_000;

/** Plays one request on a lane, waits until nothing of it is under way any more, and judges. */
export async function playCase(
  { lane, proxyClock, operationTimeoutMs, lateness }: RandomLane,
  { index, operation, faults, haste, waitsForBreaker }: RandomCase,
): Promise<Verdict> {
  const { gateway, graph, proxy, elsewhere } = lane;
  const intent: Intent = { operation, id: `row-${index}`, name: `Written ${index}` };
  if (operation === 'update' || operation === 'delete') {
    await lane.put({ id: intent.id, displayName: `Before ${index}` });
  }
  const isClosedAgain = !waitsForBreaker || (await closeBreaker());

  const [received, forwarded, strays] = [
    proxy.received.length,
    proxy.forwarded.length,
    lane.strays,
  ];
  const stage: ArmingStage = {
    proxy,
    elsewhere,
    get certificates(): TestCertificates {
      throw new TypeError('Faults of TLS are left to the matrix');
    },
  };
  proxyClock.haste = haste;
  for (const fault of faults) {
    await fault.arm(stage);
  }
  const isThrottledTenant = faults.some(({ number }) => number === 12);
  const token = isThrottledTenant ? throttledToken : `token-${index}`;
  const startedMs = performance.now();
  const answer = await within(
    operationTimeoutMs + patienceMs,
    gateway.run(...documentOf(intent), { authorization: `Bearer ${token}` }).catch(String),
  );
  const overtimeMs = performance.now() - startedMs - operationTimeoutMs;
  const latenessMs = lateness.longestSince(startedMs);

  proxy.clear();
  await proxy.acceptConnections();
  const isSettled = await within(patienceMs, untilSettled());
  const rows = graph.partners();
  const posts = proxy.forwarded.slice(forwarded).filter(({ method }) => method === 'POST');
  const copies = rows.filter(({ displayName }) => displayName === intent.name);
  const isTrue =
    typeof answer === 'object' && tellsTheTruth(intent, answer, rows) && lane.strays === strays;
  const isLate = overtimeMs > graceMs + latenessMs || answer === undefined;
  const misdeeds: Misdeed[] = [
    ...(isLate || !isClosedAgain ? (['hang'] as const) : []),
    ...(posts.length > 1 || copies.length > 1 ? (['double add'] as const) : []),
    ...(isTrue || answer === undefined ? [] : (['wrong answer'] as const)),
  ];
  const ids = rows.map(({ id }) => id).filter((id) => !restingIds.has(id));
  await lane.remove(ids);
  return {
    outcome: outcomeOf(answer),
    misdeeds,
    text: typeof answer === 'object' ? answer.text : (answer ?? ''),
    overtimeMs,
    latenessMs,
    isLaneGood: isSettled !== undefined && misdeeds.length === 0,
  };

  /** Reads until the gateway asks Graph again; false where it does not come to that. */
  async function closeBreaker(): Promise<boolean> {
    const untilMs = performance.now() + patienceMs;
    while (lane.breaker !== 'closed' && performance.now() < untilMs) {
      await gateway.run(totalCountQuery);
      await delay(systemClock, 5);
    }
    return lane.breaker === 'closed';
  }

  /** What the proxy lets through, or executes before or after its fault, has come to the upstream and is over. */
  async function untilSettled(): Promise<true> {
    await proxy.until((record) => {
      const owed = record.received
        .slice(received)
        .filter(({ fault }) => fault === undefined || fault.startsWith('executed')).length;
      return record.underWay === 0 && record.forwarded.length - forwarded >= owed;
    });
    return true;
  }
}

const restingIds = new Set(restingRows.map(({ id }) => id));

function outcomeOf(answer: GraphQLAnswer | string | undefined): string {
  if (answer === undefined) {
    return 'no answer';
  }
  if (typeof answer === 'string') {
    return 'no HTTP answer';
  }
  const code = answer.result.errors?.[0]?.extensions['code'];
  const isFound = answer.text.includes('FOUND_AFTER_UNCLEAR_ANSWER');
  return code === undefined ? (isFound ? 'ok, found' : 'ok') : String(code);
}

/** The result, or undefined where it does not come in time. */
async function within<Result>(ms: number, result: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([result, end]);
  } finally {
    clearTimeout(timer);
  }
}
