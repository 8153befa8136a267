import {
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
  visit,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import type { RequestContext } from '../../partners/context.ts';
import { isJsonObject } from '../../shared/json.ts';
import { fragmentsOf } from '../limits.ts';
import {
  type Compiling,
  compileFields,
  giveUp,
  type Printing,
  settle,
  type Values,
} from './printers.ts';

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

type Coerce = (value: unknown) => unknown;
/** The name, type and default of a variable or a field. */
type Input = readonly [string, GraphQLInputType, unknown];

/**
 * Compiles what `getVariableValues` of graphql-js does with valid variables, because that takes 5 % of a whole add.
 * Gives up if one is not valid.
 */
function compileVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): (sent: Readonly<Values>) => Values {
  return compileInputs(
    variableDefinitions.map(({ variable, type: typeNode, defaultValue }) => {
      const type = typeFromAST(schema, typeNode) as GraphQLInputType;
      return [variable.name.value, type, defaultValue && valueFromAST(defaultValue, type)];
    }),
  );
}

function compileInputs(all: readonly Input[]): (sent: Readonly<Values>) => Values {
  const inputs = all.map(([name, type, initial]) => {
    return { name, coerce: coercionOf(type), initial, isRequired: isNonNullType(type) };
  });
  return (sent) => {
    const values: Values = Object.create(null);
    for (const { name, coerce, initial, isRequired } of inputs) {
      if (Object.hasOwn(sent, name)) {
        values[name] = coerce(sent[name]);
      } else if (initial !== undefined) {
        values[name] = initial;
      } else if (isRequired) {
        giveUp();
      }
    }
    return values;
  };
}

/** Types live as long as their schema. */
const objects = new WeakMap<GraphQLInputObjectType, Coerce>();

function coercionOf(type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const inner = coercionOf(type.ofType);
    return (value) => inner(value) ?? giveUp();
  }
  if (isInputObjectType(type)) {
    const coerce = objects.get(type) ?? objectCoercionOf(type);
    objects.set(type, coerce);
    return coerce;
  }
  if (isListType(type)) {
    const item = coercionOf(type.ofType);
    const ofAll = (values: readonly unknown[]): unknown => values.map((value) => item(value));
    return (value) => (value == null ? null : ofAll(Array.isArray(value) ? value : [value]));
  }
  return (value) => (value == null ? null : (type.parseValue(value) ?? giveUp()));
}

function objectCoercionOf(type: GraphQLInputObjectType): Coerce {
  const fields = type.getFields();
  let coerce: ReturnType<typeof compileInputs> | undefined;
  return (value) => {
    if (value == null) {
      return null;
    }
    if (!isJsonObject(value) || !Object.keys(value).every((name) => name in fields)) {
      return giveUp();
    }
    // Not before, because types refer to each other.
    coerce ??= compileInputs(
      Object.values(fields).map((of) => [of.name, of.type, of.defaultValue]),
    );
    const values = coerce(value);
    const [only, ...others] = type.isOneOf ? Object.values(values) : [values];
    return only == null || others.length > 0 ? giveUp() : values;
  };
}
