import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { recordingMeasurements } from '../support/measurements.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;
let measurements: ReturnType<typeof recordingMeasurements>;

async function start(environment: Record<string, string>): Promise<void> {
  measurements = recordingMeasurements();
  gateway = await startTestGateway(
    { GRAPH_BASE_URL: graph.url.href, ...environment },
    { measurements },
  );
}

beforeAll(async () => {
  graph = await startScriptedServer(json(200, { value: [] }));
});

afterAll(() => graph.close());

afterEach(() => gateway.stop(0));

const headers = { accept: 'application/graphql-response+json', authorization: 'Bearer token' };
const ask = async (query: string) => {
  const answer = await gateway.post({ query }, headers);
  return { status: answer.status, result: JSON.parse(answer.text) };
};
const warnings = () =>
  gateway.logLines
    .map((line) => JSON.parse(line))
    .filter(({ message }) => message === 'A document beyond a limit passes');
const repeated = (text: string, count: number): string => `${text} `.repeat(count);

const tooMany = `{ ${repeated('__typename @include(if: true)', 11)} }`;

describe('LIMITS_MODE=warn-only', () => {
  beforeEach(() => start({ LIMITS_MODE: 'warn-only' }));

  it('lets through what only costs, logs the document once and counts every request', async () => {
    // Documents are kept only for a token that Graph has accepted.
    await ask('{ complianceManagementPartners { totalCount } }');
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await ask(tooMany)).toEqual({
        status: 200,
        result: { data: { __typename: 'Query' } },
      });
    }
    expect(warnings()).toEqual([
      expect.objectContaining({ level: 'warn', limit: 'root-fields', seen: 11, allowed: 10 }),
      expect.objectContaining({ level: 'warn', limit: 'directives', seen: 11, allowed: 10 }),
    ]);
    expect(warnings()[0].requestId).toMatch(/^id-/);
    expect(measurements.events).toEqual(
      Array.from({ length: 3 }, () => ['root-fields warned', 'directives warned']).flat(),
    );
  });

  it.each<[string, string, number, string]>([
    ['too many tokens', `{ ${repeated('__typename', 1000)} }`, 400, 'TOO_MANY_TOKENS'],
    ['too many bytes', `{ __typename } #${'x'.repeat(16_384)}`, 413, 'DOCUMENT_TOO_LARGE'],
  ])('still refuses %s', async (_what, query, status, code) => {
    const answer = await ask(query);
    expect([answer.status, answer.result.errors[0].extensions.code]).toEqual([status, code]);
  });

  it('still refuses bodies that are too large, too deep or ambiguous', async () => {
    const codes: string[] = [];
    for (const body of [
      'x'.repeat(65_537),
      `{"query":"{ __typename }","variables":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      '{"query":"{ __typename }","query":"{ __typename }"}',
    ]) {
      codes.push(JSON.parse((await gateway.post(body)).text).errors[0].extensions.code);
    }
    expect(codes).toEqual(['REQUEST_TOO_LARGE', 'JSON_TOO_DEEP', 'DUPLICATE_KEYS']);
    expect(measurements.events).toEqual([
      'body-bytes rejected',
      'json-depth rejected',
      'duplicate-keys rejected',
    ]);
  });
});

describe('what is measured of limits', () => {
  beforeEach(() => start({}));

  it('is each request that is refused, by the limit', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await ask(tooMany)).status).toBe(400);
    }
    await ask(`{ ${repeated('__typename', 1000)} }`);
    await ask(`{ ${repeated('wrong', 10)} }`);
    expect(measurements.events).toEqual([
      'root-fields rejected',
      'directives rejected',
      'root-fields rejected',
      'directives rejected',
      'tokens rejected',
      'errors rejected',
    ]);
    expect(warnings()).toEqual([]);
  });

  it('is what was seen: of bodies each time, of documents when they are checked', async () => {
    const query =
      '{ x: __typename @include(if: true) complianceManagementPartners { totalCount } }';
    const body = JSON.stringify({ query });
    await gateway.post(body, headers);
    await gateway.post(body, headers);
    const ofBody = [
      ['body-bytes', body.length],
      ['json-depth', 1],
    ];
    expect(measurements.seen).toEqual([
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
    ]);
  });

  it('is the JSON of URLs, too', async () => {
    const search = new URLSearchParams({ query: '{ __typename }', variables: '{"a":[1]}' });
    await gateway.get(`/graphql?${search}`, { 'apollo-require-preflight': '1' });
    expect(measurements.seen[0]).toEqual(['json-depth', 3]);
  });
});
