import fc from 'fast-check';
import type {
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
} from '../../../src/generated/graphql.ts';
import { allPlatforms } from './generations.ts';
import { heartbeats, parts, states } from './vocabulary.ts';

const texts = fc.constantFrom(...parts.map(({ text }) => text));
const instants = fc.constantFrom(...heartbeats);
const anyState = fc.constantFrom(...states);
const several = fc.array(anyState, { maxLength: 4 });
const optional = { requiredKeys: [] };

function orNull<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.option<Value, null>(values, { nil: null });
}

const conditions: readonly fc.Arbitrary<ComplianceManagementPartnerFilter>[] = [
  fc.record({ partnerState: fc.record({ eq: orNull(anyState) }) }),
  fc.record({ partnerState: fc.record({ in: several, notIn: several }, optional) }),
  fc.record({ displayName: fc.record({ eq: orNull(texts) }) }),
  fc.record({ displayName: fc.record({ contains: texts, startsWith: texts }, optional) }),
  fc.record({ lastHeartbeatDateTime: fc.record({ before: instants, after: instants }, optional) }),
  fc.record({ onboarded: fc.array(fc.constantFrom(...allPlatforms), { maxLength: 2 }) }),
  fc.tuple(texts, anyState).map(([startsWith, state]) => ({
    displayName: { startsWith },
    partnerState: { notIn: [state] },
  })),
];

/** Nulls where they have no meaning. */
const meaningless = fc.constantFrom<ComplianceManagementPartnerFilter>(
  { displayName: null },
  { or: [{ partnerState: { in: null } }] },
  { not: { onboarded: null } },
);

/** Filters of all operators, nested a few levels deep; a few have a null that means nothing. */
export const filters: fc.Arbitrary<ComplianceManagementPartnerFilter> = fc.letrec<{
  filter: ComplianceManagementPartnerFilter;
}>((tie) => {
  const nested = fc.array(tie('filter'), { maxLength: 3 });
  return {
    filter: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      { weight: 12, arbitrary: fc.oneof(...conditions) },
      { weight: 2, arbitrary: fc.record({ and: nested }) },
      { weight: 2, arbitrary: fc.record({ or: nested }) },
      { weight: 3, arbitrary: fc.record({ not: tie('filter') }) },
      {
        weight: 1,
        arbitrary: fc.oneof(
          { weight: 6, arbitrary: fc.constant({}) },
          { weight: 1, arbitrary: meaningless },
        ),
      },
    ),
  };
}).filter;

const keys: fc.Arbitrary<ComplianceManagementPartnerOrder> = fc.record(
  {
    field: fc.constantFrom(
      'DISPLAY_NAME' as const,
      'PARTNER_STATE' as const,
      'LAST_HEARTBEAT_DATE_TIME' as const,
    ),
    direction: fc.constantFrom('ASC' as const, 'DESC' as const),
  },
  { requiredKeys: ['field'] },
);

/** Orders of up to three keys, which may repeat; none is Graph's own order. */
export const orders: fc.Arbitrary<readonly ComplianceManagementPartnerOrder[]> = fc.oneof(
  fc.constant([]),
  fc.uniqueArray(keys, { minLength: 1, maxLength: 3, selector: ({ field }) => field }),
);
