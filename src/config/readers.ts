import { isIP } from 'node:net';
import { isGuid } from '../shared/guid.ts';
import { type ForwardProxy, isLoopback, type ProxySettings } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads single variables and collects what is wrong, so that all of it can be told at once. */
export interface Readers {
  /** The text, or undefined if the variable is absent or empty. */
  text(name: string): string | undefined;
  /** A whole number inside the bounds, both included. */
  wholeNumber(name: string, bounds: { min: number; max: number; fallback: number }): number;
  /** One of the allowed words. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined;
  /** Any of the allowed words, with commas between and each once; none if the variable is absent. */
  someOf<Word extends string>(name: string, words: readonly Word[]): readonly Word[];
  /** `true`, `false`, `1` or `0`. */
  flag(name: string, fallback: boolean): boolean;
  /** An upstream's root: https, or http on this machine's loopback; no credentials, query or fragment. */
  rootUrl(name: string): URL | undefined;
  /** The URL of a Redis: a scheme, a host, and at most a user name, a password, a port and a database's number. */
  redisUrl(name: string): Secret | undefined;
  /** A URL with rules of its own: the function says what is wrong with one. The URL itself is never shown. */
  checkedUrl(name: string, findProblem: (url: URL) => string | undefined): URL | undefined;
  /** A URL of any form, such as a platform sets for its own programs. */
  plainUrl(name: string): URL | undefined;
  /** A host's name or address, without brackets or a port. */
  host(name: string, fallback: string): string;
  /** A text that must not be shown. */
  secret(name: string): Secret | undefined;
  /** A GUID, in lower case. */
  guid(name: string): string | undefined;
  /** Texts with commas between; undefined if the variable is absent. Nothing but commas is a problem. */
  list(name: string): readonly string[] | undefined;
  /** The same for GUIDs, in lower case. */
  guids(name: string): readonly string[] | undefined;
  /** Reports a variable that is absent, and why it is needed. */
  need(name: string, reason: string): void;
  /** Adds a problem that is about more than the form of one variable. */
  report(problem: string): void;
  readonly problems: readonly string[];
  /** The names of all variables that were asked for. */
  readonly names: ReadonlySet<string>;
}

const longestShown = 80;

/** A value as a problem may show it: on one line, cut, and without what stands before an @ (it may be a password). */
export function shown(value: string): string {
  const plain = value.replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, '$1').replace(/\p{C}+/gu, ' ');
  return plain.length > longestShown ? `${plain.slice(0, longestShown)}…` : plain;
}

const hostForm = /^[a-z\d_][\w.-]{0,252}$/i;

/** What Kubernetes and Docker set for each service, such as GRAPH_SERVICE_HOST and GRAPH_PORT_80_TCP_ADDR. */
const serviceLink =
  /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_\w+$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/** Whether a platform set the variable for a service; it says nothing about the gateway then, whatever its name. */
export function isServiceLink(name: string, value: string): boolean {
  return serviceLink.test(name) || (name.endsWith('_PORT') && serviceAddress.test(value));
}

/** Builds readers over an environment. An empty text counts as absent: that is how compose files and shells unset. */
export function createReaders(environment: Environment): Readers {
  const problems: string[] = [];
  const names = new Set<string>();
  const text = (name: string): string | undefined => {
    names.add(name);
    const value = environment[name]?.trim();
    return value && !isServiceLink(name, value) ? value : undefined;
  };
  const url = (name: string, findProblem: (url: URL) => string | undefined): URL | undefined => {
    const value = text(name);
    if (value === undefined) {
      return undefined;
    }
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    const problem = parsed === undefined ? 'it must be an absolute URL' : findProblem(parsed);
    if (problem !== undefined) {
      // The value is not shown: it may hold credentials, and then this line would leak them.
      problems.push(`${name} cannot be used: ${problem}.`);
      return undefined;
    }
    return parsed;
  };

  const list = (name: string): readonly string[] | undefined => {
    const given = text(name)
      ?.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
    if (given?.length === 0) {
      // Taken for absent it could mean that everything is allowed.
      problems.push(`${name} has nothing between its commas.`);
    }
    return given;
  };

  return {
    problems,
    names,
    text,
    report(problem) {
      problems.push(problem);
    },
    wholeNumber(name, { min, max, fallback }) {
      const value = text(name);
      if (value === undefined) {
        return fallback;
      }
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) {
        return number;
      }
      problems.push(
        `${name} is "${shown(value)}"; it must be a whole number from ${min} to ${max}.`,
      );
      return fallback;
    },
    oneOf(name, words) {
      const value = text(name);
      const word = words.find((candidate) => candidate === value);
      if (value !== undefined && word === undefined) {
        problems.push(`${name} is "${shown(value)}"; it must be one of ${words.join(', ')}.`);
      }
      return word;
    },
    someOf(name, words) {
      const given = (text(name) ?? '').split(',').map((word) => word.trim());
      const isUnknown = (word: string) => !words.some((candidate) => candidate === word);
      // A comma too many is no word; a word with a slip in it must not pass for none.
      for (const stray of given.filter((word) => word !== '' && isUnknown(word))) {
        problems.push(
          `${name} has "${shown(stray)}"; it must be some of ${words.join(', ')}, with commas between.`,
        );
      }
      return words.filter((word) => given.includes(word));
    },
    flag(name, fallback) {
      const value = text(name);
      if (value === undefined) {
        return fallback;
      }
      if (!['true', 'false', '1', '0'].includes(value)) {
        problems.push(`${name} is "${shown(value)}"; it must be true, false, 1 or 0.`);
      }
      return value === 'true' || value === '1';
    },
    checkedUrl: url,
    rootUrl: (name) => url(name, findRootUrlProblem),
    plainUrl: (name) => url(name, () => undefined),
    host(name, fallback) {
      const value = text(name) ?? fallback;
      if (isIP(value) === 0 && !hostForm.test(value)) {
        problems.push(`${name} is "${shown(value)}"; it must be a host's name or IP address.`);
      }
      return value;
    },
    secret(name) {
      const value = text(name);
      return value === undefined ? undefined : new Secret(value);
    },
    guid(name) {
      const value = text(name);
      if (value !== undefined && !isGuid(value)) {
        // Not shown: a secret is easily put where the id beside it belongs.
        problems.push(`${name} must be a GUID.`);
        return undefined;
      }
      return value?.toLowerCase();
    },
    list,
    guids(name) {
      const given = list(name)?.map((word) => word.toLowerCase());
      if (given?.some((word) => !isGuid(word))) {
        problems.push(`${name} must be GUIDs, with commas between.`);
      }
      return given;
    },
    need(name, reason) {
      if (text(name) === undefined) {
        problems.push(`${name} is missing: ${reason}.`);
      }
    },
    redisUrl(name) {
      const parsed = url(name, findRedisUrlProblem);
      return parsed && new Secret(parsed.href);
    },
  };
}

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

/** Reads `key=value` pairs with commas between and values percent-encoded; undefined if the text is none of that. */
export function parseKeyValues(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  const given = text.split(',').map((pair) => pair.trim());
  for (const pair of given.filter((candidate) => candidate !== '')) {
    const [, key = '', encoded = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(pair) ?? [];
    const value = decode(encoded);
    if (key === '' || value === undefined) {
      return undefined;
    }
    pairs.set(key, value);
  }
  return pairs;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A configuration that the gateway does not start with; lists everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Something outside keeps the gateway from starting, such as a port in use. The message names the variable to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** The system's code, such as EADDRINUSE. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Says why a URL is no root that tokens may be sent to. */
function findRootUrlProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return 'it must begin with https:// (http:// only for 127.0.0.1, ::1 and localhost), because tokens are sent there';
  }
  if (url.username !== '' || url.password !== '') {
    return 'it must not have a user name or password';
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
    return 'it must not have a user name or password; use headers for that';
  }
  return url.search !== '' || url.hash !== '' ? 'it must end before any ? or #' : undefined;
}

/** Says why a URL is none of a Redis. */
function findRedisUrlProblem(url: URL): string | undefined {
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
  if ([url.username, url.password].some((text) => decode(text) === undefined)) {
    return 'user name and password must be percent-encoded';
  }
  return undefined;
}
