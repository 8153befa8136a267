import { afterAll, describe, expect, it } from '@jest/globals';
import { json } from '../support/scriptedServer.ts';
import { times, useStages } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';

const headers = {
  authorization: 'Bearer embedded-graph-token',
  accept: 'application/graphql-response+json',
  'apollo-require-preflight': 'true',
};

const { scripted, start } = useStages(afterAll);
// The schema has seven levels, so that the eighth cannot be reached with a document that is otherwise right.
const { graph, gateway } = await scripted(json(200, { value: [] }), {
  LIMIT_DEPTH: '6',
  LIMIT_FILTER_CONDITIONS: '1000',
});
const small = await start({ GRAPH_BASE_URL: graph.url.href, LIMIT_DOCUMENT_BYTES: '2000' });

type Operation = Readonly<Record<string, unknown>>;
type Method = 'GET' | 'POST';
const methods: readonly Method[] = ['GET', 'POST'];

function ask(method: Method, operation: Operation, to = gateway): Promise<Reply> {
  const parameters = Object.entries(operation).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return method === 'POST'
    ? to.post(operation, headers)
    : to.get(`/graphql?${new URLSearchParams(parameters)}`, headers);
}

const repeated = (text: string, count: number): string => times(count, () => text);
const same = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

const levels = ['complianceManagementPartners', 'edges', 'node', 'macOsEnrollmentAssignments'];
const nested = (names: readonly string[]): string =>
  names.reduceRight((inside, name) => `{ ${name} ${inside} }`, '{ __typename }');
const inside = [...levels, 'target', 'filter'];
const deep = (depth: number): string => nested(inside.slice(0, depth - 1));
const arrays = (depth: number): unknown => (depth === 0 ? 1 : [arrays(depth - 1)]);

/** What is limited, how many are allowed, the code of more, and an operation that has so many. */
type Case = readonly [string, number, string, (count: number) => string | Operation];

const cases: readonly Case[] = [
  ['levels', 6, 'QUERY_TOO_DEEP', deep],
  [
    'levels in fragments',
    6,
    'QUERY_TOO_DEEP',
    (n) => `{ ...A } fragment A on Query { complianceManagementPartners { ... { ...B } } }
      fragment B on ComplianceManagementPartnerConnection ${nested(inside.slice(1, n - 1))}`,
  ],
  [
    'aliases',
    20,
    'TOO_MANY_ALIASES',
    (n) => `{ viewer { ${times(n, (i) => `a${i}: __typename`)} } }`,
  ],
  [
    'aliases in fragments that are spread twice',
    20,
    'TOO_MANY_ALIASES',
    (n) => `{ viewer { ...A ...A ${times(n - 18, (i) => `b${i}: authMode`)} } }
      fragment A on Viewer { ${times(9, (i) => `a${i}: authMode`)} }`,
  ],
  ['root fields', 10, 'TOO_MANY_ROOT_FIELDS', (n) => `{ ${repeated('__typename', n)} }`],
  [
    'root fields in fragments',
    10,
    'TOO_MANY_ROOT_FIELDS',
    (n) => `{ ...A ... on Query { ...A } ${repeated('__typename', n - 8)} }
      fragment A on Query { __typename viewer { authMode } ... { __typename __typename } }`,
  ],
  [
    'directives',
    10,
    'TOO_MANY_DIRECTIVES',
    (n) => `{ viewer { ${repeated('authMode @include(if: true)', n)} } }`,
  ],
  [
    'tokens',
    1000,
    'TOO_MANY_TOKENS',
    (n) =>
      `{complianceManagementPartners(filter:{onboarded:[${repeated('IOS', n - 16)}]}){totalCount}}`,
  ],
  [
    'levels of an introspection',
    16,
    'INTROSPECTION_TOO_DEEP',
    (n) => nested(['__schema', 'types', ...same(n - 3, 'ofType')]),
  ],
  [
    'aliases of an introspection',
    3,
    'TOO_MANY_INTROSPECTION_ALIASES',
    (n) => `{ a: __type(name: "Query") { ${times(n - 1, (i) => `a${i}: name`)} } }`,
  ],
  [
    'levels of JSON',
    32,
    'JSON_TOO_DEEP',
    (n) => ({ query: '{ __typename }', variables: { a: arrays(n - 2) } }),
  ],
];

describe('a limit', () => {
  it.each(cases.flatMap((one) => methods.map((method) => [method, ...one] as const)))(
    'by %s, of %s: lets through %i, and rejects one more with numbers',
    async (method, _what, allowed, code, having) => {
      const operationOf = (count: number): Operation => {
        const operation = having(count);
        return typeof operation === 'string' ? { query: operation } : operation;
      };
      for (const count of [allowed - 1, allowed]) {
        const { status, result } = await ask(method, operationOf(count));
        expect([status, result.errors]).toEqual([200, undefined]);
      }
      const { status, result } = await ask(method, operationOf(allowed + 1));
      expect([status, result.data]).toEqual([400, undefined]);
      expect(result.errors?.[0]).toMatchObject({
        message: expect.stringMatching(`${allowed + 1} .*${allowed} are allowed`),
        extensions: { code, allowed, seen: allowed + 1 },
      });
    },
  );

  it('of the size of documents is held to the byte', async () => {
    const padded = (bytes: number) => ({
      query: `{__typename}#${'ü'.repeat(5)}`.padEnd(bytes - 5, 'x'),
    });
    for (const [method, to, allowed] of [
      ['POST', gateway, 16_384],
      ['GET', small, 2000],
    ] as const) {
      for (const bytes of [allowed - 1, allowed]) {
        expect((await ask(method, padded(bytes), to)).status).toBe(200);
      }
      const { status, result } = await ask(method, padded(allowed + 1), to);
      expect([status, result.errors]).toEqual([
        413,
        [
          {
            message: expect.stringContaining(`${allowed + 1} bytes, and ${allowed} are allowed`),
            extensions: { code: 'DOCUMENT_TOO_LARGE', allowed, seen: allowed + 1 },
          },
        ],
      ]);
    }
  });

  it('of the size of bodies is held to the byte', async () => {
    const body = (bytes: number): string => {
      const rest = JSON.stringify({ query: '{ __typename }', padding: '' }).length;
      return JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(bytes - rest) });
    };
    expect((await gateway.post(body(65_535), headers)).status).toBe(200);
    expect((await gateway.post(body(65_536), headers)).status).toBe(200);
    const { status, extensions } = await gateway.post(body(65_537), headers);
    expect([status, extensions]).toEqual([
      413,
      { code: 'REQUEST_TOO_LARGE', allowed: 65_536, seen: 65_537 },
    ]);
  });

  it('of the names in an object has no numbers to tell', async () => {
    const answer = await gateway.post('{"query":"{ __typename }","query":""}', headers);
    expect([answer.status, answer.extensions]).toEqual([400, { code: 'DUPLICATE_KEYS' }]);
  });

  const filtered = `query ($filter: ComplianceManagementPartnerFilter) {
    complianceManagementPartners(filter: $filter) { totalCount } }`;
  it.each<[string, Method, string, (count: number) => Operation]>([
    ...methods.map((method): [string, Method, string, (count: number) => Operation] => [
      `by ${method}`,
      method,
      'GRAPHQL_VALIDATION_FAILED',
      (count) => ({ query: `{ ${times(count, (i) => `wrong${i}`)} }` }),
    ]),
    [
      'for variables',
      'POST',
      'BAD_USER_INPUT',
      (count) => ({ query: filtered, variables: { filter: { and: same(count, 7) } } }),
    ],
  ])('of reported errors holds %s', async (_what, method, code, wrong) => {
    for (const count of [4, 5]) {
      expect((await ask(method, wrong(count))).codes).toEqual(same(count, code));
    }
    const { status, codes, result } = await ask(method, wrong(6));
    expect([status, codes]).toEqual([400, [...same(4, code), 'TOO_MANY_ERRORS']]);
    expect(result.errors?.at(-1)?.extensions).toMatchObject({ allowed: 5, seen: 6 });
  });

  it('of documents is reported with 200 when the caller accepts application/json only', async () => {
    const { status, codes } = await gateway.post(
      { query: deep(7) },
      { accept: 'application/json' },
    );
    expect([status, codes]).toEqual([200, ['QUERY_TOO_DEEP']]);
  });

  it('is usually eight levels', async () => {
    const { extensions } = await ask(
      'POST',
      { query: nested([...levels, 'a', 'b', 'c', 'd']) },
      small,
    );
    expect(extensions).toEqual({ code: 'QUERY_TOO_DEEP', allowed: 8, seen: 9 });
  });
});

const { start: startOne } = useStages();
const tooMany = `{ ${repeated('__typename @include(if: true)', 11)} }`;
const warnings = (of: typeof gateway) => of.logged('A document beyond a limit passes');

describe('LIMITS_MODE=warn-only', () => {
  const startTolerant = () =>
    startOne({ GRAPH_BASE_URL: graph.url.href, LIMITS_MODE: 'warn-only' });

  it('lets through what only costs, logs the document once and counts every request', async () => {
    const tolerant = await startTolerant();
    // Documents are kept only for a token that Graph has accepted.
    await tolerant.post({ query: '{ complianceManagementPartners { totalCount } }' }, headers);
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, result } = await tolerant.post({ query: tooMany }, headers);
      expect([status, result]).toEqual([200, { data: { __typename: 'Query' } }]);
    }
    const warned = {
      level: 'warn',
      seen: 11,
      allowed: 10,
      requestId: expect.stringMatching(/^id-/),
    };
    expect(warnings(tolerant)).toEqual([
      expect.objectContaining({ ...warned, limit: 'root-fields' }),
      expect.objectContaining({ ...warned, limit: 'directives' }),
    ]);
    expect(tolerant.measurements.events).toEqual(
      same(3, ['root-fields warned', 'directives warned']).flat(),
    );
  });

  it('still rejects documents and bodies that are too large, too deep or ambiguous', async () => {
    const tolerant = await startTolerant();
    const outcomes: unknown[] = [];
    for (const body of [
      { query: `{ ${repeated('__typename', 1000)} }` },
      { query: `{ __typename } #${'x'.repeat(16_384)}` },
      'x'.repeat(65_537),
      `{"query":"{ __typename }","variables":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      '{"query":"{ __typename }","query":"{ __typename }"}',
    ]) {
      const { status, codes } = await tolerant.post(body, headers);
      outcomes.push([status, ...codes]);
    }
    expect(outcomes).toEqual([
      [400, 'TOO_MANY_TOKENS'],
      [413, 'DOCUMENT_TOO_LARGE'],
      [413, 'REQUEST_TOO_LARGE'],
      [400, 'JSON_TOO_DEEP'],
      [400, 'DUPLICATE_KEYS'],
    ]);
    const rejected = ['tokens', 'document-bytes', 'body-bytes', 'json-depth', 'duplicate-keys'];
    expect(tolerant.measurements.events).toEqual(rejected.map((limit) => `${limit} rejected`));
  });
});

describe('what is measured of limits', () => {
  const startMeasured = () => startOne({ GRAPH_BASE_URL: graph.url.href });

  it('is each request that is rejected, by the limit', async () => {
    const measured = await startMeasured();
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await measured.post({ query: tooMany }, headers)).status).toBe(400);
    }
    await measured.post({ query: `{ ${repeated('__typename', 1000)} }` }, headers);
    await measured.post({ query: `{ ${repeated('wrong', 10)} }` }, headers);
    const both = ['root-fields', 'directives'];
    expect(measured.measurements.events).toEqual(
      [...both, ...both, 'tokens', 'errors'].map((limit) => `${limit} rejected`),
    );
    expect(warnings(measured)).toEqual([]);
  });

  it('is what was seen: of bodies each time, of documents when they are checked', async () => {
    const measured = await startMeasured();
    const query =
      '{ x: __typename @include(if: true) complianceManagementPartners { totalCount } }';
    const body = JSON.stringify({ query });
    await measured.post(body, headers);
    await measured.post(body, headers);
    const ofBody = [
      ['body-bytes', body.length],
      ['json-depth', 1],
    ];
    expect(measured.measurements.seen).toEqual([
      ...ofBody,
      ['document-bytes', query.length],
      ['tokens', 16],
      ['depth', 2],
      ['introspection-depth', 0],
      ['aliases', 1],
      ['introspection-aliases', 0],
      ['root-fields', 2],
      ['directives', 1],
      ['page-rows', 100],
      ...ofBody,
      ['page-rows', 100],
    ]);
  });

  it('is the JSON of URLs, too', async () => {
    const measured = await startMeasured();
    await ask('GET', { query: '{ __typename }', variables: { a: [1] } }, measured);
    expect(measured.measurements.seen[0]).toEqual(['json-depth', 3]);
  });
});
