import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';

/** What a document asks for: of its operations, the one that has most counts. Spread fragments count at each spread. */
export interface DocumentMeasure {
  /** Fields inside each other; what is inside `__schema` and `__type` counts apart. */
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly aliases: number;
  readonly introspectionAliases: number;
  readonly rootFields: number;
  readonly directives: number;
}

/** Beyond this nothing is counted exactly: nested fragments grow by powers. */
export const countedAtMost = 1_000_000;

const nothing: DocumentMeasure = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  introspectionAliases: 0,
  rootFields: 0,
  directives: 0,
};

/**
 * Measures a parsed document, valid or not, in one walk: each fragment is measured once and added as often as it is
 * spread. A spread without a fragment, or one that leads back into itself, counts nothing; validation refuses both.
 */
export function measureDocument(document: DocumentNode): DocumentMeasure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    } else if (definition.kind === Kind.OPERATION_DEFINITION) {
      operations.push(definition);
    }
  }
  const known = new Map<string, DocumentMeasure>();

  const ofFragment = (name: string): DocumentMeasure => {
    const measured = known.get(name);
    if (measured !== undefined) {
      return measured;
    }
    known.set(name, nothing);
    const fragment = fragments.get(name);
    const measure = fragment === undefined ? nothing : ofParent(fragment);
    known.set(name, measure);
    return measure;
  };

  /** Of anything with selections: what they have together, and its own directives. */
  const ofParent = ({ selectionSet, directives }: Parent): DocumentMeasure => {
    let measure = directivesOf(directives);
    for (const selection of selectionSet?.selections ?? []) {
      measure = add(measure, ofSelection(selection));
    }
    return measure;
  };

  const ofSelection = (selection: SelectionNode): DocumentMeasure => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return add(directivesOf(selection.directives), ofFragment(selection.name.value));
    }
    const inside = ofParent(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return inside;
    }
    const aliases = inside.aliases + (selection.alias === undefined ? 0 : 1);
    const field = { ...inside, aliases, rootFields: 1 };
    return /^__(schema|type)$/.test(selection.name.value)
      ? {
          ...field,
          depth: 1,
          introspectionDepth: inside.depth + 1,
          introspectionAliases: aliases,
        }
      : { ...field, depth: inside.depth + 1 };
  };

  return operations
    .map((operation) =>
      (operation.variableDefinitions ?? []).reduce(
        (sum, { directives }) => add(sum, directivesOf(directives)),
        ofParent(operation),
      ),
    )
    .reduce((most, measure) => combine(most, measure, Math.max), nothing);
}

type Parent = Pick<FragmentDefinitionNode, 'directives'> &
  Partial<Pick<FragmentDefinitionNode, 'selectionSet'>>;

function directivesOf(directives: Parent['directives']): DocumentMeasure {
  return { ...nothing, directives: directives?.length ?? 0 };
}

const sum = (one: number, other: number): number => Math.min(one + other, countedAtMost);

/** Of two that stand beside each other: counts add up, the deeper one decides. */
function add(one: DocumentMeasure, other: DocumentMeasure): DocumentMeasure {
  return {
    ...combine(one, other, sum),
    depth: Math.max(one.depth, other.depth),
    introspectionDepth: Math.max(one.introspectionDepth, other.introspectionDepth),
  };
}

function combine(
  one: DocumentMeasure,
  other: DocumentMeasure,
  by: (one: number, other: number) => number,
): DocumentMeasure {
  return {
    depth: by(one.depth, other.depth),
    introspectionDepth: by(one.introspectionDepth, other.introspectionDepth),
    aliases: by(one.aliases, other.aliases),
    introspectionAliases: by(one.introspectionAliases, other.introspectionAliases),
    rootFields: by(one.rootFields, other.rootFields),
    directives: by(one.directives, other.directives),
  };
}
