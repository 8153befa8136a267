import type { Credentials } from '../credentials.ts';
import type { Policy } from '../request.ts';
import { untilEnded } from '../untilEnded.ts';

/** Signs each attempt afresh, so that a token never outlives the wait before it is used. */
export function createBearer(credentials: Credentials): Policy {
  return async (request, next) => {
    const { call, withFreshToken = false } = request;
    const token = await untilEnded(call.signal, credentials.tokenFor(call, { withFreshToken }));
    return next({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token.reveal()}` },
    });
  };
}
