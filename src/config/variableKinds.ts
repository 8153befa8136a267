import type { Readers } from './readers.ts';

/** Under which setting a variable has a meaning. One that is set elsewhere is a problem or a hint of the doctor's. */
export type Scope = 'callers' | 'credentials' | 'managed-identity' | 'emulator';

/** One variable of the environment: how it is read, and what the manual says of it, in Markdown. */
export interface Variable<Value> {
  /** `fallback` replaces the table's default if that depends on other variables. */
  readonly read: (readers: Readers, name: string, fallback?: Value) => Value;
  readonly values: string;
  readonly default: string;
  readonly meaning: string;
  /** Absent if it always applies. */
  readonly scope?: Scope;
}

const none = 'none';
const code = (text: string | number | boolean): string => `\`${text}\``;
const codes = (words: readonly string[]): string => words.map(code).join(', ');

export const wholeNumber = (
  min: number,
  max: number,
  fallback: number,
  meaning: string,
): Variable<number> => ({
  read: (readers, name, given = fallback) =>
    readers.wholeNumber(name, { min, max, fallback: given }),
  values: `${min} to ${max}`,
  default: code(fallback),
  meaning,
});

export const flag = (fallback: boolean, meaning: string): Variable<boolean> => ({
  read: (readers, name, given = fallback) => readers.flag(name, given),
  values: codes(['true', 'false']),
  default: code(fallback),
  meaning,
});

export const oneOf = <const Word extends string>(
  words: readonly Word[],
  fallback: NoInfer<Word>,
  meaning: string,
): Variable<Word> => ({
  read: (readers, name, given = fallback) => readers.oneOf(name, words) ?? given,
  values: codes(words),
  default: code(fallback),
  meaning,
});

/** A variable without a default of its own. */
const optional =
  <Value>(values: string, read: (readers: Readers, name: string) => Value) =>
  (meaning: string): Variable<Value> => ({ read, values, default: none, meaning });

export const optionalOneOf = <const Word extends string>(words: readonly Word[], meaning: string) =>
  optional(codes(words), (readers, name) => readers.oneOf(name, words))(meaning);

export const someOf = <const Word extends string>(words: readonly Word[], meaning: string) =>
  optional(`${codes(words)}, separated by commas`, (readers, name) => readers.someOf(name, words))(
    meaning,
  );

export const text = optional('text', (readers, name) => readers.text(name));
export const path = optional('path', (readers, name) => readers.text(name));
export const secret = optional('text; never shown', (readers, name) => readers.secret(name));
export const guid = optional('GUID', (readers, name) => readers.guid(name));
export const guids = optional('GUIDs, separated by commas', (readers, name) => readers.guids(name));
export const list = optional('texts, separated by commas', (readers, name) => readers.list(name));
export const rootUrl = optional('URL', (readers, name) => readers.rootUrl(name));
export const plainUrl = optional('URL', (readers, name) => readers.plainUrl(name));
export const redisUrl = optional('URL; never shown', (readers, name) => readers.redisUrl(name));

export const checkedUrl = (findProblem: (url: URL) => string | undefined, meaning: string) =>
  optional('URL', (readers, name) => readers.checkedUrl(name, findProblem))(meaning);

export const host = (fallback: string, meaning: string): Variable<string> => ({
  read: (readers, name, given = fallback) => readers.host(name, given),
  values: 'name or address',
  default: code(fallback),
  meaning,
});

/** The same variable with the manual's own words for values or default. */
export const shownAs = <Value>(
  variable: Variable<Value>,
  words: Partial<Pick<Variable<Value>, 'values' | 'default'>>,
): Variable<Value> => ({ ...variable, ...words });

/** The same variables, all for one setting only. */
export function within<Table extends Readonly<Record<string, { readonly meaning: string }>>>(
  scope: Scope,
  table: Table,
): Table {
  const entries = Object.entries(table).map(([name, variable]) => [name, { ...variable, scope }]);
  return Object.fromEntries(entries) as Table;
}
