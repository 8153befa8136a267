import { GraphQLError } from 'graphql';
import type { Limits } from '../../graphql/limits.ts';
import { type Excess, extensionsOf, messageOf } from './excess.ts';

/** A document, an operation or an answer that is beyond a limit. */
export class LimitError extends GraphQLError {
  override readonly name = 'LimitError';
  readonly excess: Excess;

  /** The status is that of the HTTP answer, for what is rejected before it is executed and not by validation. */
  constructor(excess: Excess, status?: number) {
    super(messageOf(excess), {
      extensions: { ...extensionsOf(excess), ...(status !== undefined && { http: { status } }) },
    });
    this.excess = excess;
  }
}

/** As graphql-js words it; nothing that a caller writes can make it say exactly this. */
const tooManyTokens = /^Syntax Error: Document contains more that \d+ tokens\. Parsing aborted\.$/;

/** Gives the limit that an error of Apollo's is about, undefined where it is about something else. */
export function excessOf(error: unknown, { tokens }: Limits): Excess | undefined {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof LimitError) {
    return original.excess;
  }
  return original instanceof GraphQLError && tooManyTokens.test(original.message)
    ? { limit: 'tokens', allowed: tokens, seen: tokens + 1, isExact: false }
    : undefined;
}
