import { describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { compilePlan } from '../../src/graphql/plan/plan.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import * as documents from '../support/documents.ts';
import { playPlanCases, whoAnswers } from '../support/planCases.ts';

const id = 'row-1';
const target = { id, platform: 'IOS', target: { allDevices: {} } };

describe('a compiled plan', () => {
  it('answers as graphql-js does, to the byte, for generated operations and values', async () => {
    const { valid, printed, unlike } = await playPlanCases(300);
    // Otherwise graphql-js would have been compared with itself.
    expect(printed).toBeGreaterThan(valid / 2);
    expect(unlike).toBeLessThan(valid / 100);
  });

  const oneWith = (fields: string): string =>
    `{ complianceManagementPartner(id: "${id}") { id ${fields} } }`;
  const group = (fields: string): string =>
    oneWith(`iosEnrollmentAssignments { target { ...on GroupAssignmentTarget { ${fields} } } }`);
  const platforms =
    'platforms(in: [IOS]) { platform enrollmentAssignments { target { filter { id } } } }';
  const conditional =
    'query ($is: Boolean!) { viewer { authMode @include(if: $is) kind @skip(if: $is) } }';

  it.each<[string, Readonly<Record<string, unknown>>?]>([
    [documents.addMutation, { input: documents.pageInput }],
    [documents.updateMutation, { input: { id, displayName: 'Other' } }],
    [documents.addAssignmentMutation, { input: target }],
    [documents.removeAssignmentMutation, { input: target }],
    [documents.deleteMutation, { input: { id } }],
    [documents.partnerQuery, { id }],
    [documents.listQuery, { first: 10 }],
    [documents.totalCountQuery],
    [`{ node(id: "${id}") { id ... on ComplianceManagementPartner { revision } } }`],
    [`{ nodes(ids: ["${id}"]) { __typename id } }`],
    [oneWith(platforms)],
    [group('groupId')],
    ['{ list: complianceManagementPartners { nodes { platforms { onboarded } } } }'],
    [conditional, { is: true }],
    ['{ __typename }'],
  ])('covers %.90s', async (...[query, variables]) => {
    expect(await whoAnswers(query, variables)).toBe('plan');
  });

  it.each<[string, Readonly<Record<string, unknown>>?]>([
    [documents.partnerQuery, {}],
    [documents.addMutation, { input: { displayName: 'A', none: 1 } }],
    [
      documents.addAssignmentMutation,
      { input: { ...target, target: { allDevices: {}, group: null } } },
    ],
    ['{ __schema { description } }'],
    [oneWith('iosEnrollmentAssignments { target { filter { displayName } } }')],
    [group('group { displayName }')],
  ])('leaves %.90s to graphql-js', async (...[query, variables]) => {
    expect(await whoAnswers(query, variables)).toBe('graphql-js');
  });

  it.each([
    'viewer { __typename isVerified @d }',
    'viewer { __typename } other: viewer @d { __typename }',
    'viewer { __typename ... @d { isVerified } }',
    '...Part @d viewer { __typename } } fragment Part on Query { __typename',
  ])('leaves { %s } to graphql-js if the variable of @d is null', async (selection) => {
    for (const at of [
      '@include(if: false) @skip(if: $maybe)',
      '@skip(if: $maybe) @include(if: false)',
    ]) {
      const query = `query ($maybe: Boolean = false) { ${selection.replace('@d', at)} }`;
      expect(await whoAnswers(query, { maybe: null })).toBe('graphql-js');
    }
  });

  const schema = createSchema(readSdl());
  function planOf(query: string) {
    const document = parse(query);
    const operation = getOperationAST(document, 'A');
    const limits = { answerBytes: 1e6, answerValues: 1e5 };
    const plan = operation && compilePlan(schema, document, operation, limits);
    return (variables = {}) => plan?.run(variables, {} as RequestContext);
  }

  it('chooses fields by the value of a condition, whatever the texts beside it are', async () => {
    const run = planOf(`query X($x: Boolean!) { __typename @include(if: $x) }
      query A($x: String, $s: Boolean!, $y: String) { __typename @include(if: $s) }
      query Y($y: Boolean!) { __typename @include(if: $y) }`);
    const included = await run({ x: 'a', s: true, y: 'false,b' });
    const left = await run({ x: 'a,true', s: false, y: 'b' });
    expect([included, left]).toEqual(['{"__typename":"Query"}', '{}']);
  });

  it('leaves an error in the place of an object to graphql-js', async () => {
    const viewer = schema.getQueryType()?.getFields()['viewer'];
    const { resolve } = viewer ?? {};
    const texts = await Promise.all(
      [{}, new Error('given')].map((given) => {
        Object.assign(viewer ?? {}, { resolve: () => given });
        return planOf('query A { viewer { __typename } }')();
      }),
      // All files of this process share the schema.
    ).finally(() => Object.assign(viewer ?? {}, { resolve }));
    expect(texts).toEqual(['{"viewer":{"__typename":"Viewer"}}', undefined]);
  });
});
