import { isJsonObject } from './json.ts';
import type { GraphResponse } from './pipeline/pipeline.ts';
import { readJsonBody, unbelievable } from './response.ts';

/** Graph takes no more requests in one batch. */
export const maximumBatchSize = 20;

/** Gives the body of a batch of GETs; the position in `paths` is the id of each. Paths begin behind the version. */
export function batchBodyOf(paths: readonly string[]): string {
  const headers = { accept: 'application/json' };
  return JSON.stringify({
    requests: paths.map((url, index) => ({ id: String(index), method: 'GET', url, headers })),
  });
}

/**
 * Understands the answer to a batch: one answer for each request, matched by id because their order means nothing.
 * Undefined stands where one is missing, or not the only one. What each answer says is not looked at here.
 * @throws GraphResponseError for a refusal of the batch, GraphProtocolError for an answer that is none to a batch.
 */
export function readBatch(
  response: GraphResponse,
  count: number,
  nowMs: number,
): readonly (GraphResponse | undefined)[] {
  const body = readJsonBody('getMany', response, nowMs, [200]);
  const items = isJsonObject(body) ? body['responses'] : undefined;
  if (!Array.isArray(items)) {
    throw unbelievable('getMany', response, 'there are no answers in it');
  }
  const answers = new Map<string | undefined, GraphResponse | undefined>();
  for (const item of items) {
    const id = idOf(item);
    // Of two answers to one request nobody knows which is the right one.
    answers.set(id, answers.has(id) ? undefined : toResponse(item));
  }
  return Array.from({ length: count }, (_value, index) => answers.get(String(index)));
}

function idOf(item: unknown): string | undefined {
  return isJsonObject(item) ? textOf(item['id']) : undefined;
}

/** Not `String`: JSON can hold an object whose `toString` is no function. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function toResponse(item: unknown): GraphResponse | undefined {
  const status = isJsonObject(item) ? item['status'] : undefined;
  if (!isJsonObject(item) || typeof status !== 'number') {
    return undefined;
  }
  const headers = isJsonObject(item['headers']) ? item['headers'] : {};
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOf(value)]),
    ),
    body: Buffer.alloc(0),
    json: item['body'],
  };
}
