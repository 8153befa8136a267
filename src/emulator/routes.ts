import {
  callerRootOf,
  type EmulatorAnswer,
  type EmulatorRequest,
  methodRefusal,
  readJsonBody,
  refusal,
  splitPath,
  type Version,
} from './http.ts';
import { type BetaGeneration, type Model, modelOf, propertiesOf, targetType } from './model.ts';
import { createOperations, getFilter, getGroups } from './operations.ts';
import { parsePageRequest, parseSelect } from './query.ts';
import { applyAnswerQuirks, type Quirk, recognizePartner, storeWithoutGaps } from './quirks.ts';
import type { PartnerStore } from './store.ts';

export interface EmulatorParts {
  readonly store: PartnerStore;
  /** The rows as reads show them. */
  readonly seen: () => PartnerStore;
  readonly generation: BetaGeneration;
  readonly pageSize: number;
  readonly acceptToken: (token: string) => boolean;
  readonly newId: () => string;
  readonly oddities: ReadonlySet<Quirk>;
}

export function modelFor({ generation }: EmulatorParts, version: Version): Model {
  return modelOf(version === 'v1.0' ? 'v1.0' : generation);
}

/**
 * Answers as Graph does: it judges the token, then the path, then the method, the query and the body.
 * @throws Refusal
 */
export function answerRequest(parts: EmulatorParts, request: EmulatorRequest): EmulatorAnswer {
  checkAccess(parts, request);
  const { path } = splitPath(request.path);
  const route = parseRoute(path);
  switch (route.kind) {
    // The server answers both, but not inside a batch.
    case 'batch':
    case 'metadata':
      throw refusal(400, 'BadRequest', unknownSegment(`$${route.kind}`).message);
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
    case 'filter':
      // Only a beta that has filters at all knows their path.
      if (Object.keys(propertiesOf(modelFor(parts, route.version), targetType)).length === 0) {
        throw refusal(400, 'BadRequest', unknownSegment('assignmentFilters').message);
      }
      requireMethod(request, 'GET');
      return getFilter(parts.oddities, route.id);
    case 'collection':
      return answerResource(parts, request, route.version);
    case 'partner':
      return answerResource(parts, request, route.version, route.id);
  }
}

export function requireMethod({ method }: EmulatorRequest, only: string): void {
  if (method !== only) {
    throw methodRefusal(only);
  }
}

/** The collection, or the partner with the id. */
function answerResource(
  parts: EmulatorParts,
  request: EmulatorRequest,
  version: Version,
  id?: string,
): EmulatorAnswer {
  const { oddities, newId, pageSize } = parts;
  const { method } = request;
  const isOne = id !== undefined;
  const key = id ?? '';
  const isForgiving = oddities.has('missing-as-200') && ['GET', 'DELETE'].includes(method);
  const store = method === 'GET' ? parts.seen() : parts.store;
  const model = modelFor(parts, version);
  const operations = createOperations({
    store: isForgiving ? storeWithoutGaps(store) : store,
    model,
    baseUrl: `${callerRootOf(request)}/${version}`,
    newId,
  });
  const { query } = splitPath(request.path);
  const body = () => recognizePartner(oddities, readJsonBody(request));

  function answer(): EmulatorAnswer {
    switch (`${method} ${isOne ? 'one' : 'all'}`) {
      case 'GET all': {
        const traits = { pageSize, hasEmptyPages: oddities.has('empty-pages') };
        return operations.list(parsePageRequest(query, version, model, traits));
      }
      case 'POST all':
        return operations.create(body());
      case 'GET one':
        return operations.get(key, parseSelect(query, version, model));
      case 'PATCH one': {
        const change = body();
        const before = operations.get(key);
        const after = operations.update(key, change);
        return oddities.has('old-entity-update') ? before : after;
      }
      case 'DELETE one':
        return operations.delete(key);
      default:
        throw methodRefusal(isOne ? 'GET, PATCH, DELETE' : 'GET, POST');
    }
  }

  return applyAnswerQuirks(oddities, { method, isOne }, answer());
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
