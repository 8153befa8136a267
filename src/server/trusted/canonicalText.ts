import {
  type ArgumentNode,
  type DefinitionNode,
  type DirectiveNode,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';

/**
 * Gives one text for all spellings of a document: white space, comments, and the order of definitions, variables,
 * fields and arguments make no difference, because code generators sort what clients then send unsorted. The order of
 * mutations does. Undefined where the text is no document of operations and fragments, or has more tokens.
 */
export function canonicalText(text: string, maxTokens: number): string | undefined {
  try {
    const { definitions } = parse(text, { noLocation: true, maxTokens });
    return sorted(definitions.map(ofDefinition));
  } catch {
    return undefined;
  }
}

const sorted = (texts: readonly string[]): string => [...texts].sort().join(' ');

function ofDefinition(definition: DefinitionNode): string {
  const { kind } = definition;
  if (kind === Kind.OPERATION_DEFINITION) {
    const { operation, name, variableDefinitions, directives, selectionSet } = definition;
    const head = `${operation} ${name?.value ?? ''}(${printed(variableDefinitions)})`;
    return `${head}${inOrder(directives)}${ofSet(selectionSet, operation === 'mutation')}`;
  }
  if (kind === Kind.FRAGMENT_DEFINITION) {
    const { name, typeCondition, directives, selectionSet } = definition;
    const type = typeCondition.name.value;
    const head = `fragment ${name.value} on ${type}`;
    return `${head}${inOrder(directives)}${ofSet(selectionSet, type === 'Mutation')}`;
  }
  throw new TypeError(`${kind} is nothing that can be executed`);
}

/** Built from the inside out, so that nothing is printed once for each level around it. */
function ofSet({ selections }: SelectionSetNode, isOrdered: boolean): string {
  const texts = selections.map((selection) => ofSelection(selection, isOrdered));
  return `{${isOrdered ? texts.join(' ') : sorted(texts)}}`;
}

function ofSelection(selection: SelectionNode, isOrdered: boolean): string {
  const directives = inOrder(selection.directives);
  switch (selection.kind) {
    case Kind.FRAGMENT_SPREAD:
      return `...${selection.name.value}${directives}`;
    case Kind.INLINE_FRAGMENT: {
      const { typeCondition, selectionSet } = selection;
      return `... on ${typeCondition?.name.value ?? ''}${directives}${ofSet(selectionSet, isOrdered)}`;
    }
    case Kind.FIELD: {
      const { alias, name, arguments: given, selectionSet } = selection;
      const key = alias === undefined ? name.value : `${alias.value}:${name.value}`;
      const inside = selectionSet === undefined ? '' : ofSet(selectionSet, false);
      return `${key}(${printed(given)})${directives}${inside}`;
    }
  }
}

function printed(nodes: readonly (ArgumentNode | VariableDefinitionNode)[] | undefined): string {
  return sorted((nodes ?? []).map(print));
}

/** Directives are applied in their order, so it stays. */
function inOrder(directives: readonly DirectiveNode[] | undefined): string {
  return (directives ?? []).map((directive) => ` ${print(directive)}`).join('');
}
