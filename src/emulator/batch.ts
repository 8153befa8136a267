import { isJsonObject } from '../shared/json.ts';
import { carryOut, type Outcome, type Stage } from './faults.ts';
import {
  contentType,
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  readJsonBody,
  refusal,
  rootHeaders,
  type Version,
} from './http.ts';
import { answerRequest, checkAccess, requireMethod } from './routes.ts';

interface BatchCall {
  readonly version: Version;
  readonly request: EmulatorRequest;
  readonly stamp: ErrorStamp;
}

interface DoneItem {
  readonly id: string;
  readonly answer: EmulatorAnswer;
}

/**
 * Answers a batch: its requests one after the other, each as if it had come alone and with the batch's token, 424 for
 * those that wait for one which failed. The responses come last request first, because Graph promises no order and a
 * client has to go by the ids. A fault that kills one request does so to the batch's connection, and what comes after
 * that request never happens.
 * @throws Refusal if the batch as a whole is rejected
 */
export async function answerBatch(stage: Stage, call: BatchCall): Promise<Outcome> {
  const { request, stamp } = call;
  checkAccess(stage.parts, request);
  requireMethod(request, 'POST');
  const done: DoneItem[] = [];
  let kill: Outcome['kill'];
  for (const item of parseBatch(readJsonBody(request))) {
    const hasFailed = done.some(
      ({ id, answer }) => answer.status >= 400 && item.dependsOn.some((one) => isSameId(one, id)),
    );
    const outcome: Outcome = hasFailed
      ? { answer: failedDependency.answerFor(stamp) }
      : await answerItem(stage, call, item);
    done.push({ id: item.id, answer: outcome.answer });
    kill = outcome.kill;
    if (kill !== undefined) {
      break;
    }
  }
  return {
    answer: { status: 200, body: { responses: done.map(batchedResponse).reverse() } },
    kill,
  };
}

/** The status is documented; code and message are not, so no client can lean on these. */
const failedDependency = refusal(
  424,
  'FailedDependency',
  'A request that this one depends on has failed.',
);

function answerItem(stage: Stage, call: BatchCall, item: BatchItem): Promise<Outcome> {
  const { version, request, stamp } = call;
  const shared = ['authorization', ...rootHeaders].map((name) => [name, request.headers[name]]);
  const single: EmulatorRequest = {
    isSecure: request.isSecure,
    method: item.method,
    path: `/${version}/${item.url.replace(/^\//, '')}`,
    headers: { ...item.headers, ...Object.fromEntries(shared) },
    body: Buffer.from(item.body === undefined ? '' : JSON.stringify(item.body)),
  };
  // Graph stamps all responses of a batch alike.
  return carryOut({ ...stage, newStamp: () => stamp }, single, ({ parts }) => ({
    answer: answerRequest(parts, single, true),
  }));
}

interface BatchItem {
  /** As it was given; ids are compared without case. */
  readonly id: string;
  readonly method: string;
  /** Behind the version, with the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Ids of requests before this one. */
  readonly dependsOn: readonly string[];
}

const maxItems = 20;
const writes = ['POST', 'PUT', 'PATCH'];

/** The error for a batch that is rejected as a whole. */
function batchRefusal(message = 'Invalid batch payload format.'): Error {
  return refusal(400, 'BadRequest', message);
}

/**
 * Reads the body of a batch.
 * @throws Refusal that says in Graph's words what is wrong with its form
 */
function parseBatch(body: unknown): readonly BatchItem[] {
  const requests = isJsonObject(body) ? body['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) {
    throw batchRefusal();
  }
  if (requests.length > maxItems) {
    throw batchRefusal('Number of requests inside batch exceeds the limit.');
  }
  const items: BatchItem[] = [];
  for (const request of requests) {
    const item = readItem(request);
    const { id, method, headers } = item;
    if (items.some((other) => isSameId(other.id, id))) {
      throw batchRefusal(`Request Id ${id} has to be unique in a batch.`);
    }
    // A body needs its type beside it, and a write needs a body, be it an empty object.
    const hasType = headers['content-type'] !== undefined;
    if (item.body === undefined ? writes.includes(method) : !hasType) {
      throw batchRefusal(`Write request id : ${id} does not contain Content-Type header or body.`);
    }
    items.push(item);
  }
  checkSequence(items);
  return items;
}

function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function readItem(request: unknown): BatchItem {
  const { id, method, url, headers, body, dependsOn } = isJsonObject(request) ? request : {};
  const ids = dependsOn ?? [];
  const given = headers ?? {};
  const areReadable =
    isJsonObject(given) && Object.values(given).every((value) => typeof value === 'string');
  if (!isText(id) || !isText(method) || !isText(url) || !areReadable || !areTexts(ids)) {
    throw batchRefusal();
  }
  const lowered = Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    id,
    method,
    url,
    headers: Object.fromEntries(lowered),
    body: body ?? undefined,
    dependsOn: ids,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/**
 * Writes an answer as one response of a batch. Graph's own headers are there unless the answer has them, in whatever
 * case; bytes become Base64, and an answer without a body has no member for it.
 */
function batchedResponse({ id, answer: { status, headers = {}, body } }: DoneItem): object {
  const given = Object.keys(headers).map((name) => name.toLowerCase());
  const usual = Object.entries({
    'Cache-Control': 'private',
    ...(body !== undefined && { 'OData-Version': '4.0', 'Content-Type': contentType }),
  }).filter(([name]) => !given.includes(name.toLowerCase()));
  return {
    id,
    status,
    headers: { ...Object.fromEntries(usual), ...headers },
    ...(body !== undefined && { body: Buffer.isBuffer(body) ? body.toString('base64') : body }),
  };
}

/**
 * Allows the three sequences that Graph takes and Microsoft's clients send: no request waits, each waits for the one
 * before it, or all that wait do so for the same one. Requests wait for earlier ones only.
 */
function checkSequence(items: readonly BatchItem[]): void {
  const lost = items.find(({ dependsOn }, index) =>
    dependsOn.some((id) => !items.slice(0, index).some((earlier) => isSameId(earlier.id, id))),
  );
  if (lost !== undefined) {
    throw batchRefusal(`Invalid dependency for request Id ${lost.id}.`);
  }
  const [first = '', ...others] = items.flatMap(({ dependsOn }) => dependsOn);
  const isFan = others.every((id) => isSameId(id, first));
  const isChain = items.every(({ dependsOn }, index) => {
    const previous = items[index - 1];
    return previous === undefined
      ? dependsOn.length === 0
      : dependsOn.length === 1 && isSameId(dependsOn[0] ?? '', previous.id);
  });
  if (!isFan && !isChain) {
    throw batchRefusal('Batch should be either fully sequential or fully parallel.');
  }
}
