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
 * Values and members in one answer: parsing takes time by their number more than by their bytes, and cannot be
 * interrupted. 1,000 partners with two assignments for each of two platforms have about 40,000.
 */
const maximumJsonValues = 75_000;
/** Smaller bodies cannot keep the event loop busy; larger ones are worked on in several turns of it. */
const smallBodyBytes = 32 * 1024;

/**
 * Makes JSON of an answer's body, once for all who look at it: at once if it is small and plain. A success whose body
 * cannot be believed is an error from here on; of a refusal the status counts, whatever its body is.
 */
export function readBody(
  asked: Sent,
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

function readPlain(asked: Sent, response: GraphResponse): GraphResponse | Promise<GraphResponse> {
  const { body } = response;
  if (body.length === 0 || !isJsonType(headerText(response, 'content-type') ?? '')) {
    return response;
  }
  if (body.length > smallBodyBytes) {
    return readLargeJson(asked, response);
  }
  const text = decode(body);
  const json = isUtf8(body) ? parseJson(text) : undefined;
  const { doubtful, hasNumbers, values } = judge(asked, response, text, json);
  if (doubtful !== undefined) {
    return doubtful;
  }
  const exact = hasNumbers ? withExactNumbers(text, json) : json;
  return { ...response, json: exact, jsonValues: values };
}

/** In steps, so that others have their turn between them. */
async function readLargeJson(asked: Sent, response: GraphResponse): Promise<GraphResponse> {
  const { body } = response;
  const jsonValues = countJsonValues(body);
  if (jsonValues > maximumJsonValues) {
    return withDoubt(asked, response, 'its JSON has too many values');
  }
  await laterTurn();
  const text = decode(body);
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

function decode(body: Buffer): string {
  const text = body.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Looks at parsed JSON; `doubtful` is all there is to an answer that is none to believe, or is no success. */
function judge(asked: Sent, response: GraphResponse, text: string, json: unknown) {
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
function withDoubt(asked: Sent, response: GraphResponse, problem: string): GraphResponse {
  if (isSuccess(response)) {
    throw protocolErrorOf(asked, response, problem);
  }
  return { ...response, body: Buffer.alloc(0) };
}

export function isSuccess({ status }: Pick<GraphResponse, 'status'>): boolean {
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
  asked: Sent,
  response: GraphResponse,
  encoding: string,
): Promise<GraphResponse> {
  const inflater = inflaters.get(encoding);
  if (inflater === undefined) {
    return withDoubt(asked, response, 'its encoding is not supported');
  }
  const isAWrite = isWrite(asked.operation);
  const decoded = await abortable(
    isAWrite ? asked.call.writeSignal : asked.call.signal,
    inflater(response.body, bounds).then(
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

/** A partner of an answer: what the client makes of its JSON, or a text that says what is wrong. */
type ReadRow<Row extends GraphRow> = GraphClientParts<Row>['readRow'];

/** One page of the list. */
interface GraphPage<Row> {
  readonly partners: readonly Row[];
  readonly nextLink: string | undefined;
}

// All of these throw a GraphError for a refusal, and for an answer that cannot be believed.

/** Understands the answer to a list. */
export function readPage<Row extends GraphRow>(
  response: GraphResponse,
  readRow: ReadRow<Row>,
): GraphPage<Row> {
  const asked = { operation: 'list' } as const;
  const body = readJsonBody(asked, response);
  const value = isJsonObject(body) ? body['value'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(value)) {
    throw protocolErrorOf(asked, response, 'it has no list');
  }
  const nextLink = body['@odata.nextLink'] ?? undefined;
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw protocolErrorOf(asked, response, 'its @odata.nextLink is not a string');
  }
  return { partners: value.map((row) => readPartner(asked, response, readRow, row)), nextLink };
}

/**
 * Understands the answer to a get, in either form: bare, as OData has it, or in `{"value": {…}}`, as Graph's own
 * pages show it. Undefined for a success that is empty, as Intune has answered for a partner that it does not have.
 */
export function readGot<Row extends GraphRow>(
  response: GraphResponse,
  readRow: ReadRow<Row>,
  id: string,
): Row | undefined {
  const asked = { operation: 'get', id } as const;
  const body = unwrap(readJsonBody(asked, response));
  return isEmptyEntity(body) ? undefined : readPartner(asked, response, readRow, body);
}

/** Takes the wrapper off that Graph's own pages put around an entity. */
function unwrap(body: unknown): unknown {
  const isWrapped = isJsonObject(body) && body['id'] === undefined && isJsonObject(body['value']);
  return isWrapped ? body['value'] : body;
}

function isEmptyEntity(body: unknown): boolean {
  return (
    isJsonObject(body) &&
    Object.entries(body).every(([name, value]) => value === null || name.startsWith('@'))
  );
}

/**
 * Understands the answer to an add: 201 with the partner, as the reference page has it. Where a success comes
 * without the partner, a `Location` (or OData's `OData-EntityId`) says where it is.
 */
export function readAdded<Row extends GraphRow>(
  response: GraphResponse,
  readRow: ReadRow<Row>,
): { readonly partner: Row } | { readonly location: string } {
  const location = headerText(response, 'location') ?? headerText(response, 'odata-entityid');
  const isWithoutPartner = response.body.length === 0 && [200, 201, 204].includes(response.status);
  if (isWithoutPartner && location !== undefined) {
    return { location };
  }
  const asked = { operation: 'add' } as const;
  const body = readJsonBody(asked, response, [201, 200]);
  return { partner: readPartner(asked, response, readRow, body) };
}

/**
 * Understands the answer to an update: 200 with the partner, or 204 (or 200 with nothing in it) after which it has to
 * be read; undefined then.
 */
export function readUpdated<Row extends GraphRow>(
  response: GraphResponse,
  readRow: ReadRow<Row>,
  id: string,
): Row | undefined {
  if (isEmptySuccess(response)) {
    return undefined;
  }
  const asked = { operation: 'update', id } as const;
  return readPartner(asked, response, readRow, unwrap(readJsonBody(asked, response)));
}

/**
 * Understands the answer to a delete: 204, or a 200 that is empty or JSON. A page of something that stands between says
 * nothing of the partner.
 */
export function readDeleted(response: GraphResponse, id: string): void {
  if (!isEmptySuccess(response)) {
    readJsonBody({ operation: 'delete', id }, response);
  }
}

function isEmptySuccess({ body, status }: GraphResponse): boolean {
  return body.length === 0 && (status === 200 || status === 204);
}

/** Gives the JSON of a success. */
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

function readPartner<Row extends GraphRow>(
  asked: Asked,
  response: GraphResponse,
  readRow: ReadRow<Row>,
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
