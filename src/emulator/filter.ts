import type { PartnerResource } from '../graph/types.ts';
import {
  type EdmKind,
  enumMembers,
  isDateTimeLiteral,
  type Model,
  partnerType,
  propertiesOf,
} from './model.ts';

/** Which rows a filter leaves. */
export interface Filter {
  readonly fits: (row: PartnerResource) => boolean;
}

/** What an expression yields; enums compare with texts, and null with everything. */
type Type = 'boolean' | 'text' | 'number' | 'time' | 'enum' | 'collection' | 'null';

/** An expression as far as the answer depends on it. */
interface Expression {
  readonly type: Type;
  /** The property, if the expression is one. */
  readonly property?: string;
  /** The members of the enum, if the property is one. */
  readonly members?: readonly string[] | undefined;
  /** The value of a text or of null, if the expression is such a literal. */
  readonly value?: string | null;
  /** The test that Intune can do with it, if there is one. */
  readonly fits?: Filter['fits'];
}

class InvalidFilterError extends Error {}

/** As many levels as OData's own parser allows. */
const maximumDepth = 100;

const tokens = /\s*(?:('(?:[^']|'')*')|([\w.:+-]+(?:\/[\w.]+)*)|([(),]))/y;

/** What the functions of OData take, and what they yield. */
const functions: Readonly<Record<string, readonly [parameters: readonly Type[], yields: Type]>> = {
  contains: [['text', 'text'], 'boolean'],
  startswith: [['text', 'text'], 'boolean'],
  endswith: [['text', 'text'], 'boolean'],
  indexof: [['text', 'text'], 'number'],
  concat: [['text', 'text'], 'text'],
  length: [['text'], 'number'],
  tolower: [['text'], 'text'],
  toupper: [['text'], 'text'],
  trim: [['text'], 'text'],
  substring: [['text', 'number'], 'text'],
  year: [['time'], 'number'],
  month: [['time'], 'number'],
  day: [['time'], 'number'],
  hour: [['time'], 'number'],
  minute: [['time'], 'number'],
  second: [['time'], 'number'],
  now: [[], 'time'],
};

const comparisons = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

/**
 * Reads `$filter` by OData's grammar: comparisons, `in`, functions, `and`, `or`, `not`, brackets. Graph rejects what is
 * illegal with 400. Of the legal ones Intune knows `eq`, `startswith` and `contains` over the display name, without
 * regard to case; for all others its service fails with 500, as it does for functions that it does not have.
 */
export function parseFilter(query: URLSearchParams, model: Model): QueryReading<Filter> {
  const text = query.get('$filter')?.trim();
  if (text === undefined) {
    return { fits: () => true };
  }
  if (text === '') {
    return refuseQuery("The value for OData query '$filter' cannot be empty.");
  }
  try {
    const { fits } = readExpression(tokenize(text), model);
    return fits === undefined
      ? { refusal: { status: 500, message: 'An internal server error has occurred' } }
      : { fits };
  } catch (error) {
    if (error instanceof InvalidFilterError) {
      return refuseQuery(`Invalid filter clause${error.message && `: ${error.message}`}`);
    }
    throw error;
  }
}

function tokenize(text: string): string[] {
  const found: string[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const match = tokens.exec(text);
    if (match === null) {
      throw new InvalidFilterError();
    }
    found.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return found;
}

function readExpression(all: readonly string[], model: Model): Expression {
  const properties = propertiesOf(model, partnerType);
  let next = 0;
  const peek = (): string | undefined => all[next];
  const take = (): string => all[next++] ?? '';
  const expect = (token: string): void => {
    if (take() !== token) {
      throw new InvalidFilterError();
    }
  };

  function readOr(depth: number): Expression {
    if (depth > maximumDepth) {
      throw new InvalidFilterError(`The depth limit of '${maximumDepth}' has been exceeded.`);
    }
    return readChain('or', () => readChain('and', () => readUnary(depth)));
  }

  function readChain(operator: 'and' | 'or', readPart: () => Expression): Expression {
    let left = readPart();
    while (peek() === operator) {
      take();
      const right = readPart();
      left = { type: booleanOf(left, right) };
    }
    return left;
  }

  function readUnary(depth: number): Expression {
    let isNegated = false;
    while (peek() === 'not') {
      take();
      isNegated = true;
    }
    const expression = readComparison(depth);
    return isNegated ? { type: booleanOf(expression) } : expression;
  }

  function readComparison(depth: number): Expression {
    const left = readOperand(depth);
    const operator = peek() ?? '';
    if (operator === 'in') {
      take();
      expect('(');
      for (const one of readList(depth)) {
        checkComparable(left, one, operator);
      }
      return { type: 'boolean' };
    }
    if (!comparisons.has(operator)) {
      return left;
    }
    take();
    const right = readOperand(depth);
    checkComparable(left, right, operator);
    const isKnown = operator === 'eq' && left.property === 'displayName' && 'value' in right;
    return isKnown
      ? { type: 'boolean', fits: fitsName((name) => name === right.value) }
      : { type: 'boolean' };
  }

  function readList(depth: number): Expression[] {
    const items: Expression[] = [];
    while (peek() !== ')') {
      if (items.length > 0) {
        expect(',');
      }
      items.push(readOr(depth + 1));
    }
    take();
    return items;
  }

  function readOperand(depth: number): Expression {
    const token = take();
    if (token === '(') {
      const inner = readOr(depth + 1);
      expect(')');
      return inner;
    }
    if (peek() === '(' && /^\w+$/.test(token)) {
      take();
      return callOf(token, readList(depth));
    }
    return literalOf(token) ?? propertyOf(token);
  }

  function propertyOf(token: string): Expression {
    if (!/^[A-Za-z_]\w*$/.test(token)) {
      throw new InvalidFilterError();
    }
    const property = Object.hasOwn(properties, token) ? properties[token] : undefined;
    if (property === undefined) {
      throw new InvalidFilterError(
        `Could not find a property named '${token}' on type 'microsoft.graph.${partnerType}'.`,
      );
    }
    return {
      type: typeOfKind(property.kind),
      property: token,
      members: enumMembers[property.kind],
    };
  }

  const expression = readOr(1);
  if (next < all.length || (expression.type !== 'boolean' && expression.type !== 'null')) {
    throw new InvalidFilterError();
  }
  return expression;
}

function callOf(name: string, given: readonly Expression[]): Expression {
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined) {
    throw new InvalidFilterError(`An unknown function with name '${name}' was found.`);
  }
  const [parameters, type] = known;
  const fit = parameters.every((wanted, index) =>
    [wanted, 'null'].includes(given[index]?.type ?? ''),
  );
  const isMore = given.length > parameters.length && name !== 'substring';
  if (!fit || isMore) {
    throw new InvalidFilterError(
      `No function signature for the function with name '${name}' matches the specified arguments.`,
    );
  }
  const [subject, literal] = given;
  const { value } = literal ?? {};
  if (subject?.property !== 'displayName' || value === undefined) {
    return { type };
  }
  switch (name) {
    case 'startswith':
      return { type, fits: fitsName((text) => value !== null && text?.startsWith(value) === true) };
    case 'contains':
      return { type, fits: fitsName((text) => value !== null && text?.includes(value) === true) };
    default:
      return { type };
  }
}

function fitsName(test: (name: string | null) => boolean): Filter['fits'] {
  return ({ displayName }) => test(displayName?.toLowerCase() ?? null);
}

/** Texts in lower case, since names are compared so. */
function literalOf(token: string): Expression | undefined {
  if (token.startsWith("'")) {
    return { type: 'text', value: token.slice(1, -1).replaceAll("''", "'").toLowerCase() };
  }
  if (token === 'null') {
    return { type: 'null', value: null };
  }
  if (token === 'true' || token === 'false') {
    return { type: 'boolean' };
  }
  if (/^-?\d+(?:\.\d+)?$/.test(token)) {
    return { type: 'number' };
  }
  return isDateTimeLiteral(token) ? { type: 'time' } : undefined;
}

function booleanOf(...operands: readonly Expression[]): 'boolean' {
  if (operands.some(({ type }) => type !== 'boolean' && type !== 'null')) {
    throw new InvalidFilterError();
  }
  return 'boolean';
}

function checkComparable(left: Expression, right: Expression, operator: string): void {
  const types = [left.type, right.type];
  const isEnum = types.includes('enum') && types.includes('text');
  const isAlike = left.type === right.type || types.includes('null') || isEnum;
  if (!isAlike || types.includes('collection')) {
    throw new InvalidFilterError(
      `A binary operator with incompatible types was detected. Found operand types '${left.type}' and '${right.type}' for operator kind '${operator}'.`,
    );
  }
  const member = right.value ?? undefined;
  if (
    isEnum &&
    left.members !== undefined &&
    member !== undefined &&
    !left.members.includes(member)
  ) {
    throw new InvalidFilterError(
      `The string '${member}' is not a valid enumeration type constant.`,
    );
  }
}

function typeOfKind(kind: EdmKind): Type {
  switch (kind) {
    case 'Edm.String':
      return 'text';
    case 'Edm.Boolean':
      return 'boolean';
    case 'Edm.DateTimeOffset':
      return 'time';
    case 'partnerState':
    case 'filterType':
      return 'enum';
    default:
      return 'collection';
  }
}

/** Why a query is not answered. */
export interface QueryRefusal {
  /** 400 where Graph rejects it, 500 where Graph lets it through and Intune's service fails on it. */
  readonly status: 400 | 500;
  readonly message: string;
}

/** What was read from a query, or why it is not answered. */
export type QueryReading<T> = T | { readonly refusal: QueryRefusal };

/** Refuses a query as Graph does. */
export function refuseQuery(message: string): { readonly refusal: QueryRefusal } {
  return { refusal: { status: 400, message } };
}
