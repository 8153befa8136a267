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
  isValueNode,
  Kind,
  separateOperations,
  TypeInfo,
  type TypeNode,
  typeFromAST,
  type ValueNode,
  type VariableDefinitionNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { GatewayError } from '../partners/errors.ts';
import type { InexactNumber } from '../shared/json.ts';

/** A path in the input, as user errors have it: the argument, then fields and indexes. */
type InputField = readonly string[];

/** Unknown if the document does not fit the schema. */
type InputType = GraphQLInputType | undefined;

/** The operation of a document, and its variables as they were sent. */
interface SentOperation {
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
  sent: SentOperation,
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
      const missing = namedIn(error.message, missingField);
      fields.set(error, missing.length > 0 ? [...place.inside, ...missing] : place.field);
    }
  }
  return fields;
}

/** Gives the field of a path that begins with a variable's name; undefined if no argument of a field uses it. */
type VariableFields = (path: readonly string[]) => InputField | undefined;

/** Finds the fields that the variables of an operation are used for first, not counting directives. */
function fieldsOfVariables({ schema, document, operationName }: SentOperation): VariableFields {
  const uses = new Map<string, Place>();
  for (const [node, place] of argumentPlaces(schema, definitionsOf(document, operationName))) {
    if (node.kind === Kind.VARIABLE && !uses.has(node.name.value)) {
      uses.set(node.name.value, place);
    }
  }
  return ([name = '', ...path]) => {
    const use = uses.get(name);
    return use && [...use.field, ...withIndexes(path, use.type)];
  };
}

/**
 * Rejects a variable with a number that was not read as it was sent; one that no argument uses does not matter.
 * @throws GatewayError
 */
export function checkNumbers(sent: SentOperation, inexact: readonly InexactNumber[]): void {
  const fieldOf = fieldsOfVariables(sent);
  for (const { path, text } of inexact) {
    const field = fieldOf(path);
    if (field !== undefined) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `Variable "$${path[0]}" has the number ${text.slice(0, 64)} at "${path.join('.')}", ` +
          'which cannot be read exactly. Send it as a string.',
        { field },
      );
    }
  }
}

/** Where a value stands. */
interface Place {
  readonly field: InputField;
  /** What the fields of this value begin with: a single item in the place of a list is its first one. */
  readonly inside: InputField;
  readonly type: InputType;
}

type NodePlace = readonly [ASTNode, Place];

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

/** A variable in the place of a value can be wrong in the execution only; before, the document is. */
function isAboutValue({ path }: GraphQLError, node: ASTNode): boolean {
  return node.kind === Kind.VARIABLE
    ? path !== undefined
    : isValueNode(node) || node.kind === Kind.OBJECT_FIELD;
}

/** Where something is wrong with the value of a variable, inside it. */
function pathsInVariable(
  { type, variable }: VariableDefinitionNode,
  { schema, variables }: SentOperation,
  maximum: number,
): InputField[] {
  const inputType = inputTypeOf(schema, type);
  const paths: InputField[] = [];
  if (inputType === undefined) {
    return paths;
  }
  const { value: name } = variable.name;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  try {
    coerceInputValue(value, inputType, (path, _value, { message }) => {
      if (paths.length === maximum) {
        throw new RangeError('There are no more errors');
      }
      const named = [missingField, unknownField].flatMap((pattern) => namedIn(message, pattern));
      paths.push([...path.map(String), ...named]);
    });
  } catch {
    // Only the errors that are reported need a place.
  }
  return paths;
}

/** graphql-js reports a missing field at the object that lacks it. */
const missingField = /^Field "(?:\w+\.)?(\w+)" of required type /;
/** In variables, the same is true of a field that does not exist. */
const unknownField = /^Field "(.*)" is not defined by type "/s;

const namedIn = (message: string, pattern: RegExp): readonly string[] =>
  pattern.exec(message)?.slice(1) ?? [];

/** Adds the index of a single item in the place of a list. */
function withIndexes(path: InputField, start: InputType): InputField {
  let [indexed, type]: readonly [InputField, InputType] = [[], start];
  for (const key of path) {
    // No field has a name like an index.
    if (!/^\d/.test(key)) {
      [indexed, type] = intoFirstItem(indexed, type);
    }
    indexed = [...indexed, key];
    type = itemTypeOf(type) ?? fieldTypeOf(type, key);
  }
  return indexed;
}

/** Goes on to the first item of a list, and of a list in it; stays at anything else. */
function intoFirstItem(field: InputField, type: InputType): readonly [InputField, InputType] {
  const item = itemTypeOf(type);
  return item === undefined ? [field, type] : intoFirstItem([...field, '0'], item);
}

function itemTypeOf(type: InputType): InputType {
  const nullable = type && getNullableType(type);
  return isListType(nullable) ? nullable.ofType : undefined;
}

function fieldTypeOf(type: InputType, name: string): InputType {
  const nullable = type && getNullableType(type);
  return isInputObjectType(nullable) ? nullable.getFields()[name]?.type : undefined;
}

function inputTypeOf(schema: GraphQLSchema, node: TypeNode): InputType {
  const type = typeFromAST(schema, node);
  return isInputType(type) ? type : undefined;
}

/** The places of nodes in arguments, or in the default values of variables. */
function findPlaces(
  wanted: ReadonlySet<ASTNode>,
  sent: SentOperation,
): ReadonlyMap<ASTNode, Place> {
  const { schema, document } = sent;
  const places = new Map<ASTNode, Place>();
  const note = (found: readonly NodePlace[]): void => {
    for (const [node, place] of found) {
      if (wanted.has(node)) {
        places.set(node, place);
      }
    }
  };
  note(argumentPlaces(schema, document.definitions));
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION && places.size < wanted.size) {
      const { name, variableDefinitions = [] } = definition;
      const defaults = variableDefinitions.filter(({ defaultValue }) => defaultValue);
      const fieldOf =
        defaults.length > 0
          ? fieldsOfVariables({ ...sent, operationName: name?.value })
          : undefined;
      for (const { variable, type, defaultValue } of defaults) {
        const field = fieldOf?.([variable.name.value]);
        note(field && defaultValue ? placesIn(defaultValue, field, inputTypeOf(schema, type)) : []);
      }
    }
  }
  return places;
}

/** All values in the arguments of fields. Those of directives are no input. */
function argumentPlaces(schema: GraphQLSchema, definitions: readonly ASTNode[]) {
  const types = new TypeInfo(schema);
  const places: NodePlace[] = [];
  for (const definition of definitions) {
    visit(
      definition,
      visitWithTypeInfo(types, {
        Directive: () => false,
        VariableDefinition: () => false,
        Argument({ name, value }) {
          placesIn(value, [name.value], types.getInputType() ?? undefined, places);
          return false;
        },
      }),
    );
  }
  return places;
}

/** A value and all inside it, fields of objects included, added to the others. */
function placesIn(
  value: ValueNode,
  field: InputField,
  type: InputType,
  places: NodePlace[] = [],
): readonly NodePlace[] {
  if (value.kind === Kind.LIST) {
    places.push([value, { field, inside: field, type }]);
    for (const [index, item] of value.values.entries()) {
      placesIn(item, [...field, String(index)], itemTypeOf(type), places);
    }
    return places;
  }
  const [inside, itemType] = intoFirstItem(field, type);
  places.push([value, { field, inside, type }]);
  for (const member of value.kind === Kind.OBJECT ? value.fields : []) {
    const memberField = [...inside, member.name.value];
    const memberType = fieldTypeOf(itemType, member.name.value);
    places.push([member, { field: memberField, inside: memberField, type: memberType }]);
    placesIn(member.value, memberField, memberType, places);
  }
  return places;
}
