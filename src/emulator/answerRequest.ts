import type { IncomingHttpHeaders } from 'node:http';
import { type ErrorStamp, plainError } from './errorEnvelopes.ts';
import { type Generation, modelOf } from './model.ts';
import {
  createPartner,
  deletePartner,
  type EmulatorAnswer,
  getPartner,
  listPartners,
  type OperationScope,
  updatePartner,
} from './operations.ts';
import { parsePageRequest } from './pageRequest.ts';
import type { PartnerStore } from './partnerStore.ts';
import { readJsonBody } from './readJsonBody.ts';
import { parseRoute, type Route } from './route.ts';

/** A request as it came, the body still bytes. */
export interface EmulatorRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** `tooLarge` above the server's limit; the bytes are gone then. */
  readonly body: Buffer | 'tooLarge';
}

/** What the embedded Graph is made of. */
export interface EmulatorParts {
  readonly store: PartnerStore;
  /** What `/beta` knows. */
  readonly generation: Exclude<Generation, 'v1.0'>;
  readonly pageSize: number;
  readonly acceptToken: (token: string) => boolean;
  readonly newId: () => string;
}

type ResourceRoute = Extract<Route, { kind: 'collection' | 'partner' }>;

/** Answers as Graph does: first who asks, then what for, then whether it is allowed to be so. */
export function answerRequest(
  parts: EmulatorParts,
  request: EmulatorRequest,
  stamp: ErrorStamp,
): EmulatorAnswer {
  const tokenProblem = findTokenProblem(parts, request.headers.authorization);
  if (tokenProblem !== undefined) {
    const headers = { 'www-authenticate': 'Bearer realm="", error="invalid_token"' };
    return { ...refuse(401, 'InvalidAuthenticationToken', tokenProblem, stamp), headers };
  }
  if (request.body === 'tooLarge') {
    return refuse(413, 'RequestEntityTooLarge', 'The request entity is too large.', stamp);
  }
  const path = request.path.replace(/\?.*$/s, '');
  const route = parseRoute(path);
  switch (route.kind) {
    case 'invalidVersion':
      return refuse(400, 'BadRequest', `Invalid version: ${route.version}`, stamp);
    case 'unknownSegment': {
      const message = `Resource not found for the segment '${route.segment}'.`;
      return refuse(400, 'BadRequest', message, stamp);
    }
    case 'noRoute': {
      const message = `No OData route exists that match template ${route.template} with http verb ${request.method} for request /StatelessOnboardingService${path}.`;
      return refuse(400, 'No method match route template', message, stamp);
    }
    default:
      return answerRoute(parts, request, route, stamp);
  }
}

function answerRoute(
  parts: EmulatorParts,
  request: EmulatorRequest,
  route: ResourceRoute,
  stamp: ErrorStamp,
): EmulatorAnswer {
  const scope: OperationScope = {
    store: parts.store,
    model: modelOf(route.version === 'v1.0' ? 'v1.0' : parts.generation),
    stamp,
    baseUrl: `http://${request.headers.host ?? '127.0.0.1'}/${route.version}`,
    newId: parts.newId,
  };
  if (route.kind === 'collection') {
    switch (request.method) {
      case 'GET':
        return answerList(parts, request, scope);
      case 'POST':
        return withJson(request, stamp, (body) => createPartner(scope, body));
      default:
        return refuseMethod('GET, POST', stamp);
    }
  }
  switch (request.method) {
    case 'GET':
      return getPartner(scope, route.id);
    case 'PATCH':
      return withJson(request, stamp, (body) => updatePartner(scope, route.id, body));
    case 'DELETE':
      return deletePartner(scope, route.id);
    default:
      return refuseMethod('GET, PATCH, DELETE', stamp);
  }
}

function answerList(
  { pageSize }: EmulatorParts,
  { path }: EmulatorRequest,
  scope: OperationScope,
): EmulatorAnswer {
  const query = new URLSearchParams(/\?(.*)$/s.exec(path)?.[1] ?? '');
  const page = parsePageRequest(query, pageSize);
  return 'problem' in page
    ? refuse(400, 'BadRequest', page.problem, scope.stamp)
    : listPartners(scope, page);
}

function findTokenProblem(
  { acceptToken }: EmulatorParts,
  authorization: string | undefined,
): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    return 'Access token is empty.';
  }
  return acceptToken(token) ? undefined : 'Access token validation failure.';
}

function withJson(
  { headers, body }: EmulatorRequest,
  stamp: ErrorStamp,
  answer: (body: unknown) => EmulatorAnswer,
): EmulatorAnswer {
  const bytes = body === 'tooLarge' ? Buffer.alloc(0) : body;
  const json = readJsonBody(headers['content-type'], bytes, stamp);
  return 'refusal' in json ? json.refusal : answer(json.value);
}

function refuseMethod(allow: string, stamp: ErrorStamp): EmulatorAnswer {
  const message = 'Specified HTTP method is not allowed for the request target.';
  return { ...refuse(405, 'Request_BadRequest', message, stamp), headers: { allow } };
}

function refuse(status: number, code: string, message: string, stamp: ErrorStamp): EmulatorAnswer {
  return { status, body: plainError(code, message, stamp) };
}
