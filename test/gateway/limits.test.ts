import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;
let small: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: [] }));
  // The schema has seven levels, so that the eighth cannot be reached with a document that is otherwise right.
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.url.href,
    LIMIT_DEPTH: '6',
    LIMIT_FILTER_CONDITIONS: '1000',
  });
  small = await startTestGateway({ GRAPH_BASE_URL: graph.url.href, LIMIT_DOCUMENT_BYTES: '2000' });
});

afterAll(async () => {
  await Promise.all([gateway.stop(0), small.stop(0)]);
  await graph.close();
});

const headers = {
  authorization: 'Bearer embedded-graph-token',
  accept: 'application/graphql-response+json',
  'apollo-require-preflight': 'true',
};

type Method = 'GET' | 'POST';

async function ask(method: Method, operation: Record<string, unknown>, to = gateway) {
  const parameters = Object.entries(operation).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const answer =
    method === 'POST'
      ? await to.post(operation, headers)
      : await to.get(`/graphql?${new URLSearchParams(parameters)}`, headers);
  return { ...answer, result: JSON.parse(answer.text) };
}

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_value, index) => text(index)).join(' ');

const levels = ['complianceManagementPartners', 'edges', 'node', 'macOsEnrollmentAssignments'];
const nested = (names: readonly string[]): string =>
  names.reduceRight((inside, name) => `{ ${name} ${inside} }`, '{ __typename }');
const deep = (depth: number): string => nested([...levels, 'target', 'filter'].slice(0, depth - 1));
const arrays = (depth: number): unknown =>
  depth === 0 ? 1 : Array.from({ length: 1 }, () => arrays(depth - 1));

interface Case {
  readonly what: string;
  readonly allowed: number;
  readonly code: string;
  /** An operation that has so many, right in everything else. */
  readonly having: (count: number) => Record<string, unknown>;
}

const documentCases: readonly Case[] = [
  { what: 'levels', allowed: 6, code: 'QUERY_TOO_DEEP', having: (n) => ({ query: deep(n) }) },
  {
    what: 'levels in fragments',
    allowed: 6,
    code: 'QUERY_TOO_DEEP',
    having: (n) => ({
      query: `{ ...A } fragment A on Query { complianceManagementPartners { ... { ...B } } }
        fragment B on ComplianceManagementPartnerConnection ${nested(
          ['edges', 'node', 'macOsEnrollmentAssignments', 'target', 'filter'].slice(0, n - 2),
        )}`,
    }),
  },
  {
    what: 'aliases',
    allowed: 20,
    code: 'TOO_MANY_ALIASES',
    having: (n) => ({ query: `{ viewer { ${times(n, (i) => `a${i}: __typename`)} } }` }),
  },
  {
    what: 'aliases in fragments that are spread twice',
    allowed: 20,
    code: 'TOO_MANY_ALIASES',
    having: (n) => ({
      query: `{ viewer { ...A ...A ${times(n - 18, (i) => `b${i}: authMode`)} } }
        fragment A on Viewer { ${times(9, (i) => `a${i}: authMode`)} }`,
    }),
  },
  {
    what: 'root fields',
    allowed: 10,
    code: 'TOO_MANY_ROOT_FIELDS',
    having: (n) => ({ query: `{ ${times(n, () => '__typename')} }` }),
  },
  {
    what: 'root fields in fragments',
    allowed: 10,
    code: 'TOO_MANY_ROOT_FIELDS',
    having: (n) => ({
      query: `{ ...A ... on Query { ...A } ${times(n - 8, () => '__typename')} }
        fragment A on Query { __typename viewer { authMode } ... { __typename __typename } }`,
    }),
  },
  {
    what: 'directives',
    allowed: 10,
    code: 'TOO_MANY_DIRECTIVES',
    having: (n) => ({ query: `{ viewer { ${times(n, () => 'authMode @include(if: true)')} } }` }),
  },
  {
    what: 'tokens',
    allowed: 1000,
    code: 'TOO_MANY_TOKENS',
    having: (n) => ({
      query: `{complianceManagementPartners(filter:{onboarded:[${times(n - 16, () => 'IOS')}]}){totalCount}}`,
    }),
  },
  {
    what: 'levels of an introspection',
    allowed: 16,
    code: 'INTROSPECTION_TOO_DEEP',
    having: (n) => ({
      query: nested(['__schema', 'types', ...Array.from({ length: n - 3 }, () => 'ofType')]),
    }),
  },
  {
    what: 'aliases of an introspection',
    allowed: 3,
    code: 'TOO_MANY_INTROSPECTION_ALIASES',
    having: (n) => ({
      query: `{ a: __type(name: "Query") { ${times(n - 1, (i) => `a${i}: name`)} } }`,
    }),
  },
  {
    what: 'levels of JSON',
    allowed: 32,
    code: 'JSON_TOO_DEEP',
    having: (n) => ({ query: '{ __typename }', variables: { a: arrays(n - 2) } }),
  },
];

const methods: readonly Method[] = ['GET', 'POST'];
const table = documentCases.flatMap((one) =>
  methods.map((method) => [method, one.what, one] as const),
);

describe('a limit', () => {
  it.each(table)(
    'by %s, of %s: lets through what is below it and at it',
    async (method, _what, { allowed, having }) => {
      for (const count of [allowed - 1, allowed]) {
        const { status, result } = await ask(method, having(count));
        expect(result.errors).toBeUndefined();
        expect(status).toBe(200);
      }
    },
  );

  it.each(table)(
    'by %s, of %s: refuses one more, and says what was seen and what is allowed',
    async (method, _what, { allowed, code, having }) => {
      const { status, result } = await ask(method, having(allowed + 1));
      expect(status).toBe(400);
      const [{ message, extensions }] = result.errors;
      expect(extensions).toMatchObject({ code, allowed, seen: allowed + 1 });
      expect(message).toContain(`${allowed + 1} `);
      expect(message).toContain(`${allowed} are allowed`);
      expect(result.data).toBeUndefined();
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
      expect(status).toBe(413);
      expect(result.errors).toEqual([
        {
          message: expect.stringContaining(`${allowed + 1} bytes, and ${allowed} are allowed`),
          extensions: { code: 'DOCUMENT_TOO_LARGE', allowed, seen: allowed + 1 },
        },
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
    const { status, text } = await gateway.post(body(65_537), headers);
    expect(status).toBe(413);
    expect(JSON.parse(text).errors[0].extensions).toEqual({
      code: 'REQUEST_TOO_LARGE',
      allowed: 65_536,
      seen: 65_537,
    });
  });

  it('of the names in an object has no numbers to tell', async () => {
    const { status, text } = await gateway.post('{"query":"{ __typename }","query":""}', headers);
    expect(status).toBe(400);
    expect(JSON.parse(text).errors[0].extensions).toEqual({ code: 'DUPLICATE_KEYS' });
  });

  it.each(methods)('of reported errors holds by %s', async (method) => {
    const wrong = (count: number) => ({ query: `{ ${times(count, (i) => `wrong${i}`)} }` });
    for (const count of [4, 5]) {
      const { result } = await ask(method, wrong(count));
      expect(codesOf(result)).toEqual(
        Array.from({ length: count }, () => 'GRAPHQL_VALIDATION_FAILED'),
      );
    }
    const { status, result } = await ask(method, wrong(6));
    expect(status).toBe(400);
    expect(codesOf(result)).toEqual([
      ...Array.from({ length: 4 }, () => 'GRAPHQL_VALIDATION_FAILED'),
      'TOO_MANY_ERRORS',
    ]);
    expect(result.errors.at(-1).extensions).toMatchObject({ allowed: 5, seen: 6 });
  });

  it('of reported errors holds for variables', async () => {
    const query = `query ($filter: ComplianceManagementPartnerFilter) {
      complianceManagementPartners(filter: $filter) { totalCount } }`;
    const wrong = (count: number) => ({
      query,
      variables: { filter: { and: Array.from({ length: count }, (_value, index) => index) } },
    });
    expect(codesOf((await ask('POST', wrong(5))).result)).toEqual(
      Array.from({ length: 5 }, () => 'BAD_USER_INPUT'),
    );
    const { status, result } = await ask('POST', wrong(6));
    expect(status).toBe(400);
    expect(codesOf(result)).toEqual([
      ...Array.from({ length: 4 }, () => 'BAD_USER_INPUT'),
      'TOO_MANY_ERRORS',
    ]);
  });

  it('of documents is reported with 200 when the caller accepts application/json only', async () => {
    const body = { query: deep(7) };
    const { status, text } = await gateway.post(body, { accept: 'application/json' });
    expect([status, codesOf(JSON.parse(text))]).toEqual([200, ['QUERY_TOO_DEEP']]);
  });

  it('is usually eight levels', async () => {
    const { result } = await ask('POST', { query: nested([...levels, 'a', 'b', 'c', 'd']) }, small);
    expect(result.errors[0].extensions).toEqual({ code: 'QUERY_TOO_DEEP', allowed: 8, seen: 9 });
  });
});

function codesOf({ errors }: { errors: { extensions: { code: string } }[] }): string[] {
  return errors.map(({ extensions }) => extensions.code);
}
