import type { Credentials } from '../credentials.ts';
import type { Policy } from './pipeline.ts';

/** Signs each attempt afresh, so that a token never outlives the wait before it is used. */
export function createBearer(credentials: Credentials): Policy {
  return async (request, next) => {
    const token = await credentials.tokenFor(request.call);
    return next({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token.reveal()}` },
    });
  };
}
