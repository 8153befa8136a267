import { batchBodyOf, readBatch } from './batch.ts';
import type { GraphCallParts } from './graphCallParts.ts';
import { readHeaders, writeHeaders } from './headers.ts';
import { resolveNextLink } from './nextLink.ts';
import { pauseFor } from './pauseFor.ts';
import { outcomeOfResponse } from './pipeline/retry/attemptOutcome.ts';
import type { GraphCall, GraphResponse } from './request.ts';
import { decideRetry } from './retryRules.ts';

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
  let { answers, nextLink } = readBatch('getMany', response, clock.now());
  let page = routes.batch;
  const isMissing = (_id: string, index: number): boolean => !answers.has(String(index));
  // What is still missing after as many parts as there are requests stays missing.
  for (let parts = 1; parts <= ids.length && ids.some(isMissing); parts += 1) {
    const url = nextLink === undefined ? undefined : resolveNextLink(nextLink, page, routes.batch);
    if (url === undefined) {
      break;
    }
    page = url;
    const more = await send({ operation: 'getMore', url, headers: readHeaders, call });
    const part = readBatch('getMore', more, clock.now());
    answers = new Map([...part.answers, ...answers]);
    nextLink = part.nextLink;
  }
  return ids.map((_id, index) => answers.get(String(index)));
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
