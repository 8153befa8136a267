import { readChallenge } from './challenge.ts';
import { cleanMessage } from './cleanMessage.ts';
import { type GraphErrorBody, readErrorBody } from './errorBody.ts';
import {
  type GraphAnswer,
  type GraphErrorCode,
  type GraphErrorDetails,
  GraphProtocolError,
  GraphResponseError,
} from './errors.ts';
import { graphAnswerOf } from './graphAnswerOf.ts';
import { jsonOf } from './json.ts';
import { forbiddenMessages, lackingOf } from './lacking.ts';
import { type GraphOperation, isAboutOnePartner, isWrite } from './operation.ts';
import { retryAfterMsOf, throttlePauseMsOf, wasTurnedAway } from './pipeline/retry/retryAfter.ts';
import { decideRefusal, namesAnotherPartner } from './refusal.ts';
import type { GraphResponse } from './request.ts';
import { requiredScopesOf } from './requiredScopes.ts';

/** What a request was for: the operation, and the partner's id where it was about one. */
export interface Asked {
  readonly operation: GraphOperation;
  readonly id?: string;
}

/** Makes the error of an answer that is no success. */
export function responseErrorOf(
  { operation, id }: Asked,
  response: GraphResponse,
  nowMs: number,
): GraphResponseError {
  const body = readErrorBody(jsonOf(response));
  const answer = graphAnswerOf(response, body);
  const challenge = readChallenge(response.headers['www-authenticate']);
  const retryAfterMs =
    response.status === 429 ? throttlePauseMsOf(response, nowMs) : retryAfterMsOf(response, nowMs);
  const message = cleanMessage(body?.message ?? '');
  const refusal = decideRefusal({
    operation,
    status: response.status,
    codes: body?.codes ?? [],
    message,
    wasTurnedAway: wasTurnedAway(response, nowMs),
    hasClaims: challenge.claims !== undefined,
    isIntuneRole: challenge.isIntuneRole,
    isGraphsOwn: body !== undefined && body.codes.length > 0 && answer.requestId !== undefined,
    namesAnother: id !== undefined && namesAnother(id, answer, body, message),
  });
  const lacking =
    refusal.code === 'forbidden'
      ? lackingOf({ status: response.status, message, isIntuneRole: challenge.isIntuneRole })
      : undefined;
  const text = lacking && forbiddenMessages[lacking];
  return new GraphResponseError(
    refusal.code,
    text ?? messageFor(refusal.code, message, { operation, status: response.status }),
    {
      lacking,
      mayHaveBeenApplied: refusal.mayHaveBeenApplied || response.isAfterDoubt === true,
      answer,
      claims: challenge.claims,
      retryAfterMs,
      requiredScopes: refusal.code === 'forbidden' ? requiredScopesOf(operation) : undefined,
      quotedNames: [...message.matchAll(/'([^']+)'|"([^"]+)"/g)].map(
        (match) => match[1] ?? match[2] ?? '',
      ),
    },
  );
}

function namesAnother(
  id: string,
  { requestId, clientRequestId }: GraphAnswer,
  body: GraphErrorBody | undefined,
  message: string,
): boolean {
  const ids = [requestId, clientRequestId, body?.requestId, body?.clientRequestId];
  const requestIds = ids.filter((one) => one !== undefined);
  return namesAnotherPartner(id, { text: body?.message ?? '', message, requestIds });
}

/** Makes the error of a success that cannot be believed; `mayHaveBeenApplied` where it answered a write. */
export function protocolErrorOf(
  operation: GraphOperation,
  response: GraphResponse,
  message: string,
  details: Pick<GraphErrorDetails, 'fault' | 'answeredId'> = {},
): GraphProtocolError {
  return new GraphProtocolError('badResponse', message, {
    ...details,
    mayHaveBeenApplied: isWrite(operation),
    answer: graphAnswerOf(response, readErrorBody(response.json)),
  });
}

/** Graph's own words where they help to mend something; elsewhere ours, which say what to do. */
function messageFor(
  code: GraphErrorCode,
  message: string,
  { operation, status }: { readonly operation: GraphOperation; readonly status: number },
): string {
  switch (code) {
    case 'approvalRequired':
      return `Multi Admin Approval in Intune protects this change: another administrator has to approve it there. Microsoft Graph says: ${message || `nothing more (${status}).`}`;
    case 'unauthenticated':
      return 'Microsoft Graph does not accept the token; get a new one, with the claims if any are given.';
    case 'tenantNotLicensed':
      return 'Intune is not available in this tenant: it needs an active licence and Intune as its device management authority. Repeating does not help.';
    case 'throttled':
      return 'Microsoft Graph asks to slow down.';
    case 'invalidRequest':
    case 'conflict':
      return message === ''
        ? `Microsoft Graph refused this without a reason (${status}).`
        : message;
    case 'notFound':
      return 'Microsoft Graph has no partner with this id.';
    case 'timeout':
      return 'Microsoft Graph ran out of time.';
    case 'unavailable':
      return `Microsoft Graph has a fault (${status}).`;
    default:
      return isAboutOnePartner(operation) && (status === 404 || status === 410)
        ? `A ${status} came that is not Microsoft Graph's word on this partner. It does not say whether the partner exists.`
        : `Microsoft Graph gave an answer that does not fit the request (${status}).`;
  }
}
