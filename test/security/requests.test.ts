import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  partnerQuery,
  totalCountQuery,
  updateMutation,
} from '../support/documents.ts';
import { sendRaw } from '../support/rawConnection.ts';
import { empty, json, silence, startScriptedServer } from '../support/scriptedServer.ts';
import { headOf, times, useStages } from '../support/stages.ts';
import type { Reply } from '../support/testGateways.ts';

const production = { NODE_ENV: 'production' };
const listed = 'https://app.example';
const { closeLater, embedded, start } = useStages(afterAll);
const { start: startOne } = useStages();
const { graph, gateway } = await embedded({}, production);
const GRAPH_BASE_URL = graph.baseUrl;
const open = await start({
  ...production,
  GRAPH_BASE_URL,
  CORS_ORIGINS: listed,
  INTROSPECTION: 'true',
});

const authorization = 'Bearer embedded-graph-token';
const preflighted = { 'apollo-require-preflight': 'yes' };
const list = { query: totalCountQuery };
const body = JSON.stringify(list);

type Send = () => Promise<Reply>;
const running =
  (query: string, on = gateway): Send =>
  () =>
    on.run(query);
const posting =
  (bytes: object | string | Buffer, headers: Record<string, string> = {}): Send =>
  () => {
    const usual = { 'content-type': 'application/json', authorization };
    const sent =
      typeof bytes === 'string' || Buffer.isBuffer(bytes) ? bytes : JSON.stringify(bytes);
    return gateway.send('POST', '/graphql', { ...usual, ...headers }, sent);
  };
const typed = (type: string, bytes: string | Buffer = body) =>
  posting(bytes, { 'content-type': type });
const getting =
  (query: string, headers?: Record<string, string>): Send =>
  () =>
    gateway.get(`/graphql?query=${encodeURIComponent(query)}`, headers);

const types = (levels: number) =>
  `{ __schema { types { ${'fields { type { '.repeat(levels)} name ${'} }'.repeat(levels)} } } }`;
const typenames = (count: number) => times(count, (index) => `a${index}: __typename`);
const removing = (index: number) =>
  `a${index}: deleteComplianceManagementPartner(input: { id: "a" }) { userErrors { code } }`;
const remove = `mutation { ${removing(0)} }`;
const nine = `{ ${'complianceManagementPartners { '.repeat(8)} id ${'} '.repeat(8)} }`;
const chain = times(9, (index) => `fragment F${index} on Query { a { ...F${index + 1} } }`);
const nineSpread = `{ ...F0 } ${chain} fragment F9 on Query { a }`;
const threeSpread = `{ viewer { ...V ...V ...V } } fragment V on Viewer { ${typenames(7)} }`;
const directives = times(11, (index) => `a${index}: __typename @include(if: true)`);
const formType = 'application/x-www-form-urlencoded';
const inAddress = (headers = {}) =>
  gateway.send('POST', '/graphql?query=%7B__typename%7D', headers);
const withVariables = (variables: string) =>
  posting(`{"query":"{ __typename }","variables":${variables}}`);
const deep = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`;
const twoQueries = '{"query":"{ __typename }","query":"{ viewer { kind } }"}';
const charsets = ['utf-16', 'iso-8859-1', 'utf-7', 'utf-80'].map((name) =>
  typed(`application/json; charset=${name}`),
);
const packings = ['gzip', 'deflate', 'br', 'gzip, gzip'].map((encoding) =>
  posting(gzipSync(body), { 'content-encoding': encoding }),
);
const persistedQuery = { version: 1, sha256Hash: 'ecf4edb46db40b5132295c0291d62fb6'.repeat(2) };
const hash = posting({ extensions: { persistedQuery } });
const named = posting({ query: '{ __typename }', extensions: { persistedQuery } });
const [bad, invalid] = ['400 BAD_REQUEST', '400 GRAPHQL_VALIDATION_FAILED'];
const [noGet, noType] = ['405 METHOD_NOT_ALLOWED', '415 UNSUPPORTED_MEDIA_TYPE'];
const aliased = '400 TOO_MANY_ALIASES';
const tooDeep = '400 QUERY_TOO_DEEP,GRAPHQL_VALIDATION_FAILED';
const noBatch = '400 BATCHING_NOT_SUPPORTED';
const tokened = { authorization, ...preflighted };

describe('what nothing is executed for', () => {
  it.each<[string, string, ...Send[]]>([
    [
      '[01] alias overloading: 101',
      `${aliased},TOO_MANY_ROOT_FIELDS`,
      running(`{ ${typenames(101)} }`),
    ],
    ['[02] array-based batching: 10 operations', noBatch, posting(Array(10).fill(list))],
    ['[04] circular introspection: by default', invalid, running(types(4))],
    [
      '[04] if it is on',
      '400 INTROSPECTION_TOO_DEEP,GRAPHQL_VALIDATION_FAILED',
      running(types(10), open),
    ],
    ['[07] mutation over GET: with a token', noGet, getting(remove, { authorization })],
    ['[07] with a preflight', noGet, getting(remove, tokened)],
    ['[07] without both', bad, getting(remove)],
    ['[08] query over GET (CSRF): without a preflight', bad, getting('query cop { __typename }')],
    ['[09] url-encoded POST (CSRF): in the body', noType, typed(formType, 'query=%7Ba%7D')],
    ['[09] in the query', noType, () => inAddress({ 'content-type': formType })],
    ['[09] without a type', bad, () => inAddress()],
    ['[11] introspection: the standard query', invalid, running('{ __schema { types { name } } }')],
    ['[13] unhandled errors: no syntax', '400 GRAPHQL_PARSE_FAILED', running('qwerty cop { abc }')],
    ['[20] tokens: 1,001', '400 TOO_MANY_TOKENS', running(`{ viewer { ${'id '.repeat(1_001)} } }`)],
    ['[21] depth: 9 levels', tooDeep, running(nine)],
    ['[21] in fragments', `${tooDeep},TOO_MANY_ERRORS`, running(nineSpread)],
    ['[22] aliases: 21', aliased, running(`{ viewer { ${typenames(21)} } }`)],
    ['[22] in fragments', aliased, running(threeSpread)],
    [
      '[23] root fields: 11',
      '400 TOO_MANY_ROOT_FIELDS',
      running(`mutation { ${times(11, removing)} }`),
    ],
    ['[24] directives: 11', '400 TOO_MANY_DIRECTIVES', running(`{ viewer { ${directives} } }`)],
    ['[25] body: 64 KiB', '413 REQUEST_TOO_LARGE', withVariables(`"${'x'.repeat(65_536)}"`)],
    ['[26] JSON depth: 33', '400 JSON_TOO_DEEP', withVariables(deep)],
    ['[26] of arrays', '400 JSON_TOO_DEEP', posting('['.repeat(30_000) + ']'.repeat(30_000))],
    ['[27] duplicate keys: of the body', '400 DUPLICATE_KEYS', posting(twoQueries)],
    ['[27] inside', '400 DUPLICATE_KEYS', withVariables('{"input":{"id":"a","\\u0069d":"b"}}')],
    ['[28] charset: others than UTF-8', noType, ...charsets],
    ['[28] unnamed', bad, posting(Buffer.from(body, 'utf16le'))],
    ['[29] compression: packed bodies', '415 UNSUPPORTED_CONTENT_ENCODING', ...packings],
    ['[32] batch: lists', noBatch, posting([]), posting([list]), posting([list, list])],
    ['[33] APQ: a hash', '200 PERSISTED_QUERY_NOT_SUPPORTED', hash, named, hash],
  ])('%s: %s', async (_what, outcome, ...sends) => {
    const before = graph.requests.length;
    for (const send of sends) {
      const { status, codes, text, headers } = await send();
      expect(`${status} ${[...new Set(codes)]}`).toBe(outcome);
      expect(headers['allow']).toBe(outcome === noGet ? 'POST' : undefined);
      expect(text).not.toMatch(/"data"|did you mean|"types"|stacktrace|node_modules/i);
    }
    expect(graph.requests).toHaveLength(before);
  });
});

describe("graphql-cop's checks", () => {
  it('[03] directive overloading: many directives do not give as many errors', async () => {
    for (const count of [10, 500]) {
      const { status, codes } = await gateway.run(`{ __typename ${'@aa'.repeat(count)} }`);
      expect(status).toBe(400);
      expect(codes.length).toBeLessThanOrEqual(5);
    }
    const { codes } = await gateway.run(`{ __typename ${'@include(if: true) '.repeat(11)}}`);
    expect(codes).toContain('TOO_MANY_DIRECTIVES');
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

  it('[10] GraphiQL and playgrounds: no path has a page', async () => {
    const names = ['graphiql', 'playground', 'console', 'graphql', 'altair', 'voyager', 'sandbox'];
    for (const name of ['', ...names]) {
      const { headers, text } = await gateway.get(`/${name}`, { accept: 'text/html' });
      expect([name, headers['content-type']]).toEqual([name, 'application/json; charset=utf-8']);
      expect(text).not.toMatch(/graphiql|playground|<html|<script/i);
    }
  });

  it('[12] trace mode: neither tracing nor a stack trace is in any answer', async () => {
    for (const document of ['query { __typename }', '{ nothing }', '{', '{ viewer { kind } }']) {
      const headers = { 'apollo-federation-include-trace': 'ftv1' };
      const { text } = await gateway.run(document, {}, headers);
      expect(text).not.toMatch(/tracing|ftv1|stacktrace|exception|node_modules/i);
    }
  });
});

describe('HTTP', () => {
  /** Posts the operation with header lines as they are. */
  const postRaw = (...headers: string[]) => {
    const length = `content-length: ${body.length}`;
    const usual = ['connection: close', 'content-type: application/json', length];
    return sendRaw(gateway.url, headOf('POST /graphql', ...usual, ...headers) + body);
  };

  it('[30] method: all but GET and POST are rejected, also if a header wants another one', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
      const answer = await sendRaw(gateway.url, headOf(`${method} /graphql`, 'connection: close'));
      expect([method, answer?.status]).toEqual([method, 405]);
    }
    const override = { 'x-http-method-override': 'POST', ...preflighted };
    expect((await gateway.get('/graphql', override)).status).toBe(400);
  });

  it('[31] multipart: uploads are rejected, and so is multipart as an answer', async () => {
    const part = '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n';
    expect((await typed('multipart/form-data; boundary=x', part)()).status).toBe(415);
    const accept = 'multipart/mixed;deferSpec=20220824';
    const { headers } = await gateway.run('{ __typename }', {}, { accept });
    expect(String(headers['content-type'])).not.toContain('multipart');
  });

  it('[34] CORS, none by default: permits no page of another origin to call', async () => {
    for (const origin of ['https://evil.example', 'null', 'https://studio.apollographql.com']) {
      const asks = { origin, 'access-control-request-method': 'POST' };
      for (const { headers } of [
        await gateway.send('OPTIONS', '/graphql', asks),
        await gateway.run('{ __typename }', {}, { origin }),
      ]) {
        expect(Object.keys(headers).join()).not.toContain('access-control-');
      }
    }
  });

  it('[35] CORS, an explicit list: an origin in it may call without cookies, a similar one may not', async () => {
    const allowedFor = async (origin: string) => {
      const { headers } = await open.run('{ __typename }', {}, { origin });
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
      return headers['access-control-allow-origin'];
    };
    expect(await allowedFor(listed)).toBe(listed);
    for (const origin of [
      'http://app.example',
      'https://app.example.evil.example',
      'https://app.example:8443',
      'https://evil.example/https://app.example',
      'https://APP.example',
      'null',
    ]) {
      expect([origin, '*']).not.toContain(await allowedFor(origin));
    }
    await expect(start({ ...production, CORS_ORIGINS: '*' })).rejects.toThrow('CORS_ORIGINS');
  });

  it('[41] doubled Authorization: two are rejected, whichever of them is good', async () => {
    const before = graph.requests.length;
    const good = `authorization: ${authorization}`;
    const answer = await postRaw(good, 'Authorization: Bearer other');
    expect([answer?.status, answer?.text.includes('BAD_REQUEST')]).toEqual([400, true]);
    expect(graph.requests).toHaveLength(before);
  });

  it('[42] doubled Host: two are rejected', async () => {
    const bytes = headOf('GET /livez', 'host: evil.example', 'connection: close');
    expect((await sendRaw(gateway.url, bytes))?.status).toBe(400);
  });

  it('[43] huge token: one of more than 16 KiB is rejected and goes nowhere', async () => {
    const before = graph.requests.length;
    const answer = await postRaw(`authorization: Bearer ${'a'.repeat(17_000)}`);
    expect(answer?.status).toBe(431);
    expect(answer?.text).not.toContain('a'.repeat(100));
    const longest = { authorization: `Bearer ${'a'.repeat(8_000)}` };
    expect((await gateway.run(totalCountQuery, {}, longest)).codes).toEqual(['UNAUTHENTICATED']);
    expect(graph.requests).toHaveLength(before + 1);
  });

  it('[59] slowloris: closes the connection of a caller that sends byte by byte, and delays no other', async () => {
    const timeouts = { HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '600' };
    const strict = await startOne({ ...production, GRAPH_BASE_URL, ...timeouts });
    const inHeaders = headOf('POST /graphql').slice(0, -4);
    const inBody = `${headOf('POST /graphql', 'content-type: application/json', 'content-length: 9')}{`;
    const slow = Array.from({ length: 40 }, (_caller, index) =>
      sendRaw(strict.url, index % 2 === 0 ? inHeaders : inBody),
    );
    await strict.ask(totalCountQuery);
    for (const answer of await Promise.all(slow)) {
      expect(answer?.status).toBe(408);
    }
  });
});

/** A Graph that is a part of a proxy's paths, and what must not be asked. */
const proxied = await startScriptedServer(silence);
const elsewhere = await startScriptedServer(json(200, { value: [] }));
closeLater(proxied.close, elsewhere.close);
const behind = await start({ ...production, GRAPH_BASE_URL: `${proxied.url.href}proxy` });
const collection = '/proxy/beta/deviceManagement/complianceManagementPartners';

describe('the way to Graph', () => {
  it('[49] path escapes: no id leads a request out of the collection, encoded or not', async () => {
    proxied.follow(json(200, { id: 'a' }));
    const target = { allDevices: {} };
    const climbing = ['', '.', '..', '../users', '..%2fusers', '%2e%2e', '..\\users', 'a/../../me'];
    const odd = ['a/b', 'a?x=1', 'a#b', 'a b', "a')", '\uff0e\uff0e'];
    for (const id of [...climbing, ...odd]) {
      const { status, result, codes } = await behind.run(partnerQuery, { id });
      expect([id, status, codes]).toEqual([id, 200, ['BAD_USER_INPUT']]);
      expect(result.errors?.[0]?.message).toContain('argument "id" cannot be a partner\'s id');
      for (const [mutation, input] of [
        [updateMutation, { id, displayName: 'a' }],
        [deleteMutation, { id }],
        [addAssignmentMutation, { id, platform: 'IOS', target }],
      ] as const) {
        const userErrors = [
          expect.objectContaining({ code: 'BAD_USER_INPUT', field: ['input', 'id'] }),
        ];
        const refused = { complianceManagementPartner: null, userErrors };
        expect(await behind.ask(mutation, { input })).toMatchObject(refused);
      }
    }
    expect(proxied.requests).toEqual([]);
    await behind.run(partnerQuery, { id: 'a~b=.-_' });
    expect(proxied.requests.map(({ url }) => url)).toEqual([`${collection}/a~b=.-_`]);
  });

  it('[50] nextLink and redirect: the token follows neither to another place', async () => {
    const { host } = elsewhere.url;
    const links = [
      `${elsewhere.url.href}beta/deviceManagement/complianceManagementPartners`,
      `//${host}${collection}`,
      `http://user@${host}/`,
      '../../../users',
      '/proxy/beta/users',
    ];
    const answers = [
      ...links.map((link) => json(200, { value: [], '@odata.nextLink': link })),
      ...[301, 302, 303, 307, 308].map((code) => empty(code, { location: elsewhere.url.href })),
    ];
    for (const answer of answers) {
      const before = proxied.requests.length;
      proxied.follow(answer);
      expect((await behind.run(totalCountQuery)).codes).toEqual(['UPSTREAM_BAD_RESPONSE']);
      expect(proxied.requests).toHaveLength(before + 1);
    }
    proxied.follow(empty(201, { location: `${elsewhere.url.href}${collection}/a` }));
    const added = await behind.run(addMutation, { input: { displayName: 'Fleet' } });
    expect(added.codes).toEqual(['OUTCOME_UNKNOWN']);
    expect(elsewhere.requests).toEqual([]);
  });

  it('[52] prototype pollution: neither a request nor an answer of Graph changes what objects inherit', async () => {
    const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const row = `{"id":"a","displayName":"Fleet","__proto__":{"polluted":1},"macOsEnrollmentAssignments":[{"target":{"@odata.type":"#microsoft.graph.new","__proto__":{"polluted":1},"constructor":${polluted}}}]}`;
    proxied.follow(json(200, row));
    const target = '... on UnrecognizedAssignmentTarget { properties }';
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) { displayName macOsEnrollmentAssignments { target { ${target} } } } }`;
    const post = (text: string, variables: string) =>
      behind.post(
        `{"query":${JSON.stringify(text)},"variables":${variables},"extensions":${polluted}}`,
        { authorization },
      );
    const refused = await post(query, '{"id":"a","__proto__":{"id":"b","polluted":1}}');
    await post(addMutation, '{"input":{"displayName":"a","__proto__":{"polluted":1}}}');
    const search = `query=%7B__typename%7D&variables=${encodeURIComponent(polluted)}`;
    await behind.get(`/graphql?${search}&__proto__[polluted]=1`, preflighted);
    const answered = await behind.run(query, { id: 'a' });
    expect(refused.status).toBe(400);
    expect(answered.result.errors).toBeUndefined();
    expect(answered.text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(proxied.requests.filter(({ url }) => url.endsWith('/b'))).toEqual([]);
  });
});
