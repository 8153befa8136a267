import { afterAll, describe, expect, it } from '@jest/globals';
import { times, useStages } from '../support/stages.ts';

const { embedded } = useStages(afterAll);
const { graph, gateway } = await embedded({}, { NODE_ENV: 'production' });

async function codesFor(query: string): Promise<readonly unknown[]> {
  const before = graph.requests.length;
  const { status, codes, result } = await gateway.run(query);
  expect([status, result.data]).toEqual([400, undefined]);
  expect(graph.requests).toHaveLength(before);
  return codes;
}

async function outcomeOf(body: string): Promise<readonly unknown[]> {
  const { status, codes } = await gateway.post(body);
  return [status, codes[0]];
}

describe('the limits at the door', () => {
  it('[20] tokens: a document of more than 1,000 is rejected', async () => {
    const query = `{ complianceManagementPartners { nodes { ${'id '.repeat(1_001)} } } }`;
    expect(await codesFor(query)).toEqual(['TOO_MANY_TOKENS']);
  });

  it('[21] depth: more than 8 levels of fields are rejected, through fragments too', async () => {
    const nine = `${'complianceManagementPartners { '.repeat(8)} id ${'} '.repeat(8)}`;
    expect(await codesFor(`{ ${nine} }`)).toContain('QUERY_TOO_DEEP');
    const chain = times(9, (index) => `fragment F${index} on Query { a { ...F${index + 1} } }`);
    const query = `{ ...F0 } ${chain} fragment F9 on Query { a }`;
    expect(await codesFor(query)).toContain('QUERY_TOO_DEEP');
  });

  it('[22] aliases: more than 20 are rejected, __typename counted and fragments multiplied', async () => {
    const aliases = (count: number) => times(count, (index) => `a${index}: __typename`);
    expect(await codesFor(`{ viewer { ${aliases(21)} } }`)).toEqual(['TOO_MANY_ALIASES']);
    const spread = `{ viewer { ...V ...V ...V } } fragment V on Viewer { ${aliases(7)} }`;
    expect(await codesFor(spread)).toEqual(['TOO_MANY_ALIASES']);
  });

  it('[23] root fields: more than 10 are rejected, so that one request cannot be many', async () => {
    const fields = times(
      11,
      (index) =>
        `a${index}: deleteComplianceManagementPartner(input: { id: "a${index}" }) { userErrors { code } }`,
    );
    expect(await codesFor(`mutation { ${fields} }`)).toEqual(['TOO_MANY_ROOT_FIELDS']);
  });

  it('[24] directives: more than 10 in one operation are rejected', async () => {
    const fields = times(11, (index) => `a${index}: __typename @include(if: true)`);
    expect(await codesFor(`{ viewer { ${fields} } }`)).toEqual(['TOO_MANY_DIRECTIVES']);
  });

  it('[25] body: more than 64 KiB are rejected before they are read to the end', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { a: 'x'.repeat(65_536) } });
    expect(await outcomeOf(body)).toEqual([413, 'REQUEST_TOO_LARGE']);
  });

  it('[26] JSON depth: more than 32 objects and arrays inside each other are rejected', async () => {
    const deep = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`;
    const tooDeep = [400, 'JSON_TOO_DEEP'];
    expect(await outcomeOf(`{"query":"{ __typename }","variables":${deep}}`)).toEqual(tooDeep);
    expect(await outcomeOf('['.repeat(30_000) + ']'.repeat(30_000))).toEqual(tooDeep);
  });

  it('[27] duplicate keys: two members of one name are rejected at every depth', async () => {
    const refused = [400, 'DUPLICATE_KEYS'];
    const twoQueries = '{"query":"{ __typename }","query":"{ viewer { kind } }"}';
    expect(await outcomeOf(twoQueries)).toEqual(refused);
    const inside = '{"input":{"id":"a","\\u0069d":"b"}}';
    expect(await outcomeOf(`{"query":"{ __typename }","variables":${inside}}`)).toEqual(refused);
  });
});
