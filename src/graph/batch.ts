import { isJsonObject } from '../shared/json.ts';
import { refusalOf } from './errorBody.ts';
import { GraphError, isGraphError, sleep } from './errors.ts';
import { isSuccess, readJsonBody } from './readAnswer.ts';
import { graphAnswerOf, protocolErrorOf } from './readRefusal.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphResponse,
  isSameId,
  requiredScopesOf,
  resolveNextLink,
} from './request.ts';
import { decideRetry } from './retryRules.ts';

/** What became of one id among several: what was read, undefined if Graph has none, or why it could not be read. */
export type Lookup<Result> = Result | undefined | GraphError;

/** Graph takes no more requests in one batch. */
export const maximumBatchSize = 20;

/** `getByIds` takes no more ids. Source: its page in Graph's reference. */
export const maximumGroupsAtOnce = 1000;

/** What to read in one batch. */
interface BatchReads {
  readonly operation: 'getMany' | 'getFilters';
  /** At most 20, from behind the version. */
  readonly paths: readonly string[];
}

/** Makes the reads of several things in one call. They throw GraphErrors, and only if the call as a whole failed. */
export function createBatches({ send, routes, clock, chance }: GraphClientParts) {
  /**
   * Reads several things in one call, and asks again for those whose own answer was throttled or a fault: Graph leaves
   * that to the client. Gives what `read` makes of each answer, in the order of the paths; what is wrong with one
   * answer is no fault of the others.
   */
  async function getEach<Result>(
    { operation, paths }: BatchReads,
    call: GraphCall,
    read: (response: GraphResponse, index: number) => Result,
  ): Promise<readonly (Result | GraphError)[]> {
    const answers: (GraphResponse | undefined)[] = [];
    let open = paths.map((_path, index) => index);
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const asked = open.map((index) => paths[index] ?? '');
      const batch = await askOnce({ operation, paths: asked }, call);
      open.forEach((index, position) => {
        answers[index] = batch[position];
      });
      let delayMs = 0;
      open = open.filter((index) => {
        const itsDelayMs = repeatDelayMsOf(answers[index], attempt, call);
        delayMs = Math.max(delayMs, itsDelayMs ?? 0);
        return itsDelayMs !== undefined;
      });
      if (open.length > 0) {
        await sleep(clock, delayMs, call.signal);
      }
    }
    return paths.map((_path, index) => {
      const answer = answers[index];
      if (answer === undefined) {
        const message = "Microsoft Graph's answer to a batch leaves out a request.";
        return new GraphError('badResponse', message);
      }
      try {
        return read(answer, index);
      } catch (error) {
        if (isGraphError(error)) {
          return error;
        }
        throw error;
      }
    });
  }

  /** Gives the answers in the order of the paths; undefined for a path without one. */
  async function askOnce({ operation, paths }: BatchReads, call: GraphCall) {
    const headers = { accept: 'application/json' };
    const requests = paths.map((url, index) => ({
      id: String(index),
      method: 'GET',
      url,
      headers,
    }));
    const body = JSON.stringify({ requests });
    let page = routes.batch;
    const response = await send({ operation, url: page, body, call, cost: paths.length });
    let { answers, nextLink } = readBatch(operation, response, clock.now());
    const isMissing = (_path: string, index: number): boolean => !answers.has(String(index));
    // What is still missing after as many parts as there are requests stays missing.
    for (let parts = 1; parts <= paths.length && paths.some(isMissing); parts += 1) {
      const url = nextLink && resolveNextLink(nextLink, page, routes.batch);
      if (!url) {
        break;
      }
      page = url;
      const more = await send({ operation: 'getMore', url, call });
      const part = readBatch('getMore', more, clock.now());
      answers = new Map([...part.answers, ...answers]);
      nextLink = part.nextLink;
    }
    return paths.map((_path, index) => answers.get(String(index)));
  }

  /** How long to wait before an item is asked for again; undefined if its answer is final. */
  function repeatDelayMsOf(
    answer: GraphResponse | undefined,
    attempt: number,
    call: GraphCall,
  ): number | undefined {
    if (answer?.refusal === undefined) {
      return undefined;
    }
    const decision = decideRetry({
      operation: 'get',
      attempt,
      end: { answer },
      canRefreshToken: false,
      timeLeftMs: call.deadlineMs - clock.now(),
      hasBudget: true,
      chance: chance(),
    });
    return decision.kind === 'repeat' ? decision.delayMs : undefined;
  }

  return {
    getEach,

    /**
     * Reads the names of up to 1,000 groups in one call, in the order of the ids, which are GUIDs. Graph leaves out what
     * it does not have, and gives the id without a name if the token may not see it.
     */
    async getGroupNames(
      ids: readonly string[],
      call: GraphCall,
    ): Promise<readonly Lookup<string>[]> {
      const operation = 'getGroups';
      const body = JSON.stringify({ ids, types: ['group'] });
      const response = await send({ operation, url: routes.groupsByIds, body, call });
      const answer = readJsonBody({ operation }, response);
      const rows = isJsonObject(answer) ? answer['value'] : undefined;
      if (!Array.isArray(rows)) {
        throw protocolErrorOf({ operation }, response, 'it has no list');
      }
      const names = new Map<string, string | null>();
      for (const row of rows) {
        const { id, displayName } = isJsonObject(row) ? row : {};
        if (typeof id === 'string') {
          names.set(id.toLowerCase(), typeof displayName === 'string' ? displayName : null);
        }
      }
      const hidden = hiddenNameError(operation, response);
      return ids.map((id) => {
        const name = names.get(id.toLowerCase());
        return name === null ? hidden : name;
      });
    },

    /** Reads the names of up to 20 assignment filters in one batch, in the order of the ids. */
    async getFilterNames(
      ids: readonly string[],
      call: GraphCall,
    ): Promise<readonly Lookup<string>[]> {
      const operation = 'getFilters';
      const paths = ids.map((id) => routes.filterInBatch(id));
      return getEach({ operation, paths }, call, (item, index) => {
        if (item.status === 404) {
          return undefined;
        }
        const filter = readJsonBody({ operation }, item);
        const { id, displayName } = isJsonObject(filter) ? filter : {};
        if (typeof id !== 'string' || !isSameId(ids[index] ?? '', id)) {
          throw protocolErrorOf({ operation }, item, 'it is not about the filter');
        }
        return typeof displayName === 'string' ? displayName : hiddenNameError(operation, item);
      });
    },
  };
}

/**
 * Understands the answer to a batch, or a further part of it: answers by the ids of their requests, and where the others
 * are. What each answer says is not looked at here.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
function readBatch(
  operation: BatchReads['operation'] | 'getMore',
  response: GraphResponse,
  nowMs: number,
) {
  const body = readJsonBody({ operation }, response);
  const items = isJsonObject(body) ? body['responses'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(items)) {
    throw protocolErrorOf({ operation }, response, 'it has no answers');
  }
  // Undefined stands for a request that has two answers, or one that is none.
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
  return isSuccess(response) ? response : { ...response, refusal: refusalOf(response, nowMs) };
}

/** Graph shows the id of what a token may not read, and nothing else. */
function hiddenNameError(
  operation: 'getGroups' | 'getFilters',
  response: GraphResponse,
): GraphError {
  return new GraphError('forbidden', 'Microsoft Graph gives the id without a name.', {
    lacking: 'PERMISSION',
    requiredScopes: requiredScopesOf(operation),
    answer: graphAnswerOf(response),
  });
}
