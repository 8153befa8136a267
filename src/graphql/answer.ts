import {
  type FieldNode,
  type FormattedExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLResolveInfo,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
  responsePathAsArray,
} from 'graphql';
import type { Path } from 'graphql/jsutils/Path.js';
import type { Limits } from '../config/http.ts';
import type { AnswerCount, RequestContext } from '../partners/context.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import { errorOf, fieldsIn, LimitError } from './limits.ts';

/** A bound that the answer is beyond. */
type AnswerExcess = NonNullable<AnswerCount['excess']>;

/** Lists that are longer are completed in slices. */
const wholeItems = 100;
/** Of a list no longer than this, promises would cost more than its items. */
const cheapItems = 16;

/** Whether the items of a list are completed as far as the event loop has time for them. */
export function takesTurns({ length }: readonly unknown[], share: LoopShare): boolean {
  return length > cheapItems && (length > wholeItems || share.isUsedUp());
}

/**
 * Bounds an answer while graphql-js makes it, because it may be far larger than what was read: each alias repeats a
 * text. A query that is beyond a bound has no data. A mutation was executed, so its payload stays, with the partner's
 * id: each field of the partner that does not fit is null with the code. What it rejected stays up to twice the bounds.
 */
export function createAnswerBounds(limits: Pick<Limits, 'answerBytes' | 'answerValues'>) {
  /** Resolves all fields that have no resolver of their own, and counts what the answer is made of. */
  const fieldResolver: GraphQLFieldResolver<unknown, RequestContext> = (
    source,
    args,
    context,
    info,
  ) => {
    const property = (source as Readonly<Record<string, unknown>>)[info.fieldName];
    const value = typeof property === 'function' ? property(args, context, info) : property;
    return value instanceof Promise
      ? value.then((settled: unknown) => count(settled, context, info))
      : count(value, context, info);
  };

  /** Counts the value of a field. @throws LimitError if it is beyond a bound */
  function count(value: unknown, { answer, share }: RequestContext, info: GraphQLResolveInfo) {
    const times = isRefusal(value, info) ? 2 : 1;
    if (answer.excess !== undefined && times === 1) {
      return placeBeyond(value, answer.excess, answer, info);
    }
    const typeNames = typeNamesIn(value, info);
    const bytes =
      answer.bytes + String(info.path.key).length + 4 + sizeOf(value, info) + typeNames.bytes;
    const values = answer.values + (Array.isArray(value) ? 1 + value.length : 1) + typeNames.count;
    if (bytes > times * limits.answerBytes || values > times * limits.answerValues) {
      const excess = excessOf(bytes, values);
      // A field of a partner that does not fit is null by itself; one inside it ends the field that it is inside of.
      if (times === 1 && (isKept(info) === undefined || !isMutation(info))) {
        answer.excess = excess;
      }
      // Of a refusal, the payload is null then, because a list of user errors cannot be.
      if (times === 1 && isMutation(info)) {
        return placeBeyond(value, excess, answer, info);
      }
      throw new LimitError(excess);
    }
    answer.bytes = bytes;
    answer.values = values;
    return Array.isArray(value) ? inTurns(value, info, share, answer) : value;
  }

  function excessOf(bytes: number, values: number): AnswerExcess {
    return bytes > limits.answerBytes
      ? { limit: 'answer-bytes', allowed: limits.answerBytes, seen: bytes, isExact: false }
      : { limit: 'answer-values', allowed: limits.answerValues, seen: values, isExact: false };
  }

  /**
   * Cuts a finished answer to its bounds. Data and errors of a query share the bound. Errors of a mutation have a bound
   * of their own, so that neither what was done nor what was not goes untold.
   */
  function bound(
    result: FormattedExecutionResult,
    operation: OperationTypeNode | undefined,
    { bytes, values, excess, places }: AnswerCount,
  ): void {
    if (result.data === undefined) {
      return;
    }
    const isQuery = operation !== OperationTypeNode.MUTATION;
    if (excess !== undefined && !isQuery) {
      cutPlaces(result, excess, places);
    }
    const { errors = [] } = result;
    const fitting = countFitting(errors, limits.answerBytes - (isQuery ? bytes : 0));
    const isCut = fitting < errors.length;
    const tooLarge = () => errorOf(excessOf(limits.answerBytes + 1, values));
    if (isQuery && (isCut || excess !== undefined)) {
      result.data = null;
      result.errors = [excess === undefined ? tooLarge() : errorOf(excess)];
    } else if (isCut) {
      result.errors = [...errors.slice(0, fitting), tooLarge()];
    }
  }

  return { fieldResolver, count, bound };
}

function isMutation({ operation }: GraphQLResolveInfo): boolean {
  return operation.operation === OperationTypeNode.MUTATION;
}

/** Whether a field is one of user errors, or a list of them; an empty one says that all was done, and must not be lost. */
function isRefusal(value: unknown, { parentType, fieldName }: GraphQLResolveInfo): boolean {
  const isEmpty = Array.isArray(value) && value.length === 0;
  return !isEmpty && (parentType.name === 'UserError' || fieldName === 'userErrors');
}

/** The types whose fields can be cut out of a payload one by one, and their small fields, which are never null. */
const kept: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['ComplianceManagementPartner', new Set(['id', 'revision', 'platforms'])],
  ['PlatformEnrollment', new Set(['platform'])],
]);

/** Whether a field is such a field that is never null; undefined if it is of another type. */
function isKept({ parentType, fieldName }: GraphQLResolveInfo): boolean | undefined {
  return kept.get(parentType.name)?.has(fieldName);
}

/** Goes on with as little work as possible if the answer is cut anyway; what is cut is noted. */
function placeBeyond(
  value: unknown,
  excess: AnswerExcess,
  { places }: AnswerCount,
  info: GraphQLResolveInfo,
): unknown {
  if (!isMutation(info)) {
    return Array.isArray(value) ? [] : value;
  }
  const keeps = isKept(info);
  if (keeps === true) {
    return value;
  }
  if (keeps === false) {
    throw new LimitError(excess);
  }
  const place = placeOf(info.path);
  if (place === undefined) {
    return value;
  }
  places.set(place.join('.'), place);
  return Array.isArray(value) ? [] : value;
}

/** The path of the nearest field around a value that can be cut by itself; what a mutation rejected is in none. */
function placeOf(path: Path): readonly (string | number)[] | undefined {
  for (let around = path.prev; around !== undefined; around = around.prev) {
    if (around.typename !== undefined && kept.has(around.typename)) {
      return responsePathAsArray(around);
    }
  }
  return undefined;
}

function cutPlaces(
  result: FormattedExecutionResult,
  excess: AnswerExcess,
  places: AnswerCount['places'],
): void {
  for (const path of places.values()) {
    const isInside = (other: readonly unknown[]): boolean =>
      path.every((key, index) => other[index] === key);
    result.errors = (result.errors ?? []).filter((error) => !isInside(error.path ?? []));
    let parent: unknown = result.data;
    for (const key of path.slice(0, -1)) {
      parent = isRecord(parent) ? parent[key] : undefined;
    }
    const last = path.at(-1);
    if (isRecord(parent) && last !== undefined) {
      parent[last] = null;
      result.errors = [...(result.errors ?? []), { ...errorOf(excess), path }];
    }
  }
}

function isRecord(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/** How many of the errors, the first ones, take no more than so many bytes of JSON. */
function countFitting(errors: readonly GraphQLFormattedError[], allowedBytes: number): number {
  let bytes = 0;
  for (const [index, error] of errors.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(error)) + 1;
    if (bytes > allowedBytes) {
      return index;
    }
  }
  return errors.length;
}

/** A text that JSON writes as it is. */
export const plainText = /^[ !#-[\]-~]*$/;

/** How many bytes of JSON a value takes, without what is inside objects: their fields are counted by themselves. */
function sizeOf(value: unknown, info: GraphQLResolveInfo): number {
  if (typeof value === 'string') {
    return plainText.test(value) ? value.length + 2 : Buffer.byteLength(JSON.stringify(value));
  }
  if (typeof value !== 'object' || value === null) {
    return 5;
  }
  if (isLeafType(getNamedType(info.returnType))) {
    return Buffer.byteLength(JSON.stringify(value));
  }
  return Array.isArray(value) ? 2 + 3 * value.length : 2;
}

/** Gives graphql-js the items of a long list one after the other, as far as the event loop has time for them. */
function inTurns(
  items: readonly unknown[],
  info: GraphQLResolveInfo,
  share: LoopShare,
  answer: AnswerCount,
): readonly unknown[] {
  if (!takesTurns(items, share)) {
    return items;
  }
  const places: Readonly<Record<'give' | 'fail', (value: unknown) => void>>[] = [];
  const place = (): Promise<unknown> => new Promise((give, fail) => places.push({ give, fail }));
  const promises = items.map(place);
  let given = 0;
  const giveAll = async (): Promise<void> => {
    for (const [index, { give }] of places.entries()) {
      if (share.isUsedUp()) {
        await share.nextTurn();
      }
      if (answer.excess !== undefined && !isRefusal(items, info)) {
        throw new LimitError(answer.excess);
      }
      give(items[index]);
      given += 1;
      // The item is completed in the meantime.
      await undefined;
    }
  };
  const listType = getNullableType(info.returnType);
  const endsWithFirst = isListType(listType) && isNonNullType(listType.ofType);
  giveAll().catch((error: unknown) => {
    // An error takes long to make, and the first one ends a list that may have no null in it.
    for (const { fail } of endsWithFirst ? places.slice(given, given + 1) : places) {
      fail(error);
    }
  });
  return promises;
}

/** What the `__typename` fields of an object, or of all objects of a list, add to an answer. */
type TypeNames = Readonly<Record<'bytes' | 'count', number>>;

const none: TypeNames = { bytes: 0, count: 0 };

/**
 * How often a selection asks for `__typename`, and the bytes of it without the names of types. graphql-js makes the list
 * of a field's nodes anew for each execution, but a node stays with its document.
 */
const known = new WeakMap<FieldNode | readonly FieldNode[], TypeNames>();

/**
 * Counts the `__typename` fields inside a value. graphql-js resolves them by itself, so they are counted with the
 * object that they are of: in all fragments, and whether skipped or not.
 */
function typeNamesIn(value: unknown, info: GraphQLResolveInfo): TypeNames {
  if (typeof value !== 'object' || value === null) {
    return none;
  }
  const { fieldNodes } = info;
  const [node] = fieldNodes;
  const key = node !== undefined && fieldNodes.length === 1 ? node : fieldNodes;
  const asked = known.get(key) ?? askedIn(fieldNodes, info.fragments);
  known.set(key, asked);
  if (asked.count === 0) {
    return none;
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const nameLengths = items.reduce<number>((sum, item) => sum + nameLengthOf(item, info), 0);
  return {
    bytes: asked.bytes * items.length + asked.count * nameLengths,
    count: asked.count * items.length,
  };
}

function nameLengthOf(item: unknown, { returnType, schema }: GraphQLResolveInfo): number {
  const type = getNamedType(returnType);
  const name = isObjectType(type)
    ? type.name
    : (item as { readonly __typename?: unknown } | null)?.__typename;
  if (typeof name === 'string') {
    return name.length;
  }
  return isAbstractType(type)
    ? Math.max(...schema.getPossibleTypes(type).map((possible) => possible.name.length))
    : 0;
}

/** How often the selections of a field ask for `__typename`, wherever they do. */
export function askedIn(
  fieldNodes: readonly FieldNode[],
  fragments: GraphQLResolveInfo['fragments'],
): TypeNames {
  const selected = fieldsIn(
    fieldNodes.map(({ selectionSet }) => selectionSet),
    fragments,
  );
  const asked = selected.filter(({ name }) => name.value === '__typename');
  const keys = [...new Set(asked.map(({ alias, name }) => (alias ?? name).value))];
  // Quotes around both, a colon and a comma.
  return { bytes: keys.reduce((sum, key) => sum + key.length + 6, 0), count: keys.length };
}

/** Items of a list that are printed at once. */
const itemsAtOnce = 16;

/** Stands in an answer without errors for `data` that is printed already. */
export class PrintedData {
  readonly #text: string;
  [member: string]: unknown;

  constructor(text: string) {
    this.#text = text;
  }

  /** Prints the whole answer as `printAnswer` does. */
  print(extensions: object | undefined): string {
    const rest = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
    return `{"data":${this.#text}${rest}}\n`;
  }
}

/** Prints an answer as `JSON.stringify` does, with a line's end, in slices if it has long lists. */
export async function printAnswer(value: unknown, share: LoopShare): Promise<string> {
  if (!hasLongList(value, 4)) {
    return `${JSON.stringify(value)}\n`;
  }
  const parts: string[] = [];
  await print(value, share, parts);
  parts.push('\n');
  return parts.join('');
}

async function print(value: unknown, share: LoopShare, parts: string[]): Promise<void> {
  if (share.isUsedUp()) {
    await share.nextTurn();
  }
  if (!hasLongList(value, 3)) {
    // As inside an object: what JSON has no form for is left out there before.
    parts.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    parts.push('[');
    for (let index = 0; index < value.length; index += 1) {
      parts.push(index === 0 ? '' : ',');
      await print(value[index], share, parts);
    }
    parts.push(']');
  } else {
    const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
    for (const [index, [name, member]] of members.entries()) {
      parts.push(index === 0 ? '{' : ',', JSON.stringify(name), ':');
      await print(member, share, parts);
    }
    parts.push('}');
  }
}

/** Whether a long list is in a value, not more than so many levels inside. */
function hasLongList(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const isLong = Array.isArray(value) && value.length > itemsAtOnce;
  return (
    isLong || (levels > 0 && Object.values(value).some((member) => hasLongList(member, levels - 1)))
  );
}
