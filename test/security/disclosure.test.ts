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

/** What is nearly right, and the right name, which graphql-js would suggest. */
type NearMiss = readonly [document: string, variables: object, hint: RegExp];
const ofOutput: readonly NearMiss[] = [
  ['{ viewer { tenantI } }', {}, /tenantId/],
  ['{ complianceManagementPartner(id: "a") { displayNam } }', {}, /displayName/],
  ['{ viewers { tenantId } }', {}, /"viewer"/],
  ['{ viewer { ... on View { tenantId } } }', {}, /"Viewer"/],
  ['query ($a: Platfor) { __typename }', {}, /"Platform"/],
  [
    '{ complianceManagementPartners { nodes { macOsEnrollmentAssignments { target { groupId } } } } }',
    {},
    /GroupAssignmentTarget/,
  ],
  ['{ viewer }', {}, /viewer \{/],
];
const ofInput: readonly NearMiss[] = [
  ['{ complianceManagementPartners(firsts: 1) { totalCount } }', {}, /"first"/],
  [
    '{ complianceManagementPartners(filter: {displayNam: {eq: "a"}}) { totalCount } }',
    {},
    /"displayName"/,
  ],
  ['{ complianceManagementPartners(filter: {onboarded: [MACOS]}) { totalCount } }', {}, /MAC_OS/],
  [
    'mutation { addComplianceManagementPartner(input: { displayName: "a", partnerStat: ENABLED }) { userErrors { code } } }',
    {},
    /partnerState/,
  ],
];
const ofVariables: readonly NearMiss[] = [
  [addMutation, { input: { displayName: 'a', iosOnboarde: true } }, /"iosOnboarded"/],
  [addMutation, { input: { displayName: 'a', partnerStat: 'ENABLED' } }, /partnerState/],
  [addMutation, { input: { displayName: 'a', partnerState: 'ENABLE' } }, /ENABLED/],
];

/** With introspection on, the right name is suggested, so that a missing one says something. */
async function expectNoHint(nearMisses: readonly NearMiss[]): Promise<void> {
  for (const [document, variables, hint] of nearMisses) {
    const { status, result, text } = await gateway.run(document, variables);
    expect([document, status]).toEqual([document, 400]);
    expect(result.errors?.[0]?.message).toMatch(/./);
    expect(text).not.toMatch(hint);
    expect(text).not.toMatch(/did you mean|use one of/i);
    const suggested = (await open.run(document, variables)).result.errors ?? [];
    expect(suggested.map(({ message }) => message).join()).toMatch(hint);
  }
}

async function expectNoSchema(documents: readonly string[]): Promise<void> {
  for (const document of documents) {
    const { status, result, text } = await gateway.run(document);
    expect([document, status, result.data]).toEqual([document, 400, undefined]);
    expect(text).toMatch(/Introspection is disabled|Mutation/);
    expect(text).not.toMatch(/Apollo|PartnerState|displayName/);
  }
}

describe('the schema', () => {
  it('[14] suggestions of fields and types: a near miss is rejected without the right name', async () => {
    await expectNoHint(ofOutput);
  });

  it('[15] suggestions of arguments and input fields: a near miss is rejected without the right name', async () => {
    await expectNoHint(ofInput);
  });

  it('[16] suggestions in variables: a near miss in a value is rejected without the right name', async () => {
    await expectNoHint(ofVariables);
    const [document = '', variables] = ofVariables[0] ?? [];
    expect((await gateway.run(document, variables)).codes).toEqual(['BAD_USER_INPUT']);
  });

  it('[17] introspection through __type: it is rejected', async () => {
    await expectNoSchema([
      '{ __type(name: "Query") { name } }',
      '{ __type(name: "ComplianceManagementPartner") { fields { name } } }',
      '{ viewer { tenantId } innocent: __type(name: "Query") { name } }',
    ]);
  });

  it('[18] introspection through fragments: it is rejected', async () => {
    await expectNoSchema([
      '{ ...A } fragment A on Query { ...B } fragment B on Query { __schema { types { name } } }',
      '{ __typename ... on Query { ... { __schema { types { name } } } } }',
      '{ ...F } fragment F on Query { ... { s: __schema { types { name } } } }',
      'mutation { ...F } fragment F on Mutation { __schema { types { name } } }',
    ]);
  });

  it('[19] introspection through aliases: it is rejected, beside other fields too', async () => {
    await expectNoSchema([
      getIntrospectionQuery(),
      '{ harmless: __schema { types { name } } viewer { kind } }',
      'mutation { harmless: __schema { types { name } } }',
      'query A { viewer { tenantId } } query B { __schema { types { name } } }',
    ]);
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
    const texts = [shownOperations, files.map((file) => pageText(`${folder}${file}`))];
    const documents = texts.flatMap((some) =>
      Object.values(separateOperations(parse(some.join('\n')))),
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
    const raw = await sendRaw(gateway.url, 'NONSENSE\r\n\r\n', true);
    const answers = [
      await gateway.run(totalCountQuery),
      await gateway.get('/livez'),
      await gateway.get('/nothing'),
      await gateway.post('{'),
      ...(raw === undefined ? [] : [raw]),
    ];
    expect(answers).toHaveLength(5);
    for (const { headers, text } of answers) {
      const naming = /^(server|via|x-powered-by|x-.*version)$/;
      expect(Object.keys(headers).filter((name) => naming.test(name))).toEqual([]);
      expect(JSON.stringify(headers) + text).not.toMatch(
        /fastify|apollo|express|node\.?js|\bv?\d+\.\d+\.\d+\b(?!\.\d)/i,
      );
    }
  });
});
