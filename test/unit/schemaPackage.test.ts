import { describe, expect, it } from '@jest/globals';
import { buildClientSchema, type IntrospectionQuery, isObjectType } from 'graphql';
import { partnerPages, typePolicies } from '../../schema/clients/apollo.js';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { clientArtifactsOf } from '../../tools/artifacts/clientArtifacts.ts';

/** The rows from one to another; `<` and `>` stand for pages before and after them. */
function page(start: number, end: number, others = '') {
  const ids = Array.from({ length: end - start + 1 }, (_value, index) => start + index);
  const nodes = ids.map((id) => ({ __ref: `ComplianceManagementPartner:${id}` }));
  const edges = ids.map((id, index) => ({ cursor: `c${id}`, node: nodes[index] }));
  const [hasPreviousPage, hasNextPage] = [others.includes('<'), others.includes('>')];
  const cursors = { startCursor: `c${start}`, endCursor: `c${end}` };
  return { nodes, edges, pageInfo: { ...cursors, hasPreviousPage, hasNextPage } };
}

describe("Apollo Client's policy for pages", () => {
  const first = { totalCount: 5, ...page(1, 2, '>') };
  const [next, whole] = [page(3, 4, '<'), page(1, 4)].map((of) => ({ totalCount: 4, ...of }));
  const after = { first: 2, after: 'c2' };

  it.each<[string, unknown, unknown, object, unknown]>([
    ['a first page stands alone', undefined, first, {}, first],
    ['a next page is added to nodes and edges', first, next, after, whole],
    ['one before is put in front', page(3, 4, '<'), page(1, 2, '>'), { before: 'c3' }, page(1, 4)],
    ['a row that is there comes once', page(1, 2, '>'), page(2, 3, '<'), after, page(1, 3)],
    ['another takes the place', first, page(8, 9, '<'), { after: 'c7' }, page(8, 9, '<')],
    ['a list that failed is null', first, null, after, null],
  ])('%s', (_what, existing, incoming, args, merged) => {
    expect(partnerPages.merge(existing, incoming, { args: { ...args } })).toEqual(merged);
  });

  it('keeps lists apart by filter, order and what they are made of, not by their pages', () => {
    const keyOf = (args: Record<string, unknown>, ...names: string[]) => {
      const selections = names.map((value) => ({ name: { value } }));
      return partnerPages.keyArgs(args, { field: { selectionSet: { selections } } });
    };
    const usual = keyOf({ first: 2 }, 'nodes', 'pageInfo');
    expect(keyOf({ first: 9, after: 'c' }, 'nodes')).toBe(usual);
    const others = [keyOf({}, 'edges'), keyOf({}, 'nodes', 'edges')];
    others.push(
      keyOf({ filter: { onboarded: ['IOS'] } }, 'nodes'),
      keyOf({ orderBy: [] }, 'nodes'),
    );
    expect(others).not.toContain(usual);
  });

  it('never keeps an assignment filter by an id that several assignments share', () => {
    expect(typePolicies.AssignmentFilter).toEqual({ keyFields: false });
  });
});

it('the package for clients knows every type without a key of its own for urql', () => {
  const sdl = readSdl();
  const artifacts = clientArtifactsOf(createSchema(sdl), sdl);
  const introspection = JSON.parse(artifacts['introspection.json'] ?? '') as IntrospectionQuery;
  const schema = buildClientSchema(introspection);
  const embedded = artifacts['urql.js']?.match(/(?<=^ {2})\w+(?=: embedded,$)/gm);
  const keyed = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('__') && !embedded?.includes(name));
  expect(keyed).toEqual(expect.arrayContaining(['ComplianceManagementPartner', 'Query']));
  expect(keyed).not.toContain('AssignmentFilter');
  expect(keyed).not.toContain('PageInfo');
  expect(artifacts['introspection.json']).not.toContain('third-party');
});
