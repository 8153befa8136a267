/** What a request may have at the most, and what happens to those that have more. */
export interface Limits {
  /** In `warn-only` what merely costs time passes; what protects the process itself never does. */
  readonly mode: 'enforce' | 'warn-only';
  readonly bodyBytes: number;
  /** Objects and arrays inside each other, in the body and in the parameters of a GET. */
  readonly jsonDepth: number;
  readonly documentBytes: number;
  readonly tokens: number;
  /** Fields inside each other. */
  readonly depth: number;
  /** The same, counted from `__schema` or `__type`. */
  readonly introspectionDepth: number;
  readonly aliases: number;
  /** Those of `__schema` and `__type`, and all below. */
  readonly introspectionAliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Conditions of all filters of an operation, each element of a list counted. */
  readonly filterConditions: number;
  /** Filters inside each other by `and`, `or` and `not`. */
  readonly filterDepth: number;
  /** Characters of a text in a filter. */
  readonly filterText: number;
  /** Of one list. */
  readonly orderKeys: number;
  /** The sizes of all pages that an operation asks for. */
  readonly pageRows: number;
  /** Of an answer's data and errors, as JSON; for a mutation, of each of the two. */
  readonly answerBytes: number;
  /** Objects and fields of an answer's data. */
  readonly answerValues: number;
  /** How many errors about a document or its variables are told. */
  readonly errors: number;
}

/** What is limited, by the label that metrics and logs have for it. */
export type LimitName = keyof typeof limitCodes;

/** The stable code of each limit. */
export const limitCodes = {
  'body-bytes': 'REQUEST_TOO_LARGE',
  'json-depth': 'JSON_TOO_DEEP',
  'duplicate-keys': 'DUPLICATE_KEYS',
  'document-bytes': 'DOCUMENT_TOO_LARGE',
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  'introspection-depth': 'INTROSPECTION_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  'introspection-aliases': 'TOO_MANY_INTROSPECTION_ALIASES',
  'root-fields': 'TOO_MANY_ROOT_FIELDS',
  directives: 'TOO_MANY_DIRECTIVES',
  'filter-conditions': 'TOO_MANY_CONDITIONS',
  'filter-depth': 'FILTER_TOO_DEEP',
  'filter-text': 'FILTER_TEXT_TOO_LONG',
  'order-keys': 'TOO_MANY_ORDER_KEYS',
  'page-rows': 'TOO_MANY_PAGE_ROWS',
  'answer-bytes': 'ANSWER_TOO_LARGE',
  'answer-values': 'TOO_MANY_ANSWER_VALUES',
  errors: 'TOO_MANY_ERRORS',
} as const;
