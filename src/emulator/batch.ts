import { batchedResponse } from './batch/batchedResponse.ts';
import { findSequenceProblem } from './batch/findSequenceProblem.ts';
import { type BatchItem, type BatchReading, isSameId, parseBatch } from './batch/parseBatch.ts';
import { carryOut, type Outcome, type Stage } from './carryOut.ts';
import { type EmulatorAnswer, refuse, refuseMethod } from './emulatorAnswer.ts';
import type { ErrorStamp } from './errorEnvelopes.ts';
import type { FaultAnswer } from './faults.ts';
import { findAccessRefusal } from './findAccessRefusal.ts';
import { type EmulatorRequest, rootHeaders } from './http.ts';
import { readJsonBody } from './readJsonBody.ts';
import type { Version } from './route.ts';
import { answerRequest } from './routes.ts';

/** A batch as it came. */
export interface BatchCall {
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
