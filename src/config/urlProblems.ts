import { isLoopback } from '../loopback.ts';

/** Says why a URL is no root that tokens may be sent to. */
export function findRootUrlProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return 'it must begin with https:// (http:// only for 127.0.0.1, ::1 and localhost), because tokens are sent there';
  }
  if (url.username !== '' || url.password !== '') {
    return 'it must not hold a user name or password';
  }
  if (url.search !== '' || url.hash !== '') {
    return 'it must end before any ? or #';
  }
  return undefined;
}

/** Says why a URL is no root of Graph's. */
export function findGraphRootProblem(url: URL): string | undefined {
  return /\/(beta|v1\.0)\/?$/i.test(url.pathname)
    ? 'it must end before the version, which GRAPH_API_VERSION names'
    : findRootUrlProblem(url);
}

/** Says why a URL is none that telemetry can be sent to. */
export function findCollectorUrlProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return 'it must begin with https:// or http://';
  }
  if (url.username !== '' || url.password !== '') {
    return 'it must not hold a user name or password; there are headers for that';
  }
  return url.search !== '' || url.hash !== '' ? 'it must end before any ? or #' : undefined;
}

/** Says why a URL is none of a Redis. */
export function findRedisUrlProblem(url: URL): string | undefined {
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return 'it must begin with redis:// or rediss://';
  }
  if (url.hostname === '') {
    return 'it must name a host';
  }
  if (!/^\/?\d*$/.test(url.pathname)) {
    return "after the host there may only be a database's number";
  }
  if (url.search !== '' || url.hash !== '') {
    return 'it must end before any ? or #';
  }
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return 'user name and password must be percent-encoded';
  }
  return undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
