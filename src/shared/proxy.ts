import { BlockList, isIP } from 'node:net';
import { errnoCodeOf } from './forms.ts';
import type { Secret } from './secret.ts';

/** A forward proxy. */
export interface ForwardProxy {
  /** `http:` or `https:`, without user information. */
  readonly url: URL;
  /** The value of the header `proxy-authorization`. */
  readonly authorization: Secret | undefined;
}

/** Which proxies lead out, and to whom none is used. */
export interface ProxySettings {
  /** For addresses at `https:`. */
  readonly https: ForwardProxy | undefined;
  /** For addresses at `http:`. */
  readonly http: ForwardProxy | undefined;
  /** Hosts that are reached without one, as `NO_PROXY` lists them. */
  readonly exceptions: string;
}

/** How many characters of `NO_PROXY` matter to one look-up at the most; environments can be long, never this long. */
const longestExceptions = 65_536;

/** Finds the proxy that leads to an address; undefined for loopback, for exceptions, and without a proxy. */
export function proxyFor(url: URL, settings: ProxySettings | undefined): ForwardProxy | undefined {
  const proxy = url.protocol === 'https:' ? settings?.https : settings?.http;
  if (settings === undefined || proxy === undefined || isLoopback(url.hostname)) {
    return undefined;
  }
  return isException(url, settings.exceptions) ? undefined : proxy;
}

function isException(url: URL, exceptions: string): boolean {
  const host = hostOf(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const entries = exceptions
    .slice(0, longestExceptions)
    .toLowerCase()
    .split(/[,\s]+/);
  return entries.some((entry) => {
    // Of an IPv6 address with a port, the address stands in brackets.
    const [, name = entry, ofPort] = /^(\[.*\]|[^:]*):(\d{1,5})$/.exec(entry) ?? [];
    return (ofPort === undefined || ofPort === port) && matches(host, hostOf(name));
  });
}

const hostOf = (text: string): string => text.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** All forms of Node.js and of curl: names, suffixes, addresses, ranges and networks. */
function matches(host: string, entry: string): boolean {
  if (entry === '*') {
    return true;
  }
  if (isIP(host) !== 0) {
    return host === entry || isInNetwork(host, entry);
  }
  const suffix = entry.replace(/^\*?\./, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** `10.0.0.0/8`, `fd00::/8`, or `10.0.0.1-10.0.0.9`. */
function isInNetwork(host: string, entry: string): boolean {
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const [, from = '', sign, to = ''] = /^([^/-]+)([/-])(.+)$/.exec(entry) ?? [];
  const list = new BlockList();
  try {
    if (sign === '/') {
      list.addSubnet(from, Number(to), family);
    } else if (sign === '-') {
      list.addRange(from, to, family);
    } else {
      list.addAddress(entry, family);
    }
    return list.check(host, family);
  } catch {
    // An entry of another form or family says nothing about this host.
    return false;
  }
}

/** Whether a URL's `hostname` is this machine itself, by name or address (127.0.0.0/8, ::1). */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

/** The proxy opened no tunnel, so nothing of a request went out. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  /** The system's code if the connection failed. */
  readonly code: string;
  /** What the proxy answered in place of opening the tunnel. */
  readonly status: number | undefined;

  constructor(status: number | undefined, cause?: unknown) {
    super('The forward proxy opened no tunnel.', { cause });
    // Never undici's own code for a broken socket: undici would connect again and again.
    const code = errnoCodeOf(cause) ?? 'unknown';
    this.code = code.startsWith('UND_ERR_') || status !== undefined ? 'EPROXY' : code;
    this.status = status;
  }
}

/** Whether a proxy asks for other credentials than the gateway has. */
export function rejectsCredentials(error: unknown): boolean {
  return error instanceof TunnelError && error.status === 407;
}
