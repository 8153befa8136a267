import {
  type DocumentNode,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import type { Limits } from '../../config/http.ts';
import type { RequestContext } from '../../partners/context.ts';
import { forEachUnit } from '../../shared/loopShare.ts';
import { askedIn, plainText, takesTurns } from '../answer.ts';
import { fragmentsOf } from '../limits.ts';
import { compileVariables, giveUp, type Values } from './variables.ts';

/**
 * An operation compiled to functions: it resolves the root fields and prints the JSON of `data` straight from what they
 * give. It is graphql-js's equal: whatever it answers, graphql-js would answer to the byte. Selections and arguments are
 * read by functions of graphql-js. A plan gives up, so that graphql-js executes the operation, if
 *
 * - a variable or an argument is not valid, or any field has an error,
 * - a field below the root has a resolver, as names that are looked up and introspection have,
 * - the answer may be beyond a bound.
 *
 * What the root fields gave by then is remembered for graphql-js, so that nothing is sent twice.
 */
interface Plan {
  /** How many fields are compiled by now, for the estimate of its memory. */
  readonly fields: () => number;
  /** The JSON text of `data`; undefined if graphql-js has to execute the operation. */
  run(sent: Readonly<Values> | undefined, context: RequestContext): Promise<string | undefined>;
}

type Resolver = GraphQLFieldResolver<unknown, RequestContext>;

/** What the root fields gave, by their keys, in operations that a plan gave up. */
const outcomes = new WeakMap<RequestContext, ReadonlyMap<string | number, Promise<unknown>>>();

/** Lets the root fields of a new schema give what a plan resolved before. */
export function rememberOutcomes(schema: GraphQLSchema): void {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const resolve: Resolver | undefined = field.resolve;
      if (resolve !== undefined) {
        field.resolve = (source, args, context: RequestContext, info) => {
          const outcome = outcomes.get(context)?.get(info.path.key);
          return outcome ?? resolve(source, args, context, info);
        };
      }
    }
  }
}

/** Each value of the variables of `@skip` and `@include` makes another selection; more than so many are not kept. */
const maximumSelections = 8;

/** Compiles an operation of a valid document. */
export function compilePlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: Printing['limits'],
): Plan {
  const coerce = compileVariables(schema, operation);
  const fragments = fragmentsOf(document);
  const conditions = new Set<string>();
  visit(document, {
    Directive({ arguments: [argument] = [] }) {
      if (argument?.value.kind === Kind.VARIABLE) {
        conditions.add(argument.value.name.value);
      }
    },
  });
  const selections = new Map<string, Selection | undefined>();
  let fields = 0;

  function selectionFor(variables: Values): Selection {
    const used = Object.fromEntries(Array.from(conditions, (name) => [name, variables[name]]));
    // Beside those of other operations stand texts of this one, which may hold anything.
    const key = JSON.stringify(used);
    if (!selections.has(key) && selections.size < maximumSelections) {
      const compiling = { schema, fragments, variables: used, fields: 0 };
      // If it gives up now, it does so at once later.
      selections.set(key, undefined);
      selections.set(key, compileSelection(operation, compiling));
      fields += compiling.fields;
    }
    return selections.get(key) ?? giveUp();
  }

  return {
    fields: () => fields,
    async run(sent = {}, context) {
      const resolved = new Map<string, Promise<unknown>>();
      try {
        const variables = coerce(sent);
        const counts = { bytes: 0, values: 0, deferred: [] };
        const printing = { context, variables, limits, ...counts };
        return await runSelection(selectionFor(variables), printing, resolved);
      } catch {
        // Whatever it was, graphql-js finds it again over the same outcomes, and words it.
        outcomes.set(context, resolved);
        return undefined;
      }
    },
  };
}

function compileSelection(operation: OperationDefinitionNode, compiling: Compiling) {
  const { schema, fragments, variables } = compiling;
  const parentType = schema.getRootType(operation.operation) ?? giveUp();
  const { selectionSet } = operation;
  const selected = collectFields(schema, fragments, variables, parentType, selectionSet);
  const { fields, end } = compileFields(parentType, selected, compiling);
  const roots = fields.map((field) => {
    const { key, name: fieldName, nodes: fieldNodes, definition } = field;
    const resolve: Resolver = definition.resolve ?? giveUp();
    const path = { prev: undefined, key, typename: parentType.name };
    const place = { fieldName, fieldNodes, returnType: definition.type, parentType, path };
    const info = { ...place, schema, fragments, rootValue: undefined, operation };
    return { ...field, resolve, info };
  });
  return { isSerial: operation.operation === 'mutation', roots, end };
}

type Selection = ReturnType<typeof compileSelection>;

async function runSelection(
  { isSerial, roots, end }: Selection,
  printing: Printing,
  resolved: Map<string, Promise<unknown>>,
): Promise<string> {
  const { context, variables } = printing;
  const calls = roots.map(({ key, readArguments, resolve, info }) => {
    const args = readArguments?.(variables) ?? {};
    const whole = { ...info, variableValues: variables };
    return [key, async () => resolve(undefined, args, context, whole)] as const;
  });
  for (const [key, call] of calls) {
    const outcome = call();
    resolved.set(key, outcome);
    const settled = outcome.catch(() => undefined);
    if (isSerial) {
      await settled;
    }
  }
  let text = '';
  for (const { key, head, print } of roots) {
    text += head + print(await resolved.get(key), printing);
  }
  return settle(text + end, printing);
}

/** What printing one answer shares. */
interface Printing {
  readonly context: RequestContext;
  readonly variables: Values;
  readonly limits: Pick<Limits, 'answerBytes' | 'answerValues'>;
  /** Never smaller than what `answerBounds` counts. */
  bytes: number;
  values: number;
  /** Texts that come later; a mark with their index stands in their place. */
  readonly deferred: Promise<string>[];
}

/** Gives the JSON text of a value. Throws anything at all to give up. */
type Print = (value: unknown, printing: Printing) => string;

/** What a selection is compiled from. */
interface Compiling extends Pick<GraphQLResolveInfo, 'schema' | 'fragments'> {
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
async function settle(text: string, { deferred }: Printing): Promise<string> {
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
function compileFields(
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
