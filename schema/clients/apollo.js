/** Adds what a page has to the rows that are there; of a row that is there already, the first place counts. */
function join(before, after, isKnown) {
  return [...before, ...after.filter((row) => !isKnown(row, before))];
}

const isSameRow = (one, other) => one.__ref !== undefined && one.__ref === other.__ref;
const isSameEdge = (one, other) => one.cursor !== undefined && one.cursor === other.cursor;
const isIn = (isSame) => (row, rows) => rows.some((other) => isSame(row, other));

/** Joins two runs of rows, the one that comes first in the list given first. */
function joinPages(first, second, existing, incoming) {
  const joined = { ...existing, ...incoming };
  for (const [field, isSame] of [
    ['nodes', isSameRow],
    ['edges', isSameEdge],
  ]) {
    if (existing[field] !== undefined && incoming[field] !== undefined) {
      joined[field] = join(first[field], second[field], isIn(isSame));
    }
  }
  joined.pageInfo = {
    ...existing.pageInfo,
    ...incoming.pageInfo,
    ...pick(first.pageInfo, ['startCursor', 'hasPreviousPage']),
    ...pick(second.pageInfo, ['endCursor', 'hasNextPage']),
  };
  return joined;
}

/** Lists with `nodes` and lists with `edges` grow apart, or one would skip the rows that only the other has read. */
function listsIn(field) {
  const names = (field?.selectionSet?.selections ?? []).map(({ name }) => name?.value);
  const asked = ['nodes', 'edges'].filter((list) => names.includes(list));
  return asked.length === 1 ? asked[0] : 'all';
}

function pick(object = {}, names) {
  return Object.fromEntries(
    names.filter((name) => name in object).map((name) => [name, object[name]]),
  );
}

/**
 * Lets a list of partners grow page by page, whether an operation asks for `nodes`, `edges` or both, forwards with
 * `after` or backwards with `before`. A page that does not join the rows that are there takes their place.
 */
export const partnerPages = {
  keyArgs: (args, { field }) =>
    `${JSON.stringify([args?.filter ?? null, args?.orderBy ?? null])}:${listsIn(field)}`,
  merge(existing, incoming, { args }) {
    const { startCursor, endCursor } = existing?.pageInfo ?? {};
    if (existing && incoming && args?.after && args.after === endCursor) {
      return joinPages(existing, incoming, existing, incoming);
    }
    if (existing && incoming && args?.before && args.before === startCursor) {
      return joinPages(incoming, existing, existing, incoming);
    }
    return incoming;
  },
};

/** For `new InMemoryCache({ typePolicies, possibleTypes })`. */
export const typePolicies = {
  Query: { fields: { complianceManagementPartners: partnerPages } },
  // Its id is that of the filter in Intune, which one assignment includes and another excludes.
  AssignmentFilter: { keyFields: false },
};
