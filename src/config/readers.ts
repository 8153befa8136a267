import type { ForwardProxy, ProxySettings } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads single variables and collects what is wrong, so that all of it can be reported at once. */
export interface Readers {
  /** The text, or undefined if the variable is absent or empty. */
  text(name: string): string | undefined;
  /** Reports a variable that is absent, and why it is needed. */
  need(name: string, reason: string): void;
  report(problem: string): void;
  readonly problems: readonly string[];
  /** The names of all variables that were asked for. */
  readonly names: ReadonlySet<string>;
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
  const report = (problem: string): void => {
    problems.push(problem);
  };
  const need = (name: string, reason: string): void => {
    if (text(name) === undefined) {
      report(`${name} is missing: ${reason}.`);
    }
  };
  return { text, need, report, problems, names };
}

const longestShown = 80;

/** A value as a problem may show it: on one line, cut, and without what stands before an @ (it may be a password). */
export function shown(value: string): string {
  const plain = value.replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, '$1').replace(/\p{C}+/gu, ' ');
  return plain.length > longestShown ? `${plain.slice(0, longestShown)}…` : plain;
}

/** What Kubernetes and Docker set for each service, such as GRAPH_SERVICE_HOST and GRAPH_PORT_80_TCP_ADDR. */
const serviceLink =
  /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_\w+$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/** Whether a platform set the variable for a service; it says nothing about the gateway then, whatever its name. */
function isServiceLink(name: string, value: string): boolean {
  return serviceLink.test(name) || (name.endsWith('_PORT') && serviceAddress.test(value));
}

/** First words of names that no other program uses. */
const ownWords = /^(GRAPH|LIMIT|SHED|LIST|TRUSTED|DRAIN|EMULATOR)_/;
const fewestLetters = 8;
const mostEdits = 2;

/**
 * Finds variables that are set, that nothing reads, and whose name is nearly a known one. Only names that begin as
 * nothing but the gateway's do are judged.
 */
export function findMisspelledNames(
  environment: Environment,
  knownNames: ReadonlySet<string>,
): readonly string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const isOurs = ownWords.test(name) && (name.match(/[A-Za-z]/g) ?? []).length >= fewestLetters;
    if (!isOurs || knownNames.has(name) || value.trim() === '' || isServiceLink(name, value)) {
      return [];
    }
    const known = nearestOf(name, knownNames);
    return known === undefined ? [] : [`${name} is unknown; is ${known} meant?`];
  });
}

function nearestOf(name: string, knownNames: ReadonlySet<string>): string | undefined {
  const near = [...knownNames]
    .filter((known) => Math.abs(known.length - name.length) <= mostEdits)
    .map((known) => ({ known, edits: editsBetween(name, known) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((one, other) => one.edits - other.edits);
  return near[0]?.known;
}

/** Levenshtein's distance: letters added, dropped or replaced. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[column], row[column + 1], row[column]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === wanted ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length] ?? 0;
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
    const value = percentDecode(encoded);
    if (key === '' || value === undefined) {
      return undefined;
    }
    pairs.set(key, value);
  }
  return pairs;
}

export function percentDecode(text: string): string | undefined {
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
