import { isJsonObject } from '../shared/json.ts';
import { carryOut, contentType, type FaultAnswer, type Outcome, type Stage } from './faults.ts';
import {
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  readJsonBody,
  refuse,
  refuseMethod,
  rootHeaders,
  type Version,
} from './http.ts';
import { answerRequest, findAccessRefusal } from './routes.ts';

/** A batch as it came. */
interface BatchCall {
  readonly version: Version;
  readonly request: EmulatorRequest;
  readonly stamp: ErrorStamp;
}

/**
 * Answers a batch: its requests one after the other, each as if it had come alone and with the batch's token, 424 for
 * those that wait for one which failed. The responses come last request first, because Graph promises no order and a
 * client has to go by the ids. A fault that kills one request does so to the batch's connection, and what comes after
 * that request never happens.
 */
export async function answerBatch(stage: Stage, call: BatchCall): Promise<Outcome> {
  const reading = readBatch(stage, call);
  if ('refusal' in reading) {
    return { answer: reading.refusal };
  }
  const done: { readonly id: string; readonly answer: FaultAnswer }[] = [];
  let kill: Outcome['kill'];
  for (const item of reading.items) {
    const hasFailed = done.some(
      ({ id, answer }) => answer.status >= 400 && item.dependsOn.some((one) => isSameId(one, id)),
    );
    const outcome = hasFailed ? failedDependency(call.stamp) : await answerItem(stage, call, item);
    done.push({ id: item.id, answer: outcome.answer });
    kill = outcome.kill;
    if (kill !== undefined) {
      break;
    }
  }
  const responses = done.map(({ id, answer }) => batchedResponse(id, answer)).reverse();
  return { answer: { status: 200, body: { responses } }, kill };
}

function readBatch(
  { parts }: Stage,
  { request, stamp }: BatchCall,
): { readonly items: readonly BatchItem[] } | { readonly refusal: EmulatorAnswer } {
  const refusal = findAccessRefusal(parts.acceptToken, request, stamp);
  if (refusal !== undefined) {
    return { refusal };
  }
  if (request.method !== 'POST') {
    return { refusal: refuseMethod('POST', stamp) };
  }
  const json = readJsonBody(request, stamp);
  if ('refusal' in json) {
    return json;
  }
  const reading = checkSequence(parseBatch(json.value));
  return 'items' in reading
    ? reading
    : { refusal: refuse({ status: 400, code: 'BadRequest', message: reading.problem }, stamp) };
}

function checkSequence(reading: BatchReading): BatchReading {
  const problem = 'items' in reading ? findSequenceProblem(reading.items) : undefined;
  return problem === undefined ? reading : { problem };
}

function answerItem(
  stage: Stage,
  { version, request, stamp }: BatchCall,
  item: BatchItem,
): Promise<Outcome> {
  const shared = ['authorization', ...rootHeaders].map((name) => [name, request.headers[name]]);
  const single: EmulatorRequest = {
    isSecure: request.isSecure ?? false,
    method: item.method,
    path: `/${version}/${item.url.replace(/^\//, '')}`,
    headers: { ...item.headers, ...Object.fromEntries(shared) },
    body: Buffer.from(item.body === undefined ? '' : JSON.stringify(item.body)),
  };
  // Graph stamps all responses of a batch alike.
  return carryOut({ ...stage, newStamp: () => stamp }, single, ({ parts }) => ({
    answer: answerRequest(parts, single, stamp),
  }));
}

function failedDependency(stamp: ErrorStamp): Outcome {
  // The status is documented; code and message are not, so no client can lean on these.
  const message = 'A request that this one depends on has failed.';
  return { answer: refuse({ status: 424, code: 'FailedDependency', message }, stamp) };
}

/** One request of a batch. */
interface BatchItem {
  /** As it was given; ids are the same where only their case differs. */
  readonly id: string;
  readonly method: string;
  /** Behind the version, with the query. */
  readonly url: string;
  /** The names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Ids of requests before this one. */
  readonly dependsOn: readonly string[];
}

/** The requests of a batch, or why the whole of it is rejected. */
type BatchReading = { readonly items: readonly BatchItem[] } | { readonly problem: string };

const maxItems = 20;
const writes = ['POST', 'PUT', 'PATCH'];
const malformed = 'Invalid batch payload format.';

/** Reads the body of a batch, or says in Graph's words what is wrong with its form. */
export function parseBatch(body: unknown): BatchReading {
  const requests = isJsonObject(body) ? body['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) {
    return { problem: malformed };
  }
  if (requests.length > maxItems) {
    return { problem: 'Number of requests inside batch exceeds the limit.' };
  }
  const items: BatchItem[] = [];
  for (const request of requests) {
    const item = readItem(request);
    if (item === undefined) {
      return { problem: malformed };
    }
    if (items.some(({ id }) => isSameId(id, item.id))) {
      return { problem: `Request Id ${item.id} has to be unique in a batch.` };
    }
    if (lacksContent(item)) {
      return {
        problem: `Write request id : ${item.id} does not contain Content-Type header or body.`,
      };
    }
    items.push(item);
  }
  return { items };
}

/** Ids in a batch are compared without case. */
function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function readItem(request: unknown): BatchItem | undefined {
  const { id, method, url, headers, body, dependsOn } = isJsonObject(request) ? request : {};
  const isComplete = isText(id) && isText(method) && isText(url);
  const isDependent = Array.isArray(dependsOn) && dependsOn.every(isText);
  const pairs = isJsonObject(headers) ? Object.entries(headers) : [];
  const texts = pairs.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
  );
  const isReadable =
    (headers === undefined || headers === null || isJsonObject(headers)) &&
    texts.length === pairs.length &&
    (dependsOn === undefined || dependsOn === null || isDependent);
  return isComplete && isReadable
    ? {
        id,
        method,
        url,
        headers: Object.fromEntries(texts),
        body: body ?? undefined,
        dependsOn: isDependent ? dependsOn : [],
      }
    : undefined;
}

/** A body needs its type beside it, and a write needs a body, be it an empty object. */
function lacksContent({ method, headers, body }: BatchItem): boolean {
  const hasType = headers['content-type'] !== undefined;
  return body === undefined ? writes.includes(method) : !hasType;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * Writes an answer as one response of a batch. Graph's own headers are there unless the answer has them, in whatever
 * case; bytes become Base64, and an answer without a body has no member for it.
 */
export function batchedResponse(id: string, answer: FaultAnswer): object {
  const { status, headers = {}, body } = answer;
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const usual = {
    'Cache-Control': 'private',
    ...(body !== undefined && { 'OData-Version': '4.0', 'Content-Type': contentType }),
  };
  const unanswered = Object.entries(usual).filter(([name]) => !given.has(name.toLowerCase()));
  return {
    id,
    status,
    headers: { ...Object.fromEntries(unanswered), ...headers },
    ...(body !== undefined && { body: Buffer.isBuffer(body) ? body.toString('base64') : body }),
  };
}

/**
 * Says in Graph's words what keeps requests from being put into a sequence: one that waits for a request which is not
 * before it, and a sequence that is none of the three which Graph takes and Microsoft's clients send: no waiting,
 * each waits for the one before it, or all who wait do so for the same one.
 */
export function findSequenceProblem(items: readonly BatchItem[]): string | undefined {
  const lost = items.find(({ dependsOn }, index) =>
    dependsOn.some((id) => !items.slice(0, index).some((earlier) => isSameId(earlier.id, id))),
  );
  if (lost !== undefined) {
    return `Invalid dependency for request Id ${lost.id}.`;
  }
  return isChain(items) || isFan(items)
    ? undefined
    : 'Batch should be either fully sequential or fully parallel.';
}

function isChain(items: readonly BatchItem[]): boolean {
  return items.every(({ dependsOn }, index) => {
    const previous = items[index - 1];
    const [first, ...others] = dependsOn;
    return previous === undefined
      ? first === undefined
      : first !== undefined && others.length === 0 && isSameId(first, previous.id);
  });
}

/** No waiting is a fan without ribs. */
function isFan(items: readonly BatchItem[]): boolean {
  const [first, ...others] = items.flatMap(({ dependsOn }) => dependsOn);
  return first === undefined || others.every((id) => isSameId(id, first));
}
