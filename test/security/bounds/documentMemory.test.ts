import { describe, expect, it } from '@jest/globals';
import { type DocumentNode, parse } from 'graphql';
import { createDocumentStore } from '../../../src/graphql/documents.ts';
import { type Answer, empty, json } from '../../support/scriptedServer.ts';
import { useStages } from '../../support/stages.ts';

const accepted = { authorization: 'Bearer accepted' };
const forged = { authorization: 'Bearer forged' };

const { scripted } = useStages();
const graphOf: Answer = (response, request) => {
  const isAccepted = request.headers.authorization === accepted.authorization;
  (isAccepted ? json(200, { value: [] }) : empty(401))(response, request);
};

/** Starts a gateway that tells how many documents it had to parse and validate. */
async function start(environment: Record<string, string> = {}) {
  const { gateway } = await scripted(graphOf, environment);
  const { seen } = gateway.measurements;
  const checkedSoFar = () => seen.filter(([limit]) => limit === 'document-bytes').length;
  return { gateway, checkedSoFar };
}

const list = (name: string) => `query ${name} { complianceManagementPartners { totalCount } }`;

describe('a document', () => {
  it('is kept once its operation was executed for a token that Graph accepted', async () => {
    const { gateway, checkedSoFar } = await start();
    for (let count = 0; count < 3; count += 1) {
      expect((await gateway.post({ query: list('A') }, accepted)).status).toBe(200);
    }
    expect(checkedSoFar()).toBe(1);
    // The caller is known from then on, even if an operation does not ask Graph.
    for (let count = 0; count < 2; count += 1) {
      await gateway.post({ query: '{ viewer { authMode } }' }, accepted);
    }
    expect(checkedSoFar()).toBe(2);
  });

  const uncoerced = 'query A($a: Boolean!) { __typename @skip(if: $a) }';
  it.each<[string, object, Record<string, string>]>([
    ['the caller has no token', { query: list('A') }, {}],
    ['Graph rejects the token', { query: list('A') }, forged],
    ['Graph never saw the token', { query: '{ viewer { authMode } }' }, forged],
    ['it asks for introspection only', { query: '{ __typename }' }, {}],
    ['its variables cannot be coerced', { query: uncoerced }, accepted],
    ['no operation of it is chosen', { query: `${list('A')} ${list('B')}` }, accepted],
    ['it is not valid', { query: '{ nothing }' }, accepted],
  ])('leaves nothing behind if %s', async (_what, body, headers) => {
    const { gateway, checkedSoFar } = await start();
    await gateway.post(body, headers);
    await gateway.post(body, headers);
    expect(checkedSoFar()).toBe(2);
  });

  it('is dropped when there is no room for it', async () => {
    const { gateway, checkedSoFar } = await start({ DOCUMENT_CACHE_BYTES: '65536' });
    for (let count = 0; count < 30; count += 1) {
      await gateway.post({ query: list(`A${count}`) }, accepted);
    }
    await gateway.post({ query: list('A0') }, accepted);
    expect(checkedSoFar()).toBe(31);
  });
});

describe('the documents that are kept', () => {
  const documentOf = (fields: number) => parse(`{ ${'a '.repeat(fields)} }`);

  /** Keeps documents by their places in the list. */
  async function keepAll(maximumBytes: number, ...documents: readonly DocumentNode[]) {
    const { store, recordOf, keep, bytes } = createDocumentStore(maximumBytes);
    for (const [index, document] of documents.entries()) {
      await store.set(String(index), document);
      keep(recordOf(document), { isTokenAccepted: () => true });
    }
    return { store, bytes: bytes() };
  }
  const bytesOf = async (...documents: readonly DocumentNode[]) =>
    (await keepAll(1e9, ...documents)).bytes;

  it('count their tokens, their text and its comments', async () => {
    const bytes = await bytesOf(documentOf(100));
    expect(await bytesOf(documentOf(200))).toBeGreaterThan(bytes * 1.5);
    expect(await bytesOf(parse(`{ a(b: "${'c'.repeat(10_000)}") }`))).toBeGreaterThan(20_000);
    expect(await bytesOf(parse(`{ a ${'#\n'.repeat(1_000)} }`))).toBeGreaterThan(90_000);
  });

  it.each([
    ['one byte less than', -1, [false, true]],
    ['exactly', 0, [true, true]],
    ['one byte more than', 1, [true, true]],
  ] as const)('are the last ones used if the bound is %s their size', async (_what, more, kept) => {
    const documents = [documentOf(100), documentOf(100)];
    const size = await bytesOf(...documents);
    const { store, bytes } = await keepAll(size + more, ...documents);
    const found = await Promise.all(documents.map((_document, index) => store.get(String(index))));
    expect(found.map((document) => document !== undefined)).toEqual(kept);
    expect(bytes).toBeLessThanOrEqual(size + more);
  });
});
