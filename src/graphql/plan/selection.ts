import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  isAbstractType,
  isNonNullType,
  Kind,
  type NamedTypeNode,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
  valueFromAST,
} from 'graphql';

/** Thrown while compiling or running if graphql-js has to execute the operation. It is no fault, so it has no stack. */
export const unplanned: Error = Object.assign(new Error('Not covered by the plan'), { stack: '' });

export type Values = Record<string, unknown>;

/** What a selection is compiled from. */
export interface Selected {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** The values of the variables that `@skip` and `@include` use. */
  readonly conditions: ReadonlyMap<string, boolean>;
}

/** Collects the fields of an object as graphql-js does: by response key, in the order of their first mention. */
export function collectFields(
  { schema, fragments, conditions }: Selected,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();

  const matches = (condition: NamedTypeNode | undefined): boolean => {
    const wanted = condition && typeFromAST(schema, condition);
    return (
      wanted === undefined ||
      wanted === type ||
      (isAbstractType(wanted) && schema.isSubType(wanted, type))
    );
  };

  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD && spread.has(selection.name.value)) {
        continue;
      }
      if (!isIncluded(selection.directives ?? [], conditions)) {
        continue;
      }
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const nodes = fields.get(key) ?? [];
        nodes.push(selection);
        fields.set(key, nodes);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (matches(selection.typeCondition)) {
          collect(selection.selectionSet);
        }
      } else {
        spread.add(selection.name.value);
        const fragment = fragments[selection.name.value];
        if (fragment !== undefined && matches(fragment.typeCondition)) {
          collect(fragment.selectionSet);
        }
      }
    }
  };

  for (const set of sets) {
    collect(set);
  }
  return fields;
}

function isIncluded(
  directives: readonly DirectiveNode[],
  conditions: Selected['conditions'],
): boolean {
  let isWanted = true;
  for (const directive of directives) {
    const { value: name } = directive.name;
    if (name !== 'skip' && name !== 'include') {
      throw unplanned;
    }
    const [argument] = directive.arguments ?? [];
    const condition = argument && conditionOf(argument.value, conditions);
    if (condition === undefined) {
      throw unplanned;
    }
    // The others are evaluated too: graphql-js reads `@skip` first, and one of null is an error.
    isWanted &&= condition !== (name === 'skip');
  }
  return isWanted;
}

function conditionOf(value: ValueNode, conditions: Selected['conditions']): boolean | undefined {
  switch (value.kind) {
    case Kind.BOOLEAN:
      return value.value;
    case Kind.VARIABLE:
      return conditions.get(value.name.value);
    default:
      return undefined;
  }
}

/** Gives the arguments of a field for the coerced variables. Throws if graphql-js would report an error. */
export type ReadArguments = (variables: Values) => Values;

/** Compiles the arguments of a field: literals are read once, variables are taken as they are. */
export function compileArguments(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ReadArguments {
  const given = new Map((node.arguments ?? []).map(({ name, value }) => [name.value, value]));
  const steps: ((args: Values, variables: Values) => void)[] = [];
  for (const { name, type, defaultValue } of field.args) {
    const value = given.get(name);
    const useDefault = (args: Values): void => {
      if (defaultValue !== undefined) {
        args[name] = defaultValue;
      } else if (isNonNullType(type)) {
        throw unplanned;
      }
    };
    if (value === undefined) {
      steps.push(useDefault);
    } else if (value.kind === Kind.VARIABLE) {
      const { value: variable } = value.name;
      steps.push((args, variables) => {
        if (!Object.hasOwn(variables, variable)) {
          useDefault(args);
        } else if (variables[variable] == null && isNonNullType(type)) {
          throw unplanned;
        } else {
          args[name] = variables[variable];
        }
      });
    } else if (hasVariable(value)) {
      return (variables) => getArgumentValues(field, node, variables);
    } else {
      const literal: unknown = valueFromAST(value, type);
      if (literal === undefined) {
        throw unplanned;
      }
      steps.push((args) => {
        args[name] = literal;
      });
    }
  }
  return (variables) => {
    const args: Values = {};
    for (const step of steps) {
      step(args, variables);
    }
    return args;
  };
}

function hasVariable(value: ValueNode): boolean {
  switch (value.kind) {
    case Kind.VARIABLE:
      return true;
    case Kind.LIST:
      return value.values.some(hasVariable);
    case Kind.OBJECT:
      return value.fields.some((field) => hasVariable(field.value));
    default:
      return false;
  }
}
