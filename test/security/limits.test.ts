import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

async function codesFor(query: string, variables: object = {}): Promise<readonly unknown[]> {
  const before = stage.graph.requests.length;
  const answer = await stage.gateway.run(query, variables);
  expect(answer.status).toBe(400);
  expect(answer.result.data).toBeUndefined();
  expect(stage.graph.requests).toHaveLength(before);
  return codesIn(answer);
}

async function post(body: string): Promise<{ status: number; code: unknown }> {
  const { status, text } = await stage.gateway.post(body);
  const { errors } = JSON.parse(text) as { errors: { extensions: { code: unknown } }[] };
  return { status, code: errors[0]?.extensions.code };
}

describe('the limits at the door', () => {
  it('[20] tokens: a document of more than 1,000 is refused', async () => {
    expect(
      await codesFor(`{ complianceManagementPartners { nodes { ${'id '.repeat(1_001)} } } }`),
    ).toEqual(['TOO_MANY_TOKENS']);
  });

  it('[21] depth: more than 8 levels of fields are refused, through fragments too', async () => {
    const nine = `${'complianceManagementPartners { '.repeat(8)} id ${'} '.repeat(8)}`;
    expect(await codesFor(`{ ${nine} }`)).toContain('QUERY_TOO_DEEP');
    const chain = repeat(9, (index) => `fragment F${index} on Query { a { ...F${index + 1} } }`);
    expect(await codesFor(`{ ...F0 } ${chain} fragment F9 on Query { a }`)).toContain(
      'QUERY_TOO_DEEP',
    );
  });

  it('[22] aliases: more than 20 are refused, __typename counted and fragments multiplied', async () => {
    const aliases = repeat(21, (index) => `a${index}: __typename`);
    expect(await codesFor(`{ viewer { ${aliases} } }`)).toEqual(['TOO_MANY_ALIASES']);
    const fragment = `fragment V on Viewer { ${repeat(7, (index) => `a${index}: __typename`)} }`;
    const spreads = '{ viewer { ...V ...V ...V } }';
    expect(await codesFor(`${spreads} ${fragment}`)).toEqual(['TOO_MANY_ALIASES']);
  });

  it('[23] root fields: more than 10 are refused, so that one request cannot be many', async () => {
    const fields = repeat(
      11,
      (index) =>
        `a${index}: deleteComplianceManagementPartner(input: { id: "a${index}" }) { userErrors { code } }`,
    );
    expect(await codesFor(`mutation { ${fields} }`)).toEqual(['TOO_MANY_ROOT_FIELDS']);
  });

  it('[24] directives: more than 10 in one operation are refused', async () => {
    const fields = repeat(11, (index) => `a${index}: __typename @include(if: true)`);
    expect(await codesFor(`{ viewer { ${fields} } }`)).toEqual(['TOO_MANY_DIRECTIVES']);
  });

  it('[25] body: more than 64 KiB are refused before they are read to the end', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { a: 'x'.repeat(65_536) } });
    expect(await post(body)).toEqual({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  it('[26] JSON depth: more than 32 objects and arrays inside each other are refused', async () => {
    const deep = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`;
    const body = `{"query":"{ __typename }","variables":${deep}}`;
    expect(await post(body)).toEqual({ status: 400, code: 'JSON_TOO_DEEP' });
    expect((await post(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)).code).toBe('JSON_TOO_DEEP');
  });

  it('[27] duplicate keys: two members of one name are refused at every depth', async () => {
    const refused = { status: 400, code: 'DUPLICATE_KEYS' };
    expect(await post('{"query":"{ __typename }","query":"{ viewer { kind } }"}')).toEqual(refused);
    const inside = '{"input":{"id":"a","\\u0069d":"b"}}';
    expect(await post(`{"query":"{ __typename }","variables":${inside}}`)).toEqual(refused);
  });
});
