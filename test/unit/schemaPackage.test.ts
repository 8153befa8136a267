import { describe, expect, it } from '@jest/globals';
import { buildClientSchema, type IntrospectionQuery, isObjectType } from 'graphql';
import { partnerPages, typePolicies } from '../../schema/clients/apollo.js';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { clientArtifactsOf } from '../../tools/artifacts/clientArtifacts.ts';

const ref = (id: number) => ({ __ref: `ComplianceManagementPartner:${id}` });
const edges = (...ids: number[]) => ids.map((id) => ({ cursor: `c${id}`, node: ref(id) }));
const info = (start: number, end: number, hasPreviousPage: boolean, hasNextPage: boolean) => ({
  startCursor: `c${start}`,
  endCursor: `c${end}`,
  hasPreviousPage,
  hasNextPage,
});

describe("Apollo Client's policy for pages", () => {
  const pageOf = (start: number, end: number, hasPrevious: boolean, hasNext: boolean) => {
    const ids = Array.from({ length: end - start + 1 }, (_value, index) => start + index);
    const pageInfo = info(start, end, hasPrevious, hasNext);
    return { nodes: ids.map(ref), edges: edges(...ids), pageInfo };
  };
  const first = { totalCount: 5, ...pageOf(1, 2, false, true) };

  it.each<[string, unknown, unknown, object, unknown]>([
    ['a first page stands alone', undefined, first, {}, first],
    [
      'a next page is added to nodes and edges',
      first,
      { totalCount: 4, ...pageOf(3, 4, true, false) },
      { first: 2, after: 'c2' },
      { totalCount: 4, ...pageOf(1, 4, false, false) },
    ],
    [
      'a page before is put in front',
      pageOf(3, 4, true, false),
      pageOf(1, 2, false, true),
      { last: 2, before: 'c3' },
      pageOf(1, 4, false, false),
    ],
    [
      'a row that is there already comes once',
      pageOf(1, 2, false, true),
      pageOf(2, 3, true, false),
      { after: 'c2' },
      pageOf(1, 3, false, false),
    ],
    [
      'a page that does not join takes the place',
      first,
      pageOf(8, 9, true, false),
      { after: 'c7' },
      pageOf(8, 9, true, false),
    ],
    ['a list that failed is null', first, null, { after: 'c2' }, null],
  ])('%s', (_what, existing, incoming, args, merged) => {
    expect(partnerPages.merge(existing, incoming, { args: { ...args } })).toEqual(merged);
  });

  it('keeps lists apart by filter, order and what they are made of, not by their pages', () => {
    const select = (...names: string[]) => ({
      field: { selectionSet: { selections: names.map((value) => ({ name: { value } })) } },
    });
    const keyOf = (args: Record<string, unknown>, ...names: string[]) =>
      partnerPages.keyArgs(args, select(...names));
    const usual = keyOf({ first: 2 }, 'nodes', 'pageInfo');
    expect(keyOf({ first: 9, after: 'c' }, 'nodes')).toBe(usual);
    for (const other of [
      keyOf({}, 'edges'),
      keyOf({}, 'nodes', 'edges'),
      keyOf({ filter: { onboarded: ['IOS'] } }, 'nodes'),
      keyOf({ orderBy: [] }, 'nodes'),
    ]) {
      expect(other).not.toBe(usual);
    }
  });

  it('never keeps an assignment filter by an id that several assignments share', () => {
    expect(typePolicies.AssignmentFilter).toEqual({ keyFields: false });
  });
});

describe('the package for clients', () => {
  const sdl = readSdl();
  const artifacts = clientArtifactsOf(createSchema(sdl), sdl);

  it('knows every type without a key of its own for urql', () => {
    const introspection = JSON.parse(artifacts['introspection.json'] ?? '') as IntrospectionQuery;
    const schema = buildClientSchema(introspection);
    const named = [...(artifacts['urql.js'] ?? '').matchAll(/^ {2}(\w+): embedded,$/gm)];
    const embedded = new Set(named.map(([, name]) => name));
    const keyed = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !name.startsWith('__') && !embedded.has(name))
      .map(({ name }) => name);
    expect(keyed).toEqual(expect.arrayContaining(['ComplianceManagementPartner', 'Query']));
    expect(keyed).not.toContain('AssignmentFilter');
    expect(keyed).not.toContain('PageInfo');
    expect(artifacts['introspection.json']).not.toContain('third-party');
  });
});
