import type { Policy } from '../request.ts';

/**
 * Lets nothing through that is not meant for Graph's root and version. The routes make no such URL; this is the last
 * look before a token is added, for whatever is changed above it one day.
 */
export function createDestination(base: URL): Policy {
  const prefix = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return async (request, next) => {
    const { origin, pathname, username, password, hash } = request.url;
    const isMeant =
      origin === base.origin &&
      pathname.startsWith(prefix) &&
      username === '' &&
      password === '' &&
      hash === '';
    if (!isMeant) {
      throw new TypeError('A request that does not lead to Microsoft Graph');
    }
    return next(request);
  };
}
