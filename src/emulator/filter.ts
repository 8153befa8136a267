import type { PartnerResource } from '../graph/types.ts';
import { collectionPath, refusal, serviceRefusal } from './http.ts';
import { isDateTimeLiteral, type Model, partnerType, propertiesOf } from './model.ts';

/** Whether a filter leaves a row. */
export type Fits = (row: PartnerResource) => boolean;

/** An expression as far as the answer depends on it. */
interface Expression {
  readonly isBoolean: boolean;
  /** The property, if the expression is one. */
  readonly property?: string;
  /** The value of a text or of null, if the expression is such a literal. */
  readonly value?: string | null;
  /** The test that Intune can do with it, if there is one. */
  readonly fits?: Fits;
}

/** As many levels as OData's own parser allows. */
const maximumDepth = 100;

const tokens = /\s*(?:('(?:[^']|'')*')|([\w.:+-]+(?:\/[\w.]+)*)|([(),]))/y;

const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'];

/**
 * Reads `$filter` by OData's grammar: comparisons, `in`, functions, `and`, `or`, `not`, brackets. Neither the names of
 * functions nor the types of operands are judged.
 * @throws Refusal with 400 for an illegal one. Of the legal ones Intune knows `eq`, `startswith` and `contains` over the
 * display name, without regard to case; for all others its service fails with 500.
 */
export function parseFilter(text: string, model: Model): Fits {
  const { fits } = readExpression(tokenize(text.trim()), model);
  if (fits === undefined) {
    const message = 'An internal server error has occurred';
    throw serviceRefusal(500, 'InternalServerError', message, collectionPath);
  }
  return fits;
}

function invalid(reason?: string): Error {
  const message = `Invalid filter clause${reason === undefined ? '' : `: ${reason}`}`;
  return refusal(400, 'BadRequest', message);
}

function tokenize(text: string): string[] {
  const found: string[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const match = tokens.exec(text);
    if (match === null) {
      throw invalid();
    }
    found.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return found;
}

function readExpression(all: readonly string[], model: Model): Expression {
  let next = 0;
  /** Takes the next token if it is the given one. */
  const skip = (token: string): boolean => {
    const isNext = all[next] === token;
    next += isNext ? 1 : 0;
    return isNext;
  };
  const expect = (token: string): void => {
    if (!skip(token)) {
      throw invalid();
    }
  };

  let depth = 0;

  function readOr(): Expression {
    depth += 1;
    if (depth > maximumDepth) {
      throw invalid(`The depth limit of '${maximumDepth}' has been exceeded.`);
    }
    const expression = readChain('or', () => readChain('and', readUnary));
    depth -= 1;
    return expression;
  }

  function readChain(operator: string, readPart: () => Expression): Expression {
    let left = readPart();
    while (skip(operator)) {
      left = booleanOf(left, readPart());
    }
    return left;
  }

  function readUnary(): Expression {
    let isNegated = false;
    while (skip('not')) {
      isNegated = true;
    }
    const expression = readComparison();
    return isNegated ? booleanOf(expression) : expression;
  }

  function readComparison(): Expression {
    const left = readOperand();
    if (skip('in')) {
      expect('(');
      readList();
      return { isBoolean: true };
    }
    const operator = comparisons.find(skip);
    if (operator === undefined) {
      return left;
    }
    const { value } = readOperand();
    return operator === 'eq' && left.property === 'displayName' && value !== undefined
      ? { isBoolean: true, fits: fitsName((name) => name === value) }
      : { isBoolean: true };
  }

  function readList(): Expression[] {
    const items: Expression[] = [];
    while (!skip(')')) {
      if (items.length > 0) {
        expect(',');
      }
      items.push(readOr());
    }
    return items;
  }

  function readOperand(): Expression {
    if (skip('(')) {
      const inner = readOr();
      expect(')');
      return inner;
    }
    const token = all[next++] ?? '';
    return /^\w+$/.test(token) && skip('(')
      ? callOf(token, readList())
      : (literalOf(token) ?? propertyOf(token, model));
  }

  const expression = readOr();
  if (next < all.length || !expression.isBoolean) {
    throw invalid();
  }
  return expression;
}

function propertyOf(token: string, model: Model): Expression {
  if (!/^[A-Za-z_]\w*$/.test(token)) {
    throw invalid();
  }
  const properties = propertiesOf(model, partnerType);
  const property = Object.hasOwn(properties, token) ? properties[token] : undefined;
  if (property === undefined) {
    throw invalid(strayProperty(token));
  }
  return { isBoolean: property.kind === 'Edm.Boolean', property: token };
}

/** Graph's words for a property that a partner does not have. */
export function strayProperty(name: string): string {
  return `Could not find a property named '${name}' on type 'microsoft.graph.${partnerType}'.`;
}

function callOf(name: string, [subject, literal, ...others]: readonly Expression[]): Expression {
  const { value } = literal ?? {};
  const isKnown = name === 'contains' || name === 'startswith';
  if (!isKnown || subject?.property !== 'displayName' || value === undefined || others.length > 0) {
    return { isBoolean: true };
  }
  const test = (text: string): boolean =>
    value !== null && (name === 'contains' ? text.includes(value) : text.startsWith(value));
  return { isBoolean: true, fits: fitsName((text) => text !== null && test(text)) };
}

function fitsName(test: (name: string | null) => boolean): Fits {
  return ({ displayName }) => test(displayName?.toLowerCase() ?? null);
}

/** Texts in lower case, since names are compared so. */
function literalOf(token: string): Expression | undefined {
  if (token.startsWith("'")) {
    const value = token.slice(1, -1).replaceAll("''", "'").toLowerCase();
    return { isBoolean: false, value };
  }
  if (token === 'null') {
    return { isBoolean: true, value: null };
  }
  const isBoolean = token === 'true' || token === 'false';
  const isLiteral = isBoolean || /^-?\d+(?:\.\d+)?$/.test(token) || isDateTimeLiteral(token);
  return isLiteral ? { isBoolean } : undefined;
}

function booleanOf(...operands: readonly Expression[]): Expression {
  if (!operands.every(({ isBoolean }) => isBoolean)) {
    throw invalid();
  }
  return { isBoolean: true };
}
