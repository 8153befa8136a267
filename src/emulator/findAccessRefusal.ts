import { type EmulatorAnswer, refuse } from './emulatorAnswer.ts';
import type { ErrorStamp } from './errorEnvelopes.ts';
import type { EmulatorRequest } from './http.ts';

/** Turns away who has no good token, and then what is too large; undefined where the request may be looked at. */
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
