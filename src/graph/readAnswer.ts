import { isJsonObject, isJsonType, jsonOf, rawItems, rawMembers } from '../shared/json.ts';
import { type Asked, protocolErrorOf, responseErrorOf } from './readRefusal.ts';
import { type GraphResponse, headerText } from './request.ts';
import {
  type AssignmentResource,
  isPartnerId,
  isSameId,
  type PartnerResource,
  type WirePlatform,
} from './types.ts';

/** One page of the list as Graph wrote it. */
export interface GraphPage {
  readonly partners: readonly PartnerResource[];
  readonly nextLink: string | undefined;
}

/** What became of an add: the partner, or where it can be read. */
type Added = { readonly partner: PartnerResource } | { readonly location: string };

/**
 * Understands the answer to a list.
 * @throws GraphResponseError for a refusal, GraphProtocolError for an answer that is no list.
 */
export function readPage(response: GraphResponse, nowMs: number): GraphPage {
  const body = readJsonBody({ operation: 'list' }, response, nowMs, [200]);
  const value = isJsonObject(body) ? body['value'] : undefined;
  if (!isJsonObject(body) || !Array.isArray(value)) {
    throw protocolErrorOf({ operation: 'list' }, response, 'it has no list');
  }
  const nextLink = body['@odata.nextLink'] ?? undefined;
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw protocolErrorOf({ operation: 'list' }, response, 'its @odata.nextLink is not a string');
  }
  return {
    partners: value.map((row) => readPartner({ operation: 'list' }, response, row)),
    nextLink,
  };
}

/**
 * Understands the answer to a get, in either form: bare, as OData has it, or in `{"value": {…}}`, as Graph's own
 * pages show it. Undefined if Graph has no such partner: it says so with a 404, or with a success that is empty,
 * as Intune has done.
 * @throws GraphResponseError for a refusal, GraphProtocolError for an answer that is no partner.
 */
export function readGot(
  response: GraphResponse,
  nowMs: number,
  id: string,
): PartnerResource | undefined {
  const asked = { operation: 'get', id } as const;
  const body = unwrap(readJsonBody(asked, response, nowMs, [200]));
  return isEmptyEntity(body) ? undefined : readPartner(asked, response, body);
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
 * @throws GraphResponseError for a refusal, GraphProtocolError for a success that says nothing.
 */
export function readAdded(response: GraphResponse, nowMs: number): Added {
  const location = headerText(response, 'location') ?? headerText(response, 'odata-entityid');
  const isWithoutPartner = response.body.length === 0 && [200, 201, 204].includes(response.status);
  if (isWithoutPartner && location !== undefined) {
    return { location };
  }
  const asked = { operation: 'add' } as const;
  const body = readJsonBody(asked, response, nowMs, [201, 200]);
  return { partner: readPartner(asked, response, body) };
}

/**
 * Understands the answer to an update: 200 with the partner, or 204 (or 200 with nothing in it) after which it has to
 * be read; undefined then.
 * @throws GraphResponseError for a refusal, GraphProtocolError for a success that is no partner.
 */
export function readUpdated(
  response: GraphResponse,
  nowMs: number,
  id: string,
): PartnerResource | undefined {
  if (response.body.length === 0 && [200, 204].includes(response.status)) {
    return undefined;
  }
  const asked = { operation: 'update', id } as const;
  return readPartner(asked, response, unwrap(readJsonBody(asked, response, nowMs, [200])));
}

/**
 * Understands the answer to a delete: 204, or a 200 that is empty or JSON. A page of something that stands between says
 * nothing of the partner.
 * @throws GraphResponseError for a refusal, GraphProtocolError for a success that is none of Graph's.
 */
export function readDeleted(response: GraphResponse, nowMs: number, id: string): void {
  if (response.body.length > 0 || ![200, 204].includes(response.status)) {
    readJsonBody({ operation: 'delete', id }, response, nowMs, [200]);
  }
}

/** Gives the JSON of a success. @throws GraphResponseError for a refusal, GraphProtocolError for all else. */
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

function readPartner(asked: Asked, response: GraphResponse, value: unknown): PartnerResource {
  const reading = readPartnerJson(value);
  if ('problem' in reading) {
    throw protocolErrorOf(asked, response, reading.problem);
  }
  const { id } = reading.partner;
  if (asked.id !== undefined && !isSameId(asked.id, id)) {
    const answeredId = isPartnerId(id) ? id : undefined;
    throw protocolErrorOf(asked, response, 'it is about another partner', { answeredId });
  }
  return reading.partner;
}

const texts = ['@odata.type', 'displayName', 'partnerState', 'lastHeartbeatDateTime'] as const;
const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

/** A text that names the first property whose JSON type cannot be right, or the partner. */
type PartnerReading = { readonly partner: PartnerResource } | { readonly problem: string };

/**
 * Checks that a JSON value has the JSON types of a partner. Unknown properties, states and target types pass, and so
 * do lists with null entries; what is inside a target stays as Graph wrote it.
 */
export function readPartnerJson(value: unknown): PartnerReading {
  return isPartner(value) ? { partner: value } : { problem: partnerProblemOf(value) };
}

/** The check of what is right, in one go; what is wrong is named by another. */
function isPartner(value: unknown): value is PartnerResource {
  return (
    isJsonObject(value) &&
    typeof value['id'] === 'string' &&
    value['id'] !== '' &&
    isOptional(value['@odata.type'], 'string') &&
    isOptional(value['displayName'], 'string') &&
    isOptional(value['partnerState'], 'string') &&
    isOptional(value['lastHeartbeatDateTime'], 'string') &&
    isOptional(value['macOsOnboarded'], 'boolean') &&
    isOptional(value['windowsOnboarded'], 'boolean') &&
    isOptional(value['androidOnboarded'], 'boolean') &&
    isOptional(value['iosOnboarded'], 'boolean') &&
    isOptional(value['linuxOnboarded'], 'boolean') &&
    isList(value['macOsEnrollmentAssignments']) &&
    isList(value['windowsEnrollmentAssignments']) &&
    isList(value['androidEnrollmentAssignments']) &&
    isList(value['iosEnrollmentAssignments']) &&
    isList(value['linuxEnrollmentAssignments'])
  );
}

function partnerProblemOf(value: unknown): string {
  if (!isJsonObject(value)) {
    return 'a partner is not a JSON object';
  }
  if (typeof value['id'] !== 'string' || value['id'] === '') {
    return 'a partner has no id';
  }
  const text = texts.find((name) => !isOptional(value[name], 'string'));
  if (text !== undefined) {
    return `${text} of a partner is not a string`;
  }
  const flag = platforms.find((platform) => !isOptional(value[`${platform}Onboarded`], 'boolean'));
  if (flag !== undefined) {
    return `${flag}Onboarded of a partner is neither true nor false`;
  }
  const list = platforms.find((platform) => !isList(value[`${platform}EnrollmentAssignments`]));
  return `${list}EnrollmentAssignments of a partner is not a list of assignments`;
}

function isOptional(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || value === null || typeof value === type;
}

function isList(value: unknown): boolean {
  return (
    value === undefined || value === null || (Array.isArray(value) && value.every(isAssignment))
  );
}

function isAssignment(value: unknown): boolean {
  if (value === null) {
    return true;
  }
  const target = isJsonObject(value) ? (value['target'] ?? {}) : undefined;
  return isJsonObject(target) && isOptional(target['@odata.type'], 'string');
}

/** One entry of an assignment list, parsed and as Graph wrote it. */
export interface AssignmentSource {
  readonly assignment: AssignmentResource | null;
  /** JSON, byte for byte as it came. */
  readonly text: string;
}

/** A partner together with the text of its assignments. */
export interface PartnerSource {
  readonly partner: PartnerResource;
  /** The entries of a platform's list; empty if the list is missing or null. */
  assignments(platform: WirePlatform): readonly AssignmentSource[];
}

/** Ties a partner to the body that it was read from, with or without the wrapper `{"value": {…}}`. */
export function partnerSourceOf(partner: PartnerResource, body: string): PartnerSource {
  return {
    partner,
    assignments(platform) {
      const property = `${platform}EnrollmentAssignments` as const;
      const outer = rawMembers(body);
      const members = outer?.has('id') ? outer : rawMembers(outer?.get('value') ?? '');
      const texts = rawItems(members?.get(property) ?? '') ?? [];
      return (partner[property] ?? []).map((assignment, index) => ({
        assignment,
        text: texts[index] ?? JSON.stringify(assignment),
      }));
    },
  };
}
