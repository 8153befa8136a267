import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
} from 'graphql';

/** Stands for a value that is not plainly valid: graphql-js then judges it and words the error. */
export const invalid = Symbol('invalid');

type Coerce = (value: unknown) => unknown;
type Members = Record<string, unknown>;

/** Gives the coerced variables of one request, or `invalid`. */
type CoerceVariables = (sent: Readonly<Members>) => Members | typeof invalid;

/** Types live as long as their schema, and input types refer to each other. */
const compiled = new WeakMap<GraphQLInputType, Coerce>();

/**
 * Compiles what `getVariableValues` of graphql-js does for valid variables, `@oneOf` and scalars included. Undefined if
 * a variable has no input type.
 */
export function compileVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): CoerceVariables | undefined {
  const variables: {
    readonly name: string;
    readonly coerce: Coerce;
    readonly hasDefault: boolean;
    readonly initial: unknown;
    readonly isRequired: boolean;
  }[] = [];
  for (const { variable, type: typeNode, defaultValue } of variableDefinitions) {
    const type = typeFromAST(schema, typeNode);
    if (type === undefined || !isInputType(type)) {
      return undefined;
    }
    variables.push({
      name: variable.name.value,
      coerce: coercionOf(type),
      hasDefault: defaultValue !== undefined,
      initial: defaultValue && valueFromAST(defaultValue, type),
      isRequired: isNonNullType(type),
    });
  }
  return (sent) => {
    const values: Members = {};
    for (const { name, coerce, hasDefault, initial, isRequired } of variables) {
      if (!Object.hasOwn(sent, name)) {
        if (hasDefault) {
          values[name] = initial;
        } else if (isRequired) {
          return invalid;
        }
        continue;
      }
      const value = coerce(sent[name]);
      if (value === invalid) {
        return invalid;
      }
      values[name] = value;
    }
    return values;
  };
}

function coercionOf(type: GraphQLInputType): Coerce {
  const known = compiled.get(type);
  if (known !== undefined) {
    return known;
  }
  let own: Coerce = () => invalid;
  compiled.set(type, (value) => own(value));
  own = compile(type);
  compiled.set(type, own);
  return own;
}

function compile(type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const inner = coercionOf(type.ofType);
    return (value) => (value == null ? invalid : inner(value));
  }
  const present = compilePresent(type);
  return (value) => (value == null ? null : present(value));
}

function compilePresent(type: GraphQLInputType): Coerce {
  if (isListType(type)) {
    const item = coercionOf(type.ofType);
    return (value) => coerceItems(Array.isArray(value) ? value : [value], item);
  }
  if (isInputObjectType(type)) {
    return compileObject(type);
  }
  if (!isLeafType(type)) {
    return () => invalid;
  }
  return (value) => {
    try {
      const parsed = type.parseValue(value);
      return parsed === undefined ? invalid : parsed;
    } catch {
      return invalid;
    }
  };
}

function coerceItems(sent: readonly unknown[], item: Coerce): unknown {
  const items: unknown[] = [];
  for (const one of sent) {
    const value = item(one);
    if (value === invalid) {
      return invalid;
    }
    items.push(value);
  }
  return items;
}

function compileObject(type: GraphQLInputObjectType): Coerce {
  const fields = Object.values(type.getFields()).map(({ name, type: of, defaultValue }) => ({
    name,
    coerce: coercionOf(of),
    initial: defaultValue,
    isRequired: isNonNullType(of) && defaultValue === undefined,
  }));
  const { isOneOf } = type;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return invalid;
    }
    const sent = value as Readonly<Members>;
    const values: Members = Object.create(null);
    let given = 0;
    let hasNull = false;
    for (const { name, coerce, initial, isRequired } of fields) {
      const member = sent[name];
      if (member === undefined) {
        if (isRequired) {
          return invalid;
        }
        if (initial !== undefined) {
          values[name] = initial;
        }
        continue;
      }
      const coerced = coerce(member);
      if (coerced === invalid) {
        return invalid;
      }
      values[name] = coerced;
      hasNull ||= coerced === null;
      given += 1;
    }
    // A member that is no field, or undefined: JSON has no way to write the latter.
    const isComplete = Object.keys(sent).length === given;
    return isComplete && (!isOneOf || (given === 1 && !hasNull)) ? values : invalid;
  };
}
