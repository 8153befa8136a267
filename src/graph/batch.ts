import { isJsonObject } from './json.ts';
import { readJsonBody, unbelievable } from './readAnswer.ts';
import type { GraphResponse } from './request.ts';

/** Graph takes no more requests in one batch. */
export const maximumBatchSize = 20;

/** Gives the body of a batch of GETs; the position in `paths` is the id of each. Paths begin behind the version. */
export function batchBodyOf(paths: readonly string[]): string {
  const headers = { accept: 'application/json' };
  return JSON.stringify({
    requests: paths.map((url, index) => ({ id: String(index), method: 'GET', url, headers })),
  });
}

/** A part of the answer to a batch: answers by the ids of their requests, and where the others are. */
export interface BatchPart {
  /** Undefined stands where a request has two answers, or one that is none. */
  readonly answers: ReadonlyMap<string | undefined, GraphResponse | undefined>;
  readonly nextLink: string | undefined;
}

/**
 * Understands the answer to a batch, or a further part of it. What each answer says is not looked at here.
 * @throws GraphResponseError for a refusal of the batch, GraphProtocolError for an answer that is none to a batch.
 */
export function readBatch(
  operation: 'getMany' | 'getMore',
  response: GraphResponse,
  nowMs: number,
): BatchPart {
  const body = readJsonBody({ operation }, response, nowMs, [200]);
  const items = isJsonObject(body) ? body['responses'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(items)) {
    throw unbelievable({ operation }, response, 'there are no answers in it');
  }
  const answers = new Map<string | undefined, GraphResponse | undefined>();
  for (const item of items) {
    const id = idOf(item);
    // Of two answers to one request nobody knows which is the right one.
    answers.set(id, answers.has(id) ? undefined : toResponse(item, response));
  }
  // Microsoft's own clients know the link under both names.
  return { answers, nextLink: textOf(body['@odata.nextLink'] ?? body['@nextLink']) };
}

function idOf(item: unknown): string | undefined {
  return isJsonObject(item) ? textOf(item['id']) : undefined;
}

/** Not `String`: JSON can hold an object whose `toString` is no function. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function toResponse(item: unknown, batch: GraphResponse): GraphResponse | undefined {
  const status = isJsonObject(item) ? item['status'] : undefined;
  if (!isJsonObject(item) || typeof status !== 'number') {
    return undefined;
  }
  const headers = isJsonObject(item['headers']) ? item['headers'] : {};
  return {
    status,
    headers: {
      // An item that names no request of its own belongs to the batch's.
      'request-id': batch.headers['request-id'],
      'client-request-id': batch.headers['client-request-id'],
      date: batch.headers['date'],
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOf(value)]),
      ),
    },
    body: Buffer.alloc(0),
    json: item['body'],
  };
}
