import type { Readers } from './readers.ts';

/** What a request may have at the most, and what happens to those that have more. */
export interface LimitsConfig {
  readonly mode: 'enforce' | 'warn-only';
  readonly bodyBytes: number;
  readonly jsonDepth: number;
  readonly documentBytes: number;
  readonly tokens: number;
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly aliases: number;
  readonly introspectionAliases: number;
  readonly rootFields: number;
  readonly directives: number;
  readonly filterConditions: number;
  readonly filterDepth: number;
  readonly filterText: number;
  readonly orderKeys: number;
  readonly pageRows: number;
  readonly answerBytes: number;
  readonly answerValues: number;
  readonly errors: number;
}

/** Reads the limits. Their upper bounds are what a process of this kind bears in one request. */
export function readLimits(readers: Readers): LimitsConfig {
  const limit = (name: string, fallback: number, min: number, max: number): number =>
    readers.wholeNumber(name, { min, max, fallback });
  const limits: LimitsConfig = {
    mode: readers.oneOf('LIMITS_MODE', ['enforce', 'warn-only']) ?? 'enforce',
    bodyBytes: limit('LIMIT_BODY_BYTES', 65_536, 1024, 1_048_576),
    jsonDepth: limit('LIMIT_JSON_DEPTH', 32, 4, 128),
    documentBytes: limit('LIMIT_DOCUMENT_BYTES', 16_384, 256, 262_144),
    tokens: limit('LIMIT_TOKENS', 1000, 50, 3000),
    depth: limit('LIMIT_DEPTH', 8, 1, 100),
    introspectionDepth: limit('LIMIT_INTROSPECTION_DEPTH', 16, 1, 100),
    aliases: limit('LIMIT_ALIASES', 20, 0, 1000),
    introspectionAliases: limit('LIMIT_INTROSPECTION_ALIASES', 3, 0, 100),
    rootFields: limit('LIMIT_ROOT_FIELDS', 10, 1, 1000),
    directives: limit('LIMIT_DIRECTIVES', 10, 0, 1000),
    filterConditions: limit('LIMIT_FILTER_CONDITIONS', 100, 1, 1000),
    filterDepth: limit('LIMIT_FILTER_DEPTH', 8, 1, 32),
    // Of names, no more is compared.
    filterText: limit('LIMIT_FILTER_TEXT', 256, 1, 256),
    orderKeys: limit('LIMIT_ORDER_KEYS', 3, 1, 3),
    pageRows: limit('LIMIT_PAGE_ROWS', 1000, 1, 10_000),
    answerBytes: limit('LIMIT_ANSWER_BYTES', 4_194_304, 1024, 67_108_864),
    answerValues: limit('LIMIT_ANSWER_VALUES', 250_000, 100, 10_000_000),
    errors: limit('LIMIT_ERRORS', 5, 2, 100),
  };
  if (limits.documentBytes > limits.bodyBytes) {
    readers.report(
      'LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.',
    );
  }
  return limits;
}
