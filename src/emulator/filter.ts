import type { PartnerResource } from '../graph/types.ts';
import { collectionPath, refusal, serviceRefusal } from './http.ts';
import { isDateTimeLiteral, type Model, partnerType, propertiesOf } from './model.ts';

/** Whether a filter leaves a row. */
export type Fits = (row: PartnerResource) => boolean;

/** As many levels as OData's own parser allows. */
const maximumDepth = 100;

/** A text, a word and the bracket of a function behind it, or a mark. */
const tokens = /\s*(?:'(?:[^']|'')*'|([\w.:+-]+)(?=\s*(\()?)|([(),]))/gy;
const operators = new Set('eq ne gt ge lt le in and or not true false null'.split(' '));
const literal = "('(?:[^']|'')*'|null)";
/** The filters that Intune knows. */
const equal = new RegExp(`^displayName\\s+eq\\s+${literal}$`);
const call = new RegExp(`^(startswith|contains)\\(\\s*displayName\\s*,\\s*${literal}\\s*\\)$`);

/**
 * Reads `$filter`. Intune knows `eq`, `startswith` and `contains` over the display name, without regard to case; for all
 * other filters its service fails with 500.
 * @throws Refusal with 400 for text that is no OData, and for unknown properties
 */
export function parseFilter(text: string, model: Model): Fits {
  checkTokens(text.trim(), model);
  const bare = text.trim().replace(/^\(\s*(.*\S)\s*\)$/s, '$1');
  const [, equalTo] = equal.exec(bare) ?? [];
  if (equalTo !== undefined) {
    const wanted = textOf(equalTo);
    return ({ displayName }) => (displayName?.toLowerCase() ?? null) === wanted;
  }
  const [, name, argument] = call.exec(bare) ?? [];
  if (argument === undefined) {
    const message = 'An internal server error has occurred';
    throw serviceRefusal(500, 'InternalServerError', message, collectionPath);
  }
  const part = textOf(argument);
  return ({ displayName }) => {
    const shown = displayName?.toLowerCase();
    const isIn = name === 'contains' ? shown?.includes(part ?? '') : shown?.startsWith(part ?? '');
    return part !== null && isIn === true;
  };
}

function textOf(text: string): string | null {
  return text === 'null' ? null : text.slice(1, -1).replaceAll("''", "'").toLowerCase();
}

/** Whether the tokens stand in a sensible order is not judged. */
function checkTokens(text: string, model: Model): void {
  const known = propertiesOf(model, partnerType);
  let depth = 0;
  let length = 0;
  for (const [token, word, bracket, mark] of text.matchAll(tokens)) {
    length += token.length;
    depth += Number(mark === '(') - Number(mark === ')');
    if (depth > maximumDepth) {
      throw invalid(`The depth limit of '${maximumDepth}' has been exceeded.`);
    }
    if (word === undefined || bracket !== undefined || operators.has(word)) {
      continue;
    }
    if (/^[A-Za-z_]/.test(word) && !Object.hasOwn(known, word)) {
      throw invalid(strayProperty(word));
    }
    const isNumber = /^-?\d+(?:\.\d+)?$/.test(word);
    if (!/^[A-Za-z_]/.test(word) && !isNumber && !isDateTimeLiteral(word)) {
      throw invalid();
    }
  }
  if (depth !== 0 || length < text.length) {
    throw invalid();
  }
}

/** Graph's words for a property that a partner does not have. */
export function strayProperty(name: string): string {
  return `Could not find a property named '${name}' on type 'microsoft.graph.${partnerType}'.`;
}

function invalid(reason?: string): Error {
  const message = `Invalid filter clause${reason === undefined ? '' : `: ${reason}`}`;
  return refusal(400, 'BadRequest', message);
}
