import {
  type ASTNode,
  coerceInputValue,
  type DocumentNode,
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  Kind,
  separateOperations,
  TypeInfo,
  typeFromAST,
  type ValueNode,
  type VariableDefinitionNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** A path in the input, as user errors have it: the argument, then fields and indexes. */
type InputField = readonly string[];

/** The operation of a document that was sent. */
export interface SentOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null | undefined;
}

/** An operation and its variables as they were sent. */
interface SentDocument extends SentOperation {
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
  let fieldOf: VariableFields | undefined;
  for (const error of errors) {
    const [node] = error.nodes ?? [];
    if (node?.kind === Kind.VARIABLE_DEFINITION && error.nodes?.length === 1) {
      // graphql-js reports all that is wrong with one variable in one order.
      const paths = inVariables.get(node) ?? pathsInVariable(node, sent, errors.length);
      inVariables.set(node, paths);
      fieldOf ??= fieldsOfVariables(sent);
      const field = fieldOf([node.variable.name.value, ...(paths.shift() ?? [])]);
      if (field !== undefined) {
        fields.set(error, field);
      }
    } else if (node !== undefined && isAboutValue(error, node)) {
      literals.set(error, node);
    }
  }
  const places = literals.size > 0 ? findPlaces(new Set(literals.values()), sent) : undefined;
  for (const [error, node] of literals) {
    const place = places?.get(node);
    if (place !== undefined) {
      const missing = missingFieldIn(error.message);
      fields.set(error, missing.length > 0 ? [...place.inside, ...missing] : place.field);
    }
  }
  return fields;
}

/** Gives the field of a path that begins with a variable's name; undefined if no argument of a field uses it. */
type VariableFields = (path: readonly string[]) => InputField | undefined;

/** Finds the fields that the variables of an operation are used for first, not counting directives. */
export function fieldsOfVariables({
  schema,
  document,
  operationName,
}: SentOperation): VariableFields {
  const uses = new Map<string, Place>();
  forEachArgument(schema, definitionsOf(document, operationName), (node, place) => {
    if (node.kind === Kind.VARIABLE && !uses.has(node.name.value)) {
      uses.set(node.name.value, place);
    }
  });
  return ([name = '', ...path]) => {
    const use = uses.get(name);
    return use && [...use.field, ...withIndexes(path, use.type)];
  };
}

/** Where a value stands. */
interface Place {
  readonly field: InputField;
  /** What the fields of this value begin with: a single item in the place of a list is its first one. */
  readonly inside: InputField;
  /** Unknown if the document does not fit the schema. */
  readonly type: GraphQLInputType | undefined;
}

type PlaceCallback = (node: ASTNode, place: Place) => void;

/** The operation, or all if it has no name, and then the fragments that are reached from it. */
function definitionsOf(
  document: DocumentNode,
  operationName: string | null | undefined,
): readonly ASTNode[] {
  // The other operations are left out first: a document may have many, and each would be looked through.
  const definitions = document.definitions.filter(
    (one) => one.kind !== Kind.OPERATION_DEFINITION || one.name?.value === operationName,
  );
  const named = operationName
    ? separateOperations({ ...document, definitions })[operationName]
    : document;
  const isFragment = ({ kind }: ASTNode): number => (kind === Kind.FRAGMENT_DEFINITION ? 1 : 0);
  return (named?.definitions ?? []).toSorted((one, other) => isFragment(one) - isFragment(other));
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
  const { value: name } = variable.name;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  try {
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

/** Adds the index of a single item in the place of a list. */
function withIndexes(path: InputField, start: GraphQLInputType | undefined): InputField {
  const indexed: string[] = [];
  let type = start;
  for (const key of path) {
    // No field has a name like an index.
    for (let item = itemTypeOf(type); item && !/^\d/.test(key); item = itemTypeOf(type)) {
      indexed.push('0');
      type = item;
    }
    indexed.push(key);
    type = itemTypeOf(type) ?? fieldTypeOf(type, key);
  }
  return indexed;
}

function itemTypeOf(type: GraphQLInputType | undefined): GraphQLInputType | undefined {
  const nullable = type && getNullableType(type);
  return isListType(nullable) ? nullable.ofType : undefined;
}

function fieldTypeOf(
  type: GraphQLInputType | undefined,
  name: string,
): GraphQLInputType | undefined {
  const nullable = type && getNullableType(type);
  return isInputObjectType(nullable) ? nullable.getFields()[name]?.type : undefined;
}

/** The places of nodes in arguments, or in the default values of variables. */
function findPlaces(
  wanted: ReadonlySet<ASTNode>,
  { schema, document }: SentDocument,
): ReadonlyMap<ASTNode, Place> {
  const places = new Map<ASTNode, Place>();
  const note: PlaceCallback = (node, place) => {
    if (wanted.has(node)) {
      places.set(node, place);
    }
  };
  forEachArgument(schema, document.definitions, note);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION && places.size < wanted.size) {
      const operationName = definition.name?.value;
      let fieldOf: VariableFields | undefined;
      for (const { variable, type, defaultValue } of definition.variableDefinitions ?? []) {
        if (defaultValue === undefined) {
          continue;
        }
        fieldOf ??= fieldsOfVariables({ schema, document, operationName });
        const field = fieldOf([variable.name.value]);
        if (field !== undefined) {
          const inputType = typeFromAST(schema, type);
          forEachValue(defaultValue, field, isInputType(inputType) ? inputType : undefined, note);
        }
      }
    }
  }
  return places;
}

/** Calls back for all values in the arguments of fields. Those of directives are no input. */
function forEachArgument(
  schema: GraphQLSchema,
  definitions: readonly ASTNode[],
  callback: PlaceCallback,
): void {
  const types = new TypeInfo(schema);
  for (const definition of definitions) {
    visit(
      definition,
      visitWithTypeInfo(types, {
        Directive: () => false,
        VariableDefinition: () => false,
        Argument({ name, value }) {
          forEachValue(value, [name.value], types.getInputType() ?? undefined, callback);
          return false;
        },
      }),
    );
  }
}

/** Calls back for a value and all inside it, fields of objects included. */
function forEachValue(
  value: ValueNode,
  field: InputField,
  type: GraphQLInputType | undefined,
  callback: PlaceCallback,
): void {
  if (value.kind === Kind.LIST) {
    callback(value, { field, inside: field, type });
    for (const [index, item] of value.values.entries()) {
      forEachValue(item, [...field, String(index)], itemTypeOf(type), callback);
    }
    return;
  }
  const inside = [...field];
  let itemType = type;
  for (let item = itemTypeOf(itemType); item !== undefined; item = itemTypeOf(itemType)) {
    inside.push('0');
    itemType = item;
  }
  callback(value, { field, inside, type });
  if (value.kind === Kind.OBJECT) {
    for (const member of value.fields) {
      const { value: name } = member.name;
      const memberField = [...inside, name];
      const memberType = fieldTypeOf(itemType, name);
      callback(member, { field: memberField, inside: memberField, type: memberType });
      forEachValue(member.value, memberField, memberType, callback);
    }
  }
}
