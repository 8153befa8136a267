import { type Readers, shown } from './readers.ts';

/** Where Apollo's hosted Sandbox runs: the page that a browser would send queries from. */
export const hostedSandbox = 'https://studio.apollographql.com';

/** Reads the origins whose pages may call the gateway from a browser. */
export function readCorsOrigins(
  readers: Readers,
  upstream: 'graph' | 'emulator',
): readonly string[] {
  const origins = readers.list('CORS_ORIGINS') ?? [];
  for (const origin of origins) {
    const problem = findOriginProblem(origin);
    if (problem !== undefined) {
      readers.report(`CORS_ORIGINS has "${shown(origin)}"; ${problem}.`);
    }
  }
  // With the embedded Graph there is nothing to protect from it.
  return [...new Set(upstream === 'emulator' ? [...origins, hostedSandbox] : origins)];
}

/** Says why a text is no origin that a browser would send. */
export function findOriginProblem(text: string): string | undefined {
  if (text.includes('*')) {
    return 'name each origin: callers send tokens, and no page of the whole web is to send them';
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return 'an origin is http:// or https:// and a host, such as https://app.example';
  }
  return url.origin === text ? undefined : `browsers would send "${shown(url.origin)}"`;
}
