import { isJsonObject, isJsonType, jsonOf } from '../shared/json.ts';
import { type Asked, protocolErrorOf, responseErrorOf } from './readRefusal.ts';
import {
  type GraphClientParts,
  type GraphResponse,
  type GraphRow,
  headerText,
  isPartnerId,
  isSameId,
} from './request.ts';

/** One page of the list. */
export interface GraphPage<Row> {
  readonly partners: readonly Row[];
  readonly nextLink: string | undefined;
}

/** An answer, and what it is read with. */
export interface Reading<Row extends GraphRow> {
  readonly response: GraphResponse;
  readonly nowMs: number;
  readonly readRow: GraphClientParts<Row>['readRow'];
}

/**
 * Understands the answer to a list.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readPage<Row extends GraphRow>(reading: Reading<Row>): GraphPage<Row> {
  const { response, nowMs } = reading;
  const asked = { operation: 'list' } as const;
  const body = readJsonBody(asked, response, nowMs, [200]);
  const value = isJsonObject(body) ? body['value'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(value)) {
    throw protocolErrorOf(asked, response, 'it has no list');
  }
  const nextLink = body['@odata.nextLink'] ?? undefined;
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw protocolErrorOf(asked, response, 'its @odata.nextLink is not a string');
  }
  return { partners: value.map((row) => readPartner(asked, reading, row)), nextLink };
}

/**
 * Understands the answer to a get, in either form: bare, as OData has it, or in `{"value": {…}}`, as Graph's own
 * pages show it. Undefined if Graph has no such partner: it says so with a 404, or with a success that is empty,
 * as Intune has done.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readGot<Row extends GraphRow>(reading: Reading<Row>, id: string): Row | undefined {
  const asked = { operation: 'get', id } as const;
  const body = unwrap(readJsonBody(asked, reading.response, reading.nowMs, [200]));
  return isEmptyEntity(body) ? undefined : readPartner(asked, reading, body);
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
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readAdded<Row extends GraphRow>(
  reading: Reading<Row>,
): { readonly partner: Row } | { readonly location: string } {
  const { response, nowMs } = reading;
  const location = headerText(response, 'location') ?? headerText(response, 'odata-entityid');
  const isWithoutPartner = response.body.length === 0 && [200, 201, 204].includes(response.status);
  if (isWithoutPartner && location !== undefined) {
    return { location };
  }
  const asked = { operation: 'add' } as const;
  const body = readJsonBody(asked, response, nowMs, [201, 200]);
  return { partner: readPartner(asked, reading, body) };
}

/**
 * Understands the answer to an update: 200 with the partner, or 204 (or 200 with nothing in it) after which it has to
 * be read; undefined then.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readUpdated<Row extends GraphRow>(
  reading: Reading<Row>,
  id: string,
): Row | undefined {
  const { response, nowMs } = reading;
  if (response.body.length === 0 && [200, 204].includes(response.status)) {
    return undefined;
  }
  const asked = { operation: 'update', id } as const;
  return readPartner(asked, reading, unwrap(readJsonBody(asked, response, nowMs, [200])));
}

/**
 * Understands the answer to a delete: 204, or a 200 that is empty or JSON. A page of something that stands between says
 * nothing of the partner.
 * @throws GraphError for a refusal, and for an answer that cannot be believed.
 */
export function readDeleted(response: GraphResponse, nowMs: number, id: string): void {
  if (response.body.length > 0 || ![200, 204].includes(response.status)) {
    readJsonBody({ operation: 'delete', id }, response, nowMs, [200]);
  }
}

/** Gives the JSON of a success. @throws GraphError for a refusal, and for an answer that cannot be believed. */
export function readJsonBody(
  asked: Asked,
  response: GraphResponse,
  nowMs: number,
  expected: readonly number[],
): unknown {
  if (response.status < 200 || response.status >= 300) {
    throw responseErrorOf(asked, response, nowMs);
  }
  if (!expected.includes(response.status)) {
    throw protocolErrorOf(asked, response, `a ${response.status} was not expected`);
  }
  if (!saysJson(response)) {
    throw protocolErrorOf(asked, response, 'it is not JSON');
  }
  const body = jsonOf(response);
  if (body === undefined) {
    throw protocolErrorOf(asked, response, 'its JSON is broken');
  }
  if (isJsonObject(body) && body['error'] != null) {
    throw protocolErrorOf(asked, response, 'it is a success with an error in it');
  }
  return body;
}

/** The item of a batch is JSON already, whether it says so or not: Microsoft's own example has no headers in it. */
function saysJson(response: GraphResponse): boolean {
  const type = headerText(response, 'content-type');
  return type === undefined ? response.json !== undefined : isJsonType(type);
}

function readPartner<Row extends GraphRow>(
  asked: Asked,
  { response, readRow }: Reading<Row>,
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
