import { describe, expect, it } from '@jest/globals';
import { countPrinted, findPlanProblemOf, playPlanCases } from '../support/planCases.ts';

describe('a compiled plan', () => {
  it('answers as graphql-js does, to the byte, for generated operations and values', async () => {
    const { valid, printed } = await playPlanCases(300);
    // Otherwise graphql-js would have been compared with itself.
    expect(printed).toBeGreaterThan(valid / 2);
  });

  it.each([
    [
      'prints',
      'platforms { platform onboarded enrollmentAssignments { target { filter { id } } } }',
    ],
    ['prints', 'iosEnrollmentAssignments { target { ... on GroupAssignmentTarget { groupId } } }'],
    ['leaves', 'iosEnrollmentAssignments { target { filter { displayName } } }'],
    [
      'leaves',
      'platforms { enrollmentAssignments { target { ... on GroupAssignmentTarget { group { displayName } } } } }',
    ],
  ])('%s an operation with %s', async (what, fields) => {
    const query = `{ complianceManagementPartner(id: "x") { id ${fields} } }`;
    expect((await countPrinted(query)) > 0).toBe(what === 'prints');
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
        expect(await findPlanProblemOf(query, { maybe: null })).toBeUndefined();
      }
    },
  );
});
