import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { abortable } from '../shared/abort.ts';
import {
  countJsonValues,
  isJsonType,
  judgeUsualJson,
  parseJson,
  withExactNumbers,
  withExactNumbersInSteps,
} from '../shared/json.ts';
import { laterTurn } from '../shared/loopShare.ts';
import { abortErrorOf } from './errors.ts';
import { protocolErrorOf } from './readRefusal.ts';
import { type GraphRequest, type GraphResponse, headerText } from './request.ts';
import { maximumBodyBytes, maximumJsonValues, smallBodyBytes } from './transport.ts';
import { isWrite } from './types.ts';

/**
 * Makes JSON of an answer's body, once for all who look at it: at once if it is small and plain. A success whose body
 * cannot be believed is an error from here on; of a refusal the status counts, whatever its body is.
 */
export function readBody(
  request: Pick<GraphRequest, 'operation' | 'call'>,
  response: GraphResponse,
): GraphResponse | Promise<GraphResponse> {
  if (isEncoded(response)) {
    return readEncoded(request, response);
  }
  if (!isJson(response) || response.body.length === 0) {
    return response;
  }
  return response.body.length <= smallBodyBytes
    ? readSmallJson(request, response)
    : readJson(request, response);
}

async function readEncoded(
  request: Pick<GraphRequest, 'operation' | 'call'>,
  response: GraphResponse,
): Promise<GraphResponse> {
  const decoded = await decodeInTime(request, response);
  if ('problem' in decoded) {
    if (isSuccess(response)) {
      throw protocolErrorOf(request, response, decoded.problem);
    }
    return { ...response, body: Buffer.alloc(0) };
  }
  return isJson(response) && decoded.body.length > 0
    ? readJson(request, { ...response, body: decoded.body })
    : { ...response, body: decoded.body };
}

/** As many values as there may be do not fit into a small body. */
function readSmallJson(
  request: Pick<GraphRequest, 'operation'>,
  response: GraphResponse,
): GraphResponse {
  const { body } = response;
  const text = textOf(body);
  const json = isUtf8(body) ? parseJson(text) : undefined;
  if (json === undefined) {
    return withoutJson(request, response);
  }
  const { problem, hasNumbers } = judgeUsualJson(text, json);
  if (problem !== undefined) {
    return withDoubt(request, response, problem);
  }
  if (!isSuccess(response)) {
    return { ...response, json };
  }
  return {
    ...response,
    json: hasNumbers ? withExactNumbers(text, json) : json,
    jsonValues: request.operation === 'list' ? countJsonValues(body) : 0,
  };
}

function textOf(body: Buffer): string {
  const text = body.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** A success that has no JSON where it should is cut off: where the connection's end marks the body's, that is no error anywhere else. */
function withoutJson(
  request: Pick<GraphRequest, 'operation'>,
  response: GraphResponse,
): GraphResponse {
  if (isSuccess(response)) {
    throw protocolErrorOf(request, response, 'its JSON is broken', { fault: 'broken' });
  }
  return response;
}

/** A refusal with a doubtful body is no error of Graph's own. */
function withDoubt(
  request: Pick<GraphRequest, 'operation'>,
  response: GraphResponse,
  problem: string,
): GraphResponse {
  if (isSuccess(response)) {
    throw protocolErrorOf(request, response, problem);
  }
  return { ...response, body: Buffer.alloc(0) };
}

/** What is packed small may take long to unpack; the operation's time holds for that, too. */
function decodeInTime(
  { operation, call }: Pick<GraphRequest, 'operation' | 'call'>,
  response: GraphResponse,
): Promise<DecodedBody> {
  const isAWrite = isWrite(operation);
  return abortable(
    isAWrite ? call.writeSignal : call.signal,
    decodeBody(response, maximumBodyBytes),
    (signal) => abortErrorOf(signal, isAWrite),
  );
}

/** Large JSON in steps, so that others have their turn between them. */
async function readJson(
  request: Pick<GraphRequest, 'operation'>,
  response: GraphResponse,
): Promise<GraphResponse> {
  const { body } = response;
  const values = countJsonValues(body);
  if (values > maximumJsonValues) {
    return withDoubt(request, response, 'its JSON has too many values');
  }
  await laterTurn();
  const text = textOf(body);
  const isText = isUtf8(body);
  await laterTurn();
  const json = isText ? parseJson(text) : undefined;
  if (json === undefined) {
    return withoutJson(request, response);
  }
  await laterTurn();
  const { problem, hasNumbers } = judgeUsualJson(text, json);
  if (problem !== undefined) {
    return withDoubt(request, response, problem);
  }
  if (!isSuccess(response)) {
    return { ...response, json };
  }
  await laterTurn();
  const exact = hasNumbers ? await withExactNumbersInSteps(text, json, laterTurn) : json;
  return { ...response, json: exact, jsonValues: values };
}

function isSuccess({ status }: GraphResponse): boolean {
  return status >= 200 && status < 300;
}

function isJson(response: GraphResponse): boolean {
  return isJsonType(headerText(response, 'content-type') ?? '');
}

/** The body without its encoding, or what is wrong with it. */
type DecodedBody = { readonly body: Buffer } | { readonly problem: string };

type Inflate = (
  body: Buffer,
  bounds: { readonly maxOutputLength: number; readonly chunkSize: number },
) => Promise<Buffer>;

/** Each chunk is a turn of the event loop; with the default of 16 KiB a bomb takes a second where others take turns too. */
const chunkSize = 256 * 1024;

const inflaters: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * Takes the content encoding off. None is asked for, but a proxy may add one anyway; two are
 * what a bomb is made of. The bound, in bytes, holds for what comes out.
 */
export async function decodeBody(
  response: GraphResponse,
  maximumBytes: number,
): Promise<DecodedBody> {
  if (!isEncoded(response)) {
    return { body: response.body };
  }
  const encoding = encodingOf(response);
  const decode = inflaters.get(encoding);
  if (decode === undefined) {
    return { problem: 'its encoding is not supported' };
  }
  try {
    return { body: await decode(response.body, { maxOutputLength: maximumBytes, chunkSize }) };
  } catch (error) {
    return { problem: isTooLarge(error) ? 'it is too large' : 'its encoding is broken' };
  }
}

/** Whether there is something to take off. */
function isEncoded(response: GraphResponse): boolean {
  return response.body.length > 0 && !['', 'identity'].includes(encodingOf(response));
}

function encodingOf({ headers }: GraphResponse): string {
  return [headers['content-encoding'] ?? ''].flat().join().trim().toLowerCase();
}

function isTooLarge(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_BUFFER_TOO_LARGE'
  );
}
