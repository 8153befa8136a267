import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import type { Limits } from '../../config/http.ts';
import type { RequestContext } from '../../partners/context.ts';
import { compileVariables, invalid } from './coerceVariables.ts';
import {
  type Compiling,
  checkBounds,
  compilePrinter,
  type Print,
  type Printing,
  settle,
} from './printers.ts';
import {
  collectFields,
  compileArguments,
  type ReadArguments,
  unplanned,
  type Values,
} from './selection.ts';

/**
 * An operation compiled to functions: it coerces the variables, resolves the root fields and prints the JSON of `data`
 * straight from what they give. It is graphql-js's equal: whatever it answers, graphql-js would answer to the byte. All
 * else it leaves to graphql-js: faults in variables, errors of any field, introspection, an answer that may be beyond a
 * bound. Root fields that were resolved are not resolved again then, so that nothing is sent twice.
 */
export interface Plan {
  /** How many fields are compiled by now, for the estimate of its memory. */
  readonly fields: () => number;
  /** The JSON text of `data`; undefined if graphql-js has to execute the operation. */
  run(
    variables: Readonly<Values> | undefined,
    context: RequestContext,
  ): Promise<string | undefined>;
}

type Resolver = GraphQLFieldResolver<unknown, RequestContext>;
type Outcome = ({ readonly value: unknown } | { readonly error: unknown }) & {
  /** Its place in the order in which root fields were settled; undefined if the resolver did not wait. */
  readonly turn: number | undefined;
};

/** What the root fields gave, by their keys, in operations that a plan gave up. */
const outcomes = new WeakMap<RequestContext, ReadonlyMap<string | number, Outcome>>();
const remembering = new WeakSet<GraphQLSchema>();

/** Lets the root fields of a schema give what a plan resolved before. */
export function rememberOutcomes(schema: GraphQLSchema): void {
  if (remembering.has(schema)) {
    return;
  }
  remembering.add(schema);
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const resolve: Resolver | undefined = field.resolve;
      if (resolve !== undefined) {
        field.resolve = remembered(resolve);
      }
    }
  }
}

function remembered(resolve: Resolver): Resolver {
  return (source, args, context, info) => {
    const outcome = outcomes.get(context)?.get(info.path.key);
    if (outcome === undefined) {
      return resolve(source, args, context, info);
    }
    return outcome.turn === undefined ? give(outcome) : giveInTurn(outcome, outcome.turn);
  };
}

function give(outcome: Outcome): unknown {
  if ('error' in outcome) {
    throw outcome.error;
  }
  return outcome.value;
}

/** So many ticks are enough for graphql-js to note an error before it is given the next one. */
const ticksApart = 4;

/** Errors stand in an answer in the order in which they came. */
async function giveInTurn(outcome: Outcome, turn: number): Promise<unknown> {
  for (let tick = 0; tick < turn * ticksApart; tick += 1) {
    await undefined;
  }
  return give(outcome);
}

/** Each value of the variables of `@skip` and `@include` makes another selection; more than so many are not kept. */
const maximumSelections = 8;

/** Compiles an operation of a valid document; undefined if it cannot be. */
export function compilePlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: Pick<Limits, 'answerBytes' | 'answerValues'>,
): Plan | undefined {
  const coerce = compileVariables(schema, operation);
  if (coerce === undefined || !remembering.has(schema)) {
    return undefined;
  }
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments[definition.name.value] = definition;
    }
  }
  const conditionNames = conditionsIn(document);
  const selections = new Map<string, Selection | undefined>();
  let fields = 0;

  function selectionFor(variables: Values): Selection | undefined {
    const key = conditionNames.map((name) => String(variables[name])).join();
    if (selections.has(key) || selections.size >= maximumSelections) {
      return selections.get(key);
    }
    const conditions = new Map(
      conditionNames.flatMap((name) => {
        const value = variables[name];
        return typeof value === 'boolean' ? [[name, value] as const] : [];
      }),
    );
    const compiling = { schema, fragments, conditions, fields: 0 };
    const selection = compileRoots(operation, compiling);
    fields += compiling.fields;
    selections.set(key, selection);
    return selection;
  }

  if (conditionNames.length === 0) {
    selectionFor({});
  }
  return {
    fields: () => fields,
    async run(sent = {}, context) {
      const variables = coerce(sent);
      const selection = variables === invalid ? undefined : selectionFor(variables);
      return variables === invalid || selection === undefined
        ? undefined
        : runSelection(selection, {
            context,
            variables,
            allowedBytes: limits.answerBytes,
            allowedValues: limits.answerValues,
            bytes: 0,
            values: 0,
            deferred: [],
          });
    },
  };
}

/** The variables that decide about fields. */
function conditionsIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ arguments: [argument] = [] }) {
      if (argument?.value.kind === Kind.VARIABLE) {
        names.add(argument.value.name.value);
      }
    },
  });
  return [...names];
}

interface Root {
  readonly key: string;
  readonly head: string;
  readonly args: ReadArguments;
  readonly resolve: Resolver;
  readonly info: Omit<GraphQLResolveInfo, 'variableValues'>;
  readonly print: Print;
}

interface Selection {
  readonly isSerial: boolean;
  readonly roots: readonly Root[];
  readonly end: string;
}

function compileRoots(
  operation: OperationDefinitionNode,
  compiling: Compiling,
): Selection | undefined {
  try {
    return rootsOf(operation, compiling);
  } catch (error) {
    if (error === unplanned) {
      return undefined;
    }
    throw error;
  }
}

function rootsOf(operation: OperationDefinitionNode, compiling: Compiling): Selection {
  const { schema, fragments } = compiling;
  const type = schema.getRootType(operation.operation);
  if (type == null) {
    throw unplanned;
  }
  const roots: Root[] = [];
  let head = '{';
  for (const [key, fieldNodes] of collectFields(compiling, type, [operation.selectionSet])) {
    const node = fieldNodes[0] as FieldNode;
    const { value: fieldName } = node.name;
    head += `${JSON.stringify(key)}:`;
    if (fieldName === '__typename') {
      head += `"${type.name}",`;
      continue;
    }
    const field = type.getFields()[fieldName];
    const resolve: Resolver | undefined = field?.resolve;
    if (field === undefined || resolve === undefined) {
      throw unplanned;
    }
    const path = { prev: undefined, key, typename: type.name };
    roots.push({
      key,
      head,
      args: compileArguments(field, node),
      resolve,
      info: {
        fieldName,
        fieldNodes,
        returnType: field.type,
        parentType: type,
        path,
        schema,
        fragments,
        rootValue: undefined,
        operation,
      },
      print: compilePrinter(field.type, fieldNodes, compiling),
    });
    head = ',';
  }
  if (roots.length === 0) {
    throw unplanned;
  }
  return {
    isSerial: operation.operation === 'mutation',
    roots,
    end: head === ',' ? '}' : `${head.slice(0, -1)}}`,
  };
}

async function runSelection(
  { roots, isSerial, end }: Selection,
  printing: Printing,
): Promise<string | undefined> {
  const { context, variables } = printing;
  const resolved = new Map<string, Outcome>();
  try {
    const args = roots.map((root) => root.args(variables));
    let turns = 0;
    const resolve = async ({ key, resolve, info }: Root, index: number): Promise<void> => {
      let isWaiting = false;
      const nextTurn = (): number | undefined => {
        turns += 1;
        return isWaiting ? turns - 1 : undefined;
      };
      try {
        const given = args[index] ?? {};
        let value = resolve(undefined, given, context, { ...info, variableValues: variables });
        if (value instanceof Promise) {
          isWaiting = true;
          value = await value;
        }
        resolved.set(key, { value, turn: nextTurn() });
      } catch (error) {
        resolved.set(key, { error, turn: nextTurn() });
      }
    };
    if (isSerial || roots.length === 1) {
      for (const [index, root] of roots.entries()) {
        await resolve(root, index);
      }
    } else {
      await Promise.all(roots.map(resolve));
    }
    let text = '';
    for (const { key, head, print } of roots) {
      const outcome = resolved.get(key);
      if (outcome === undefined || 'error' in outcome) {
        throw unplanned;
      }
      text += head + print(outcome.value, printing);
    }
    const whole = await settle(text + end, printing);
    checkBounds(printing);
    return whole;
  } catch {
    // Whatever it was, graphql-js finds it again over the same outcomes, and words it.
    if (resolved.size > 0) {
      outcomes.set(context, resolved);
    }
    return undefined;
  }
}
