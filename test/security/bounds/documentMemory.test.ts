import { afterAll, describe, expect, it } from '@jest/globals';
import { type DocumentNode, parse } from 'graphql';
import { createDocumentStore } from '../../../src/graphql/documents.ts';
import { empty, json } from '../../support/scriptedServer.ts';
import { useStages } from '../../support/stages.ts';

const accepted = { authorization: 'Bearer accepted' };
const { scripted } = useStages(afterAll);
const { gateway } = await scripted(
  (response, request) => {
    const isAccepted = request.headers.authorization === accepted.authorization;
    (isAccepted ? json(200, { value: [] }) : empty(401))(response, request);
  },
  { DOCUMENT_CACHE_BYTES: '65536' },
);
/** How many documents had to be parsed and validated. */
const checkedSoFar = () =>
  gateway.measurements.seen.filter(([limit]) => limit === 'document-bytes').length;

const list = (name: string) => `query ${name} { complianceManagementPartners { totalCount } }`;
const viewer = (name: string) => `query ${name} { viewer { authMode } }`;
const uncoerced = 'query A($a: Boolean!) { __typename @skip(if: $a) }';
const forged = { authorization: 'Bearer forged' };
const unseen = { authorization: 'Bearer unseen' };

describe('a document', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['is kept once Graph accepted the token', list('A'), accepted, 1],
    ['is kept for a caller that Graph accepted before', viewer('B'), accepted, 1],
    ['is not kept if the caller has no token', list('C'), {}, 3],
    ['is not kept if Graph rejects the token', list('D'), forged, 3],
    ['is not kept if Graph never saw the token', viewer('E'), unseen, 3],
    ['is not kept if it asks for introspection only', '{ __typename }', unseen, 3],
    ['is not kept if its variables cannot be coerced', uncoerced, accepted, 3],
    ['is not kept if no operation of it is chosen', list('F') + list('G'), accepted, 3],
    ['is not kept if it is not valid', '{ nothing }', accepted, 3],
  ])('%s', async (_what, query, headers, expected) => {
    const before = checkedSoFar();
    for (let count = 0; count < 3; count += 1) {
      await gateway.post({ query }, headers);
    }
    expect(checkedSoFar() - before).toBe(expected);
  });

  it('is dropped when there is no room for it', async () => {
    const before = checkedSoFar();
    for (const index of [...Array(30).keys(), 0]) {
      await gateway.post({ query: list(`A${index}`) }, accepted);
    }
    expect(checkedSoFar() - before).toBe(31);
  });
});

describe('the documents that are kept', () => {
  const documents = [0, 0].map(() => parse(`{ ${'a '.repeat(100)} }`));

  /** Keeps documents by their places in the list. */
  async function keepAll(maximumBytes: number, ...all: readonly DocumentNode[]) {
    const { store, recordOf, keep, bytes } = createDocumentStore(maximumBytes);
    for (const [index, document] of all.entries()) {
      await store.set(String(index), document);
      keep(recordOf(document), { isTokenAccepted: () => true });
    }
    return { store, bytes: bytes() };
  }
  const bytesOf = async (...all: readonly DocumentNode[]) => (await keepAll(1e9, ...all)).bytes;

  it('count their tokens, their text and its comments', async () => {
    const bytes = await bytesOf(parse(`{ ${'a '.repeat(100)} }`));
    expect(await bytesOf(parse(`{ ${'a '.repeat(200)} }`))).toBeGreaterThan(bytes * 1.5);
    expect(await bytesOf(parse(`{ a(b: "${'c'.repeat(10_000)}") }`))).toBeGreaterThan(20_000);
    expect(await bytesOf(parse(`{ a ${'#\n'.repeat(1_000)} }`))).toBeGreaterThan(90_000);
  });

  it.each([
    [-1, [false, true]],
    [0, [true, true]],
  ])('are the last ones used if the bound is their size and %i', async (more, kept) => {
    const size = (await bytesOf(...documents)) + more;
    const { store, bytes } = await keepAll(size, ...documents);
    const found = await Promise.all(documents.map((_document, index) => store.get(String(index))));
    expect(found.map((document) => document !== undefined)).toEqual(kept);
    expect(bytes).toBeLessThanOrEqual(size);
  });
});
