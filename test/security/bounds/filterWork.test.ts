import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';

const marks = `a${'\u0300\u0327'.repeat(14_000)}`;

let graph: ScriptedServer;
let gateway: TestGateway;
let tolerant: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(
    json(200, {
      value: [
        { id: 'marked', displayName: marks },
        { id: 'plain', displayName: 'Plain', partnerState: 'enabled' },
      ],
    }),
  );
  const environment = { GRAPH_BASE_URL: graph.url.href, LIMIT_BODY_BYTES: '1048576' };
  gateway = await startTestGateway(environment);
  tolerant = await startTestGateway({ ...environment, LIMITS_MODE: 'warn-only' });
});

afterAll(async () => {
  await Promise.all([gateway.stop(0), tolerant.stop(0)]);
  await graph.close();
});

const accept = { accept: 'application/graphql-response+json' };
const list = 'complianceManagementPartners';
const byFilter = `query ($filter: ComplianceManagementPartnerFilter) { ${list}(filter: $filter) { nodes { id } } }`;
const times = <Item>(count: number, item: Item): Item[] =>
  Array.from({ length: count }, () => item);

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const filtered = (filter: unknown): Operation => ({ query: byFilter, variables: { filter } });
const condition = { displayName: { contains: 'x' } };
const literal = '{displayName: {contains: "x"}}';

/** A filter with so many levels. */
const deep = (levels: number): object =>
  levels === 1 ? condition : { [levels % 2 === 0 ? 'not' : 'and']: deep(levels - 1) };

const written = (value: object): string => JSON.stringify(value).replace(/"(\w+)":/g, '$1:');
const keys = (count: number): readonly object[] =>
  ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME', 'DISPLAY_NAME']
    .slice(0, count)
    .map((field) => ({ field }));

interface Case {
  readonly what: string;
  readonly code: string;
  readonly allowed: number;
  readonly having: (count: number) => Operation;
}

const cases: readonly Case[] = [
  {
    what: 'conditions in a variable',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) => filtered({ or: times(n, condition) }),
  },
  {
    what: 'conditions in the document',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) => ({
      query: `{ ${list}(filter: {or: [${times(n, literal).join()}]}) { nodes { id } } }`,
    }),
  },
  {
    what: 'conditions in one variable that is used several times',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) => ({
      query: `query ($f: ComplianceManagementPartnerFilter!, $g: ComplianceManagementPartnerFilter) {
        ${list}(filter: {or: [$f, $f]}) { totalCount } b: ${list}(filter: $g) { totalCount } }`,
      variables: {
        f: { or: times(40, condition) },
        g: { partnerState: { notIn: times(n - 80, 'ENABLED') } },
      },
    }),
  },
  {
    what: 'conditions in the default of a variable',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) => ({
      query: `query ($f: [ComplianceManagementPartnerFilter!] = [${times(n, literal).join()}]) {
        ${list}(filter: {or: $f}) { totalCount } }`,
    }),
  },
  {
    what: 'elements of lists, conditions of one field and filters without a condition',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) =>
      filtered({
        and: [
          { partnerState: { in: times(30, 'ENABLED'), notIn: times(30, 'UNKNOWN') } },
          { onboarded: times(20, 'IOS') },
          { displayName: { eq: 'a', contains: 'b', startsWith: 'c' } },
          { lastHeartbeatDateTime: { before: '2026-01-01T00:00:00Z' } },
          ...times(n - 84, {}),
        ],
      }),
  },
  {
    what: 'conditions in a fragment, under two response keys',
    code: 'TOO_MANY_CONDITIONS',
    allowed: 100,
    having: (n) => ({
      query: `query ($f: ComplianceManagementPartnerFilter, $g: ComplianceManagementPartnerFilter) { ...A ...A ... { ...A } }
        fragment A on Query { a: ${list}(filter: $f) { totalCount } b: ${list}(filter: $g) { totalCount } }`,
      variables: { f: { or: times(50, condition) }, g: { or: times(n - 50, condition) } },
    }),
  },
  { what: 'levels', code: 'FILTER_TOO_DEEP', allowed: 8, having: (n) => filtered(deep(n)) },
  ...['eq', 'contains', 'startsWith'].map((name) => ({
    what: `characters of a text in ${name}`,
    code: 'FILTER_TEXT_TOO_LONG',
    allowed: 256,
    having: (n: number) => filtered({ not: { displayName: { [name]: 'ü'.repeat(n) } } }),
  })),
  {
    what: 'levels in the document',
    code: 'FILTER_TOO_DEEP',
    allowed: 8,
    having: (n) => ({ query: `{ ${list}(filter: ${written(deep(n))}) { totalCount } }` }),
  },
  {
    what: 'levels of which a variable has some, in the second list',
    code: 'FILTER_TOO_DEEP',
    allowed: 8,
    having: (n) => ({
      query: `query ($f: ComplianceManagementPartnerFilter!) {
        ${list}(filter: $f) { totalCount } b: ${list}(filter: {not: {not: $f}}) { totalCount } }`,
      variables: { f: deep(n - 2) },
    }),
  },
  {
    what: 'characters of a text in the document',
    code: 'FILTER_TEXT_TOO_LONG',
    allowed: 256,
    having: (n) => ({
      query: `{ ${list}(filter: {or: [{displayName: {eq: "${'x'.repeat(n)}"}}]}) { totalCount } }`,
    }),
  },
  {
    what: 'characters of a text that is a variable',
    code: 'FILTER_TEXT_TOO_LONG',
    allowed: 256,
    having: (n) => ({
      query: `query ($t: String) { ${list} { totalCount } b: ${list}(filter: {displayName: {contains: $t}}) { totalCount } }`,
      variables: { t: 'x'.repeat(n) },
    }),
  },
  {
    what: 'keys of an order in a variable',
    code: 'TOO_MANY_ORDER_KEYS',
    allowed: 3,
    having: (n) => ({
      query: `query ($o: [ComplianceManagementPartnerOrder!]) { ${list} { totalCount } b: ${list}(orderBy: $o) { totalCount } }`,
      variables: { o: keys(n) },
    }),
  },
  {
    what: 'keys of an order in the document',
    code: 'TOO_MANY_ORDER_KEYS',
    allowed: 3,
    having: (n) => ({
      query: `{ ${list}(orderBy: ${written(keys(n)).replace(/"/g, '')}) { totalCount } }`,
    }),
  },
  {
    what: 'rows of pages in the default of a variable',
    code: 'TOO_MANY_PAGE_ROWS',
    allowed: 1000,
    having: (n) => ({
      query: `query ($n: Int = ${n - 900}) { ${list}(last: $n) { totalCount } b: ${list}(first: 900) { totalCount } }`,
    }),
  },
  {
    what: 'rows of pages in several root fields',
    code: 'TOO_MANY_PAGE_ROWS',
    allowed: 1000,
    having: (n) => ({
      query: `query ($n: Int) { ${list}(first: $n) { totalCount } b: ${list} { totalCount }
        c: ${list}(last: 300) { totalCount } d: ${list}(first: 200, last: 10) { totalCount } }`,
      variables: { n: n - 600 },
    }),
  },
];

describe('a bound of work', () => {
  it.each(cases.map((one) => [one.what, one] as const))(
    'holds for %s, in both modes',
    async (_what, { code, allowed, having }) => {
      for (const count of [allowed - 1, allowed]) {
        const { query, variables } = having(count);
        const { status, result } = await gateway.run(query, variables, accept);
        expect(result.errors).toBeUndefined();
        expect(status).toBe(200);
      }
      const { query, variables } = having(allowed + 1);
      for (const strict of [gateway, tolerant]) {
        const before = graph.requests.length;
        const { status, result } = await strict.run(query, variables, accept);
        expect(result.errors).toHaveLength(1);
        expect(result.errors?.[0]?.extensions).toEqual({ code, allowed, seen: allowed + 1 });
        expect(result.errors?.[0]?.message).toContain(`${allowed} are allowed`);
        expect(result).not.toHaveProperty('data');
        expect(status).toBe(400);
        expect(graph.requests.length).toBe(before);
      }
    },
  );

  it.each<[string, string]>([
    ['one list of 1,000 with every field', `{ ${list}(first: 1000) { nodes { id } } }`],
    [
      'ten lists of 100',
      `{ ${Array.from({ length: 10 }, (_value, index) => `a${index}: ${list} { nodes { id } }`).join(' ')} }`,
    ],
  ])('lets through %s', async (_what, query) => {
    expect((await gateway.run(query)).result.errors).toBeUndefined();
  });

  it('comes after the token, and answers 200 to callers that know application/json only', async () => {
    const { query, variables } = filtered({ or: times(101, condition) });
    const stranger = await gateway.post({ query, variables }, accept);
    expect([stranger.status, JSON.parse(stranger.text).errors[0].extensions.code]).toEqual([
      401,
      'UNAUTHENTICATED',
    ]);
    const legacy = await gateway.run(query, variables, { accept: 'application/json' });
    expect([legacy.status, legacy.result.errors?.[0]?.extensions['code']]).toEqual([
      200,
      'TOO_MANY_CONDITIONS',
    ]);
  });

  it('leaves values of wrong types to GraphQL', async () => {
    for (const filter of [1, [[]], { or: 5 }, { displayName: 'x' }, { partnerState: { in: {} } }]) {
      const { status, result } = await gateway.run(byFilter, { filter }, accept);
      expect([status, result.errors?.[0]?.extensions['code']]).toEqual([400, 'BAD_USER_INPUT']);
    }
  });
});

describe('what kept the process busy', () => {
  it('is refused: 50 conditions over one variable with 28,000 combining marks', async () => {
    const query = `query ($t: String) { ${list}(filter: {or: [${times(50, '{displayName: {contains: $t}}').join()}]}) { totalCount } }`;
    const { result } = await gateway.run(query, { t: marks }, accept);
    expect(result.errors?.[0]?.extensions).toMatchObject({ code: 'FILTER_TEXT_TOO_LONG' });
  });

  it('is refused: 1,910 conditions', async () => {
    const { query, variables } = filtered({ or: times(1910, condition) });
    const { result } = await gateway.run(query, variables, accept);
    expect(result.errors?.[0]?.extensions).toMatchObject({ code: 'TOO_MANY_CONDITIONS' });
  });

  it('is refused: a list of 1,500 conditions that is used 100 times', async () => {
    const query = `query ($l: [ComplianceManagementPartnerFilter!]) {
      ${list}(filter: {and: [${times(100, '{or: $l}').join()}]}) { totalCount } }`;
    const { result } = await gateway.run(query, { l: times(1500, condition) }, accept);
    expect(result.errors?.[0]?.extensions).toMatchObject({
      code: 'TOO_MANY_CONDITIONS',
      seen: 101,
    });
  });

  it('is harmless: a stored name with 28,000 combining marks', async () => {
    const { result } = await gateway.run(byFilter, {
      filter: { displayName: { contains: 'pla' } },
    });
    expect(result).toEqual({ data: { [list]: { nodes: [{ id: 'plain' }] } } });
    const start = marks.slice(0, 1 + 6 * 30);
    const found = await gateway.run(byFilter, { filter: { displayName: { startsWith: start } } });
    expect(found.result).toEqual({ data: { [list]: { nodes: [{ id: 'marked' }] } } });
  });
});
