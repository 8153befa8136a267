import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { pageText, shownOperations } from '../support/documentPages.ts';
import { addMutation, partnerQuery, totalCountQuery } from '../support/documents.ts';
import { sendRaw } from '../support/rawConnection.ts';
import { useStages } from '../support/stages.ts';

const { embedded, start } = useStages(afterAll);
const { graph, gateway } = await embedded({}, { NODE_ENV: 'production' });
const open = await start({ GRAPH_BASE_URL: graph.baseUrl });

const oneTarget =
  '{ complianceManagementPartners { nodes { macOsEnrollmentAssignments { target { groupId } } } } }';
const countOf = (args: string) => `{ complianceManagementPartners(${args}) { totalCount } }`;
const misspelt =
  'mutation { addComplianceManagementPartner(input: { displayName: "a", partnerStat: ENABLED }) { userErrors { code } } }';
const adding = (more: object) => ({ input: { displayName: 'a', ...more } });

describe('the schema', () => {
  // With introspection on, the right name is suggested, so that a missing one says something.
  it.each<[string, RegExp, string, object?]>([
    ['[14] suggestions of fields and types: a field', /tenantId/, '{ viewer { tenantI } }'],
    ['[14] a root field', /"viewer"/, '{ viewers { tenantId } }'],
    ['[14] a type', /"Viewer"/, '{ viewer { ... on View { tenantId } } }'],
    ['[14] the type of a variable', /"Platform"/, 'query ($a: Platfor) { __typename }'],
    ['[14] a field of another type', /GroupAssignmentTarget/, oneTarget],
    ['[14] missing fields', /viewer \{/, '{ viewer }'],
    ['[15] suggestions of arguments and input fields: one', /"first"/, countOf('firsts: 1')],
    ['[15] a filter', /"displayName"/, countOf('filter: {displayNam: {eq: "a"}}')],
    ['[15] a value', /MAC_OS/, countOf('filter: {onboarded: [MACOS]}')],
    ['[15] an input field', /partnerState/, misspelt],
    [
      '[16] suggestions in variables: one',
      /"iosOnboarded"/,
      addMutation,
      adding({ iosOnboarde: true }),
    ],
    ['[16] a field', /partnerState/, addMutation, adding({ partnerStat: 'ENABLED' })],
    ['[16] a value', /ENABLED/, addMutation, adding({ partnerState: 'ENABLE' })],
  ])('%s is rejected without %s', async (_what, hint, document, variables = {}) => {
    const { status, result, codes, text } = await gateway.run(document, variables);
    expect(`${status} ${codes[0]}`).toMatch(/^400 (GRAPHQL_VALIDATION_FAILED|BAD_USER_INPUT)$/);
    expect(result.errors?.[0]?.message).toMatch(/./);
    expect(text).not.toMatch(hint);
    expect(text).not.toMatch(/did you mean|use one of/i);
    expect((await open.run(document, variables)).text.replaceAll('\\', '')).toMatch(hint);
  });

  const types = '{ types { name } }';
  it.each([
    ['[17] introspection through __type: one', '{ __type(name: "Query") { name } }'],
    ['[17] fields', '{ __type(name: "ComplianceManagementPartner") { fields { name } } }'],
    ['[17] beside others', '{ viewer { tenantId } innocent: __type(name: "Query") { name } }'],
    [
      '[18] introspection through fragments: one',
      `{ ...A } fragment A on Query { __schema ${types} }`,
    ],
    ['[18] in fields', `{ __typename ... on Query { ... { __schema ${types} } } }`],
    ['[18] both', `{ ...F } fragment F on Query { ... { s: __schema ${types} } }`],
    ['[18] in mutations', `mutation { ...F } fragment F on Mutation { __schema ${types} }`],
    ['[19] introspection through aliases: the whole', getIntrospectionQuery()],
    ['[19] beside others', `{ harmless: __schema ${types} viewer { kind } }`],
    ['[19] in mutations', `mutation { harmless: __schema ${types} }`],
    ['[19] in another operation', `query A { viewer { tenantId } } query B { __schema ${types} }`],
  ])('%s is rejected', async (_what, document) => {
    const { status, result, text } = await gateway.run(document);
    expect([status, result.data]).toEqual([400, undefined]);
    expect(text).toMatch(/Introspection is disabled|Mutation/);
    expect(text).not.toMatch(/Apollo|PartnerState|displayName/);
  });

  it('is rejected to introspections as an invalid document, but is served as a file', async () => {
    const { extensions } = await gateway.run('{ __schema { types { name } } }');
    expect(extensions).toEqual({
      code: 'GRAPHQL_VALIDATION_FAILED',
      validationErrorCode: 'INTROSPECTION_DISABLED',
    });
    expect(await gateway.ask('{ __typename }')).toBe('Query');
    const [file, same] = [await gateway.get('/schema.graphql'), await open.get('/schema.graphql')];
    expect([file.status, file.text]).toEqual([200, same.text]);
  });

  it("has limits that hold the documents' and the example's operations", async () => {
    const folder = 'examples/consumer/operations/';
    const files = readdirSync(new URL(`../../${folder}`, import.meta.url));
    const operations = files.map((file) => pageText(`${folder}${file}`));
    const documents = [shownOperations, operations].flatMap((texts) =>
      Object.values(separateOperations(parse(texts.join('\n')))),
    );
    expect(documents.length).toBeGreaterThan(12);
    // Without variables some of them cannot be executed, but none is refused before that.
    for (const document of documents) {
      const { codes } = await open.run(print(document));
      expect(codes.filter((code) => code !== 'BAD_USER_INPUT')).toEqual([]);
    }
  });
});

const inside = /hunter2|10\.0\.0\.7|internal\.example|node_modules|\/src\/|TypeError/;

describe('what goes wrong inside', () => {
  it("[36] masking, Graph's words: internal hosts, addresses and tokens stay inside", async () => {
    const message =
      'Broken - Operation ID (for customer support): 0 - Url: https://fef.internal.example/x?password=hunter2';
    const body = { error: { code: 'BadRequest', message } };
    graph.faults.add({ respond: { status: 400, body } });
    const { text } = await gateway.run(addMutation, { input: { displayName: 'Fleet' } });
    expect(text).toContain('Broken');
    expect(text).not.toMatch(inside);
  });

  it('[37] masking, the connection: where Graph is and how it broke stays inside', async () => {
    graph.faults.add({ times: 3, kill: 'reset' });
    const { status, codes, text } = await gateway.run(totalCountQuery);
    expect([status, codes]).toEqual([200, ['UPSTREAM_UNAVAILABLE']]);
    expect(text).not.toMatch(/ECONNRESET|127\.0\.0\.1|socket|undici/i);
  });

  it('[38] masking, rubbish: an answer of Graph that cannot be read is not repeated', async () => {
    const body = '<html>hunter2 at 10.0.0.7</html>';
    const headers = { 'content-type': 'text/html' };
    graph.faults.add({ respond: { status: 200, headers, body } });
    const { status, codes, text } = await gateway.run(partnerQuery, { id: 'a' });
    expect([status, codes]).toEqual([200, ['UPSTREAM_BAD_RESPONSE']]);
    expect(text).not.toMatch(inside);
    expect(gateway.logLines.join()).not.toMatch(/hunter2/);
  });

  it('[39] HTML error pages: there are none, whatever is asked for', async () => {
    for (const path of ['', '%zz', 'nothing', 'graphql', 'graphql/x', '..%2f..%2fetc/passwd']) {
      const { headers, codes } = await gateway.get(`/${path}`, { accept: 'text/html' });
      expect([path, headers['content-type']]).toEqual([path, expect.stringContaining('json')]);
      expect(codes).toEqual([expect.any(String)]);
    }
  });

  it('[40] version headers: no answer names a program or its version', async () => {
    for (const answer of [
      await gateway.run(totalCountQuery),
      await gateway.get('/livez'),
      await gateway.get('/nothing'),
      await gateway.post('{'),
      await sendRaw(gateway.url, 'NONSENSE\r\n\r\n', true),
    ]) {
      const headers = answer?.headers ?? { server: 'none' };
      const naming = /^(server|via|x-powered-by|x-.*version)$/;
      expect(Object.keys(headers).filter((name) => naming.test(name))).toEqual([]);
      expect(JSON.stringify(headers) + answer?.text).not.toMatch(
        /fastify|apollo|express|node\.?js|\bv?\d+\.\d+\.\d+\b(?!\.\d)/i,
      );
    }
  });
});
