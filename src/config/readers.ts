import { isIP } from 'node:net';
import { isGuid } from '../shared/forms.ts';
import { type ForwardProxy, isLoopback } from '../shared/proxy.ts';
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
function shown(value: string): string {
  const plain = value.replace(/^([a-z][\w+.-]*:\/\/)?.*@/is, '$1').replace(/\p{C}+/gu, ' ');
  return plain.length > longestShown ? `${plain.slice(0, longestShown)}…` : plain;
}

/** What Kubernetes and Docker set for each service, such as GRAPH_SERVICE_HOST and GRAPH_PORT_80_TCP_ADDR. */
const serviceLink =
  /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_\w+$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/** Whether a platform set the variable for a service; it says nothing about the gateway then, whatever its name. */
export function isServiceLink(name: string, value: string): boolean {
  return serviceLink.test(name) || (name.endsWith('_PORT') && serviceAddress.test(value));
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

/** One variable of the environment: how its text is read, and what the manual says of it, in Markdown. */
export interface Variable<Value> {
  /** `fault` reports what is wrong, in words that follow the variable's name, and gives a value to go on with. */
  readonly parse: (text: string, fault: (problem: string) => Value) => Value;
  /** If the variable is absent. */
  readonly fallback: Value;
  readonly values: string;
  readonly default: string;
  readonly meaning: string;
}

const code = (text: unknown): string => `\`${text}\``;
const codes = (words: readonly string[]): string => words.map(code).join(', ');

/** A kind of variable; `is` makes one of it. The manual may have words of its own for default and values. */
const kind = <Value>(values: string, fallback: Value, parse: Variable<Value>['parse']) => ({
  is: (
    meaning: string,
    shownDefault = /string|number|boolean/.test(typeof fallback) ? code(fallback) : 'none',
    shownValues = values,
  ): Variable<Value> => ({
    parse,
    fallback,
    values: shownValues,
    default: shownDefault,
    meaning,
  }),
});

const optional = <Value>(values: string, parse: Variable<Value | undefined>['parse']) =>
  kind<Value | undefined>(values, undefined, parse);

const mustBe = (text: string, what: string): string => `is "${shown(text)}"; it must be ${what}`;

const wordsIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const itself = (text: string): string => text;

/** Nothing but commas is a problem: taken for absent it could mean that everything is allowed. */
const listOf = (
  values: string,
  findProblems: (words: readonly string[]) => readonly string[],
  normalize = itself,
) =>
  optional<readonly string[]>(`${values}, separated by commas`, (value, fault) => {
    const words = wordsIn(value).map(normalize);
    const problems = words.length === 0 ? ['has nothing between its commas'] : findProblems(words);
    return problems.map(fault).length > 0 ? undefined : words;
  });

/** Says why a text is no origin that a browser would send. */
function findOriginProblem(text: string): string | undefined {
  if (text.includes('*')) {
    return 'name each origin: callers send tokens, and no page of the whole web is to send them';
  }
  const url = urlIn(text);
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return 'an origin is http:// or https:// and a host, such as https://app.example';
  }
  return url.origin === text ? undefined : `browsers would send "${shown(url.origin)}"`;
}

const urlIn = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** The URL is not shown: it may hold credentials, and then the problem would leak them. */
const urlOf = <Value>(
  values: string,
  make: (url: URL) => Value,
  findProblem: (url: URL) => string | undefined,
) =>
  optional<Value>(values, (value, fault) => {
    const url = urlIn(value);
    const problem = url === undefined ? 'it must be an absolute URL' : findProblem(url);
    return url === undefined || problem !== undefined
      ? fault(`cannot be used: ${problem}`)
      : make(url);
  });

const asUrl = (url: URL): URL => url;

const hasUser = ({ username, password }: URL): boolean => username !== '' || password !== '';

/** User name and password with a colon between; undefined if they cannot be decoded. */
function userOf({ username, password }: URL): string | undefined {
  const parts = [username, password].map(percentDecode);
  return parts.includes(undefined) ? undefined : parts.join(':');
}

function findTailProblem({ search, hash }: URL): string | undefined {
  return search !== '' || hash !== '' ? 'it must end before any ? or #' : undefined;
}

/** An upstream's root: https, or http on this machine's loopback; no credentials, query or fragment. */
function findRootProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return 'it must begin with https:// (http:// only for 127.0.0.1, ::1 and localhost), because tokens are sent there';
  }
  return hasUser(url) ? 'it must not have a user name or password' : findTailProblem(url);
}

/** Reads `key=value` pairs with commas between and values percent-encoded; undefined if the text is none of that. */
function parseKeyValues(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = new Map<string, string>();
  for (const pair of wordsIn(text)) {
    const [, key = '', encoded = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(pair) ?? [];
    const value = percentDecode(encoded);
    if (key === '' || value === undefined) {
      return undefined;
    }
    pairs.set(key, value);
  }
  return Object.fromEntries(pairs);
}

function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The kinds of variables: each is one, or makes one of its bounds or words and a default. */
export const kinds = {
  integer: (min: number, max: number, fallback: number) =>
    kind(`${min} to ${max}`, fallback, (text, fault) => {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max
        ? number
        : fault(mustBe(text, `a whole number from ${min} to ${max}`));
    }),

  flag: (fallback: boolean) =>
    kind(codes(['true', 'false']), fallback, (text, fault) =>
      ['true', 'false', '1', '0'].includes(text)
        ? text === 'true' || text === '1'
        : fault(mustBe(text, 'true, false, 1 or 0')),
    ),

  /** One of some words; undefined if the variable is absent and there is no fallback. */
  oneOf: <const Word extends string, const Fallback extends Word | undefined = undefined>(
    words: readonly Word[],
    fallback?: Fallback,
  ) =>
    kind<Word | Fallback>(codes(words), fallback as Fallback, (text, fault) => {
      const word = words.find((candidate) => candidate === text);
      return word ?? fault(mustBe(text, `one of ${words.join(', ')}`));
    }),

  /** Any of some words, with commas between and each once. */
  someOf: <const Word extends string>(words: readonly Word[]) =>
    kind<readonly Word[]>(`${codes(words)}, separated by commas`, [], (text, fault) => {
      const given = wordsIn(text);
      // A comma too many is no word; a word with a slip in it must not pass for none.
      for (const stray of given.filter((word) => !words.some((known) => known === word))) {
        fault(`has "${shown(stray)}"; it must be some of ${words.join(', ')}, with commas between`);
      }
      return words.filter((word) => given.includes(word));
    }),

  text: optional('text', itself),
  path: optional('path', itself),
  secret: optional('text; never shown', (value) => new Secret(value)),

  guid: optional<string>('GUID', (value, fault) =>
    // Not shown: a secret is easily put where the id beside it belongs.
    isGuid(value) ? value.toLowerCase() : fault('must be a GUID'),
  ),

  list: listOf('texts', () => []),
  /** In lower case, as tokens have them. */
  guids: listOf(
    'GUIDs',
    (words) => (words.every(isGuid) ? [] : ['must be GUIDs, with commas between']),
    (word) => word.toLowerCase(),
  ),
  origins: listOf('texts', (words) =>
    words.flatMap((word) => {
      const problem = findOriginProblem(word);
      return problem === undefined ? [] : [`has "${shown(word)}"; ${problem}`];
    }),
  ),

  /** A host's name or address, without brackets or a port. */
  host: (fallback: string) =>
    kind('name or address', fallback, (value, fault) =>
      isIP(value) !== 0 || /^[a-z\d_][\w.-]{0,252}$/i.test(value)
        ? value
        : fault(mustBe(value, "a host's name or IP address")),
    ),

  /** A URL of any form, such as a platform sets for its own programs. */
  plainUrl: urlOf('URL', asUrl, () => undefined),
  rootUrl: urlOf('URL', asUrl, findRootProblem),
  graphRootUrl: urlOf('URL', asUrl, (url) =>
    /\/(beta|v1\.0)\/?$/i.test(url.pathname)
      ? 'it must end before the version, which GRAPH_API_VERSION names'
      : findRootProblem(url),
  ),
  collectorUrl: urlOf('URL', asUrl, (url) => {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') {
      return 'it must begin with https:// or http://';
    }
    return hasUser(url)
      ? 'it must not have a user name or password; use headers for that'
      : findTailProblem(url);
  }),

  /** A scheme, a host, and at most a user name, a password, a port and a database's number. */
  redisUrl: urlOf(
    '`redis://` or `rediss://` URL; never shown',
    ({ href }) => new Secret(href),
    (url) => {
      if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
        return 'it must begin with redis:// or rediss://';
      }
      if (url.hostname === '') {
        return 'it must name a host';
      }
      if (!/^\/?\d*$/.test(url.pathname)) {
        return "after the host there may only be a database's number";
      }
      return userOf(url) === undefined
        ? 'user name and password must be percent-encoded'
        : findTailProblem(url);
    },
  ),

  /** A proxy's address; without a scheme it is one at `http://`, as for curl and Node.js. */
  forwardProxy: optional<ForwardProxy>('text', (value, fault) => {
    const url = urlIn(value.includes('://') ? value : `http://${value}`);
    const user = url && userOf(url);
    // Not shown: it may hold a password.
    if (url === undefined || user === undefined || !/^https?:$/.test(url.protocol)) {
      return fault(
        'cannot be used: it must be the http:// or https:// address of a proxy, with a user name and password ' +
          'percent-encoded if it has them',
      );
    }
    const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    return {
      url: new URL(url.origin),
      authorization: hasUser(url) ? new Secret(authorization) : undefined,
    };
  }),

  attributes: kind<Readonly<Record<string, string>>>(
    '`key=value`, separated by commas',
    {},
    (value, fault) => parseKeyValues(value) ?? fault('must be key=value, with commas between'),
  ),

  /** Their values are never shown, not even if they cannot be used. */
  headers: kind<Readonly<Record<string, Secret>>>(
    '`name=value`, separated by commas; never shown',
    {},
    (value, fault) => {
      const pairs = Object.entries(parseKeyValues(value) ?? { '': '' });
      const isSendable = pairs.every(
        ([name, text]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(text),
      );
      return isSendable
        ? Object.fromEntries(pairs.map(([name, text]) => [name, new Secret(text)]))
        : fault('cannot be used: it must be name=value, with commas between');
    },
  ),

  /** A share. */
  ratio: kind('0 to 1', 1, (value, fault) => {
    const number = /^\d(\.\d{1,15})?$/.test(value) ? Number(value) : Number.NaN;
    return number >= 0 && number <= 1 ? number : fault(mustBe(value, 'a number from 0 to 1'));
  }),
};
