import { afterAll, describe, expect, it } from '@jest/globals';
import { times, useStages } from '../support/stages.ts';

const { embedded, start } = useStages(afterAll);
const production = { NODE_ENV: 'production' };
const { graph, gateway } = await embedded({}, production);
const introspecting = await start({
  ...production,
  GRAPH_BASE_URL: graph.baseUrl,
  INTROSPECTION: 'true',
});

const query = encodeURIComponent('query cop { __typename }');

describe("graphql-cop's checks", () => {
  it('[01] alias overloading: 101 aliases of one field are rejected', async () => {
    const answer = await gateway.run(`{ ${times(101, (index) => `alias${index}: __typename`)} }`);
    expect(answer.result.data).toBeUndefined();
    expect(answer.codes).toContain('TOO_MANY_ALIASES');
  });

  it('[02] array-based batching: ten operations in one request are rejected, and none is run', async () => {
    const before = graph.requests.length;
    const operation = { query: '{ complianceManagementPartners { totalCount } }' };
    const headers = { authorization: 'Bearer embedded-graph-token' };
    const { status, codes } = await gateway.post(Array(10).fill(operation), headers);
    expect([status, codes]).toEqual([400, ['BATCHING_NOT_SUPPORTED']]);
    expect(graph.requests).toHaveLength(before);
  });

  it('[03] directive overloading: many directives do not give as many errors', async () => {
    for (const count of [10, 500]) {
      const { status, codes } = await gateway.run(`{ __typename ${'@aa'.repeat(count)} }`);
      expect(status).toBe(400);
      expect(codes.length).toBeLessThanOrEqual(5);
    }
    const { codes } = await gateway.run(`{ __typename ${'@include(if: true) '.repeat(11)}}`);
    expect(codes).toContain('TOO_MANY_DIRECTIVES');
  });

  it('[04] circular introspection: types within fields within types are not answered', async () => {
    const circular = (levels: number) =>
      `{ __schema { types { ${'fields { type { '.repeat(levels)} name ${'} }'.repeat(levels)} } } }`;
    const answer = await gateway.run(circular(4));
    expect([answer.status, answer.result.data]).toEqual([400, undefined]);
    expect((await introspecting.run(circular(10))).codes).toContain('INTROSPECTION_TOO_DEEP');
  });

  it('[05] field duplication: 500 times one field is rejected, and a few are answered once', async () => {
    const answer = await gateway.run(`query { ${'__typename \n'.repeat(500)} }`);
    expect([answer.result.data, answer.codes]).toEqual([undefined, ['TOO_MANY_ROOT_FIELDS']]);
    const before = graph.requests.length;
    const field = 'complianceManagementPartner(id: "nobody") { id }';
    const { result } = await gateway.run(`{ ${field} ${field} }`);
    expect(result.data).toEqual({ complianceManagementPartner: null });
    expect(graph.requests).toHaveLength(before + 1);
  });

  it('[06] field suggestions: a misspelt field brings no name of a right one', async () => {
    const misspelt = '{ __schema { directive } complianceManagementPartner { i } }';
    expect((await gateway.run(misspelt)).text).not.toMatch(/did you mean|directives/i);
  });

  it('[07] mutation over GET: it is rejected with 405, with and without a preflight', async () => {
    const before = graph.requests.length;
    const mutation = encodeURIComponent(
      'mutation { deleteComplianceManagementPartner(input: { id: "a" }) { userErrors { code } } }',
    );
    const get = (headers?: Record<string, string>) =>
      gateway.get(`/graphql?query=${mutation}`, headers);
    const token = { authorization: 'Bearer embedded-graph-token' };
    const preflighted = await get({ ...token, 'apollo-require-preflight': 'yes' });
    const { status, headers, codes } = preflighted;
    expect([status, headers['allow'], codes]).toEqual([405, 'POST', ['METHOD_NOT_ALLOWED']]);
    expect([(await get(token)).status, (await get()).status]).toEqual([405, 400]);
    expect(graph.requests).toHaveLength(before);
  });

  it('[08] query over GET (CSRF): what a page could send without a preflight is rejected', async () => {
    const { status, text } = await gateway.get(`/graphql?query=${query}`);
    expect([status, text.includes('"data"')]).toEqual([400, false]);
    expect(text).toContain('graphql-require-preflight');
  });

  it('[09] url-encoded POST (CSRF): a form is rejected, in the body and in the query', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const [expected, answer] of [
      [415, await gateway.post(`query=${query}`, form)],
      [415, await gateway.send('POST', `/graphql?query=${query}`, form)],
      [400, await gateway.send('POST', `/graphql?query=${query}`)],
    ] as const) {
      expect([answer.status, answer.codes.length]).toEqual([expected, 1]);
      expect(answer.text).not.toContain('"data"');
    }
  });

  it('[10] GraphiQL and playgrounds: no path has a page', async () => {
    const names = ['graphiql', 'playground', 'console', 'graphql', 'altair', 'voyager', 'sandbox'];
    for (const name of ['', ...names]) {
      const { headers, text } = await gateway.get(`/${name}`, { accept: 'text/html' });
      expect([name, headers['content-type']]).toEqual([name, 'application/json; charset=utf-8']);
      expect(text).not.toMatch(/graphiql|playground|<html|<script/i);
    }
  });

  it('[11] introspection: the standard query is rejected', async () => {
    const answer = await gateway.run('query { __schema { types { name fields { name } } } }');
    expect(answer.result.data).toBeUndefined();
    expect(answer.text).not.toContain('ComplianceManagementPartner');
  });

  it('[12] trace mode: neither tracing nor a stack trace is in any answer', async () => {
    for (const document of ['query { __typename }', '{ nothing }', '{', '{ viewer { kind } }']) {
      const headers = { 'apollo-federation-include-trace': 'ftv1' };
      const { text } = await gateway.run(document, {}, headers);
      expect(text).not.toMatch(/tracing|ftv1|stacktrace|exception|node_modules/i);
    }
  });

  it('[13] unhandled errors: a document that cannot be read is answered without an exception', async () => {
    const { status, extensions } = await gateway.run('qwerty cop { abc }');
    expect([status, extensions]).toEqual([400, { code: 'GRAPHQL_PARSE_FAILED' }]);
  });
});
