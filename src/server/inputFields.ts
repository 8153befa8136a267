import {
  type ASTNode,
  BREAK,
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

type Fits = (node: ASTNode) => boolean;

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
  for (const error of errors) {
    const [node] = error.nodes ?? [];
    let field: InputField | undefined;
    if (node?.kind === Kind.VARIABLE_DEFINITION && error.nodes?.length === 1) {
      // graphql-js reports all that is wrong with one variable in one order.
      const paths = inVariables.get(node) ?? pathsInVariable(node, sent, errors.length);
      inVariables.set(node, paths);
      const path = paths.shift() ?? [];
      const use = findUse(node.variable.name.value, sent);
      field = use && [...use, ...path];
    } else if (node !== undefined && isAboutValue(error, node)) {
      const place = findPlace(node, sent);
      field = place && [...place, ...missingFieldIn(error.message)];
    }
    if (field !== undefined) {
      fields.set(error, field);
    }
  }
  return fields;
}

/** The field that a variable is used for first; undefined if it is used in directives only. */
export function findUse(
  name: string,
  { document, operationName }: Pick<SentDocument, 'document' | 'operationName'>,
): InputField | undefined {
  const definitions = document.definitions.filter(
    (definition) =>
      definition.kind !== Kind.OPERATION_DEFINITION ||
      !operationName ||
      definition.name?.value === operationName,
  );
  const fits: Fits = (node) => node.kind === Kind.VARIABLE && node.name.value === name;
  return findInArguments({ ...document, definitions }, fits);
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
    coerceInputValue(variables[variable.name.value], inputType, (path, _value, { message }) => {
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

/** The field of a node in an argument, or in the default value of a variable. */
function findPlace(wanted: ASTNode, { document }: SentDocument): InputField | undefined {
  const fits: Fits = (node) => node === wanted;
  const place = findInArguments(document, fits);
  if (place !== undefined) {
    return place;
  }
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      const operationName = definition.name?.value;
      for (const { variable, defaultValue } of definition.variableDefinitions ?? []) {
        const path = defaultValue && findPath(defaultValue, fits, []);
        const use = path && findUse(variable.name.value, { document, operationName });
        if (path !== undefined && use !== undefined) {
          return [...use, ...path];
        }
      }
    }
  }
  return undefined;
}

/** Finds the first node that fits in the arguments of fields. Those of directives are no input. */
function findInArguments(document: DocumentNode, fits: Fits): InputField | undefined {
  let found: InputField | undefined;
  visit(document, {
    Directive: () => false,
    VariableDefinition: () => false,
    Argument({ name, value }) {
      found = findPath(value, fits, [name.value]);
      return found === undefined ? false : BREAK;
    },
  });
  return found;
}

function findPath(value: ValueNode, fits: Fits, path: InputField): InputField | undefined {
  if (fits(value)) {
    return path;
  }
  if (value.kind === Kind.LIST) {
    for (const [index, item] of value.values.entries()) {
      const found = findPath(item, fits, [...path, String(index)]);
      if (found !== undefined) {
        return found;
      }
    }
  }
  if (value.kind === Kind.OBJECT) {
    for (const field of value.fields) {
      const inside = [...path, field.name.value];
      const found = fits(field) ? inside : findPath(field.value, fits, inside);
      if (found !== undefined) {
        return found;
      }
    }
  }
  return undefined;
}
