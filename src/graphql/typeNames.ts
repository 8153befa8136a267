import {
  type FieldNode,
  type GraphQLResolveInfo,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** What the `__typename` fields of an object, or of all objects of a list, add to an answer. */
interface TypeNames {
  readonly bytes: number;
  readonly count: number;
}

const none: TypeNames = { bytes: 0, count: 0 };

/**
 * How often a selection asks for `__typename`, and the bytes of it without the names of types. graphql-js makes the list
 * of a field's nodes anew for each execution, but a node stays with its document.
 */
const known = new WeakMap<FieldNode | readonly FieldNode[], TypeNames>();

/**
 * Counts the `__typename` fields inside a value. graphql-js resolves them by itself, so they are counted with the
 * object that they are of: in all fragments, and whether skipped or not.
 */
export function typeNamesIn(value: unknown, info: GraphQLResolveInfo): TypeNames {
  if (typeof value !== 'object' || value === null) {
    return none;
  }
  const { fieldNodes } = info;
  const [node] = fieldNodes;
  const key = node !== undefined && fieldNodes.length === 1 ? node : fieldNodes;
  const asked = known.get(key) ?? askedIn(fieldNodes, info.fragments);
  known.set(key, asked);
  if (asked.count === 0) {
    return none;
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  let nameLengths = 0;
  for (const item of items) {
    nameLengths += nameLengthOf(item, info);
  }
  return {
    bytes: asked.bytes * items.length + asked.count * nameLengths,
    count: asked.count * items.length,
  };
}

function nameLengthOf(item: unknown, { returnType, schema }: GraphQLResolveInfo): number {
  const type = getNamedType(returnType);
  if (isObjectType(type)) {
    return type.name.length;
  }
  const name = (item as { readonly __typename?: unknown } | null)?.__typename;
  if (typeof name === 'string') {
    return name.length;
  }
  return isAbstractType(type)
    ? Math.max(...schema.getPossibleTypes(type).map((possible) => possible.name.length))
    : 0;
}

/** How often the selections of a field ask for `__typename`, wherever they do. */
export function askedIn(
  fieldNodes: readonly FieldNode[],
  fragments: GraphQLResolveInfo['fragments'],
): TypeNames {
  const keys = new Set<string>();
  const seen = new Set<string>();
  const open: (SelectionSetNode | undefined)[] = fieldNodes.map((node) => node.selectionSet);
  while (open.length > 0) {
    for (const selection of open.pop()?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        open.push(selection.selectionSet);
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const { value: name } = selection.name;
        if (!seen.has(name)) {
          seen.add(name);
          open.push(fragments[name]?.selectionSet);
        }
      } else if (selection.name.value === '__typename') {
        keys.add((selection.alias ?? selection.name).value);
      }
    }
  }
  let bytes = 0;
  for (const key of keys) {
    // Quotes around both, a colon and a comma.
    bytes += key.length + 6;
  }
  return { bytes, count: keys.size };
}
