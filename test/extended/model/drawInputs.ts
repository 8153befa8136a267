import type {
  AssignmentTargetInput,
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
} from '../../../src/generated/graphql.ts';
import type { Choices } from '../fuzz/randomCases.ts';
import { allPlatforms, type Changes, fieldsOf, type Generation } from './modelPartner.ts';
import { heartbeats, names, parts, sendableStates, states } from './vocabulary.ts';

const groupIds = ['2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11', 'c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c'];
const filterIds = ['61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', '0c1d2e3f-4a5b-4e5f-8a9b-61f0b7a93c2d'];
const collectionIds = ['SMS0001a', 'SMS00014'];

/** Between none and so many. */
const several = <Item>(choices: Choices, most: number, draw: () => Item): Item[] =>
  Array.from({ length: choices.below(most + 1) }, draw);

/** A member in every second object. */
const maybe = <Name extends string, Value>(choices: Choices, name: Name, draw: () => Value) =>
  (choices.chance(50) ? { [name]: draw() } : {}) as Partial<Record<Name, Value>>;

/** A target of any kind; the filter is rarer if Graph rejects it. */
export function drawTarget(choices: Choices, { hasFilters }: Generation): AssignmentTargetInput {
  const idOf = (ids: readonly string[]): string => {
    const id = choices.pick(ids);
    return choices.chance(50) ? id.toUpperCase() : id;
  };
  const filter = choices.chance(hasFilters ? 75 : 40)
    ? { id: idOf(filterIds), type: choices.pick(['INCLUDE', 'EXCLUDE'] as const) }
    : null;
  const content = choices.chance(hasFilters ? 60 : 10) ? { filter } : {};
  const group = { groupId: idOf(groupIds), ...content };
  const configurationManagerCollection = { collectionId: idOf(collectionIds), ...content };
  return choices.pick<AssignmentTargetInput>([
    ...[{ allDevices: {} }, { allDevices: content }, { allLicensedUsers: content }],
    ...[{ group }, { exclusionGroup: group }, { configurationManagerCollection }],
  ]);
}

const drawnStates = [...sendableStates, ...sendableStates, 'UNKNOWN_FUTURE_VALUE' as const];

/** The writable properties; what Graph rejects is rare, so that most changes come to pass. */
export function drawChanges(choices: Choices, generation: Generation): Changes {
  const changes: Record<string, unknown> = {};
  const set = (percent: number, name: keyof Changes, percentNull: number, draw: () => unknown) => {
    if (choices.chance(percent)) {
      changes[name] = choices.chance(percentNull) ? null : draw();
    }
  };
  const drawEntry = (): object => {
    const target = choices.chance(10) ? null : drawTarget(choices, generation);
    return choices.chance(10) ? {} : { target };
  };
  set(40, 'displayName', 15, () => choices.pick(names));
  set(35, 'partnerState', 3, () => choices.pick(drawnStates));
  set(35, 'lastHeartbeatDateTime', 3, () => choices.pick(heartbeats));
  for (const platform of allPlatforms) {
    const isKnown = generation.platforms.includes(platform);
    const { onboarded, assignments } = fieldsOf[platform];
    set(isKnown ? 30 : 1, onboarded, 3, () => choices.chance(50));
    set(isKnown ? 20 : 1, assignments, 10, () => several(choices, 3, drawEntry));
  }
  return changes;
}

/** Nulls where they have no meaning. */
const meaningless: readonly ComplianceManagementPartnerFilter[] = [
  { displayName: null },
  { or: [{ partnerState: { in: null } }] },
  { not: { onboarded: null } },
];

/** A filter of any operators, nested a few levels deep; a few have a null that means nothing. */
export function drawFilter(choices: Choices, depth = 0): ComplianceManagementPartnerFilter {
  const inner = (): ComplianceManagementPartnerFilter => drawFilter(choices, depth + 1);
  const lot = choices.below(depth < 3 ? 20 : 12);
  if (lot < 12) {
    return drawCondition(choices);
  }
  if (lot < 16) {
    const nested = several(choices, 3, inner);
    return lot < 14 ? { and: nested } : { or: nested };
  }
  return lot < 19 ? { not: inner() } : choices.chance(15) ? choices.pick(meaningless) : {};
}

function drawCondition(choices: Choices): ComplianceManagementPartnerFilter {
  const text = (): string => choices.pick(parts);
  const state = () => choices.pick(states);
  const instant = (): string => choices.pick(heartbeats);
  const some = () => several(choices, 4, state);
  const orNull = <Value>(value: Value): Value | null => (choices.chance(16) ? null : value);
  const draw = choices.pick<() => ComplianceManagementPartnerFilter>([
    () => ({ partnerState: { eq: orNull(state()) } }),
    () => ({ partnerState: { ...maybe(choices, 'in', some), ...maybe(choices, 'notIn', some) } }),
    () => ({ displayName: { eq: orNull(text()) } }),
    () => ({
      displayName: { ...maybe(choices, 'contains', text), ...maybe(choices, 'startsWith', text) },
    }),
    () => ({
      lastHeartbeatDateTime: {
        ...maybe(choices, 'before', instant),
        ...maybe(choices, 'after', instant),
      },
    }),
    () => ({ onboarded: several(choices, 2, () => choices.pick(allPlatforms)) }),
    () => ({ displayName: { startsWith: text() }, partnerState: { notIn: [state()] } }),
  ]);
  return draw();
}

const orderFields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'] as const;

/** An order of up to three keys; none is Graph's own order. */
export function drawOrder(choices: Choices): readonly ComplianceManagementPartnerOrder[] {
  const keys = several(choices, choices.chance(50) ? 3 : 0, () => ({
    field: choices.pick(orderFields),
    ...maybe(choices, 'direction', () => choices.pick(['ASC', 'DESC'] as const)),
  }));
  return keys.filter(({ field }, index) => keys.findIndex((key) => key.field === field) === index);
}

/** How many rows a list is asked for. */
export function drawCount(choices: Choices): number | null | undefined {
  if (!choices.chance(45)) {
    return undefined;
  }
  const lot = choices.below(33);
  return lot < 30 ? choices.below(8) : choices.pick(lot < 32 ? [null, 1000] : [-1, 1001]);
}
