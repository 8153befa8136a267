import { afterAll, describe, expect, it } from '@jest/globals';
import { json } from '../../support/scriptedServer.ts';
import { times, useStages } from '../../support/stages.ts';

const marks = `a${'\u0300\u0327'.repeat(14_000)}`;
const value = [
  { id: 'marked', displayName: marks },
  { id: 'plain', displayName: 'Plain', partnerState: 'enabled' },
];

const { scripted, start } = useStages(afterAll);
const environment = { LIMIT_BODY_BYTES: '1048576' };
const { graph, gateway } = await scripted(json(200, { value }), environment);
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

const written = (value: object): string => JSON.stringify(value).replace(/"(\w+)":/g, '$1:');
const keys = (count: number): readonly object[] =>
  ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME', 'DISPLAY_NAME']
    .slice(0, count)
    .map((field) => ({ field }));

/** What has a bound, and an operation that has so many. */
type Case = readonly [string, (count: number) => Operation];

const ofConditions: readonly Case[] = [
  ['a variable', (n) => filtered(conditions(n))],
  ['the document', (n) => ({ query: `{ ${countOf(`filter: {or: [${literals(n)}]}`)} }` })],
  [
    'one variable that is used several times',
    (n) => ({
      query: `query ($f: ${Filter}!, $g: ${Filter}) {
        ${countOf('filter: {or: [$f, $f]}')} b: ${countOf('filter: $g')} }`,
      variables: { f: conditions(40), g: { partnerState: { notIn: same(n - 80, 'ENABLED') } } },
    }),
  ],
  [
    'the default of a variable',
    (n) => ({
      query: `query ($f: [${Filter}!] = [${literals(n)}]) { ${countOf('filter: {or: $f}')} }`,
    }),
  ],
  [
    'elements of lists, conditions of one field and filters without a condition',
    (n) =>
      filtered({
        and: [
          { partnerState: { in: same(30, 'ENABLED'), notIn: same(30, 'UNKNOWN') } },
          { onboarded: same(20, 'IOS') },
          { displayName: { eq: 'a', contains: 'b', startsWith: 'c' } },
          { lastHeartbeatDateTime: { before: '2026-01-01T00:00:00Z' } },
          ...same(n - 84, {}),
        ],
      }),
  ],
  [
    'a fragment, under two response keys',
    (n) => ({
      query: `query ($f: ${Filter}, $g: ${Filter}) { ...A ...A ... { ...A } }
        fragment A on Query { a: ${countOf('filter: $f')} b: ${countOf('filter: $g')} }`,
      variables: { f: conditions(50), g: conditions(n - 50) },
    }),
  ],
];
const ofLevels: readonly Case[] = [
  ['a variable', (n) => filtered(deep(n))],
  ['the document', (n) => ({ query: `{ ${countOf(`filter: ${written(deep(n))}`)} }` })],
  [
    'a part of which is a variable, in the second list',
    (n) => ({
      query: `query ($f: ${Filter}!) {
        ${countOf('filter: $f')} b: ${countOf('filter: {not: {not: $f}}')} }`,
      variables: { f: deep(n - 2) },
    }),
  ],
];
const ofTexts: readonly Case[] = [
  ...['eq', 'contains', 'startsWith'].map((name): Case => {
    return [name, (n) => filtered({ not: { displayName: { [name]: 'ü'.repeat(n) } } })];
  }),
  [
    'the document',
    (n) => {
      const filter = `{or: [{displayName: {eq: "${'x'.repeat(n)}"}}]}`;
      return { query: `{ ${countOf(`filter: ${filter}`)} }` };
    },
  ],
  [
    'a variable that is the text',
    (n) => ({
      query: `query ($t: String) {
        ${list} { totalCount } b: ${countOf('filter: {displayName: {contains: $t}}')} }`,
      variables: { t: 'x'.repeat(n) },
    }),
  ],
];
const ofOrders: readonly Case[] = [
  [
    'a variable',
    (n) => ({
      query: `query ($o: [ComplianceManagementPartnerOrder!]) {
        ${list} { totalCount } b: ${countOf('orderBy: $o')} }`,
      variables: { o: keys(n) },
    }),
  ],
  [
    'the document',
    (n) => ({ query: `{ ${countOf(`orderBy: ${written(keys(n)).replace(/"/g, '')}`)} }` }),
  ],
];
const ofPages: readonly Case[] = [
  [
    'the default of a variable',
    (n) => ({
      query: `query ($n: Int = ${n - 900}) { ${countOf('last: $n')} b: ${countOf('first: 900')} }`,
    }),
  ],
  [
    'several root fields',
    (n) => ({
      query: `query ($n: Int) { ${countOf('first: $n')} b: ${list} { totalCount }
        c: ${countOf('last: 300')} d: ${countOf('first: 200, last: 10')} }`,
      variables: { n: n - 600 },
    }),
  ],
  [
    'the usual number, for a variable that is not sent and that all objects have',
    (n) => ({
      query: `query ($constructor: Int, $n: Int) {
        ${countOf('first: $constructor')} b: ${countOf('first: $n')} }`,
      variables: { n: n - 100 },
    }),
  ],
];
const cases = [
  ...ofConditions.map((one) => ['TOO_MANY_CONDITIONS', 100, ...one] as const),
  ...ofLevels.map((one) => ['FILTER_TOO_DEEP', 8, ...one] as const),
  ...ofTexts.map((one) => ['FILTER_TEXT_TOO_LONG', 256, ...one] as const),
  ...ofOrders.map((one) => ['TOO_MANY_ORDER_KEYS', 3, ...one] as const),
  ...ofPages.map((one) => ['TOO_MANY_PAGE_ROWS', 1000, ...one] as const),
];

describe('a bound of work', () => {
  it.each(cases)(
    '%s holds beyond %i in %s, in both modes',
    async (code, allowed, _what, having) => {
      for (const count of [allowed - 1, allowed]) {
        const { query, variables } = having(count);
        const { status, result } = await gateway.run(query, variables, accept);
        expect([status, result.errors]).toEqual([200, undefined]);
      }
      const { query, variables } = having(allowed + 1);
      for (const strict of [gateway, tolerant]) {
        const before = graph.requests.length;
        const { status, result } = await strict.run(query, variables, accept);
        const message = expect.stringContaining(`${allowed} are allowed`);
        const extensions = { code, allowed, seen: allowed + 1 };
        expect([status, result]).toMatchObject([400, { errors: [{ message, extensions }] }]);
        expect(result.errors?.[0]?.extensions).toEqual(extensions);
        expect(result).not.toHaveProperty('data');
        expect(graph.requests.length).toBe(before);
      }
    },
  );

  it.each([
    ['one list of 1,000', `{ ${list}(first: 1000) { nodes { id } } }`],
    ['ten lists of 100', `{ ${times(10, (index) => `a${index}: ${list} { nodes { id } }`)} }`],
  ])('lets through %s', async (_what, query) => {
    expect((await gateway.run(query)).result.errors).toBeUndefined();
  });

  it('comes after the token, and answers 200 to callers that know application/json only', async () => {
    const { query, variables } = filtered(conditions(101));
    const stranger = await gateway.post({ query, variables }, accept);
    expect([stranger.status, stranger.codes]).toEqual([401, ['UNAUTHENTICATED']]);
    const legacy = await gateway.run(query, variables, { accept: 'application/json' });
    expect([legacy.status, legacy.codes]).toEqual([200, ['TOO_MANY_CONDITIONS']]);
  });

  it('leaves values of wrong types to GraphQL', async () => {
    for (const filter of [1, [[]], { or: 5 }, { displayName: 'x' }, { partnerState: { in: {} } }]) {
      const { status, codes } = await gateway.run(byFilter, { filter }, accept);
      expect([status, codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
    }
  });
});

describe('what kept the process busy', () => {
  const fifty = same(50, '{displayName: {contains: $t}}').join();
  const hundred = same(100, '{or: $l}').join();

  it.each<[string, string, object, object]>([
    [
      '50 conditions over one variable with 28,000 combining marks',
      `query ($t: String) { ${countOf(`filter: {or: [${fifty}]}`)} }`,
      { t: marks },
      { code: 'FILTER_TEXT_TOO_LONG' },
    ],
    ['1,910 conditions', byFilter, { filter: conditions(1910) }, { code: 'TOO_MANY_CONDITIONS' }],
    [
      'a list of 1,500 conditions that is used 100 times',
      `query ($l: [${Filter}!]) { ${countOf(`filter: {and: [${hundred}]}`)} }`,
      { l: same(1500, condition) },
      { code: 'TOO_MANY_CONDITIONS', seen: 101 },
    ],
  ])('is rejected: %s', async (_what, query, variables, extensions) => {
    const answer = await gateway.run(query, variables, accept);
    expect(answer.extensions).toMatchObject(extensions);
  });

  it.each([
    ['plain', { contains: 'pla' }],
    ['marked', { startsWith: marks.slice(0, 1 + 6 * 30) }],
  ])(
    'is harmless: a stored name with 28,000 combining marks, and %s is found',
    async (id, displayName) => {
      expect(await gateway.ask(byFilter, { filter: { displayName } })).toEqual({ nodes: [{ id }] });
    },
  );
});
