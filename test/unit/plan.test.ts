import { describe, expect, it } from '@jest/globals';
import { Kind, parse } from 'graphql';
import { compilePlan } from '../../src/graphql/plan/plan.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  listQuery,
  pageInput,
  partnerQuery,
  removeAssignmentMutation,
  totalCountQuery,
  updateMutation,
} from '../support/documents.ts';
import { playPlanCases, whoAnswers } from '../support/planCases.ts';

const id = 'row-1';
const target = { id, platform: 'IOS', target: { allDevices: {} } };

const oneWith = (fields: string): string =>
  `{ complianceManagementPartner(id: "${id}") { id ${fields} } }`;

describe('a compiled plan', () => {
  it('answers as graphql-js does, to the byte, for generated operations and values', async () => {
    const { valid, printed, unlike } = await playPlanCases(300);
    // Otherwise graphql-js would have been compared with itself.
    expect(printed).toBeGreaterThan(valid / 2);
    expect(unlike).toBeLessThan(valid / 100);
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ['an add', addMutation, { input: pageInput }],
    ['an update', updateMutation, { input: { id, displayName: 'Other' } }],
    ['an added assignment', addAssignmentMutation, { input: target }],
    ['a removed assignment', removeAssignmentMutation, { input: target }],
    ['a delete', deleteMutation, { input: { id } }],
    ['one partner', partnerQuery, { id }],
    ['a list', listQuery, { first: 10 }],
    ['a count', totalCountQuery, {}],
    [
      'a node',
      'query ($id: ID!) { node(id: $id) { id ... on ComplianceManagementPartner { revision } } }',
      { id },
    ],
    ['nodes', `{ nodes(ids: ["${id}"]) { __typename id } }`, {}],
    [
      'platforms',
      oneWith(
        'platforms(in: [IOS]) { platform enrollmentAssignments { target { filter { id } } } }',
      ),
      {},
    ],
    [
      'the id of a group',
      oneWith('iosEnrollmentAssignments { target { ...on GroupAssignmentTarget { groupId } } }'),
      {},
    ],
    [
      'an alias',
      '{ list: complianceManagementPartners { nodes { platforms { onboarded } } } }',
      {},
    ],
    [
      'directives',
      'query ($is: Boolean!) { viewer { authMode @include(if: $is) kind @skip(if: $is) } }',
      { is: true },
    ],
    ['a type name', '{ __typename }', {}],
  ])('covers %s', async (_what, query, variables) => {
    expect(await whoAnswers(query, variables)).toBe('plan');
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ['a missing variable', partnerQuery, {}],
    ['an unknown input field', addMutation, { input: { displayName: 'A', none: 1 } }],
    [
      'two targets in one',
      addAssignmentMutation,
      { input: { ...target, target: { allDevices: {}, group: null } } },
    ],
    ['introspection', '{ __schema { description } }', {}],
    [
      'the name of a filter',
      oneWith('iosEnrollmentAssignments { target { filter { displayName } } }'),
      {},
    ],
    [
      'the name of a group',
      oneWith(
        'iosEnrollmentAssignments { target { ...on GroupAssignmentTarget { group { displayName } } } }',
      ),
      {},
    ],
  ])('leaves %s to graphql-js', async (_what, query, variables) => {
    expect(await whoAnswers(query, variables)).toBe('graphql-js');
  });

  it.each(['@include(if: false) @skip(if: $maybe)', '@skip(if: $maybe) @include(if: false)'])(
    'leaves %s to graphql-js if the variable is null in spite of its default',
    async (directives) => {
      for (const selection of [
        `viewer { __typename isVerified ${directives} }`,
        `viewer { __typename } other: viewer ${directives} { __typename }`,
        `viewer { __typename ... ${directives} { isVerified } }`,
        `...Part ${directives} viewer { __typename }`,
      ]) {
        const part = selection.includes('Part') ? 'fragment Part on Query { __typename }' : '';
        const query = `query ($maybe: Boolean = false) { ${selection} } ${part}`;
        expect(await whoAnswers(query, { maybe: null })).toBe('graphql-js');
      }
    },
  );

  it('chooses fields by the value of a condition, whatever the texts beside it are', async () => {
    const document = parse(`query X($x: Boolean!) { __typename @include(if: $x) }
      query A($x: String, $s: Boolean!, $y: String) { __typename @include(if: $s) }
      query Y($y: Boolean!) { __typename @include(if: $y) }`);
    const operation = document.definitions[1];
    if (operation?.kind !== Kind.OPERATION_DEFINITION) {
      throw new TypeError('It is no operation');
    }
    const limits = { answerBytes: 1e6, answerValues: 1e5 };
    const plan = compilePlan(createSchema(readSdl()), document, operation, limits);
    const run = (variables: object) => plan.run({ ...variables }, {} as RequestContext);
    const included = await run({ x: 'a', s: true, y: 'false,b' });
    const left = await run({ x: 'a,true', s: false, y: 'b' });
    expect([included, left]).toEqual(['{"__typename":"Query"}', '{}']);
  });

  it('leaves an error in the place of an object to graphql-js', async () => {
    const schema = createSchema(readSdl());
    const viewer = schema.getQueryType()?.getFields()['viewer'];
    const document = parse('{ viewer { __typename } }');
    const operation = document.definitions[0];
    if (viewer === undefined || operation?.kind !== Kind.OPERATION_DEFINITION) {
      throw new TypeError('The schema is another one');
    }
    const limits = { answerBytes: 1e6, answerValues: 1e5 };
    // All files of this process share the schema.
    const { resolve } = viewer;
    const texts = await Promise.all(
      [{}, new Error('given')].map((given) => {
        viewer.resolve = () => given;
        return compilePlan(schema, document, operation, limits).run({}, {} as RequestContext);
      }),
    ).finally(() => Object.assign(viewer, { resolve }));
    expect(texts).toEqual(['{"viewer":{"__typename":"Viewer"}}', undefined]);
  });
});
