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
  errors: 'TOO_MANY_ERRORS',
} as const;
