import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { shownOperations } from '../support/documentPages.ts';
import { addMutation } from '../support/documents.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let open: TestGateway;
let hidden: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: [] }));
  open = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
  hidden = await startTestGateway({ GRAPH_BASE_URL: graph.url.href, NODE_ENV: 'production' });
});

afterAll(async () => {
  await Promise.all([open.stop(0), hidden.stop(0)]);
  await graph.close();
});

/** What is nearly right, and what graphql-js would suggest for it. */
const nearlyRight: readonly [string, string, object, RegExp][] = [
  ['a field', '{ viewer { tenantI } }', {}, /tenantId/],
  ['a root field', '{ viewers { tenantId } }', {}, /"viewer"/],
  ['an argument', '{ complianceManagementPartners(firsts: 1) { totalCount } }', {}, /"first"/],
  ['a type', '{ viewer { ... on View { tenantId } } }', {}, /"Viewer"/],
  [
    'a field of one implementation',
    '{ complianceManagementPartners { nodes { macOsEnrollmentAssignments { target { groupId } } } } }',
    {},
    /GroupAssignmentTarget/,
  ],
  ['a selection', '{ viewer }', {}, /viewer \{/],
  [
    'a field of an input in the document',
    '{ complianceManagementPartners(filter: {displayNam: {eq: "a"}}) { totalCount } }',
    {},
    /"displayName"/,
  ],
  [
    'an enum value in the document',
    '{ complianceManagementPartners(filter: {onboarded: [MACOS]}) { totalCount } }',
    {},
    /MAC_OS/,
  ],
  [
    'a field of an input in variables',
    addMutation,
    { input: { displayName: 'a', displayNames: 'a', iosOnboarde: true } },
    /"iosOnboarded"/,
  ],
  [
    'an enum value in variables',
    addMutation,
    { input: { displayName: 'a', partnerState: 'ENABLE' } },
    /ENABLED/,
  ],
];

describe('where introspection is on', () => {
  it.each(nearlyRight)(
    '%s that is nearly right is answered with what would be',
    async (_what, query, variables, hint) => {
      const { result } = await open.run(query, variables);
      expect(result.errors?.map(({ message }) => message).join()).toMatch(hint);
    },
  );

  it.each([
    {},
    { descriptions: false },
    {
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    },
  ])('the introspection of tools, with %j, is answered whole', async (options) => {
    const { status, result } = await open.run(getIntrospectionQuery(options));
    expect([status, result.errors]).toEqual([200, undefined]);
    expect(result.data).toHaveProperty('__schema.types');
  });
});

describe('where introspection is off', () => {
  it.each(nearlyRight)(
    '%s that is nearly right is answered without a hint',
    async (_what, query, variables, hint) => {
      const { result } = await hidden.run(query, variables);
      const messages = result.errors?.map(({ message }) => message).join();
      expect(messages).toMatch(/./);
      expect(messages).not.toMatch(hint);
      expect(messages).not.toMatch(/Did you mean|Use one of/);
    },
  );

  it.each([
    getIntrospectionQuery(),
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name } }',
    '{ viewer { tenantId } innocent: __type(name: "Query") { name } }',
    '{ ...F } fragment F on Query { ... { s: __schema { types { name } } } }',
    'mutation { ...F } fragment F on Mutation { __schema { types { name } } }',
    'query A { viewer { tenantId } } query B { __schema { types { name } } }',
  ])('a question for the schema is refused in its own words (%#)', async (query) => {
    const { status, result } = await hidden.run(query);
    expect([status, result.data]).toEqual([400, undefined]);
    expect(result.errors?.map(({ message }) => message).join()).toMatch(
      /Introspection is disabled|Mutation/,
    );
    expect(JSON.stringify(result.errors)).not.toContain('Apollo');
  });

  it('a question for the schema is refused as a document that is not valid', async () => {
    const { result } = await hidden.run('{ __schema { types { name } } }');
    expect(result.errors?.[0]?.extensions).toEqual({
      code: 'GRAPHQL_VALIDATION_FAILED',
      validationErrorCode: 'INTROSPECTION_DISABLED',
    });
  });

  it('the schema is still served as a file, because it is no secret', async () => {
    const [file, same] = [await hidden.get('/schema.graphql'), await open.get('/schema.graphql')];
    expect([file.status, file.text]).toEqual([200, same.text]);
    expect(file.text).toContain('type ComplianceManagementPartner ');
  });

  it('still says which type an object has', async () => {
    expect((await hidden.run('{ __typename }')).result.data).toEqual({ __typename: 'Query' });
  });
});

describe("this project's own operations", () => {
  const textOf = (file: string): string =>
    readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const folder = 'examples/consumer/operations/';
  const example = readdirSync(new URL(`../../${folder}`, import.meta.url))
    .map((file) => textOf(`${folder}${file}`))
    .join('\n');

  it.each([
    ["the documents'", shownOperations.join('\n')],
    ["the example's", example],
  ])('are inside the limits: %s', async (_whose, text) => {
    const documents = Object.values(separateOperations(parse(text)));
    expect(documents.length).toBeGreaterThan(6);
    const codes: unknown[] = [];
    for (const document of documents) {
      const { result } = await open.run(print(document));
      codes.push(...(result.errors ?? []).map(({ extensions }) => extensions['code']));
    }
    // Without variables some of them cannot be executed, but none is refused before that.
    expect(new Set(codes)).toEqual(new Set(['BAD_USER_INPUT']));
  });
});
