import {
  type FieldNode,
  type GraphQLEnumType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { RequestContext } from '../../partners/context.ts';
import { cheapItems, wholeItems } from '../answerBounds.ts';
import { askedIn } from '../typeNames.ts';
import {
  collectFields,
  compileArguments,
  type ReadArguments,
  type Selected,
  unplanned,
  type Values,
} from './selection.ts';

/** What printing one answer shares. Counts are never smaller than those of `answerBounds`. */
export interface Printing {
  readonly context: RequestContext;
  readonly variables: Values;
  readonly allowedBytes: number;
  readonly allowedValues: number;
  bytes: number;
  values: number;
  /** Texts that are not there yet; a mark with their index stands in their place. */
  readonly deferred: (() => Promise<string>)[];
}

/** Gives the JSON text of a value. Throws anything at all if graphql-js has to execute the operation. */
export type Print = (value: unknown, printing: Printing) => string;

/** Selected fields are compiled once for each type that they are selected on, so their number has a bound. */
export interface Compiling extends Selected {
  fields: number;
}

/** More fields than any ordinary operation has; fragments inside fragments would grow by powers. */
const maximumFields = 5_000;

/** JSON escapes it in texts, so it stands in no printed text. */
const mark = '\u0001';

function defer(text: () => Promise<string>, { deferred }: Printing): string {
  return `${mark}${deferred.push(text) - 1}${mark}`;
}

/** Gives the text with all that was deferred in it. */
export async function settle(text: string, { deferred }: Printing): Promise<string> {
  if (deferred.length === 0) {
    return text;
  }
  const texts: string[] = [];
  for (let index = 0; index < deferred.length; index += 1) {
    texts.push((await deferred[index]?.()) ?? '');
  }
  const fill = (part: string): string =>
    part.includes(mark)
      ? part
          .split(mark)
          .map((piece, index) => (index % 2 === 0 ? piece : fill(texts[Number(piece)] ?? '')))
          .join('')
      : part;
  return fill(text);
}

export function checkBounds({ bytes, values, allowedBytes, allowedValues }: Printing): void {
  if (bytes > allowedBytes || values > allowedValues) {
    throw unplanned;
  }
}

/** Compiles how values of a type are printed with what is selected of them. */
export function compilePrinter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  if (isNonNullType(type)) {
    const inner = compilePrinter(type.ofType, nodes, compiling);
    return (value, printing) => {
      if (value == null) {
        throw unplanned;
      }
      return inner(value, printing);
    };
  }
  const present = compilePresent(type, nodes, compiling);
  return (value, printing) => (value == null ? 'null' : present(value, printing));
}

function compilePresent(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  if (isListType(type)) {
    return listPrinter(compilePrinter(type.ofType, nodes, compiling));
  }
  if (isEnumType(type)) {
    return enumPrinter(type);
  }
  if (isLeafType(type)) {
    return leafPrinter(type);
  }
  if (isObjectType(type)) {
    return objectPrinter(type, nodes, compiling);
  }
  if (!isAbstractType(type)) {
    throw unplanned;
  }
  // As graphql-js does by default; a resolver of its own could do anything.
  if (type.resolveType) {
    throw unplanned;
  }
  const byName = new Map(
    compiling.schema
      .getPossibleTypes(type)
      .map((possible) => [possible.name, objectPrinter(possible, nodes, compiling)]),
  );
  return (value, printing) => {
    const print = byName.get(String((value as Readonly<Values>)['__typename']));
    if (print === undefined) {
      throw unplanned;
    }
    return print(value, printing);
  };
}

function enumPrinter(type: GraphQLEnumType): Print {
  const texts = new Map(type.getValues().map(({ name, value }) => [value, `"${name}"`]));
  return (value, printing) => {
    const text = texts.get(value);
    if (text === undefined) {
      throw unplanned;
    }
    printing.bytes += text.length;
    return text;
  };
}

/** A text that JSON writes as it is. */
const plainText = /^[ !#-[\]-~]*$/;

function leafPrinter(type: GraphQLLeafType): Print {
  return (value, printing) => {
    if (value instanceof Error) {
      throw unplanned;
    }
    const serialized = type.serialize(value);
    switch (typeof serialized) {
      case 'string': {
        // Before the text is made: an answer may repeat a long one many times.
        printing.bytes += serialized.length + 2;
        checkBounds(printing);
        if (plainText.test(serialized)) {
          return `"${serialized}"`;
        }
        const text = JSON.stringify(serialized);
        printing.bytes += Buffer.byteLength(text) - serialized.length;
        return text;
      }
      case 'boolean':
        return serialized ? 'true' : 'false';
      case 'number':
        return JSON.stringify(serialized);
      default: {
        if (serialized == null) {
          throw unplanned;
        }
        const text = JSON.stringify(serialized);
        printing.bytes += Buffer.byteLength(text);
        return text;
      }
    }
  };
}

function listPrinter(item: Print): Print {
  return (value, printing) => {
    if (!Array.isArray(value)) {
      throw unplanned;
    }
    const items: readonly unknown[] = value;
    const { share } = printing.context;
    printing.bytes += 8 * items.length;
    printing.values += items.length;
    if (items.length > cheapItems && (items.length > wholeItems || share.isUsedUp())) {
      return defer(() => printInSlices(items, item, printing), printing);
    }
    let text = '';
    for (let index = 0; index < items.length; index += 1) {
      text += printItem(items, index, item, printing);
    }
    return `[${text}]`;
  };
}

function printItem(
  items: readonly unknown[],
  index: number,
  print: Print,
  printing: Printing,
): string {
  const item = items[index];
  if (item instanceof Promise) {
    throw unplanned;
  }
  checkBounds(printing);
  const text = print(item, printing);
  return index === 0 ? text : `,${text}`;
}

const charactersOfPart = 16_384;

async function printInSlices(
  items: readonly unknown[],
  item: Print,
  printing: Printing,
): Promise<string> {
  const { context } = printing;
  const parts: string[] = [];
  let text = '[';
  for (let index = 0; index < items.length; index += 1) {
    if (context.share.isUsedUp()) {
      await context.share.nextTurn().catch((error: unknown) => {
        // The operation has ended, so graphql-js must not do the same work again.
        context.share = { isUsedUp: () => true, nextTurn: () => Promise.reject(error) };
        throw error;
      });
    }
    text += printItem(items, index, item, printing);
    if (text.length > charactersOfPart) {
      parts.push(text);
      text = '';
    }
  }
  parts.push(text, ']');
  return parts.join('');
}

interface PlannedField {
  /** What stands before the value: a brace or a comma, constant members, and the key. */
  readonly head: string;
  readonly name: string;
  readonly args: ReadArguments;
  readonly hasArguments: boolean;
  readonly resolve: NestedResolver | undefined;
  readonly print: Print;
}

type NestedResolver = (source: unknown, args: Values, context: RequestContext) => unknown;

/** Of a value without its text: null, a number, or the brackets of an object or a list. */
const bytesOfValue = 5;

function objectPrinter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  if (type.isTypeOf) {
    throw unplanned;
  }
  const fields: PlannedField[] = [];
  const asked = askedIn(nodes, compiling.fragments);
  let bytes = asked.bytes + asked.count * type.name.length;
  let values = asked.count;
  let head = '{';
  const sets = nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
  for (const [key, [node, ...others]] of collectFields(compiling, type, sets)) {
    if (node === undefined) {
      continue;
    }
    const { value: name } = node.name;
    head += `${JSON.stringify(key)}:`;
    if (name === '__typename') {
      head += `"${type.name}",`;
      continue;
    }
    const field = type.getFields()[name];
    compiling.fields += 1;
    if (field === undefined || compiling.fields > maximumFields) {
      throw unplanned;
    }
    fields.push({
      head,
      name,
      args: compileArguments(field, node),
      hasArguments: field.args.length > 0,
      resolve: nestedResolverOf(field.resolve),
      print: compilePrinter(field.type, [node, ...others], compiling),
    });
    bytes += key.length + 4 + bytesOfValue;
    values += 1;
    head = ',';
  }
  const end = head === ',' ? '}' : head === '{' ? '{}' : `${head.slice(0, -1)}}`;
  return (source, printing) => {
    if (typeof source !== 'object' || source instanceof Error) {
      throw unplanned;
    }
    printing.bytes += bytes;
    printing.values += values;
    let text = '';
    for (const { head, name, args, hasArguments, resolve, print } of fields) {
      let value: unknown;
      if (resolve !== undefined) {
        value = resolve(source, args(printing.variables), printing.context);
      } else {
        value = (source as Readonly<Values>)[name];
        if (typeof value === 'function') {
          // As the resolver of properties does, but without `info`: no property needs it.
          value = value(args(printing.variables), printing.context);
        } else if (hasArguments) {
          // Not used, but graphql-js reports it if one of them is wrong.
          args(printing.variables);
        }
      }
      if (value instanceof Promise) {
        const printed = value.then((settled) => print(settled, printing));
        // It is awaited later, or not at all if something else ends the plan.
        printed.catch(() => undefined);
        text += head + defer(() => printed, printing);
      } else {
        text += head + print(value, printing);
      }
    }
    return text + end;
  };
}

const AsyncFunction = (async () => undefined).constructor;

/**
 * A field's own resolver, if it can be called here. One that needs `info`, or is asynchronous by its form, is left to
 * graphql-js: it may read from Graph, and a plan that is given up would call it twice.
 */
function nestedResolverOf(resolve: unknown): NestedResolver | undefined {
  if (resolve === undefined) {
    return undefined;
  }
  if (typeof resolve !== 'function' || resolve.length > 3 || resolve instanceof AsyncFunction) {
    throw unplanned;
  }
  return resolve as NestedResolver;
}
