import { isJsonObject, parseJson } from './json.ts';
import type { GraphOperation } from './operation.ts';
import { type GraphResponse, headerText } from './pipeline/pipeline.ts';
import { readPartnerJson } from './readPartnerJson.ts';
import type { PartnerResource } from './resource.ts';
import { protocolErrorOf, responseErrorOf } from './responseError.ts';

/** One page of the list as Graph wrote it. */
export interface GraphPage {
  readonly partners: readonly PartnerResource[];
  readonly nextLink: string | undefined;
}

/** What became of an add: the partner, or where it can be read. */
export type Added = { readonly partner: PartnerResource } | { readonly location: string };

/**
 * Understands the answer to a list.
 * @throws GraphResponseError for a refusal, GraphProtocolError for an answer that is no list.
 */
export function readPage(response: GraphResponse, nowMs: number): GraphPage {
  const body = readJsonBody('list', response, nowMs, [200]);
  const value = isJsonObject(body) ? body['value'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(value)) {
    throw unbelievable('list', response, 'there is no list in it');
  }
  const nextLink = body['@odata.nextLink'] ?? undefined;
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw unbelievable('list', response, 'its @odata.nextLink is no text');
  }
  return { partners: value.map((row) => readPartner('list', response, row)), nextLink };
}

/**
 * Understands the answer to a get, in either form: bare, as OData has it, or in `{"value": {…}}`, as Graph's own
 * pages show it.
 * @throws GraphResponseError for a refusal, GraphProtocolError for an answer that is no partner.
 */
export function readGot(response: GraphResponse, nowMs: number): PartnerResource {
  const body = readJsonBody('get', response, nowMs, [200]);
  const isWrapped = isJsonObject(body) && body['id'] === undefined && isJsonObject(body['value']);
  return readPartner('get', response, isWrapped ? body['value'] : body);
}

/**
 * Understands the answer to an add: 201 with the partner, as the reference page has it. Where a success comes
 * without the partner, a `Location` (or OData's `OData-EntityId`) says where it is.
 * @throws GraphResponseError for a refusal, GraphProtocolError for a success that says nothing.
 */
export function readAdded(response: GraphResponse, nowMs: number): Added {
  const location = headerText(response, 'location') ?? headerText(response, 'odata-entityid');
  const isWithoutPartner = response.body.length === 0 && [200, 201, 204].includes(response.status);
  if (isWithoutPartner && location !== undefined) {
    return { location };
  }
  const body = readJsonBody('add', response, nowMs, [201, 200]);
  return { partner: readPartner('add', response, body) };
}

function readJsonBody(
  operation: GraphOperation,
  response: GraphResponse,
  nowMs: number,
  expected: readonly number[],
): unknown {
  if (response.status < 200 || response.status >= 300) {
    throw responseErrorOf(operation, response, nowMs);
  }
  if (!expected.includes(response.status)) {
    throw unbelievable(operation, response, `a ${response.status} was not expected`);
  }
  if (!/^application\/([\w.-]+\+)?json\b/i.test(headerText(response, 'content-type') ?? '')) {
    throw unbelievable(operation, response, 'it is not JSON');
  }
  const body = parseJson(response.body.toString('utf8'));
  if (body === undefined) {
    throw unbelievable(operation, response, 'its JSON is broken');
  }
  return body;
}

function readPartner(
  operation: GraphOperation,
  response: GraphResponse,
  value: unknown,
): PartnerResource {
  const reading = readPartnerJson(value);
  if ('problem' in reading) {
    throw unbelievable(operation, response, reading.problem);
  }
  return reading.partner;
}

function unbelievable(operation: GraphOperation, response: GraphResponse, problem: string): Error {
  return protocolErrorOf(
    operation,
    response,
    `Microsoft Graph's answer cannot be believed: ${problem}.`,
  );
}
