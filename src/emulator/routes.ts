import { isGuid } from '../shared/forms.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  type EmulatorAnswer,
  type EmulatorRequest,
  methodRefusal,
  readJsonBody,
  refusal,
  serviceRefusal,
  splitPath,
  type Version,
} from './http.ts';
import { metadataXml, modelOf, propertiesOf, targetType } from './model.ts';
import { answerPartners, type EmulatorParts } from './operations.ts';
import type { Quirk } from './quirks.ts';

/**
 * Answers as Graph does: it judges the token, then the path, then the method, the query and the body.
 * @throws Refusal
 */
export function answerRequest(
  parts: EmulatorParts,
  request: EmulatorRequest,
  isInBatch = false,
): EmulatorAnswer {
  const { path } = splitPath(request.path);
  const route = parseRoute(path);
  const isMetadata = route.kind === 'metadata' && !isInBatch;
  // Graph publishes its metadata, so it asks for no token here.
  if (!isMetadata || request.method !== 'GET') {
    checkAccess(parts, request);
  }
  switch (route.kind) {
    case 'unknown':
      throw refusal(400, 'BadRequest', route.message);
    case 'noRoute': {
      const code = 'No method match route template';
      const message = `No OData route exists that match template ${route.template} with http verb ${request.method} for request /StatelessOnboardingService${path}.`;
      throw refusal(400, code, message);
    }
    case 'groups':
      requireMethod(request, 'POST');
      return getGroups(parts.oddities, request);
  }
  const model = modelOf(route.version === 'v1.0' ? 'v1.0' : parts.generation);
  switch (route.kind) {
    case 'batch':
    case 'metadata':
      if (!isMetadata) {
        throw refusal(400, 'BadRequest', unknownSegment(`$${route.kind}`).message);
      }
      requireMethod(request, 'GET');
      return {
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: metadataXml(model),
      };
    case 'filter':
      // Only a beta that has filters at all knows their path.
      if (Object.keys(propertiesOf(model, targetType)).length === 0) {
        throw refusal(400, 'BadRequest', unknownSegment('assignmentFilters').message);
      }
      requireMethod(request, 'GET');
      return getFilter(parts.oddities, route.id);
    case 'collection':
    case 'partner':
      return answerPartners(parts, request, { ...route, model });
  }
}

export function requireMethod({ method }: EmulatorRequest, only: string): void {
  if (method !== only) {
    throw methodRefusal(only);
  }
}

/**
 * Rejects a request without a valid token, then one that is too large.
 * @throws Refusal
 */
export function checkAccess(
  { acceptToken }: EmulatorParts,
  { headers, body }: EmulatorRequest,
): void {
  const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || !acceptToken(token)) {
    const message =
      token === undefined ? 'Access token is empty.' : 'Access token validation failure.';
    throw refusal(401, 'InvalidAuthenticationToken', message, {
      'www-authenticate': 'Bearer realm="", error="invalid_token"',
    });
  }
  if (body === 'tooLarge') {
    throw refusal(413, 'RequestEntityTooLarge', 'The request entity is too large.');
  }
}

/** What a path asks for. */
type Route =
  | { readonly kind: 'collection' | 'groups' | 'batch' | 'metadata'; readonly version: Version }
  | { readonly kind: 'partner' | 'filter'; readonly version: Version; readonly id: string }
  | { readonly kind: 'noRoute'; readonly template: string }
  | { readonly kind: 'unknown'; readonly message: string };

const services: ReadonlyMap<string, 'batch' | 'metadata' | 'groups'> = new Map([
  ['$batch', 'batch'],
  ['$metadata', 'metadata'],
  ['directoryobjects/getbyids', 'groups'],
]);

const collection = /^complianceManagementPartners(?:\('((?:[^']|'')*)'\))?$/i;

/** Reads a path without its query as Graph does: segments in any case, ids as a segment or in brackets. */
export function parseRoute(path: string): Route {
  const [first = '', ...segments] = path.split('/').filter(Boolean).map(decode);
  const version = first.toLowerCase();
  if (version !== 'v1.0' && version !== 'beta') {
    return { kind: 'unknown', message: `Invalid version: ${first}` };
  }
  const service = services.get(segments.join('/').toLowerCase());
  if (service !== undefined) {
    return { kind: service, version };
  }
  const [singleton = '', resource = '', ...rest] = segments;
  if (singleton.toLowerCase() !== 'devicemanagement') {
    return unknownSegment(singleton);
  }
  const [id, ...others] = rest;
  if (resource.toLowerCase() === 'assignmentfilters' && id !== undefined && others.length === 0) {
    return { kind: 'filter', version, id };
  }
  const match = collection.exec(resource);
  if (match === null) {
    return unknownSegment(resource);
  }
  // Inside the brackets a quote is written twice.
  const key = match[1]?.replaceAll("''", "'");
  if (key === undefined && id === undefined) {
    return { kind: 'collection', version };
  }
  // The collection is contained: there is nothing to link, whatever the reference page's request line says.
  if (key === undefined && id?.startsWith('$')) {
    return { kind: 'noRoute', template: `~/singleton/navigation/${id}` };
  }
  const [next] = key === undefined ? others : rest;
  return next === undefined
    ? { kind: 'partner', version, id: key ?? id ?? '' }
    : unknownSegment(next);
}

function unknownSegment(segment: string): Extract<Route, { kind: 'unknown' }> {
  return { kind: 'unknown', message: `Resource not found for the segment '${segment}'.` };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The groups and filters of the catalogue's rows; names are invented. */
const knownNames: ReadonlyMap<string, string> = new Map([
  ['3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60', 'Engineering Linux workstations'],
  ['9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d', 'Executives'],
  ['c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c', 'Field service Android users'],
  ['61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', 'Corporate-owned Android'],
]);

/** A group that a row still names, as happens when one is deleted in Entra. */
const deletedIds: ReadonlySet<string> = new Set(['1e2d3c4b-5a69-4788-96a5-b4c3d2e1f0a9']);

const departments = ['Sales', 'Finance', 'Support', 'Legal', 'Logistics', 'Research', 'Retail'];
const populations = ['pilot users', 'mobile users', 'contractors', 'managers', 'all staff'];

/**
 * The name behind an id, always the same; ids that no row of the catalogue has get an invented one. Undefined if it was
 * deleted, as all ids that begin with `dead` are.
 */
function nameOf(id: string): string | undefined {
  const key = id.toLowerCase();
  if (deletedIds.has(key) || key.startsWith('dead')) {
    return undefined;
  }
  const sum = [...key].reduce((total, character) => total + character.charCodeAt(0), 0);
  const invented = `${departments[sum % departments.length]} ${populations[sum % populations.length]}`;
  return knownNames.get(key) ?? invented;
}

const maximumIds = 1000;

/** `getByIds` for groups: deleted ones are left out, and a name that the token may not see is null. */
function getGroups(oddities: ReadonlySet<Quirk>, request: EmulatorRequest): EmulatorAnswer {
  if (oddities.has('names-forbidden')) {
    const message = 'Insufficient privileges to complete the operation.';
    throw refusal(403, 'Authorization_RequestDenied', message);
  }
  const value = idsOf(readJsonBody(request)).flatMap((id) => {
    const displayName = nameOf(id);
    const row = { '@odata.type': '#microsoft.graph.group', id, ...shown(oddities, displayName) };
    return displayName === undefined ? [] : [row];
  });
  return { status: 200, body: { value } };
}

function idsOf(body: unknown): readonly string[] {
  const ids: readonly unknown[] =
    isJsonObject(body) && Array.isArray(body['ids']) ? body['ids'] : [];
  const isId = (id: unknown): id is string => typeof id === 'string' && isGuid(id);
  if (ids.length > 0 && ids.length <= maximumIds && ids.every(isId)) {
    return ids;
  }
  const problem =
    ids.length === 0
      ? 'Missing required parameter ids.'
      : ids.length > maximumIds
        ? `Too many identifiers: at most ${maximumIds} are supported.`
        : `Invalid object identifier '${String(ids.find((id) => !isId(id)))}'.`;
  throw refusal(400, 'Request_BadRequest', problem);
}

/** One assignment filter. */
function getFilter(oddities: ReadonlySet<Quirk>, id: string): EmulatorAnswer {
  const path = `/deviceManagement/assignmentFilters('${id}')`;
  if (oddities.has('names-forbidden')) {
    const text =
      'Application is not authorized to perform this operation. Application must have one of the following scopes: DeviceManagementConfiguration.Read.All, DeviceManagementConfiguration.ReadWrite.All';
    throw serviceRefusal(403, 'Forbidden', text, path);
  }
  const displayName = nameOf(id);
  if (displayName === undefined) {
    throw serviceRefusal(404, 'ResourceNotFound', `Assignment filter ${id} was not found.`, path);
  }
  return { status: 200, body: { id, ...shown(oddities, displayName) } };
}

function shown(oddities: ReadonlySet<Quirk>, displayName: string | undefined): object {
  return { displayName: oddities.has('names-withheld') ? null : displayName };
}
