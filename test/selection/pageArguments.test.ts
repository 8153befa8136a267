import { describe, expect, it } from '@jest/globals';
import type { QueryComplianceManagementPartnersArgs } from '../../src/generated/graphql.ts';
import { cursorOf } from '../../src/selection/cursor.ts';
import { readPageArguments } from '../../src/selection/pageArguments.ts';

const listCursor = cursorOf({ kind: 'list', place: { id: 'a', index: 3, before: [] } });
const byName = [{ field: 'DISPLAY_NAME', direction: 'ASC' } as const];
const nameCursor = cursorOf({
  kind: 'order',
  signature: 'n+',
  place: { id: 'a', values: ['A'] },
});

describe('readPageArguments', () => {
  it.each<[QueryComplianceManagementPartnersArgs, number | undefined, number | undefined]>([
    [{}, 100, undefined],
    [
      { first: null, last: null, after: null, before: null, filter: null, orderBy: null },
      100,
      undefined,
    ],
    [{ first: 1 }, 1, undefined],
    [{ first: 1000 }, 1000, undefined],
    [{ last: 5 }, undefined, 5],
    [{ first: 10, last: 5 }, 10, 5],
  ])('takes %j for first %p and last %p', (args, first, last) => {
    expect(readPageArguments(args)).toMatchObject({ first, last });
  });

  it.each<[QueryComplianceManagementPartnersArgs, string, RegExp]>([
    [{ first: 0 }, 'first', /is 0; it must be from 1 to 1000/],
    [{ last: 1001 }, 'last', /is 1001; it must be from 1 to 1000/],
    [{ after: 'rubbish' }, 'after', /is no cursor of this list/],
    [{ before: 'rubbish' }, 'before', /is no cursor of this list/],
    [{ after: nameCursor }, 'after', /another order/],
    [{ after: listCursor, orderBy: byName }, 'after', /another order/],
    [
      { before: nameCursor, orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }] },
      'before',
      /another order/,
    ],
    [{ filter: { displayName: null } }, 'filter', /filter\.displayName is null/],
    [{ filter: { displayName: { contains: null } } }, 'filter', /contains is null/],
    [{ filter: { and: [{ not: null }] } }, 'filter', /filter\.and\.0\.not is null/],
    [
      {
        orderBy: [
          { field: 'DISPLAY_NAME', direction: 'ASC' },
          { field: 'PARTNER_STATE', direction: 'ASC' },
          { field: 'DISPLAY_NAME', direction: 'DESC' },
        ],
      },
      'orderBy',
      /has DISPLAY_NAME more than once; order by each field once/,
    ],
  ])('refuses %j at %s', (args, argumentName, problem) => {
    expect(readPageArguments(args)).toEqual({
      argumentName,
      problem: expect.stringMatching(problem),
    });
  });

  it.each<[QueryComplianceManagementPartnersArgs]>([
    [{ after: listCursor }],
    [{ after: listCursor, orderBy: [] }],
    [{ after: nameCursor, orderBy: byName }],
    [{ filter: { displayName: { eq: null }, partnerState: { eq: null } } }],
  ])('accepts %j', (args) => {
    expect(readPageArguments(args)).not.toHaveProperty('problem');
  });
});
