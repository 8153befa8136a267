import { afterAll, describe, expect, it } from '@jest/globals';
import { json } from '../../support/scriptedServer.ts';
import { useStages } from '../../support/stages.ts';

const marks = `a${'\u0300\u0327'.repeat(14_000)}`;
const wide = `${String.fromCharCode(0xd800)}\u{1f600}`.repeat(20_000);
const at = '2026-01-01T00:00:00';
const rows = [
  { id: 'marked', displayName: marks },
  { id: 'a'.repeat(60_000), displayName: 'Long id' },
  { id: 'long-name', displayName: 'N'.repeat(60_000), lastHeartbeatDateTime: `${at}Z` },
  { id: 'longer-name', displayName: 'N'.repeat(60_001) },
  { id: 'wide', displayName: wide, partnerState: 'enabled' },
  { id: 'digits', lastHeartbeatDateTime: `${at}.${'1'.repeat(60_000)}Z` },
  { id: 'plain', displayName: 'Plain', partnerState: 'enabled' },
];

const { scripted, start } = useStages(afterAll);
const { embedded } = useStages();
const environment = { LIMIT_BODY_BYTES: '1048576' };
const { graph, gateway } = await scripted(json(200, { value: rows }), environment);
const GRAPH_BASE_URL = graph.url.href;
const tolerant = await start({ ...environment, GRAPH_BASE_URL, LIMITS_MODE: 'warn-only' });

const accept = { accept: 'application/graphql-response+json' };
const list = 'complianceManagementPartners';
const Filter = 'ComplianceManagementPartnerFilter';
const countOf = (args: string): string => `${list}(${args}) { totalCount }`;
const byFilter = `query ($filter: ${Filter}) { ${list}(filter: $filter) { nodes { id } } }`;
const same = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const filtered = (filter: unknown): Operation => ({ query: byFilter, variables: { filter } });
const condition = { displayName: { contains: 'x' } };
const conditions = (count: number) => ({ or: same(count, condition) });
const literals = (count: number) => same(count, '{displayName: {contains: "x"}}').join();

/** A filter with so many levels. */
const deep = (levels: number): object =>
  levels === 1 ? condition : { [levels % 2 === 0 ? 'not' : 'and']: deep(levels - 1) };

const fields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'];
const by = (...names: string[]) => names.map((field) => ({ field }));
const keys = (count: number) => by(...[...fields, ...same(1500, 'DISPLAY_NAME')].slice(0, count));
const written = (value: object): string =>
  JSON.stringify(value)
    .replace(/"(\w+)":/g, '$1:')
    .replace(/"([A-Z_]+)"/g, '$1');

/** Every place and form in which conditions stand; a fragment counts once under each of its response keys. */
const manyConditions = (count: number): Operation => ({
  query: `query ($f: ${Filter}!, $g: ${Filter}, $d: [${Filter}!] = [${literals(10)}]) {
    ...A ...A ... { ...A }
    c: ${countOf(`filter: {or: [${literals(10)}]}`)} d: ${countOf('filter: {or: $d}')} }
    fragment A on Query { a: ${countOf('filter: {or: [$f, $f]}')} b: ${countOf('filter: $g')} }`,
  variables: {
    f: conditions(20),
    g: {
      and: [
        { partnerState: { in: same(3, 'ENABLED'), notIn: same(2, 'UNKNOWN') } },
        { onboarded: same(2, 'IOS') },
        { displayName: { eq: 'a', contains: 'b', startsWith: 'c' } },
        { lastHeartbeatDateTime: { before: '2026-01-01T00:00:00Z' } },
        ...same(count - 71, {}),
      ],
    },
  },
});
/** The usual number counts for what is not sent, also if all objects have something of that name. */
const manyRows = (count: number): Operation => ({
  query: `query ($n: Int = ${count - 750}, $m: Int, $constructor: Int) {
    ${countOf('first: $n')} b: ${list} { totalCount } c: ${countOf('last: 300')}
    d: ${countOf('first: 200, last: 10')} e: ${countOf('first: $constructor')}
    f: ${countOf('first: $m')} }`,
  variables: { m: 50 },
});
const variableDeep = `query ($f: ${Filter}!) {
  ${countOf('filter: $f')} b: ${countOf('filter: {not: {not: $f}}')} }`;
const variableText = `query ($t: String) {
  ${list} { totalCount } b: ${countOf('filter: {displayName: {contains: $t}}')} }`;
const variableKeys = `query ($o: [ComplianceManagementPartnerOrder!]) {
  ${list} { totalCount } b: ${countOf('orderBy: $o')} }`;
const named = (name: string, n: number): Operation =>
  filtered({ not: { displayName: { [name]: 'ü'.repeat(n) } } });

/** A code, its bound, and an operation that has so many. */
const cases: readonly (readonly [string, number, (count: number) => Operation])[] = [
  ['TOO_MANY_CONDITIONS', 100, manyConditions],
  ['FILTER_TOO_DEEP', 8, (n) => ({ query: `{ ${countOf(`filter: ${written(deep(n))}`)} }` })],
  ['FILTER_TOO_DEEP', 8, (n) => ({ query: variableDeep, variables: { f: deep(n - 2) } })],
  ['FILTER_TEXT_TOO_LONG', 256, (n) => named('eq', n)],
  ['FILTER_TEXT_TOO_LONG', 256, (n) => named('startsWith', n)],
  ['FILTER_TEXT_TOO_LONG', 256, (n) => named('contains', n)],
  ['FILTER_TEXT_TOO_LONG', 256, (n) => ({ query: variableText, variables: { t: 'x'.repeat(n) } })],
  ['TOO_MANY_ORDER_KEYS', 3, (n) => ({ query: variableKeys, variables: { o: keys(n) } })],
  ['TOO_MANY_ORDER_KEYS', 3, (n) => ({ query: `{ ${countOf(`orderBy: ${written(keys(n))}`)} }` })],
  ['TOO_MANY_PAGE_ROWS', 1000, manyRows],
];

describe('a bound of work', () => {
  it.each(cases)('%s holds beyond %i, in both modes', async (code, allowed, having) => {
    for (const count of [allowed - 1, allowed]) {
      const { query, variables } = having(count);
      await gateway.ask(query, variables, accept);
    }
    const { query, variables } = having(allowed + 1);
    for (const strict of [gateway, tolerant]) {
      const before = graph.requests.length;
      const { status, result } = await strict.run(query, variables, accept);
      const message = expect.stringContaining(`${allowed} are allowed`);
      const extensions = { code, allowed, seen: allowed + 1 };
      const errors = [expect.objectContaining({ message, extensions })];
      expect([status, result]).toEqual([400, { errors }]);
      expect(graph.requests.length).toBe(before);
    }
  });

  it('comes after the token, and answers 200 to callers that know application/json only', async () => {
    const { query, variables } = filtered(conditions(101));
    const stranger = await gateway.post({ query, variables }, accept);
    expect([stranger.status, stranger.codes]).toEqual([401, ['UNAUTHENTICATED']]);
    const legacy = await gateway.run(query, variables, { accept: 'application/json' });
    expect([legacy.status, legacy.codes]).toEqual([200, ['TOO_MANY_CONDITIONS']]);
  });

  it('leaves values of wrong types to GraphQL, and a field twice in an order to the list', async () => {
    for (const filter of [1, [[]], { or: 5 }, { displayName: 'x' }, { partnerState: { in: {} } }]) {
      const { status, codes } = await gateway.run(byFilter, { filter }, accept);
      expect([status, codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
    }
    const orderBy = written([{ field: fields[0] }, { field: fields[0], direction: 'DESC' }]);
    const { extensions } = await gateway.run(`{ ${countOf(`orderBy: ${orderBy}`)} }`);
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', argumentName: 'orderBy' });
  });

  it('ends the count of a list of 1,500 conditions that is used 100 times', async () => {
    const hundred = same(100, '{or: $l}').join();
    const query = `query ($l: [${Filter}!]) { ${countOf(`filter: {and: [${hundred}]}`)} }`;
    const { extensions } = await gateway.run(query, { l: same(1500, condition) }, accept);
    expect(extensions).toMatchObject({ code: 'TOO_MANY_CONDITIONS', seen: 101 });
  });

  it.each([
    ['plain', { contains: 'pla' }],
    ['marked', { startsWith: marks.slice(0, 1 + 6 * 30) }],
  ])('finds %s beside a stored name with 28,000 combining marks', async (id, displayName) => {
    expect(await gateway.ask(byFilter, { filter: { displayName } })).toEqual({ nodes: [{ id }] });
  });
});

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

it.each([
  ["Graph's order", []],
  ['an order of all keys', fields],
  ['another order of all keys', fields.toReversed()],
])(
  'gives cursors of at most 1,024 characters that lead through all rows in %s',
  async (_what, order) => {
    const query = `query ($first: Int, $after: String, $orderBy: [ComplianceManagementPartnerOrder!]) {
    ${list}(first: $first, after: $after, orderBy: $orderBy) {
      edges { cursor node { id } } pageInfo { endCursor hasNextPage } } }`;
    const orderBy = order.length > 0 ? by(...order) : null;
    const { edges } = await gateway.ask<Connection>(query, { orderBy });
    const cursors = edges.map(({ cursor }) => cursor);
    expect(Math.max(...cursors.map(({ length }) => length))).toBeLessThanOrEqual(1024);
    expect(new Set(cursors).size).toBe(rows.length);
    const seen: Connection['edges'][number][] = [];
    let after: string | null = null;
    for (let isMore = true; isMore; ) {
      const page: Connection = await gateway.ask(query, { orderBy, first: 1, after });
      seen.push(...page.edges);
      ({ endCursor: after, hasNextPage: isMore } = page.pageInfo);
    }
    expect(seen.map(({ node }) => node)).toEqual(edges.map(({ node }) => node));
    const plain = edges.find(({ node }) => node.id === 'plain');
    expect(plain?.cursor.length).toBeLessThanOrEqual(128);
  },
);

it('reads a list only until its rows take more memory than allowed', async () => {
  const allowed = 1_048_576;
  const displayName = 'N'.repeat(60_000);
  const seed = Array.from({ length: 40 }, (_value, index) => ({ id: `row-${index}`, displayName }));
  const stage = await embedded({ seed, pageSize: 10 }, { LIST_BYTE_LIMIT: String(allowed) });
  const { extensions } = await stage.gateway.run(`{ ${list} { totalCount } }`);
  expect(extensions).toMatchObject({ code: 'LIST_TOO_LARGE', allowed });
  expect(extensions?.['seen']).toBeGreaterThan(allowed);
  expect(stage.graph.requests).toHaveLength(2);
  await stage.gateway.ask(`{ ${list}(first: 10) { nodes { id } } }`);
});
