import { readChallenge } from './challenge.ts';
import { cleanMessage } from './cleanMessage.ts';
import { readErrorBody } from './errorBody.ts';
import {
  type GraphErrorCode,
  type GraphErrorDetails,
  GraphProtocolError,
  GraphResponseError,
} from './errors.ts';
import { graphAnswerOf } from './graphAnswerOf.ts';
import { jsonOf } from './json.ts';
import { forbiddenMessages, lackingOf } from './lacking.ts';
import { type GraphOperation, isWrite } from './operation.ts';
import type { GraphResponse } from './pipeline/pipeline.ts';
import { retryAfterMsOf, throttlePauseMsOf, wasTurnedAway } from './pipeline/retry/retryAfter.ts';
import { decideRefusal } from './refusal.ts';
import { requiredScopesOf } from './requiredScopes.ts';

/** Makes the error of an answer that is no success. */
export function responseErrorOf(
  operation: GraphOperation,
  response: GraphResponse,
  nowMs: number,
): GraphResponseError {
  const body = readErrorBody(jsonOf(response));
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
  });
  const lacking =
    refusal.code === 'forbidden'
      ? lackingOf({ status: response.status, message, isIntuneRole: challenge.isIntuneRole })
      : undefined;
  const text = lacking && forbiddenMessages[lacking];
  return new GraphResponseError(
    refusal.code,
    text ?? messageFor(refusal.code, message, response.status),
    {
      lacking,
      mayHaveBeenApplied: refusal.mayHaveBeenApplied || response.isAfterDoubt === true,
      answer: graphAnswerOf(response, body),
      claims: challenge.claims,
      retryAfterMs,
      requiredScopes: refusal.code === 'forbidden' ? requiredScopesOf(operation) : undefined,
      quotedNames: [...message.matchAll(/'([^']+)'|"([^"]+)"/g)].map(
        (match) => match[1] ?? match[2] ?? '',
      ),
    },
  );
}

/** Makes the error of a success that cannot be believed; `mayHaveBeenApplied` where it answered a write. */
export function protocolErrorOf(
  operation: GraphOperation,
  response: GraphResponse,
  message: string,
  details: Pick<GraphErrorDetails, 'fault'> = {},
): GraphProtocolError {
  return new GraphProtocolError('badResponse', message, {
    ...details,
    mayHaveBeenApplied: isWrite(operation),
    answer: graphAnswerOf(response),
  });
}

/** Graph's own words where they help to mend something; elsewhere ours, which say what to do. */
function messageFor(code: GraphErrorCode, message: string, status: number): string {
  switch (code) {
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
      return `Microsoft Graph gave an answer that does not fit the request (${status}).`;
  }
}
