import { answerFilter, answerGroups } from './directory.ts';
import type { QueryReading } from './filter.ts';
import {
  callerRootOf,
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  parseRoute,
  type Route,
  readJsonBody,
  refuse,
  refuseMethod,
  serviceError,
  splitPath,
  type Version,
} from './http.ts';
import { type BetaGeneration, modelOf } from './model.ts';
import {
  collectionPath,
  createPartner,
  deletePartner,
  getPartner,
  listPartners,
  type OperationScope,
  updatePartner,
} from './operations.ts';
import {
  findIgnoredOptionProblem,
  parsePageRequest,
  parseSelect,
  readSystemOptions,
} from './query.ts';
import { applyAnswerQuirks, type Quirk, recognizePartner, storeWithoutGaps } from './quirks.ts';
import type { PartnerStore } from './store.ts';

/** What the embedded Graph is made of. */
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

type ResourceRoute = Extract<Route, { kind: 'collection' | 'partner' }>;

/** Answers as Graph does: first who asks, then what for, then whether it is allowed to be so. */
export function answerRequest(
  parts: EmulatorParts,
  request: EmulatorRequest,
  stamp: ErrorStamp,
): EmulatorAnswer {
  const refusal = findAccessRefusal(parts.acceptToken, request, stamp);
  if (refusal !== undefined) {
    return refusal;
  }
  const { path } = splitPath(request.path);
  const route = parseRoute(path);
  switch (route.kind) {
    case 'invalidVersion': {
      const message = `Invalid version: ${route.version}`;
      return refuse({ status: 400, code: 'BadRequest', message }, stamp);
    }
    // Both have a way of their own; one that comes here is inside a batch, where there is none.
    case 'batch':
    case 'metadata':
    case 'unknownSegment': {
      const segment = route.kind === 'unknownSegment' ? route.segment : `$${route.kind}`;
      const message = `Resource not found for the segment '${segment}'.`;
      return refuse({ status: 400, code: 'BadRequest', message }, stamp);
    }
    case 'noRoute': {
      const code = 'No method match route template';
      const message = `No OData route exists that match template ${route.template} with http verb ${request.method} for request /StatelessOnboardingService${path}.`;
      return refuse({ status: 400, code, message }, stamp);
    }
    case 'groups':
      return answerGroups(parts, { request, stamp });
    case 'filter':
      return answerFilter(parts, { request, stamp }, route);
    default:
      return answerResource(parts, request, { stamp, route });
  }
}

/** A request for the resource, with all that its operations work with. */
interface ResourceCall {
  readonly request: EmulatorRequest;
  readonly scope: OperationScope;
  readonly parts: EmulatorParts;
  readonly version: Version;
}

function answerResource(
  parts: EmulatorParts,
  request: EmulatorRequest,
  { stamp, route }: { readonly stamp: ErrorStamp; readonly route: ResourceRoute },
): EmulatorAnswer {
  const { method } = request;
  const isForgiving = parts.oddities.has('missing-as-200') && ['GET', 'DELETE'].includes(method);
  const store = method === 'GET' ? parts.seen() : parts.store;
  const scope: OperationScope = {
    store: isForgiving ? storeWithoutGaps(store) : store,
    model: modelOf(route.version === 'v1.0' ? 'v1.0' : parts.generation),
    stamp,
    baseUrl: `${callerRootOf(request)}/${route.version}`,
    newId: parts.newId,
  };
  const call: ResourceCall = { request, scope, parts, version: route.version };
  const answer = route.kind === 'collection' ? answerCollection(call) : answerPartner(call, route);
  return applyAnswerQuirks(parts.oddities, { method, kind: route.kind }, answer);
}

function answerCollection(call: ResourceCall): EmulatorAnswer {
  const { request, scope, parts } = call;
  switch (request.method) {
    case 'GET': {
      const hasEmptyPages = parts.oddities.has('empty-pages');
      const traits = { pageSize: parts.pageSize, model: scope.model, hasEmptyPages };
      return withOptions(call, (options) =>
        withQuery(scope, parsePageRequest(options, traits), (page) => listPartners(scope, page)),
      );
    }
    case 'POST':
      return withJson(call, (body) => createPartner(scope, body));
    default:
      return refuseMethod('GET, POST', scope.stamp);
  }
}

function answerPartner(
  call: ResourceCall,
  { id }: Extract<ResourceRoute, { kind: 'partner' }>,
): EmulatorAnswer {
  const { request, scope } = call;
  switch (request.method) {
    case 'GET':
      return withOptions(call, (options) =>
        withQuery(scope, findIgnoredOptionProblem(options, scope.model), () =>
          withQuery(scope, parseSelect(options, scope.model), (chosen) =>
            getPartner(scope, id, chosen),
          ),
        ),
      );
    case 'PATCH':
      return withJson(call, (body) => {
        const before = getPartner(scope, id, { select: undefined });
        const answer = updatePartner(scope, id, body);
        const isLate = answer.status === 200 && call.parts.oddities.has('old-entity-update');
        return isLate ? before : answer;
      });
    case 'DELETE':
      return deletePartner(scope, id);
    default:
      return refuseMethod('GET, PATCH, DELETE', scope.stamp);
  }
}

function withOptions(
  { request, scope, version }: ResourceCall,
  answer: (options: URLSearchParams) => EmulatorAnswer,
): EmulatorAnswer {
  const reading = readSystemOptions(splitPath(request.path).query, version);
  return withQuery(scope, reading, ({ options }) => answer(options));
}

function withQuery<T extends object>(
  { stamp }: OperationScope,
  reading: QueryReading<T>,
  answer: (query: T) => EmulatorAnswer,
): EmulatorAnswer {
  if (!('refusal' in reading)) {
    return answer(reading);
  }
  const { status, message } = reading.refusal;
  return status === 400
    ? refuse({ status, code: 'BadRequest', message }, stamp)
    : { status, body: serviceError('InternalServerError', message, collectionPath, stamp) };
}

function withJson(
  { request, scope, parts }: ResourceCall,
  answer: (body: unknown) => EmulatorAnswer,
): EmulatorAnswer {
  const json = readJsonBody(request, scope.stamp);
  return 'refusal' in json ? json.refusal : answer(recognizePartner(parts.oddities, json.value));
}

/** Rejects a request without a valid token, then one that is too large; undefined if the request may be looked at. */
export function findAccessRefusal(
  acceptToken: (token: string) => boolean,
  { headers, body }: EmulatorRequest,
  stamp: ErrorStamp,
): EmulatorAnswer | undefined {
  const message = findTokenProblem(acceptToken, headers.authorization);
  if (message !== undefined) {
    return {
      ...refuse({ status: 401, code: 'InvalidAuthenticationToken', message }, stamp),
      headers: { 'www-authenticate': 'Bearer realm="", error="invalid_token"' },
    };
  }
  if (body === 'tooLarge') {
    const text = 'The request entity is too large.';
    return refuse({ status: 413, code: 'RequestEntityTooLarge', message: text }, stamp);
  }
  return undefined;
}

function findTokenProblem(
  acceptToken: (token: string) => boolean,
  authorization: string | undefined,
): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    return 'Access token is empty.';
  }
  return acceptToken(token) ? undefined : 'Access token validation failure.';
}
