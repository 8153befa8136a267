import type {
  AssignmentTargetInput,
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
} from '../../../src/generated/graphql.ts';
import type { Choices } from '../fuzz/randomCases.ts';
import {
  allPlatforms,
  assignmentsOf,
  type Changes,
  type Generation,
  onboardedOf,
} from './modelPartner.ts';
import { heartbeats, names, parts, states } from './vocabulary.ts';

const ids = {
  group: ['2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11', 'c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c'],
  filter: ['61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', '0c1d2e3f-4a5b-4e5f-8a9b-61f0b7a93c2d'],
  collection: ['SMS0001a', 'SMS00014'],
};

/** A target of any kind; the filter is rarer if Graph rejects it. */
export function drawTarget(choices: Choices, { hasFilters }: Generation): AssignmentTargetInput {
  const idOf = (kind: keyof typeof ids): string => {
    const id = choices.pick(ids[kind]);
    return choices.chance(50) ? id.toUpperCase() : id;
  };
  const filter = choices.chance(hasFilters ? 75 : 40)
    ? { id: idOf('filter'), type: choices.pick(['INCLUDE', 'EXCLUDE'] as const) }
    : null;
  const content = choices.chance(hasFilters ? 60 : 10) ? { filter } : {};
  const group = { groupId: idOf('group'), ...content };
  const configurationManagerCollection = { collectionId: idOf('collection'), ...content };
  return choices.pick<AssignmentTargetInput>([
    { allDevices: {} },
    { allDevices: content },
    { allLicensedUsers: content },
    { group },
    { exclusionGroup: group },
    { configurationManagerCollection },
  ]);
}

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
  set(35, 'partnerState', 3, () => choices.pick([...states, ...states.slice(0, -1)]));
  set(35, 'lastHeartbeatDateTime', 3, () => choices.pick(heartbeats));
  for (const platform of allPlatforms) {
    const isKnown = generation.platforms.includes(platform);
    set(isKnown ? 30 : 1, onboardedOf(platform), 3, () => choices.chance(50));
    set(isKnown ? 20 : 1, assignmentsOf(platform), 10, () => choices.some(4, drawEntry));
  }
  return changes;
}

/** The operators of a filter's properties, with values for them; null has a meaning for `eq` only. */
const operators = {
  partnerState: {
    eq: (choices) => choices.pick([...states, null]),
    in: (choices) => choices.some(4, () => choices.pick(states)),
    notIn: (choices) => choices.some(4, () => choices.pick(states)),
  },
  displayName: {
    eq: (choices) => choices.pick([...parts, null]),
    contains: (choices) => choices.pick(parts),
    startsWith: (choices) => choices.pick(parts),
  },
  lastHeartbeatDateTime: {
    before: (choices) => choices.pick(heartbeats),
    after: (choices) => choices.pick(heartbeats),
  },
} satisfies Record<string, Record<string, (choices: Choices) => unknown>>;

function drawCondition(choices: Choices): ComplianceManagementPartnerFilter {
  if (choices.chance(12)) {
    return { onboarded: choices.some(2, () => choices.pick(allPlatforms)) };
  }
  const [name, all] = choices.pick(Object.entries(operators));
  const among = Object.entries<(choices: Choices) => unknown>(all);
  const first = choices.below(among.length);
  const drawn = among.filter((_operator, index) => index === first || choices.chance(25));
  return { [name]: Object.fromEntries(drawn.map(([operator, draw]) => [operator, draw(choices)])) };
}

/** A filter of any operators, nested a few levels deep; a few have a null that means nothing. */
export function drawFilter(choices: Choices, depth = 0): ComplianceManagementPartnerFilter {
  const inner = (): ComplianceManagementPartnerFilter => drawFilter(choices, depth + 1);
  const lot = choices.below(depth < 3 ? 20 : 12);
  if (lot < 12) {
    return drawCondition(choices);
  }
  if (lot < 16) {
    return { [lot < 14 ? 'and' : 'or']: choices.some(4, inner) };
  }
  const meaningless = [{ displayName: null }, { or: [{ partnerState: { in: null } }] }];
  return lot < 19 ? { not: inner() } : choices.chance(15) ? choices.pick(meaningless) : {};
}

const orderFields = ['DISPLAY_NAME', 'PARTNER_STATE', 'LAST_HEARTBEAT_DATE_TIME'] as const;

/** An order of up to three keys; none is Graph's own order. */
export function drawOrder(choices: Choices): readonly ComplianceManagementPartnerOrder[] {
  const keys = choices.some(choices.chance(70) ? 4 : 0, () => ({
    field: choices.pick(orderFields),
    ...(choices.chance(50) && { direction: choices.pick(['ASC', 'DESC'] as const) }),
  }));
  return keys.filter(({ field }, index) => keys.findIndex((key) => key.field === field) === index);
}

/** How many rows a list is asked for. */
export function drawCount(choices: Choices): number | null | undefined {
  const [isGiven, lot] = [choices.chance(45), choices.below(33)];
  return isGiven
    ? choices.pick([lot % 8, lot % 8, lot % 8, lot < 24 ? 7 : lot < 31 ? null : lot * 33 - 1023])
    : undefined;
}
