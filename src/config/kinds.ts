import { isIP } from 'node:net';
import { isGuid } from '../shared/forms.ts';
import { isLoopback } from '../shared/proxy.ts';
import { Secret } from '../shared/secret.ts';
import { parseKeyValues, percentDecode, shown } from './readers.ts';

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
const kind = <Value>(values: string, fallback: Value, parse: Variable<Value>['parse']) => {
  const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback);
  const is = (
    meaning: string,
    shownDefault = isPlain ? code(fallback) : 'none',
    shownValues = values,
  ): Variable<Value> => ({
    parse,
    fallback,
    values: shownValues,
    default: shownDefault,
    meaning,
  });
  return { is };
};

const optional = <Value>(values: string, parse: Variable<Value | undefined>['parse']) =>
  kind<Value | undefined>(values, undefined, parse);

const mustBe = (text: string, what: string): string => `is "${shown(text)}"; it must be ${what}`;

export const integer = (min: number, max: number, fallback: number) =>
  kind(`${min} to ${max}`, fallback, (text, fault) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max
      ? number
      : fault(mustBe(text, `a whole number from ${min} to ${max}`));
  });

export const flag = (fallback: boolean) =>
  kind(codes(['true', 'false']), fallback, (text, fault) =>
    ['true', 'false', '1', '0'].includes(text)
      ? text === 'true' || text === '1'
      : fault(mustBe(text, 'true, false, 1 or 0')),
  );

/** One of some words; undefined if the variable is absent and there is no fallback. */
export const oneOf = <
  const Word extends string,
  const Fallback extends Word | undefined = undefined,
>(
  words: readonly Word[],
  fallback?: Fallback,
) =>
  kind<Word | Fallback>(codes(words), fallback as Fallback, (text, fault) => {
    const word = words.find((candidate) => candidate === text);
    return word ?? fault(mustBe(text, `one of ${words.join(', ')}`));
  });

const wordsIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** Any of some words, with commas between and each once. */
export const someOf = <const Word extends string>(words: readonly Word[]) =>
  kind<readonly Word[]>(`${codes(words)}, separated by commas`, [], (text, fault) => {
    const given = wordsIn(text);
    // A comma too many is no word; a word with a slip in it must not pass for none.
    for (const stray of given.filter((word) => !words.some((known) => known === word))) {
      fault(`has "${shown(stray)}"; it must be some of ${words.join(', ')}, with commas between`);
    }
    return words.filter((word) => given.includes(word));
  });

const itself = (text: string): string => text;
export const text = optional('text', itself);
export const path = optional('path', itself);
export const secret = optional('text; never shown', (value) => new Secret(value));

export const guid = optional<string>('GUID', (value, fault) =>
  // Not shown: a secret is easily put where the id beside it belongs.
  isGuid(value) ? value.toLowerCase() : fault('must be a GUID'),
);

/** Nothing but commas is a problem: taken for absent it could mean that everything is allowed. */
const listOf = (
  values: string,
  findProblem: (words: readonly string[]) => string | undefined,
  normalise = itself,
) =>
  optional<readonly string[]>(`${values}, separated by commas`, (value, fault) => {
    const words = wordsIn(value).map(normalise);
    const problem = words.length === 0 ? 'has nothing between its commas' : findProblem(words);
    return problem === undefined ? words : fault(problem);
  });

export const list = listOf('texts', () => undefined);
/** In lower case, as tokens have them. */
export const guids = listOf(
  'GUIDs',
  (words) => (words.every(isGuid) ? undefined : 'must be GUIDs, with commas between'),
  (word) => word.toLowerCase(),
);

/** A host's name or address, without brackets or a port. */
export const host = (fallback: string) =>
  kind('name or address', fallback, (value, fault) =>
    isIP(value) !== 0 || /^[a-z\d_][\w.-]{0,252}$/i.test(value)
      ? value
      : fault(mustBe(value, "a host's name or IP address")),
  );

type FindUrlProblem = (url: URL) => string | undefined;

/** The URL is not shown: it may hold credentials, and then the problem would leak them. */
function findProblemOfUrl(value: string, findProblem: FindUrlProblem): string | undefined {
  const problem = URL.canParse(value) ? findProblem(new URL(value)) : 'it must be an absolute URL';
  return problem && `cannot be used: ${problem}`;
}

const urlOf = (findProblem: FindUrlProblem) =>
  optional<URL>('URL', (value, fault) => {
    const problem = findProblemOfUrl(value, findProblem);
    return problem === undefined ? new URL(value) : fault(problem);
  });

/** A URL of any form, such as a platform sets for its own programs. */
export const plainUrl = urlOf(() => undefined);
/** An upstream's root: https, or http on this machine's loopback; no credentials, query or fragment. */
export const rootUrl = urlOf(findRootProblem);

export const graphRootUrl = urlOf((url) =>
  /\/(beta|v1\.0)\/?$/i.test(url.pathname)
    ? 'it must end before the version, which GRAPH_API_VERSION names'
    : findRootProblem(url),
);

export const collectorUrl = urlOf((url) => {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return 'it must begin with https:// or http://';
  }
  return hasUser(url)
    ? 'it must not have a user name or password; use headers for that'
    : findTailProblem(url);
});

/** A scheme, a host, and at most a user name, a password, a port and a database's number. */
export const redisUrl = optional<Secret>('URL; never shown', (value, fault) => {
  const problem = findProblemOfUrl(value, findRedisProblem);
  return problem === undefined ? new Secret(new URL(value).href) : fault(problem);
});

const hasUser = ({ username, password }: URL): boolean => username !== '' || password !== '';

function findTailProblem({ search, hash }: URL): string | undefined {
  return search !== '' || hash !== '' ? 'it must end before any ? or #' : undefined;
}

function findRootProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return 'it must begin with https:// (http:// only for 127.0.0.1, ::1 and localhost), because tokens are sent there';
  }
  return hasUser(url) ? 'it must not have a user name or password' : findTailProblem(url);
}

function findRedisProblem(url: URL): string | undefined {
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return 'it must begin with redis:// or rediss://';
  }
  if (url.hostname === '') {
    return 'it must name a host';
  }
  if (!/^\/?\d*$/.test(url.pathname)) {
    return "after the host there may only be a database's number";
  }
  const isDecodable = [url.username, url.password].every(
    (part) => percentDecode(part) !== undefined,
  );
  return isDecodable ? findTailProblem(url) : 'user name and password must be percent-encoded';
}

/** Headers; their values are never shown, not even if they cannot be used. */
export const headers = kind<Readonly<Record<string, Secret>>>(
  '`name=value`, separated by commas; never shown',
  {},
  (value, fault) => {
    const pairs = [...(parseKeyValues(value) ?? [['', '']])];
    const isSendable = pairs.every(
      ([name = '', text = '']) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(text),
    );
    return isSendable
      ? Object.fromEntries(pairs.map(([name = '', text = '']) => [name, new Secret(text)]))
      : fault('cannot be used: it must be name=value, with commas between');
  },
);

/** A share. */
export const ratio = kind('0 to 1', 1, (value, fault) => {
  const number = /^\d(\.\d{1,15})?$/.test(value) ? Number(value) : Number.NaN;
  return number >= 0 && number <= 1 ? number : fault(mustBe(value, 'a number from 0 to 1'));
});
