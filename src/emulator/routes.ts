import { answerFilter, answerGroups } from './directory.ts';
import {
  callerRootOf,
  type EmulatorAnswer,
  type EmulatorRequest,
  methodRefusal,
  parseRoute,
  readJsonBody,
  refusal,
  splitPath,
  unknownSegment,
  type Version,
} from './http.ts';
import { type BetaGeneration, type Model, modelOf } from './model.ts';
import {
  createPartner,
  deletePartner,
  getPartner,
  listPartners,
  type OperationScope,
  updatePartner,
} from './operations.ts';
import { parsePageRequest, parseSelect, readSystemOptions } from './query.ts';
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
      return answerGroups(parts.oddities, request);
    case 'filter':
      return answerFilter(parts.oddities, modelFor(parts, route.version), request, route.id);
    case 'collection':
      return answerResource(parts, request, route.version);
    case 'partner':
      return answerResource(parts, request, route.version, route.id);
  }
}

/** The collection, or the partner with the id. */
function answerResource(
  parts: EmulatorParts,
  request: EmulatorRequest,
  version: Version,
  id?: string,
): EmulatorAnswer {
  const { oddities } = parts;
  const { method } = request;
  const isForgiving = oddities.has('missing-as-200') && ['GET', 'DELETE'].includes(method);
  const store = method === 'GET' ? parts.seen() : parts.store;
  const scope: OperationScope = {
    store: isForgiving ? storeWithoutGaps(store) : store,
    model: modelFor(parts, version),
    baseUrl: `${callerRootOf(request)}/${version}`,
    newId: parts.newId,
  };
  const call = { parts, request, scope, version };
  const isOne = id !== undefined;
  const answer = isOne ? answerPartner(call, id) : answerCollection(call);
  return applyAnswerQuirks(oddities, { method, isOne }, answer);
}

interface ResourceCall {
  readonly parts: EmulatorParts;
  readonly request: EmulatorRequest;
  readonly scope: OperationScope;
  readonly version: Version;
}

function answerCollection(call: ResourceCall): EmulatorAnswer {
  const { scope, parts } = call;
  switch (call.request.method) {
    case 'GET': {
      const hasEmptyPages = parts.oddities.has('empty-pages');
      const traits = { pageSize: parts.pageSize, model: scope.model, hasEmptyPages };
      return listPartners(scope, parsePageRequest(optionsOf(call), traits));
    }
    case 'POST':
      return createPartner(scope, bodyOf(call));
    default:
      throw methodRefusal('GET, POST');
  }
}

function answerPartner(call: ResourceCall, id: string): EmulatorAnswer {
  const { scope, parts } = call;
  switch (call.request.method) {
    case 'GET':
      return getPartner(scope, id, parseSelect(optionsOf(call), scope.model));
    case 'PATCH': {
      const body = bodyOf(call);
      const before = getPartner(scope, id, undefined);
      const answer = updatePartner(scope, id, body);
      return parts.oddities.has('old-entity-update') ? before : answer;
    }
    case 'DELETE':
      return deletePartner(scope, id);
    default:
      throw methodRefusal('GET, PATCH, DELETE');
  }
}

function optionsOf({ request, version }: ResourceCall): URLSearchParams {
  return readSystemOptions(splitPath(request.path).query, version);
}

function bodyOf({ request, parts }: ResourceCall): unknown {
  return recognizePartner(parts.oddities, readJsonBody(request));
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
