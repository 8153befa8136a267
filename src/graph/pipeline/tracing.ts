import type { Policy } from '../request.ts';

/** Lets one request be followed from the caller's edge through Graph's logs. */
export const tracing: Policy = (request, next) => {
  const { requestId, traceparent } = request.call;
  return next({
    ...request,
    headers: {
      ...request.headers,
      'client-request-id': requestId,
      ...(traceparent !== undefined && { traceparent }),
    },
  });
};
