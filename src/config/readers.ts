import { isIP } from 'node:net';
import { Secret } from '../shared/secret.ts';
import { findRedisUrlProblem, findRootUrlProblem } from './urlProblems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads single variables and collects what is wrong, so that all of it can be told at once. */
export interface Readers {
  /** The text, or undefined where the variable is absent or empty. */
  text(name: string): string | undefined;
  /** A whole number inside the bounds, both included. */
  wholeNumber(name: string, bounds: { min: number; max: number; fallback: number }): number;
  /** One of the allowed words. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined;
  /** Any of the allowed words, with commas between and each once; none where the variable is absent. */
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
  /** Texts with commas between; undefined where the variable is absent. Nothing but commas is a problem. */
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
const guidForm = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

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
      if (value !== undefined && !guidForm.test(value)) {
        // Not shown: a secret is easily put where the id beside it belongs.
        problems.push(`${name} must be a GUID.`);
        return undefined;
      }
      return value?.toLowerCase();
    },
    list,
    guids(name) {
      const given = list(name)?.map((word) => word.toLowerCase());
      if (given?.some((word) => !guidForm.test(word))) {
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
