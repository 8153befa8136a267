import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMutation, partnerQuery, totalCountQuery } from '../support/documents.ts';
import { sendRaw } from '../support/rawHttp.ts';
import { codesIn, type ProductionGateway, startProductionGateway } from './productionGateway.ts';

let stage: ProductionGateway;

beforeAll(async () => {
  stage = await startProductionGateway();
});
afterAll(() => stage.close());

const run = (query: string, variables: object = {}) => stage.gateway.run(query, variables);
const suggestion = /did you mean/i;

describe('the schema', () => {
  it('[14] suggestions of fields and types: a near miss is refused without the right name', async () => {
    const field = await run('{ complianceManagementPartner(id: "a") { displayNam } }');
    expect(field.text).not.toMatch(suggestion);
    expect(field.text).not.toMatch(/"displayName|displayName"/);
    const type = await run('query ($a: Platfor) { __typename }');
    expect(type.text).not.toMatch(suggestion);
    expect(type.text).not.toMatch(/Platform\b/);
  });

  it('[15] suggestions of arguments and input fields: a near miss is refused without the right name', async () => {
    const argument = await run('{ complianceManagementPartners(firs: 1) { totalCount } }');
    expect(argument.text).not.toMatch(suggestion);
    expect(argument.text).not.toMatch(/first\b/);
    const inputField = await run(
      'mutation { addComplianceManagementPartner(input: { displayName: "a", partnerStat: ENABLED }) { userErrors { code } } }',
    );
    expect(inputField.text).not.toMatch(suggestion);
    expect(inputField.text).not.toMatch(/partnerState/);
  });

  it('[16] suggestions in variables: a near miss in a value is refused without the right name', async () => {
    const answer = await run(addMutation, { input: { displayName: 'a', partnerStat: 'ENABLED' } });
    expect(codesIn(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.text).not.toMatch(suggestion);
    expect(answer.text).not.toMatch(/partnerState/);
  });

  it('[17] introspection through __type: it is refused', async () => {
    const answer = await run('{ __type(name: "ComplianceManagementPartner") { fields { name } } }');
    expect([answer.status, answer.result.data]).toEqual([400, undefined]);
    expect(answer.text).not.toContain('displayName');
  });

  it('[18] introspection through fragments: it is refused', async () => {
    const spread = await run(
      '{ ...A } fragment A on Query { ...B } fragment B on Query { __schema { types { name } } }',
    );
    const inline = await run('{ __typename ... on Query { ... { __schema { types { name } } } } }');
    expect([spread.result.data, inline.result.data]).toEqual([undefined, undefined]);
    expect(spread.text + inline.text).not.toContain('PartnerState');
  });

  it('[19] introspection through aliases: it is refused, beside other fields too', async () => {
    const answer = await run('{ harmless: __schema { types { name } } viewer { kind } }');
    expect(answer.result.data).toBeUndefined();
    expect(answer.text).not.toContain('PartnerState');
    const unusual = await run('mutation { harmless: __schema { types { name } } }');
    expect(unusual.text).not.toContain('PartnerState');
  });
});

const inside = /hunter2|10\.0\.0\.7|internal\.example|node_modules|\/src\/|TypeError/;

describe('what goes wrong inside', () => {
  it("[36] masking, Graph's words: internal hosts, addresses and tokens stay inside", async () => {
    const message =
      'Broken - Operation ID (for customer support): 0 - Url: https://fef.internal.example/x?password=hunter2';
    stage.graph.faults.add({
      respond: { status: 400, body: { error: { code: 'BadRequest', message } } },
    });
    const { text } = await run(addMutation, { input: { displayName: 'Fleet' } });
    expect(text).toContain('Broken');
    expect(text).not.toMatch(inside);
  });

  it('[37] masking, the connection: where Graph is and how it broke stays inside', async () => {
    stage.graph.faults.add({ times: 3, kill: 'reset' });
    const answer = await run(totalCountQuery);
    expect([answer.status, codesIn(answer)]).toEqual([200, ['UPSTREAM_UNAVAILABLE']]);
    expect(answer.text).not.toMatch(/ECONNRESET|127\.0\.0\.1|socket|undici/i);
  });

  it('[38] masking, rubbish: an answer of Graph that cannot be read is not repeated', async () => {
    const body = '<html>hunter2 at 10.0.0.7</html>';
    stage.graph.faults.add({
      respond: { status: 200, headers: { 'content-type': 'text/html' }, body },
    });
    const answer = await run(partnerQuery, { id: 'a' });
    expect([answer.status, codesIn(answer)]).toEqual([200, ['UPSTREAM_BAD_RESPONSE']]);
    expect(answer.text).not.toMatch(inside);
    expect(stage.gateway.logLines.join()).not.toMatch(/hunter2/);
  });

  it('[39] HTML error pages: there are none, whatever is asked for', async () => {
    for (const path of [
      '/',
      '/%zz',
      '/nothing',
      '/graphql',
      '/graphql/x',
      '/index.html',
      '/..%2f..%2fetc/passwd',
    ]) {
      const { headers, text } = await stage.gateway.get(path, { accept: 'text/html' });
      expect([path, String(headers['content-type'])]).toEqual([
        path,
        expect.stringContaining('json'),
      ]);
      expect(JSON.parse(text)).toMatchObject({
        errors: [{ extensions: { code: expect.any(String) } }],
      });
    }
  });

  it('[40] version headers: no answer names a program or its version', async () => {
    const raw = await sendRaw(stage.gateway.url, 'NONSENSE\r\n\r\n', true);
    const answers = [
      await run(totalCountQuery),
      await stage.gateway.get('/livez'),
      await stage.gateway.get('/nothing'),
      await stage.gateway.post('{'),
      ...(raw === undefined ? [] : [raw]),
    ];
    expect(answers).toHaveLength(5);
    for (const { headers, text } of answers) {
      const names = Object.keys(headers);
      expect(names.filter((name) => /^(server|via|x-powered-by|x-.*version)$/.test(name))).toEqual(
        [],
      );
      expect(JSON.stringify(headers) + text).not.toMatch(
        /fastify|apollo|express|node\.?js|\bv?\d+\.\d+\.\d+\b(?!\.\d)/i,
      );
    }
  });
});
