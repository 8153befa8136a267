import { describe, expect, it } from '@jest/globals';
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

describe('a compiled plan', () => {
  it('answers as graphql-js does, to the byte, for generated operations and values', async () => {
    const { valid, printed } = await playPlanCases(300);
    // Otherwise graphql-js would have been compared with itself.
    expect(printed).toBeGreaterThan(valid / 2);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    [addMutation, { input: pageInput }],
    [updateMutation, { input: { id, displayName: 'Other' } }],
    [addAssignmentMutation, { input: target }],
    [removeAssignmentMutation, { input: target }],
    [deleteMutation, { input: { id } }],
    [partnerQuery, { id }],
    [listQuery, { first: 10 }],
    [totalCountQuery, {}],
    [
      'query ($id: ID!) { node(id: $id) { id ... on ComplianceManagementPartner { revision } } }',
      { id },
    ],
    [`{ nodes(ids: ["${id}"]) { __typename id } }`, {}],
    ['{ list: complianceManagementPartners { nodes { platforms(in: [IOS]) { onboarded } } } }', {}],
    [
      'query ($is: Boolean!) { viewer { authMode @include(if: $is) kind @skip(if: $is) } }',
      { is: true },
    ],
    ['{ __typename }', {}],
  ])('covers %.60j', async (query, variables) => {
    expect(await whoAnswers(query, variables)).toBe('plan');
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    [partnerQuery, {}],
    [addMutation, { input: { displayName: 'A', none: 1 } }],
    [addAssignmentMutation, { input: { ...target, target: { allDevices: {}, group: null } } }],
    ['{ __schema { description } }', {}],
  ])('leaves %.60j with %j to graphql-js', async (query, variables) => {
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
});
