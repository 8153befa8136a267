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

const post = (operation: Operation, to = gateway): Promise<Reply> => to.post(operation, headers);
function get({ query, variables }: Operation, to = gateway): Promise<Reply> {
  const search = new URLSearchParams({
    query: String(query),
    ...(variables !== undefined && { variables: JSON.stringify(variables) }),
  });
  return to.get(`/graphql?${search}`, headers);
}

const repeated = (text: string, count: number): string => times(count, () => text);
const same = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

const levels = ['complianceManagementPartners', 'edges', 'node', 'macOsEnrollmentAssignments'];
const nested = (names: readonly string[]): string =>
  names.reduceRight((inside, name) => `{ ${name} ${inside} }`, '{ __typename }');
const inside = [...levels, 'target', 'filter'];
const arrays = (depth: number): unknown => (depth === 0 ? 1 : [arrays(depth - 1)]);

/** What is limited, how many are allowed, the code of more, an operation that has so many, and how it is sent. */
type Case = readonly [string, number, string, (count: number) => Operation, typeof post?];

const ofDocuments: readonly (readonly [string, number, string, (count: number) => string])[] = [
  ['levels', 6, 'QUERY_TOO_DEEP', (n) => nested(inside.slice(0, n - 1))],
  [
    'aliases',
    20,
    'TOO_MANY_ALIASES',
    (n) => `{ viewer { ${times(n, (i) => `a${i}: __typename`)} } }`,
  ],
  ['root fields', 10, 'TOO_MANY_ROOT_FIELDS', (n) => `{ ${repeated('__typename', n)} }`],
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
];
const deepJson = (n: number) => ({ query: '{ __typename }', variables: { a: arrays(n - 2) } });
/** Of so many bytes, five of them more than it has characters. */
const padded = (n: number) => ({ query: `{__typename}#${'ü'.repeat(5)}`.padEnd(n - 5, 'x') });

const cases: readonly Case[] = [
  ...ofDocuments.map(([what, allowed, code, having]): Case => {
    return [what, allowed, code, (count) => ({ query: having(count) })];
  }),
  ['levels of JSON by POST', 32, 'JSON_TOO_DEEP', deepJson],
  ['levels of JSON by GET', 32, 'JSON_TOO_DEEP', deepJson, get],
  ['bytes of a document by POST', 16_384, 'DOCUMENT_TOO_LARGE', padded],
  ['bytes of a document by GET', 2000, 'DOCUMENT_TOO_LARGE', padded, (one) => get(one, small)],
];

describe('a limit', () => {
  it.each(cases)(
    'of %s lets through %i, and rejects one more with numbers',
    async (_what, allowed, code, having, ask = post) => {
      const accepted = await ask(having(allowed));
      expect([accepted.status, accepted.result.errors]).toEqual([200, undefined]);
      const { status, result } = await ask(having(allowed + 1));
      expect(result).toEqual({
        errors: [
          expect.objectContaining({
            message: expect.stringMatching(`${allowed + 1} .*${allowed} are allowed`),
            extensions: { code, allowed, seen: allowed + 1 },
          }),
        ],
      });
      expect(status).toBe(code === 'DOCUMENT_TOO_LARGE' ? 413 : 400);
    },
  );

  it('of the size of bodies is held to the byte', async () => {
    const body = (bytes: number): string => {
      const rest = JSON.stringify({ query: '{ __typename }', padding: '' }).length;
      return JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(bytes - rest) });
    };
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
  it.each<[string, string, (count: number) => Operation]>([
    [
      'a document',
      'GRAPHQL_VALIDATION_FAILED',
      (count) => ({ query: `{ ${times(count, (i) => `wrong${i}`)} }` }),
    ],
    [
      'variables',
      'BAD_USER_INPUT',
      (count) => ({ query: filtered, variables: { filter: { and: same(count, 7) } } }),
    ],
  ])('of reported errors holds for %s', async (_what, code, wrong) => {
    expect((await post(wrong(5))).codes).toEqual(same(5, code));
    const { status, codes, result } = await post(wrong(6));
    expect([status, codes]).toEqual([400, [...same(4, code), 'TOO_MANY_ERRORS']]);
    expect(result.errors?.at(-1)?.extensions).toMatchObject({ allowed: 5, seen: 6 });
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
    const numbers = { level: 'warn', seen: 11, allowed: 10 };
    expect(warnings(tolerant)).toMatchObject([
      { ...numbers, limit: 'root-fields', requestId: expect.stringMatching(/^id-/) },
      { ...numbers, limit: 'directives', requestId: expect.stringMatching(/^id-/) },
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
  it('is each request that is rejected, by the limit', async () => {
    const measured = await startOne({ GRAPH_BASE_URL: graph.url.href });
    for (const query of [tooMany, tooMany, `{ ${repeated('wrong', 10)} }`]) {
      expect((await measured.post({ query }, headers)).status).toBe(400);
    }
    const both = ['root-fields rejected', 'directives rejected'];
    expect(measured.measurements.events).toEqual([...both, ...both, 'errors rejected']);
    expect(warnings(measured)).toEqual([]);
  });

  it('is what was seen: of bodies and URLs each time, of documents when they are checked', async () => {
    const measured = await startOne({ GRAPH_BASE_URL: graph.url.href });
    const query =
      '{ x: __typename @include(if: true) complianceManagementPartners { totalCount } }';
    const body = JSON.stringify({ query });
    await measured.post(body, headers);
    await measured.post(body, headers);
    await get({ query, variables: { a: [1] } }, measured);
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
      ['json-depth', 3],
      ['page-rows', 100],
    ]);
  });
});
