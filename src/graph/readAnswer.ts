import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { abortable } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import {
  countJsonValues,
  isJsonObject,
  isJsonType,
  jsonProblems,
  judgeJson,
  parseJson,
  withExactNumbers,
  withExactNumbersInSteps,
} from '../shared/json.ts';
import { laterTurn } from '../shared/loopShare.ts';
import { refusalOf } from './errorBody.ts';
import { abortErrorOf } from './errors.ts';
import { type Asked, protocolErrorOf, responseErrorOf } from './readRefusal.ts';
import {
  type GraphClientParts,
  type GraphRequest,
  type GraphResponse,
  type GraphRow,
  headerText,
  isPartnerId,
  isSameId,
  isWrite,
} from './request.ts';
import { maximumBodyBytes } from './transport.ts';

type Sent = Pick<GraphRequest, 'operation' | 'call'>;

/**
 * Reads an answer as it came, once for all who look at it: the JSON of its body, and what it says if it is no success.
 * A success whose body cannot be believed is an error from here on; of a refusal the status counts, whatever its body is.
 */
export async function readResponse(
  sent: Sent,
  response: GraphResponse,
  token: string,
  now: () => number,
): Promise<GraphResponse> {
  const answer = await readBody(sent, response);
  if (isSuccess(answer)) {
    return answer;
  }
  const redacted = token.length < shortestToken ? answer : redactToken(answer, token);
  return { ...redacted, refusal: refusalOf(redacted, now()) };
}

async function readBody(sent: Sent, response: GraphResponse): Promise<GraphResponse> {
  if (response.body.length === 0) {
    return response;
  }
  const encoding = [response.headers['content-encoding'] ?? ''].flat().join().trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') {
    return readPlain(sent, response);
  }
  const inflater = inflaters.get(encoding);
  if (inflater === undefined) {
    return withDoubt(sent, response, 'its encoding is not supported');
  }
  const isAWrite = isWrite(sent.operation);
  // What is packed small may take long to unpack; the operation's time holds for that, too.
  const decoded = await abortable(
    isAWrite ? sent.call.writeSignal : sent.call.signal,
    inflater(response.body, bounds).then(
      (body) => ({ body }),
      (error: unknown) => ({ isTooLarge: errnoCodeOf(error) === 'ERR_BUFFER_TOO_LARGE' }),
    ),
    (signal) => abortErrorOf(signal, isAWrite),
  );
  if ('body' in decoded) {
    return readPlain(sent, { ...response, body: decoded.body });
  }
  const problem = decoded.isTooLarge ? 'it is too large' : 'its encoding is broken';
  return withDoubt(sent, response, problem);
}

/** None is asked for, but a proxy may add one anyway; two are what a bomb is made of. */
const inflaters = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);
/** Each chunk is a turn of the event loop; with the default of 16 KiB a bomb takes a second if others take turns too. */
const bounds = { maxOutputLength: maximumBodyBytes, chunkSize: 256 * 1024 };
/**
 * Values and members in one answer: parsing takes time by their number more than by their bytes, and cannot be
 * interrupted. 1,000 partners with two assignments for each of two platforms have about 40,000.
 */
const maximumJsonValues = 75_000;
/** Smaller bodies cannot keep the event loop busy; larger ones are worked on in several turns of it. */
const smallBodyBytes = 32 * 1024;

async function readPlain(sent: Sent, response: GraphResponse): Promise<GraphResponse> {
  const { body } = response;
  if (body.length === 0 || !isJsonType(headerText(response, 'content-type') ?? '')) {
    return response;
  }
  const pause = body.length > smallBodyBytes ? laterTurn : undefined;
  if (pause && countJsonValues(body) > maximumJsonValues) {
    return withDoubt(sent, response, 'its JSON has too many values');
  }
  if (pause !== undefined) {
    await pause();
  }
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  const isText = isUtf8(body);
  if (pause !== undefined) {
    await pause();
  }
  const json = isText ? parseJson(text) : undefined;
  if (json === undefined && isSuccess(response)) {
    // Cut off: if the connection's end marks the body's, that is no error anywhere else.
    throw protocolErrorOf(sent, response, 'its JSON is broken', { fault: 'broken' });
  }
  if (json === undefined) {
    return response;
  }
  if (pause !== undefined) {
    await pause();
  }
  const { problem, hasNumbers, values } = judgeJson(text, json);
  if (problem !== undefined) {
    return withDoubt(sent, response, jsonProblems[problem]);
  }
  // A refusal needs no exact numbers.
  if (!hasNumbers || !isSuccess(response)) {
    return { ...response, json, jsonValues: values };
  }
  if (pause !== undefined) {
    await pause();
  }
  const exact = pause
    ? await withExactNumbersInSteps(text, json, pause)
    : withExactNumbers(text, json);
  return { ...response, json: exact, jsonValues: values };
}

/** A refusal with a doubtful body is no error of Graph's own. */
function withDoubt(sent: Sent, response: GraphResponse, problem: string): GraphResponse {
  if (isSuccess(response)) {
    throw protocolErrorOf(sent, response, problem);
  }
  return { ...response, body: Buffer.alloc(0) };
}

export function isSuccess({ status }: Pick<GraphResponse, 'status'>): boolean {
  return status >= 200 && status < 300;
}

/** Fewer characters are no secret, and part of many words. */
const shortestToken = 8;

/**
 * Takes the token that was sent out of a refusal, whatever it looks like: words of a refusal go to callers and its ids
 * into logs. A success is the caller's own data, and stays byte for byte.
 */
function redactToken(response: GraphResponse, token: string): GraphResponse {
  const hide = (text: string): string => text.replaceAll(token, '[redacted]');
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(hide) : value && hide(value),
    ]),
  );
  const text = response.body.toString('utf8');
  if (!text.includes(token)) {
    return { ...response, headers };
  }
  const hidden = hide(text);
  return { ...response, headers, body: Buffer.from(hidden), json: parseJson(hidden) };
}

/** Gives the JSON of a success. @throws GraphError for a refusal, and for an answer that cannot be believed. */
export function readJsonBody(
  asked: Asked,
  response: GraphResponse,
  expected: readonly number[] = [200],
): unknown {
  const { status, json, refusal } = response;
  if (refusal !== undefined) {
    throw responseErrorOf(asked, response, refusal);
  }
  if (!expected.includes(status)) {
    throw protocolErrorOf(asked, response, `a ${status} was not expected`);
  }
  // The item of a batch is JSON already, whether it says so or not: Microsoft's own example has no headers in it.
  const type = headerText(response, 'content-type');
  if (!(type === undefined ? json !== undefined : isJsonType(type))) {
    throw protocolErrorOf(asked, response, 'it is not JSON');
  }
  if (json === undefined) {
    throw protocolErrorOf(asked, response, 'its JSON is broken');
  }
  if (isJsonObject(json) && json['error'] != null) {
    throw protocolErrorOf(asked, response, 'it is a success with an error in it');
  }
  return json;
}

/** Makes a row of a JSON value of an answer. */
export function readPartner<Row extends GraphRow>(
  asked: Asked,
  response: GraphResponse,
  readRow: GraphClientParts<Row>['readRow'],
  value: unknown,
): Row {
  const row = readRow(value);
  if (typeof row === 'string') {
    throw protocolErrorOf(asked, response, row);
  }
  const { id } = row;
  if (asked.id !== undefined && !isSameId(asked.id, id)) {
    const answeredId = isPartnerId(id) ? id : undefined;
    throw protocolErrorOf(asked, response, 'it is about another partner', { answeredId });
  }
  return row;
}
