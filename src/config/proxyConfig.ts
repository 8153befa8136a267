import type { ForwardProxy, ProxySettings } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';
import type { Readers } from './readers.ts';

/**
 * Reads the forward proxies as curl and Node.js do: lower case wins, a proxy without a scheme is one at `http://`.
 */
export function readProxies(readers: Readers): ProxySettings {
  return {
    https: readProxy(readers, ['https_proxy', 'HTTPS_PROXY']),
    http: readProxy(readers, ['http_proxy', 'HTTP_PROXY']),
    exceptions: readers.text('no_proxy') ?? readers.text('NO_PROXY') ?? '',
  };
}

function readProxy(readers: Readers, names: readonly string[]): ForwardProxy | undefined {
  const found = names
    .map((name) => [name, readers.text(name)] as const)
    .find(([, value]) => value !== undefined);
  const [name, value] = found ?? [];
  if (name === undefined || value === undefined) {
    return undefined;
  }
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const authorization = url && authorizationOf(url);
  if (url === undefined || authorization === null || !/^https?:$/.test(url.protocol)) {
    // The value is not shown: it may hold a password.
    readers.report(
      `${name} cannot be used: it must be the http:// or https:// address of a proxy, with a user name and password ` +
        'percent-encoded if it has them.',
    );
    return undefined;
  }
  return { url: new URL(url.origin), authorization };
}

/** Undefined without user information, null if it cannot be decoded. */
function authorizationOf({ username, password }: URL): Secret | undefined | null {
  if (username === '' && password === '') {
    return undefined;
  }
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return new Secret(`Basic ${Buffer.from(pair).toString('base64')}`);
  } catch {
    return null;
  }
}
