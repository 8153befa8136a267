import fc from 'fast-check';
import type {
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
  Platform,
} from '../../../src/generated/graphql.ts';
import { allPlatforms, fieldsOf, type Generation } from './generations.ts';
import type { Changes } from './modelPartner.ts';
import type {
  CommandPick,
  CursorPick,
  EntryPick,
  IdPick,
  ListPick,
  RevisionPick,
} from './picks.ts';
import { heartbeats, names, parts, sendableStates, states } from './vocabulary.ts';

const texts = fc.constantFrom(...parts.map(({ text }) => text));
const instants = fc.constantFrom(...heartbeats);
const anyState = fc.constantFrom(...states);
const several = fc.array(anyState, { maxLength: 4 });
const optional = { requiredKeys: [] };

function nullable<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.option<Value, null>(values, { nil: null });
}

const conditions: readonly fc.Arbitrary<ComplianceManagementPartnerFilter>[] = [
  fc.record({ partnerState: fc.record({ eq: nullable(anyState) }) }),
  fc.record({ partnerState: fc.record({ in: several, notIn: several }, optional) }),
  fc.record({ displayName: fc.record({ eq: nullable(texts) }) }),
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
const filters: fc.Arbitrary<ComplianceManagementPartnerFilter> = fc.letrec<{
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
const orders: fc.Arbitrary<readonly ComplianceManagementPartnerOrder[]> = fc.oneof(
  fc.constant([]),
  fc.uniqueArray(keys, { minLength: 1, maxLength: 3, selector: ({ field }) => field }),
);

/** Ids that partners may be added with; some differ in their case only. */
const ownIds = ['own-a', 'OWN-A', 'own-b', '~own.c=', '0c65e46a-e46a-0c65-6ae4-650c6ae4650c'];
const illegalIds = ['..', 'a/b', '', "x')"];
const groupIds = ['2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11', 'c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c'];
const filterIds = ['61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', '0c1d2e3f-4a5b-4e5f-8a9b-61f0b7a93c2d'];

/** The value with this many chances in a hundred, undefined otherwise. */
function sometimes<Value>(
  percent: number,
  values: fc.Arbitrary<Value>,
): fc.Arbitrary<Value | undefined> {
  return fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
    { weight: percent, arbitrary: values },
  );
}

/** The value, or null with this many chances in a hundred. */
function orNull<Value>(percent: number, values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof(
    { weight: 100 - percent, arbitrary: values },
    { weight: percent, arbitrary: fc.constant(null) },
  );
}

/** Fields that are absent where their value is undefined. */
function sparse<Fields extends object>(
  fields: {
    [Name in keyof Fields]-?: fc.Arbitrary<Fields[Name] | undefined>;
  },
): fc.Arbitrary<Fields> {
  return fc
    .record<Fields>(fields as { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> })
    .map((record) => {
      const given = Object.entries(record).filter(([, value]) => value !== undefined);
      return Object.fromEntries(given) as Fields;
    });
}

const inAnyCase = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...texts, ...texts.map((text) => text.toUpperCase()));

function targetsOf({ hasFilters }: Generation): fc.Arbitrary<AssignmentTargetInput> {
  const filter = sometimes(
    hasFilters ? 60 : 10,
    orNull(
      hasFilters ? 25 : 60,
      fc.record({
        id: inAnyCase(filterIds),
        type: fc.constantFrom('INCLUDE' as const, 'EXCLUDE' as const),
      }),
    ),
  );
  const group = sparse<NonNullable<AssignmentTargetInput['group']>>({
    groupId: inAnyCase(groupIds),
    filter,
  });
  const collection = sparse<NonNullable<AssignmentTargetInput['configurationManagerCollection']>>({
    collectionId: inAnyCase(['SMS0001a', 'SMS00014']),
    filter,
  });
  return fc.oneof(
    sparse<{ filter?: never }>({ filter: fc.constant(undefined) }).map((allDevices) => ({
      allDevices,
    })),
    sparse<NonNullable<AssignmentTargetInput['allDevices']>>({ filter }).map((allDevices) => ({
      allDevices,
    })),
    sparse<NonNullable<AssignmentTargetInput['allLicensedUsers']>>({ filter }).map(
      (allLicensedUsers) => ({ allLicensedUsers }),
    ),
    group.map((content) => ({ group: content })),
    group.map((exclusionGroup) => ({ exclusionGroup })),
    collection.map((configurationManagerCollection) => ({ configurationManagerCollection })),
  );
}

/** The writable properties; what Graph refuses is rare, so that most changes come to pass. */
function changesOf(generation: Generation): fc.Arbitrary<Changes> {
  const entries: fc.Arbitrary<ComplianceManagementPartnerAssignmentInput> = sparse({
    target: sometimes(90, orNull(10, targetsOf(generation))),
  });
  const isKnown = (platform: Platform): boolean => generation.platforms.includes(platform);
  const ofPlatforms = allPlatforms.flatMap((platform) => [
    [fieldsOf[platform].onboarded, sometimes(isKnown(platform) ? 30 : 1, orNull(3, fc.boolean()))],
    [
      fieldsOf[platform].assignments,
      sometimes(isKnown(platform) ? 20 : 1, orNull(10, fc.array(entries, { maxLength: 3 }))),
    ],
  ]);
  return sparse<Changes>({
    displayName: sometimes(40, orNull(15, fc.constantFrom(...names.map(({ text }) => text)))),
    partnerState: sometimes(
      35,
      orNull(3, fc.constantFrom(...sendableStates, ...sendableStates, 'UNKNOWN_FUTURE_VALUE')),
    ),
    lastHeartbeatDateTime: sometimes(35, orNull(3, fc.constantFrom(...heartbeats))),
    ...Object.fromEntries(ofPlatforms),
  });
}

const existing: fc.Arbitrary<IdPick> = fc
  .record({ index: fc.nat(40), isOtherCase: fc.boolean() })
  .map((pick) => ({ kind: 'existing', ...pick }));
const literal = (ids: readonly string[]): fc.Arbitrary<IdPick> =>
  fc.constantFrom(...ids).map((id) => ({ kind: 'literal', id }));
const ids = fc.oneof(
  { weight: 20, arbitrary: existing },
  { weight: 3, arbitrary: literal([...ownIds, 'nobody']) },
  { weight: 1, arbitrary: literal(illegalIds) },
);

const revisions = fc.oneof(
  { weight: 10, arbitrary: fc.constant<RevisionPick>('absent') },
  { weight: 4, arbitrary: fc.constant<RevisionPick>('current') },
  { weight: 4, arbitrary: fc.constantFrom<RevisionPick>('stale', 'null', 'garbage') },
);

const entries: fc.Arbitrary<EntryPick> = fc.record({
  index: fc.nat(20),
  isOtherCase: fc.boolean(),
  filter: fc.constantFrom('same', 'absent', 'null'),
});

const counts = sometimes(
  45,
  fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 0, max: 7 }) },
    { weight: 2, arbitrary: fc.constantFrom(null, 1000) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1001) },
  ),
);
const cursors: fc.Arbitrary<CursorPick> = fc.oneof(
  { weight: 10, arbitrary: fc.constant('absent') },
  { weight: 9, arbitrary: fc.nat(11) },
  { weight: 1, arbitrary: fc.constant('unknown') },
);
const lists: fc.Arbitrary<ListPick> = fc.record({
  kind: fc.constant('list'),
  first: counts,
  last: counts,
  after: cursors,
  before: cursors,
  keeps: fc.constantFrom('orderAndFilter', 'orderAndFilter', 'order', 'order', 'nothing'),
  filter: sometimes(50, orNull(5, filters)),
  orderBy: orders,
});

/** The commands' picks for a generation, one arbitrary for each kind; the likely ones stand there more than once. */
export function picksOf(generation: Generation): readonly fc.Arbitrary<CommandPick>[] {
  const changes = changesOf(generation);
  const { platforms } = generation;
  const inputs = sparse<{ readonly id?: string | null }>({
    id: sometimes(30, orNull(10, fc.constantFrom(...ownIds, ...ownIds, ...illegalIds))),
  });
  const add = fc.tuple(changes, inputs, fc.constantFrom(...names.map(({ text }) => text))).map(
    ([given, withId, displayName]): CommandPick => ({
      kind: 'add',
      input: { ...given, ...withId, displayName },
    }),
  );
  const update = fc.record({
    kind: fc.constant<'update'>('update'),
    id: ids,
    revision: revisions,
    changes: fc.oneof(
      { weight: 12, arbitrary: changes },
      { weight: 1, arbitrary: fc.constant({}) },
    ),
  });
  const ofAssignment = (kind: 'addAssignment' | 'removeAssignment') =>
    fc.record({
      kind: fc.constant(kind),
      id: ids,
      revision: revisions,
      platform: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...platforms) },
        { weight: 1, arbitrary: fc.constantFrom(...allPlatforms) },
      ),
      target: targetsOf(generation),
      entry: sometimes(kind === 'addAssignment' ? 30 : 70, entries),
    });
  const addAssignment = ofAssignment('addAssignment');
  const removeAssignment = ofAssignment('removeAssignment');
  const remove = fc.record({ kind: fc.constant<'delete'>('delete'), id: ids, revision: revisions });
  const read = fc.record({ kind: fc.constant<'read'>('read'), id: ids });
  const readSeveral = fc.record({
    kind: fc.constant<'readSeveral'>('readSeveral'),
    ids: fc.array(ids, { minLength: 3, maxLength: 3 }),
  });
  return [
    ...[add, add, add, update, update, update, remove, remove, read, readSeveral],
    ...[addAssignment, addAssignment, removeAssignment, removeAssignment],
    ...[lists, lists, lists, lists],
  ];
}
