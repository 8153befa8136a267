import { afterAll, describe, expect, it } from '@jest/globals';
import { sendRaw } from '../support/rawConnection.ts';
import { json } from '../support/scriptedServer.ts';
import { headOf, times, useStages } from '../support/stages.ts';
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
type Ask = (operation: Operation) => Promise<Reply>;

const post: Ask = (operation) => gateway.post(operation, headers);
function get({ query, variables = null }: Operation, to = gateway): Promise<Reply> {
  const search = new URLSearchParams({
    query: String(query),
    variables: JSON.stringify(variables),
  });
  return to.get(`/graphql?${search}`, headers);
}

const repeated = (text: string, count: number): string => times(count, () => text);

const levels = ['complianceManagementPartners', 'edges', 'node', 'macOsEnrollmentAssignments'];
const nested = (names: readonly string[]): string =>
  names.reduceRight((inside, name) => `{ ${name} ${inside} }`, '{ __typename }');
const inside = [...levels, 'target', 'filter'];
const aliases = (count: number, field: string) => times(count, (index) => `a${index}: ${field}`);
const arrays = (depth: number): unknown => (depth === 0 ? 1 : [arrays(depth - 1)]);
const list = (filter: string) => `{complianceManagementPartners(filter:${filter}){totalCount}}`;
const included = 'authMode @include(if: true)';
const ofTypes = (count: number) => ['__schema', 'types', ...Array(count).fill('ofType')];
const deepJson = (n: number) => ({ query: '{ __typename }', variables: { a: arrays(n - 2) } });
/** Of so many bytes, five of them more than it has characters. */
const padded = (n: number) => ({ query: `{__typename}#${'ü'.repeat(5)}`.padEnd(n - 5, 'x') });
const typeAliased = (n: number) => `{ a: __type(name: "Query") { ${aliases(n - 1, 'name')} } }`;
const getSmall: Ask = (operation) => get(operation, small);

/** The code of more, how many are allowed, and a document that has so many. */
const ofDocuments: readonly (readonly [string, number, (count: number) => string])[] = [
  ['QUERY_TOO_DEEP', 6, (n) => nested(inside.slice(0, n - 1))],
  ['TOO_MANY_ALIASES', 20, (n) => `{ viewer { ${aliases(n, '__typename')} } }`],
  ['TOO_MANY_ROOT_FIELDS', 10, (n) => `{ ${repeated('__typename', n)} }`],
  ['TOO_MANY_DIRECTIVES', 10, (n) => `{ viewer { ${repeated(included, n)} } }`],
  ['TOO_MANY_TOKENS', 1000, (n) => list(`{onboarded:[${repeated('IOS', n - 16)}]}`)],
  ['INTROSPECTION_TOO_DEEP', 16, (n) => nested(ofTypes(n - 3))],
  ['TOO_MANY_INTROSPECTION_ALIASES', 3, typeAliased],
];

/** The same, with an operation, and how it is sent. */
const cases: readonly (readonly [string, number, (count: number) => Operation, Ask])[] = [
  ...ofDocuments.map(
    ([code, allowed, having]) =>
      [code, allowed, (count: number) => ({ query: having(count) }), post] as const,
  ),
  ['JSON_TOO_DEEP', 32, deepJson, post],
  ['JSON_TOO_DEEP', 32, deepJson, get],
  ['DOCUMENT_TOO_LARGE', 16_384, padded, post],
  ['DOCUMENT_TOO_LARGE', 2000, padded, getSmall],
];

describe('a limit', () => {
  it.each(cases)('lets through as many, and rejects one more: %s, %i', async (...row) => {
    const [code, allowed, having, ask] = row;
    const accepted = await ask(having(allowed));
    expect([accepted.status, accepted.result.errors]).toEqual([200, undefined]);
    const { status, result } = await ask(having(allowed + 1));
    const message = expect.stringMatching(`${allowed + 1} .*${allowed} are allowed`);
    const extensions = { code, allowed, seen: allowed + 1 };
    expect(result).toEqual({ errors: [expect.objectContaining({ message, extensions })] });
    expect(status).toBe(code === 'DOCUMENT_TOO_LARGE' ? 413 : 400);
  });

  it('of the size of bodies is held to the byte', async () => {
    const body = (bytes: number): string =>
      `${'{"query":"{ __typename }","padding":"'.padEnd(bytes - 2, 'x')}"}`;
    expect((await gateway.post(body(65_536), headers)).status).toBe(200);
    const { status, extensions } = await gateway.post(body(65_537), headers);
    const numbers = { code: 'REQUEST_TOO_LARGE', allowed: 65_536, seen: 65_537 };
    expect([status, extensions]).toEqual([413, numbers]);
    const type = 'content-type: application/json';
    const head = headOf('POST /graphql', type, 'transfer-encoding: chunked');
    const answer = await sendRaw(gateway.url, `${head}11170\r\n${body(70_000)}\r\n0\r\n\r\n`);
    // Without a length it is only known that there is more.
    expect(JSON.parse(answer?.text ?? '')).toMatchObject({ errors: [{ extensions: numbers }] });
    expect(answer?.text).toContain('has 65537 or more bytes');
  });

  it('of the names in an object has no numbers to tell', async () => {
    const answer = await gateway.post('{"query":"{ __typename }","query":""}', headers);
    expect([answer.status, answer.extensions]).toEqual([400, { code: 'DUPLICATE_KEYS' }]);
  });

  const filtered = `query ($filter: ComplianceManagementPartnerFilter) {
    complianceManagementPartners(filter: $filter) { totalCount } }`;
  const wrongFields = (count: number) => ({ query: `{ ${times(count, (i) => `wrong${i}`)} }` });
  const wrongValues = (count: number) => ({
    query: filtered,
    variables: { filter: { and: Array(count).fill(7) } },
  });
  it.each([
    ['a document', 'GRAPHQL_VALIDATION_FAILED', wrongFields],
    ['variables', 'BAD_USER_INPUT', wrongValues],
  ] as const)('of reported errors holds for %s', async (_what, code, wrong) => {
    expect((await post(wrong(5))).codes).toEqual(Array(5).fill(code));
    const { status, codes, result } = await post(wrong(6));
    expect([status, codes]).toEqual([400, [...Array(4).fill(code), 'TOO_MANY_ERRORS']]);
    expect(result.errors?.at(-1)?.extensions).toMatchObject({ allowed: 5, seen: 6 });
  });
});

const { start: startOne } = useStages();
const startAnother = (environment = {}) =>
  startOne({ GRAPH_BASE_URL: graph.url.href, ...environment });
const tooMany = `{ ${repeated('__typename @include(if: true)', 11)} }`;
const warnings = (of: typeof gateway) => of.logged('A document beyond a limit passes');

describe('LIMITS_MODE=warn-only', () => {
  it('lets through what only costs, logs the document once and counts every request', async () => {
    const tolerant = await startAnother({ LIMITS_MODE: 'warn-only' });
    // Documents are kept only for a token that Graph has accepted.
    await tolerant.post({ query: '{ complianceManagementPartners { totalCount } }' }, headers);
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, result } = await tolerant.post({ query: tooMany }, headers);
      expect([status, result]).toEqual([200, { data: { __typename: 'Query' } }]);
    }
    const numbers = { level: 'warn', seen: 11, allowed: 10, requestId: expect.any(String) };
    const limits = ['root-fields', 'directives'];
    expect(warnings(tolerant)).toMatchObject(limits.map((limit) => ({ ...numbers, limit })));
    const events = limits.map((limit) => `${limit} warned`);
    expect(tolerant.measurements.events).toEqual([...events, ...events, ...events]);
  });

  it('still rejects documents and bodies that are too large, too deep or ambiguous', async () => {
    const tolerant = await startAnother({ LIMITS_MODE: 'warn-only' });
    for (const [body, code, limit] of [
      [{ query: `{ ${repeated('__typename', 1000)} }` }, 'TOO_MANY_TOKENS', 'tokens'],
      [{ query: `{ __typename } #${'x'.repeat(16_384)}` }, 'DOCUMENT_TOO_LARGE', 'document-bytes'],
      ['x'.repeat(65_537), 'REQUEST_TOO_LARGE', 'body-bytes'],
      [{ query: '{ __typename }', variables: { a: arrays(40) } }, 'JSON_TOO_DEEP', 'json-depth'],
      ['{"query":"{ __typename }","query":""}', 'DUPLICATE_KEYS', 'duplicate-keys'],
    ] as const) {
      const { status, codes } = await tolerant.post(body, headers);
      expect([status, codes]).toEqual([code.endsWith('LARGE') ? 413 : 400, [code]]);
      expect(tolerant.measurements.events.at(-1)).toBe(`${limit} rejected`);
    }
    expect(tolerant.measurements.events).toHaveLength(5);
  });
});

describe('what is measured of limits', () => {
  it('is each request that is rejected, by the limit', async () => {
    const measured = await startAnother();
    for (const query of [tooMany, tooMany, `{ ${repeated('wrong', 10)} }`]) {
      expect((await measured.post({ query }, headers)).status).toBe(400);
    }
    const both = ['root-fields rejected', 'directives rejected'];
    expect(measured.measurements.events).toEqual([...both, ...both, 'errors rejected']);
    expect(warnings(measured)).toEqual([]);
  });

  it('is what was seen: of bodies and URLs each time, of documents when they are checked', async () => {
    const measured = await startAnother();
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
    const ofDocument = {
      'document-bytes': query.length,
      tokens: 16,
      depth: 2,
      'introspection-depth': 0,
    };
    const counts = { aliases: 1, 'introspection-aliases': 0, 'root-fields': 2, directives: 1 };
    expect(measured.measurements.seen).toEqual([
      ...ofBody,
      ...Object.entries({ ...ofDocument, ...counts }),
      ['page-rows', 100],
      ...ofBody,
      ['page-rows', 100],
      ['json-depth', 3],
      ['page-rows', 100],
    ]);
  });
});
