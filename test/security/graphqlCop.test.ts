import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import {
  codesIn,
  type ProductionGateway,
  repeat,
  startProductionGateway,
} from './productionGateway.ts';

let stage: ProductionGateway;

beforeAll(async () => {
  stage = await startProductionGateway();
});
afterAll(() => stage.close());

const query = encodeURIComponent('query cop { __typename }');

describe("graphql-cop's checks", () => {
  it('[01] alias overloading: 101 aliases of one field are refused', async () => {
    const answer = await stage.gateway.run(
      `{ ${repeat(101, (index) => `alias${index}: __typename`)} }`,
    );
    expect(answer.result.data).toBeUndefined();
    expect(codesIn(answer)).toContain('TOO_MANY_ALIASES');
  });

  it('[02] array-based batching: ten operations in one request are refused, and none is run', async () => {
    const before = stage.graph.requests.length;
    const operation = { query: '{ complianceManagementPartners { totalCount } }' };
    const { status, text } = await stage.gateway.post(Array(10).fill(operation), {
      authorization: 'Bearer embedded-graph-token',
    });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      errors: [{ extensions: { code: 'BATCHING_NOT_SUPPORTED' } }],
    });
    expect(stage.graph.requests).toHaveLength(before);
  });

  it('[03] directive overloading: many directives do not give as many errors', async () => {
    for (const count of [10, 500]) {
      const answer = await stage.gateway.run(`{ __typename ${'@aa'.repeat(count)} }`);
      expect(answer.status).toBe(400);
      expect(answer.result.errors?.length).toBeLessThanOrEqual(5);
    }
    const valid = await stage.gateway.run(`{ __typename ${'@include(if: true) '.repeat(11)}}`);
    expect(codesIn(valid)).toContain('TOO_MANY_DIRECTIVES');
  });

  it('[04] circular introspection: types within fields within types are not answered', async () => {
    const circular =
      '{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }';
    const answer = await stage.gateway.run(circular);
    expect([answer.status, answer.result.data]).toEqual([400, undefined]);
    const open = await startProductionGateway({ INTROSPECTION: 'true' });
    const deep = await open.gateway.run(
      `{ __schema { types { ${'fields { type { '.repeat(10)} name ${'} }'.repeat(10)} } } }`,
    );
    await open.close();
    expect(codesIn(deep)).toContain('INTROSPECTION_TOO_DEEP');
  });

  it('[05] field duplication: 500 times one field is refused, and a few are answered once', async () => {
    const answer = await stage.gateway.run(`query { ${'__typename \n'.repeat(500)} }`);
    expect(answer.result.data).toBeUndefined();
    expect(codesIn(answer)).toEqual(['TOO_MANY_ROOT_FIELDS']);
    const before = stage.graph.requests.length;
    const field = 'complianceManagementPartner(id: "nobody") { id }';
    const twice = await stage.gateway.run(`{ ${field} ${field} }`);
    expect(twice.result.data).toEqual({ complianceManagementPartner: null });
    expect(stage.graph.requests).toHaveLength(before + 1);
  });

  it('[06] field suggestions: a misspelt field brings no name of a right one', async () => {
    const { text } = await stage.gateway.run(
      '{ __schema { directive } complianceManagementPartner { i } }',
    );
    expect(text).not.toMatch(/did you mean/i);
    expect(text).not.toContain('directives');
  });

  it('[07] mutation over GET: it is refused with 405, with and without a preflight', async () => {
    const before = stage.graph.requests.length;
    const mutation = encodeURIComponent(
      'mutation { deleteComplianceManagementPartner(input: { id: "a" }) { userErrors { code } } }',
    );
    const headers = { authorization: 'Bearer embedded-graph-token' };
    const preflighted = await stage.gateway.get(`/graphql?query=${mutation}`, {
      ...headers,
      'apollo-require-preflight': 'yes',
    });
    expect([preflighted.status, preflighted.headers['allow']]).toEqual([405, 'POST']);
    expect((await stage.gateway.get(`/graphql?query=${mutation}`, headers)).status).toBe(405);
    expect((await stage.gateway.get(`/graphql?query=${mutation}`)).status).toBe(400);
    expect(stage.graph.requests).toHaveLength(before);
  });

  it('[08] query over GET (CSRF): what a page could send without a preflight is refused', async () => {
    const { status, text } = await stage.gateway.get(`/graphql?query=${query}`);
    expect([status, text.includes('"data"')]).toEqual([400, false]);
    expect(text).toContain('graphql-require-preflight');
  });

  it('[09] url-encoded POST (CSRF): a form is refused, in the body and in the query', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const inBody = await stage.gateway.post(`query=${query}`, form);
    expect([inBody.status, inBody.text.includes('"data"')]).toEqual([415, false]);
    for (const [headers, status] of [
      [form, 415],
      [{}, 400],
    ] as const) {
      const inQuery = await request(`${stage.gateway.url}/graphql?query=${query}`, {
        method: 'POST',
        headers,
      });
      const text = await inQuery.body.text();
      expect([text.includes('"data"'), JSON.parse(text)]).toMatchObject([false, { errors: [{}] }]);
      expect(inQuery.statusCode).toBe(status);
    }
  });

  it('[10] GraphiQL and playgrounds: no path has a page', async () => {
    for (const path of [
      '/',
      '/graphiql',
      '/playground',
      '/console',
      '/graphql',
      '/altair',
      '/voyager',
      '/sandbox',
    ]) {
      const { headers, text } = await stage.gateway.get(path, { accept: 'text/html' });
      expect([path, headers['content-type']]).toEqual([path, 'application/json; charset=utf-8']);
      expect(text).not.toMatch(/graphiql|playground|<html|<script/i);
    }
  });

  it('[11] introspection: the standard query is refused', async () => {
    const answer = await stage.gateway.run('query { __schema { types { name fields { name } } } }');
    expect(answer.result.data).toBeUndefined();
    expect(answer.text).not.toContain('ComplianceManagementPartner');
  });

  it('[12] trace mode: neither tracing nor a stack trace is in any answer', async () => {
    for (const document of ['query { __typename }', '{ nothing }', '{', '{ viewer { kind } }']) {
      const { text } = await stage.gateway.run(
        document,
        {},
        { 'apollo-federation-include-trace': 'ftv1' },
      );
      expect(text).not.toMatch(/tracing|ftv1|stacktrace|exception|node_modules/i);
    }
  });

  it('[13] unhandled errors: a document that cannot be read is answered without an exception', async () => {
    const answer = await stage.gateway.run('qwerty cop { abc }');
    expect([answer.status, codesIn(answer)]).toEqual([400, ['GRAPHQL_PARSE_FAILED']]);
    expect(Object.keys(answer.result.errors?.[0]?.extensions ?? {})).toEqual(['code']);
  });
});
