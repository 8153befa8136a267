import {
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields.js';
import type { RequestContext } from '../../partners/context.ts';
import { forEachUnit } from '../../shared/loopShare.ts';
import { type AnswerLimits, askedIn, plainText, takesTurns } from '../answer.ts';

const gaveUp = Object.assign(new Error('graphql-js has to execute the operation'), { stack: '' });

/** Ends a plan. It is no fault, so what it throws has no stack. */
export function giveUp(): never {
  throw gaveUp;
}

export type Values = Record<string, unknown>;

/** What printing one answer shares. */
export interface Printing {
  readonly context: RequestContext;
  readonly variables: Values;
  readonly limits: AnswerLimits;
  /** Never smaller than what `answerBounds` counts. */
  bytes: number;
  values: number;
  /** Texts that come later; a mark with their index stands in their place. */
  readonly deferred: Promise<string>[];
}

/** Gives the JSON text of a value. Throws anything at all to give up. */
type Print = (value: unknown, printing: Printing) => string;

/** What a selection is compiled from. */
export interface Compiling extends Pick<GraphQLResolveInfo, 'schema' | 'fragments'> {
  /** Those that `@skip` and `@include` use. */
  readonly variables: Values;
  /** How many fields are compiled: each once for every type that it is selected on. */
  fields: number;
}

/** More fields than any ordinary operation has; fragments inside fragments would grow by powers. */
const maximumFields = 5_000;

/** JSON escapes it in texts, so it stands in no printed text. */
const mark = '\u0001';
const marks = new RegExp(`${mark}(\\d+)${mark}`, 'g');

function defer(text: Promise<string>, { deferred }: Printing): string {
  // It is awaited later, or not at all if something else ends the plan.
  text.catch(() => undefined);
  return `${mark}${deferred.push(text) - 1}${mark}`;
}

/** Gives the text with all that was deferred in it. */
export async function settle(text: string, { deferred }: Printing): Promise<string> {
  const texts: string[] = [];
  // It grows meanwhile.
  for (const later of deferred) {
    texts.push(await later);
  }
  // Most parts have no mark, and a pattern would be slow to find that.
  const fill = (part: string): string =>
    part.includes(mark) ? part.replace(marks, (_mark, index) => fill(texts[index] ?? '')) : part;
  return texts.length === 0 ? text : fill(text);
}

/** Gives up if the answer may be beyond a bound. */
function count(printing: Printing, bytes: number, values: number): void {
  printing.bytes += bytes;
  printing.values += values;
  const { answerBytes, answerValues } = printing.limits;
  if (printing.bytes > answerBytes || printing.values > answerValues) {
    giveUp();
  }
}

/** Prints a value, or a mark if it comes later. */
function printValue(value: unknown, print: Print, printing: Printing): string {
  if (value instanceof Promise) {
    return defer(
      value.then((settled) => print(settled, printing)),
      printing,
    );
  }
  return print(value, printing);
}

/** Compiles how values of a type are printed with what is selected of them. */
function compilePrinter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  if (isNonNullType(type)) {
    const inner = compilePrinter(type.ofType, nodes, compiling);
    return (value, printing) => (value == null ? giveUp() : inner(value, printing));
  }
  const print = isListType(type)
    ? listPrinter(compilePrinter(type.ofType, nodes, compiling))
    : isLeafType(type)
      ? leafPrinter(type)
      : isObjectType(type)
        ? objectPrinter(type, nodes, compiling)
        : abstractPrinter(type, nodes, compiling);
  return (value, printing) => (value == null ? 'null' : print(value, printing));
}

function abstractPrinter(
  type: GraphQLAbstractType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  const possible = compiling.schema.getPossibleTypes(type);
  const printers = new Map(
    possible.map((object) => [object.name, objectPrinter(object, nodes, compiling)]),
  );
  const nameOf = (value: unknown): unknown => (value as Readonly<Values>)['__typename'];
  // As graphql-js does; ours need nothing but the value.
  const resolveType = (type.resolveType ?? nameOf) as typeof nameOf;
  return (value, printing) => {
    const print = printers.get(String(resolveType(value)));
    return print === undefined ? giveUp() : print(value, printing);
  };
}

function leafPrinter(type: GraphQLLeafType): Print {
  return (value, printing) => {
    const leaf: unknown = value instanceof Error ? giveUp() : type.serialize(value);
    if (typeof leaf === 'boolean') {
      return leaf ? 'true' : 'false';
    }
    if (typeof leaf === 'string' && plainText.test(leaf)) {
      count(printing, leaf.length + 2, 0);
      return `"${leaf}"`;
    }
    const text = JSON.stringify(leaf ?? giveUp());
    count(printing, Buffer.byteLength(text), 0);
    return text;
  };
}

function listPrinter(item: Print): Print {
  return (value, printing) => {
    const items: readonly unknown[] = Array.isArray(value) ? value : giveUp();
    const { share } = printing.context;
    count(printing, 8 * items.length, items.length);
    let text = '';
    const printOne = (index: number): void => {
      text += (index === 0 ? '' : ',') + printValue(items[index], item, printing);
    };
    if (takesTurns(items, share)) {
      const printed = forEachUnit(share, items.length, printOne).then(() => `[${text}]`);
      return defer(printed, printing);
    }
    for (let index = 0; index < items.length; index += 1) {
      printOne(index);
    }
    return `[${text}]`;
  };
}

/** Compiles fields, by their keys, that are selected of a type; `end` follows the last value. */
export function compileFields(
  type: GraphQLObjectType,
  selected: ReadonlyMap<string, readonly FieldNode[]>,
  compiling: Compiling,
) {
  const fields = [];
  let head = '{';
  for (const [key, nodes] of selected) {
    const node = nodes[0] as FieldNode;
    const { value: name } = node.name;
    head += `${JSON.stringify(key)}:`;
    if (name === '__typename') {
      head += `"${type.name}",`;
      continue;
    }
    compiling.fields += 1;
    const definition = compiling.fields > maximumFields ? undefined : type.getFields()[name];
    if (definition === undefined) {
      return giveUp();
    }
    // If no argument is written, read once and not for each row.
    const defaults = node.arguments?.length ? undefined : getArgumentValues(definition, node);
    fields.push({
      /** What stands before the value: a brace or a comma, constant members, and the key. */
      head,
      key,
      name,
      nodes,
      definition,
      readArguments:
        definition.args.length === 0
          ? undefined
          : (variables: Values) => defaults ?? getArgumentValues(definition, node, variables),
      print: compilePrinter(definition.type, nodes, compiling),
    });
    head = ',';
  }
  return { fields, end: head.endsWith(',') ? `${head.slice(0, -1)}}` : '{}' };
}

function objectPrinter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  compiling: Compiling,
): Print {
  const { schema, fragments, variables } = compiling;
  const selected = collectSubfields(schema, fragments, variables, type, nodes);
  const { fields, end } = compileFields(type, selected, compiling);
  if (fields.some(({ definition }) => definition.resolve)) {
    giveUp();
  }
  const asked = askedIn(nodes, fragments);
  // A member has quotes, colon and comma, and 5 for null, a number, or brackets.
  const bytes = fields.reduce((sum, { key }) => sum + key.length + 4 + 5, asked.bytes);
  const whole = bytes + asked.count * type.name.length;
  return (source, printing) => {
    if (typeof source !== 'object' || source instanceof Error) {
      giveUp();
    }
    count(printing, whole, asked.count + fields.length);
    let text = '';
    for (const { head, name, readArguments, print } of fields) {
      const property = (source as Readonly<Values>)[name];
      // Read even if no function takes them, because graphql-js reports it if one of them is wrong.
      const args = readArguments?.(printing.variables);
      // As the resolver of properties does, but without context and `info`: no property needs them.
      const value = typeof property === 'function' ? property(args) : property;
      text += head + printValue(value, print, printing);
    }
    return text + end;
  };
}
