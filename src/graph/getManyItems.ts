import { batchBodyOf, readBatch } from './batch.ts';
import type { GraphCallParts } from './graphCallParts.ts';
import { writeHeaders } from './headers.ts';
import { pauseFor } from './pauseFor.ts';
import type { GraphCall, GraphResponse } from './pipeline/pipeline.ts';
import { outcomeOfResponse } from './pipeline/retry/attemptOutcome.ts';
import { decideRetry } from './pipeline/retry/decideRetry.ts';

/**
 * Reads several partners in one call, and asks again for those whose own answer was throttled or a fault: Graph leaves
 * that to the client. Gives an answer for each id in their order, undefined where Graph left one out.
 */
export async function getManyItems(
  parts: GraphCallParts,
  ids: readonly string[],
  call: GraphCall,
): Promise<readonly (GraphResponse | undefined)[]> {
  const answers: (GraphResponse | undefined)[] = [];
  let open = ids.map((_id, index) => index);
  for (let attempt = 1; open.length > 0; attempt += 1) {
    const batch = await askOnce(
      parts,
      open.map((index) => ids[index] ?? ''),
      call,
    );
    open.forEach((index, position) => {
      answers[index] = batch[position];
    });
    const repeats = open.flatMap((index) => {
      const delayMs = repeatDelayMsOf(parts, answers[index], attempt, call);
      return delayMs === undefined ? [] : [{ index, delayMs }];
    });
    open = repeats.map(({ index }) => index);
    if (open.length > 0) {
      await pauseFor(parts.clock, Math.max(...repeats.map(({ delayMs }) => delayMs)), call.signal);
    }
  }
  return answers;
}

async function askOnce(
  { send, routes, clock }: GraphCallParts,
  ids: readonly string[],
  call: GraphCall,
): Promise<readonly (GraphResponse | undefined)[]> {
  const response = await send({
    operation: 'getMany',
    url: routes.batch,
    headers: writeHeaders,
    body: batchBodyOf(ids.map((id) => routes.partnerInBatch(id))),
    call,
    cost: ids.length,
  });
  return readBatch(response, ids.length, clock.now());
}

/** How long to wait before an item is asked for again; undefined where its answer is final. */
function repeatDelayMsOf(
  { clock, chance }: GraphCallParts,
  answer: GraphResponse | undefined,
  attempt: number,
  call: GraphCall,
): number | undefined {
  if (answer === undefined) {
    return undefined;
  }
  const nowMs = clock.now();
  const decision = decideRetry({
    method: 'GET',
    isWrite: false,
    attempt,
    outcome: outcomeOfResponse(answer, nowMs),
    canRefreshToken: false,
    timeLeftMs: call.deadlineMs - nowMs,
    hasBudget: true,
    chance: chance(),
  });
  return decision.kind === 'repeat' ? decision.delayMs : undefined;
}
