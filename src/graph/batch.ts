import { isJsonObject } from '../shared/json.ts';
import { refusalOf } from './errorBody.ts';
import { sleep } from './errors.ts';
import { readJsonBody } from './readAnswer.ts';
import { protocolErrorOf } from './readRefusal.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphResponse,
  readHeaders,
  resolveNextLink,
  writeHeaders,
} from './request.ts';
import { decideRetry, outcomeOf } from './retryRules.ts';

/** Graph takes no more requests in one batch. */
export const maximumBatchSize = 20;

/** Gives the body of a batch of GETs; the position in `paths` is the id of each. Paths begin behind the version. */
export function batchBodyOf(paths: readonly string[]): string {
  const headers = { accept: 'application/json' };
  return JSON.stringify({
    requests: paths.map((url, index) => ({ id: String(index), method: 'GET', url, headers })),
  });
}

/** What to read in one batch. */
interface BatchReads {
  readonly operation: 'getMany' | 'getFilters';
  /** At most 20, from behind the version. */
  readonly paths: readonly string[];
}

/** A part of the answer to a batch: answers by the ids of their requests, and where the others are. */
interface BatchPart {
  /** Undefined stands for a request that has two answers, or one that is none. */
  readonly answers: ReadonlyMap<string | undefined, GraphResponse | undefined>;
  readonly nextLink: string | undefined;
}

/**
 * Understands the answer to a batch, or a further part of it. What each answer says is not looked at here.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readBatch(
  operation: BatchReads['operation'] | 'getMore',
  response: GraphResponse,
  nowMs: number,
): BatchPart {
  const body = readJsonBody({ operation }, response, nowMs, [200]);
  const items = isJsonObject(body) ? body['responses'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(items)) {
    throw protocolErrorOf({ operation }, response, 'it has no answers');
  }
  const answers = new Map<string | undefined, GraphResponse | undefined>();
  for (const item of items) {
    const id = isJsonObject(item) ? textOf(item['id']) : undefined;
    // Of two answers to one request, the right one is unknown.
    answers.set(id, answers.has(id) ? undefined : toResponse(item, response, nowMs));
  }
  // Microsoft's own clients know the link under both names.
  return { answers, nextLink: textOf(body['@odata.nextLink'] ?? body['@nextLink']) };
}

/** Not `String`: JSON can hold an object whose `toString` is no function. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function toResponse(
  item: unknown,
  { headers }: GraphResponse,
  nowMs: number,
): GraphResponse | undefined {
  const status = isJsonObject(item) ? item['status'] : undefined;
  if (!isJsonObject(item) || typeof status !== 'number') {
    return undefined;
  }
  const own = Object.entries(isJsonObject(item['headers']) ? item['headers'] : {});
  const response = {
    status,
    headers: {
      // An item that names no request of its own belongs to the batch's.
      'request-id': headers['request-id'],
      'client-request-id': headers['client-request-id'],
      date: headers['date'],
      ...Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), textOf(value)])),
    },
    body: Buffer.alloc(0),
    json: item['body'],
  };
  return status < 300 ? response : { ...response, refusal: refusalOf(response, nowMs) };
}

/**
 * Reads several things in one call, and asks again for those whose own answer was throttled or a fault: Graph leaves
 * that to the client. Gives an answer for each path in their order, undefined if Graph left one out.
 */
export async function getManyItems(
  parts: GraphClientParts,
  { operation, paths }: BatchReads,
  call: GraphCall,
): Promise<readonly (GraphResponse | undefined)[]> {
  const answers: (GraphResponse | undefined)[] = [];
  let open = paths.map((_path, index) => index);
  for (let attempt = 1; open.length > 0; attempt += 1) {
    const asked = open.map((index) => paths[index] ?? '');
    const batch = await askOnce(parts, { operation, paths: asked }, call);
    open.forEach((index, position) => {
      answers[index] = batch[position];
    });
    let delayMs = 0;
    open = open.filter((index) => {
      const itsDelayMs = repeatDelayMsOf(parts, answers[index], attempt, call);
      delayMs = Math.max(delayMs, itsDelayMs ?? 0);
      return itsDelayMs !== undefined;
    });
    if (open.length > 0) {
      await sleep(parts.clock, delayMs, call.signal);
    }
  }
  return answers;
}

async function askOnce(
  { send, routes, clock }: GraphClientParts,
  { operation, paths }: BatchReads,
  call: GraphCall,
): Promise<readonly (GraphResponse | undefined)[]> {
  const response = await send({
    operation,
    url: routes.batch,
    headers: writeHeaders,
    body: batchBodyOf(paths),
    call,
    cost: paths.length,
  });
  let { answers, nextLink } = readBatch(operation, response, clock.now());
  let page = routes.batch;
  const isMissing = (_path: string, index: number): boolean => !answers.has(String(index));
  // What is still missing after as many parts as there are requests stays missing.
  for (let parts = 1; parts <= paths.length && paths.some(isMissing); parts += 1) {
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
  return paths.map((_path, index) => answers.get(String(index)));
}

/** How long to wait before an item is asked for again; undefined if its answer is final. */
function repeatDelayMsOf(
  { clock, chance }: GraphClientParts,
  response: GraphResponse | undefined,
  attempt: number,
  call: GraphCall,
): number | undefined {
  if (response === undefined || response.status < 300) {
    return undefined;
  }
  const nowMs = clock.now();
  const decision = decideRetry({
    operation: 'get',
    attempt,
    outcome: outcomeOf({ response }, nowMs),
    canRefreshToken: false,
    timeLeftMs: call.deadlineMs - nowMs,
    hasBudget: true,
    chance: chance(),
  });
  return decision.kind === 'repeat' ? decision.delayMs : undefined;
}
