import { safeParse } from 'secure-json-parse';
import { findInexactNumbers, type InexactNumber } from '../../graph/exactNumbers.ts';
import { RequestProblem } from '../../graphql/problems.ts';
import { judgeJson } from '../../shared/json.ts';
import { LimitProblem } from '../limits/limitProblem.ts';

/** Where the JSON stands, for messages and depths. */
export interface JsonPlace {
  /** In the middle of a sentence. */
  readonly name: string;
  /** How many objects it stands in already. */
  readonly depth: number;
}

/** What a JSON text of a caller says. */
export interface ReadJson {
  /** Without keys that could reach a prototype. */
  readonly value: unknown;
  readonly depth: number;
  /** The numbers that `value` does not have as they were sent. */
  readonly inexact: readonly InexactNumber[];
}

/**
 * Reads JSON that a caller sent.
 * @throws RequestProblem if it is none, too deep or ambiguous.
 */
export function readJson(text: string, place: JsonPlace, maximumDepth: number): ReadJson {
  const value: unknown = safeParse(text);
  if (value === undefined) {
    throw new RequestProblem(400, 'BAD_REQUEST', `Invalid JSON in ${place.name}.`);
  }
  if (value === null && text.trim() !== 'null') {
    const message = `There is a key "__proto__", or "prototype" in a "constructor", in ${place.name}. Use other names.`;
    throw new RequestProblem(400, 'FORBIDDEN_KEY', message);
  }
  const judged = judgeJson(text, value, maximumDepth - place.depth);
  const depth = judged.depth + place.depth;
  if (judged.problem === 'too-deep') {
    throw new LimitProblem({
      limit: 'json-depth',
      allowed: maximumDepth,
      seen: depth,
      isExact: false,
    });
  }
  if (judged.problem === 'duplicate-keys') {
    throw new LimitProblem({ limit: 'duplicate-keys', allowed: 1, seen: 2, isExact: false });
  }
  return { value, depth, inexact: findInexactNumbers(text, value) };
}
