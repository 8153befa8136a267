import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { abortable } from '../shared/abort.ts';
import {
  countJsonValues,
  findJsonProblem,
  isJsonType,
  parseJson,
  withExactNumbersInSteps,
} from '../shared/json.ts';
import { laterTurn } from '../shared/loopShare.ts';
import { abortErrorOf } from './errors.ts';
import { protocolErrorOf } from './readRefusal.ts';
import { type GraphRequest, type GraphResponse, headerText } from './request.ts';
import { maximumBodyBytes, maximumJsonValues, smallBodyBytes } from './transport.ts';
import { isWrite } from './types.ts';

/**
 * Makes JSON of an answer's body, once for all who look at it. A success whose body cannot be believed is an error
 * from here on; of a refusal the status counts, whatever its body is.
 */
export async function readBody(
  request: Pick<GraphRequest, 'operation' | 'call'>,
  response: GraphResponse,
): Promise<GraphResponse> {
  const decoded = isEncoded(response)
    ? await decodeInTime(request, response)
    : { body: response.body };
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

async function readJson(
  request: Pick<GraphRequest, 'operation'>,
  response: GraphResponse,
): Promise<GraphResponse> {
  const { body } = response;
  const isSmall = body.length <= smallBodyBytes;
  const pause = isSmall ? undefined : laterTurn;
  const values = countJsonValues(body);
  if (values > maximumJsonValues) {
    if (isSuccess(response)) {
      throw protocolErrorOf(request, response, 'its JSON has too many values');
    }
    return { ...response, body: Buffer.alloc(0) };
  }
  await pause?.();
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  const isText = isUtf8(body);
  await pause?.();
  const json = isText ? parseJson(text) : undefined;
  if (!isSuccess(response)) {
    if (json === undefined) {
      return response;
    }
    // With a doubtful body it is no error of Graph's own.
    return findJsonProblem(text, json) === undefined
      ? { ...response, json }
      : { ...response, body: Buffer.alloc(0) };
  }
  if (json === undefined) {
    // A body whose end the connection's end marks is cut off without an error anywhere else.
    throw protocolErrorOf(request, response, 'its JSON is broken', { fault: 'broken' });
  }
  await pause?.();
  const problem = findJsonProblem(text, json);
  if (problem !== undefined) {
    throw protocolErrorOf(request, response, problem);
  }
  await pause?.();
  const exact = await withExactNumbersInSteps(text, json, laterTurn);
  await pause?.();
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
    return { problem: 'its encoding is none that this gateway reads' };
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
