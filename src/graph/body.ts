import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { abortable } from '../shared/abort.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import {
  countJsonValues,
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
import { protocolErrorOf } from './readRefusal.ts';
import { type GraphRequest, type GraphResponse, headerText, isWrite } from './request.ts';
import { maximumBodyBytes } from './transport.ts';

type Asked = Pick<GraphRequest, 'operation' | 'call'>;

/**
 * Values and members in one answer: parsing takes time by their number more than by their bytes, and cannot be
 * interrupted. 1,000 partners with two assignments for each of two platforms have about 40,000.
 */
export const maximumJsonValues = 75_000;
/** Smaller bodies cannot keep the event loop busy; larger ones are worked on in several turns of it. */
const smallBodyBytes = 32 * 1024;

/**
 * Makes JSON of an answer's body, once for all who look at it: at once if it is small and plain. A success whose body
 * cannot be believed is an error from here on; of a refusal the status counts, whatever its body is.
 */
export function readBody(
  asked: Asked,
  response: GraphResponse,
): GraphResponse | Promise<GraphResponse> {
  const { body, headers } = response;
  if (body.length === 0) {
    return response;
  }
  const encoding = [headers['content-encoding'] ?? ''].flat().join().trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') {
    return readEncoded(asked, response, encoding);
  }
  return readPlain(asked, response);
}

function readPlain(asked: Asked, response: GraphResponse): GraphResponse | Promise<GraphResponse> {
  const { body } = response;
  if (body.length === 0 || !isJsonType(headerText(response, 'content-type') ?? '')) {
    return response;
  }
  if (body.length > smallBodyBytes) {
    return readLargeJson(asked, response);
  }
  const text = textOf(body);
  const json = isUtf8(body) ? parseJson(text) : undefined;
  const { doubtful, hasNumbers, values } = judge(asked, response, text, json);
  if (doubtful !== undefined) {
    return doubtful;
  }
  const exact = hasNumbers ? withExactNumbers(text, json) : json;
  return { ...response, json: exact, jsonValues: values };
}

/** In steps, so that others have their turn between them. */
async function readLargeJson(asked: Asked, response: GraphResponse): Promise<GraphResponse> {
  const { body } = response;
  const jsonValues = countJsonValues(body);
  if (jsonValues > maximumJsonValues) {
    return withDoubt(asked, response, 'its JSON has too many values');
  }
  await laterTurn();
  const text = textOf(body);
  const isText = isUtf8(body);
  await laterTurn();
  const json = isText ? parseJson(text) : undefined;
  await laterTurn();
  const { doubtful, hasNumbers } = judge(asked, response, text, json);
  if (doubtful !== undefined) {
    return doubtful;
  }
  await laterTurn();
  const exact = hasNumbers ? await withExactNumbersInSteps(text, json, laterTurn) : json;
  return { ...response, json: exact, jsonValues };
}

function textOf(body: Buffer): string {
  const text = body.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Looks at parsed JSON; `doubtful` is all there is to an answer that is none to believe, or is no success. */
function judge(asked: Asked, response: GraphResponse, text: string, json: unknown) {
  if (json === undefined) {
    if (isSuccess(response)) {
      // Cut off: if the connection's end marks the body's, that is no error anywhere else.
      throw protocolErrorOf(asked, response, 'its JSON is broken', { fault: 'broken' });
    }
    return { doubtful: response, hasNumbers: false, values: 0 };
  }
  const { problem, hasNumbers, values } = judgeJson(text, json);
  if (problem !== undefined) {
    const doubtful = withDoubt(asked, response, jsonProblems[problem]);
    return { doubtful, hasNumbers, values };
  }
  // A refusal needs no exact numbers.
  const doubtful = isSuccess(response) ? undefined : { ...response, json };
  return { doubtful, hasNumbers, values };
}

/** A refusal with a doubtful body is no error of Graph's own. */
function withDoubt(asked: Asked, response: GraphResponse, problem: string): GraphResponse {
  if (isSuccess(response)) {
    throw protocolErrorOf(asked, response, problem);
  }
  return { ...response, body: Buffer.alloc(0) };
}

function isSuccess({ status }: GraphResponse): boolean {
  return status >= 200 && status < 300;
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

/** What is packed small may take long to unpack; the operation's time holds for that, too. */
async function readEncoded(
  asked: Asked,
  response: GraphResponse,
  encoding: string,
): Promise<GraphResponse> {
  const decode = inflaters.get(encoding);
  if (decode === undefined) {
    return withDoubt(asked, response, 'its encoding is not supported');
  }
  const isAWrite = isWrite(asked.operation);
  const decoded = await abortable(
    isAWrite ? asked.call.writeSignal : asked.call.signal,
    decode(response.body, bounds).then(
      (body) => ({ body }),
      (error: unknown) => ({ isTooLarge: errnoCodeOf(error) === 'ERR_BUFFER_TOO_LARGE' }),
    ),
    (signal) => abortErrorOf(signal, isAWrite),
  );
  if ('body' in decoded) {
    return readPlain(asked, { ...response, body: decoded.body });
  }
  const problem = decoded.isTooLarge ? 'it is too large' : 'its encoding is broken';
  return withDoubt(asked, response, problem);
}

const mark = '[redacted]';
const shortestToken = 8;

/**
 * Reads what an answer says that is no success, once for all who look at it. The token that was sent is taken out first,
 * whatever it looks like: words of a refusal go to callers and its ids into logs. Fewer than eight characters are no
 * secret, and part of many words. A success is the caller's own data, and stays byte for byte.
 */
export function readRefused(response: GraphResponse, token: string, nowMs: number): GraphResponse {
  const redacted = token.length < shortestToken ? response : redactToken(response, token);
  return { ...redacted, refusal: refusalOf(redacted, nowMs) };
}

function redactToken(response: GraphResponse, token: string): GraphResponse {
  const hide = (text: string): string => text.replaceAll(token, mark);
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
  const json = parseJson(hidden);
  const { json: _repeated, ...rest } = response;
  return { ...rest, headers, body: Buffer.from(hidden), ...(json !== undefined && { json }) };
}
