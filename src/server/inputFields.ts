import {
  type ASTNode,
  coerceInputValue,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  isInputType,
  Kind,
  typeFromAST,
  type ValueNode,
  type VariableDefinitionNode,
  visit,
} from 'graphql';

/** A path in the input, as user errors have it: the argument, then fields and indexes. */
export type InputField = readonly string[];

/** A document and what was sent with it. */
export interface SentDocument {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Finds the errors about values, in literals and in variables, and the field of each. It reads the document and the
 * variables again, which costs nothing but requests with such errors.
 */
export function findInputFields(
  errors: readonly GraphQLError[],
  sent: SentDocument,
): ReadonlyMap<GraphQLError, InputField> {
  const fields = new Map<GraphQLError, InputField>();
  const inVariables = new Map<VariableDefinitionNode, InputField[]>();
  const literals = new Map<GraphQLError, ASTNode>();
  let uses: ReadonlyMap<string, InputField> | undefined;
  for (const error of errors) {
    const [node] = error.nodes ?? [];
    if (node?.kind === Kind.VARIABLE_DEFINITION && error.nodes?.length === 1) {
      // graphql-js reports all that is wrong with one variable in one order.
      const paths = inVariables.get(node) ?? pathsInVariable(node, sent, errors.length);
      inVariables.set(node, paths);
      const path = paths.shift() ?? [];
      uses ??= findUses(sent);
      const use = uses.get(node.variable.name.value);
      if (use !== undefined) {
        fields.set(error, [...use, ...path]);
      }
    } else if (node !== undefined && isAboutValue(error, node)) {
      literals.set(error, node);
    }
  }
  const places = literals.size > 0 ? findPlaces(new Set(literals.values()), sent) : undefined;
  for (const [error, node] of literals) {
    const place = places?.get(node);
    if (place !== undefined) {
      fields.set(error, [...place, ...missingFieldIn(error.message)]);
    }
  }
  return fields;
}

/** The fields that the variables of an operation are used for first. One that is used in directives only has none. */
export function findUses({
  document,
  operationName,
}: Pick<SentDocument, 'document' | 'operationName'>): ReadonlyMap<string, InputField> {
  const uses = new Map<string, InputField>();
  forEachArgument(definitionsOf(document, operationName), (value, name) => {
    forEachNode(value, [name], (node, field) => {
      if (node.kind === Kind.VARIABLE && !uses.has(node.name.value)) {
        uses.set(node.name.value, field);
      }
    });
  });
  return uses;
}

/** The operation, or all if it has no name, and the fragments that are reached from it. */
function definitionsOf(
  { definitions }: DocumentNode,
  operationName: string | null | undefined,
): readonly ASTNode[] {
  const fragments = new Map<string, ASTNode>();
  const found: ASTNode[] = [];
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    } else if (
      definition.kind === Kind.OPERATION_DEFINITION &&
      (!operationName || definition.name?.value === operationName)
    ) {
      found.push(definition);
    }
  }
  // It grows meanwhile.
  for (const definition of found) {
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        fragments.delete(name.value);
        if (fragment !== undefined) {
          found.push(fragment);
        }
      },
    });
  }
  return found;
}

const values: ReadonlySet<Kind> = new Set([
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.FLOAT,
  Kind.INT,
  Kind.LIST,
  Kind.NULL,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
  Kind.STRING,
]);

/** A variable in the place of a value can be wrong in the execution only; before, the document is. */
function isAboutValue({ path }: GraphQLError, { kind }: ASTNode): boolean {
  return values.has(kind) || (kind === Kind.VARIABLE && path !== undefined);
}

/** Where something is wrong with the value of a variable, inside it. */
function pathsInVariable(
  { type, variable }: VariableDefinitionNode,
  { schema, variables }: SentDocument,
  maximum: number,
): InputField[] {
  const inputType = typeFromAST(schema, type);
  const paths: InputField[] = [];
  if (!isInputType(inputType)) {
    return paths;
  }
  try {
    const { value: name } = variable.name;
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    coerceInputValue(value, inputType, (path, _value, { message }) => {
      if (paths.length === maximum) {
        throw new RangeError('There are no more errors');
      }
      paths.push([...path.map(String), ...missingFieldIn(message), ...unknownFieldIn(message)]);
    });
  } catch {
    // Only the errors that are reported need a place.
  }
  return paths;
}

/** graphql-js reports a missing field at the object that lacks it. */
function missingFieldIn(message: string): readonly string[] {
  const name = /^Field "(?:\w+\.)?(\w+)" of required type /.exec(message)?.[1];
  return name === undefined ? [] : [name];
}

/** In variables, the same is true of a field that does not exist. */
function unknownFieldIn(message: string): readonly string[] {
  const name = /^Field "(.*)" is not defined by type "/s.exec(message)?.[1];
  return name === undefined ? [] : [name];
}

/** The fields of nodes in arguments, or in the default values of variables. */
function findPlaces(
  wanted: ReadonlySet<ASTNode>,
  { document }: SentDocument,
): ReadonlyMap<ASTNode, InputField> {
  const places = new Map<ASTNode, InputField>();
  const note = (node: ASTNode, field: InputField): void => {
    if (wanted.has(node)) {
      places.set(node, field);
    }
  };
  forEachArgument(document.definitions, (value, name) => forEachNode(value, [name], note));
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION && places.size < wanted.size) {
      const uses = findUses({ document, operationName: definition.name?.value });
      for (const { variable, defaultValue } of definition.variableDefinitions ?? []) {
        const use = uses.get(variable.name.value);
        if (defaultValue !== undefined && use !== undefined) {
          forEachNode(defaultValue, use, note);
        }
      }
    }
  }
  return places;
}

/** Calls back for the arguments of fields. Those of directives are no input. */
function forEachArgument(
  definitions: readonly ASTNode[],
  callback: (value: ValueNode, name: string) => void,
): void {
  for (const definition of definitions) {
    visit(definition, {
      Directive: () => false,
      VariableDefinition: () => false,
      Argument({ name, value }) {
        callback(value, name.value);
        return false;
      },
    });
  }
}

/** Calls back for a value and all inside it, fields of objects included. */
function forEachNode(
  value: ValueNode,
  field: InputField,
  callback: (node: ASTNode, field: InputField) => void,
): void {
  callback(value, field);
  if (value.kind === Kind.LIST) {
    for (const [index, item] of value.values.entries()) {
      forEachNode(item, [...field, String(index)], callback);
    }
  }
  if (value.kind === Kind.OBJECT) {
    for (const member of value.fields) {
      const inside = [...field, member.name.value];
      callback(member, inside);
      forEachNode(member.value, inside, callback);
    }
  }
}
