import type { ProjectedPartner } from '../projection.ts';
import type { Oddity } from '../quirks.ts';

type Members = Readonly<Record<string, unknown>>;

/** A target that is shown as one of another type. */
interface TargetDisguise {
  readonly listedType: string;
  readonly unlistedType: string;
  /** The property that both have under different names. */
  readonly listedName: string;
  readonly unlistedName: string;
  /** What the unlisted type has beside it. */
  readonly ownMembers: Members;
}

const listedState = 'rejected';
const unlistedState = 'suspended';

/** Types that a page or a package of Microsoft's knows and the metadata does not. */
const targetDisguises: readonly TargetDisguise[] = [
  {
    listedType: 'exclusionGroupAssignmentTarget',
    unlistedType: 'scopeTagGroupAssignmentTarget',
    listedName: 'groupId',
    unlistedName: 'entraObjectId',
    ownMembers: { targetType: 'user' },
  },
  {
    listedType: 'configurationManagerCollectionAssignmentTarget',
    unlistedType: 'androidFotaDeploymentAssignmentTarget',
    listedName: 'collectionId',
    unlistedName: 'groupId',
    ownMembers: {},
  },
];

const disguises: Readonly<Partial<Record<Oddity, (partner: Members) => Members>>> = {
  'unknown-enum-members': (partner) => replaceState(partner, listedState, unlistedState),
  'unknown-target-types': (partner) => mapAssignments(partner, (one) => mapTarget(one, toUnlisted)),
  'hash-less-types': (partner) =>
    mapAssignments(partner, (one) => mapTarget(withoutHash(one), withoutHash)),
};

const recognitions: typeof disguises = {
  'unknown-enum-members': (partner) => replaceState(partner, unlistedState, listedState),
  'unknown-target-types': (partner) => mapAssignments(partner, (one) => mapTarget(one, toListed)),
};

/** Shows a partner as oddities have it; the same partner always looks the same. */
export function disguisePartner(
  oddities: ReadonlySet<Oddity>,
  partner: ProjectedPartner,
): ProjectedPartner {
  return applyAll(disguises, oddities, partner);
}

/**
 * Takes back what an oddity showed under another name, so that a client which writes what it has read changes nothing;
 * all else is left for the model to judge.
 */
export function recognizePartner(oddities: ReadonlySet<Oddity>, body: unknown): unknown {
  return isMembers(body) ? applyAll(recognitions, oddities, body) : body;
}

function applyAll(
  changes: typeof disguises,
  oddities: ReadonlySet<Oddity>,
  partner: Members,
): Members {
  // In the table's order and not in that of the set, so that the order of a configuration means nothing.
  return Object.entries(changes)
    .filter(([oddity]) => oddities.has(oddity as Oddity))
    .reduce((changed, [, change]) => change(changed), partner);
}

function replaceState(partner: Members, from: string, to: string): Members {
  return partner['partnerState'] === from ? { ...partner, partnerState: to } : partner;
}

/** The lists of assignments are the only arrays that a partner has. */
function mapAssignments(partner: Members, change: (assignment: Members) => Members): Members {
  return mapMembers(partner, ([name, value]) => [
    name,
    Array.isArray(value) ? value.map((one) => (isMembers(one) ? change(one) : one)) : value,
  ]);
}

function mapTarget(assignment: Members, change: (target: Members) => Members): Members {
  const target = assignment['target'];
  return isMembers(target) ? { ...assignment, target: change(target) } : assignment;
}

function withoutHash(typed: Members): Members {
  const type = typed['@odata.type'];
  return typeof type === 'string' ? { ...typed, '@odata.type': type.replace(/^#/, '') } : typed;
}

function toUnlisted(target: Members): Members {
  const type = typeNameOf(target);
  const disguise = targetDisguises.find(({ listedType }) => listedType === type);
  if (disguise === undefined) {
    return target;
  }
  const { unlistedType, listedName, unlistedName, ownMembers } = disguise;
  return { ...rewriteTarget(target, unlistedType, listedName, unlistedName), ...ownMembers };
}

function toListed(target: Members): Members {
  const type = typeNameOf(target);
  const disguise = targetDisguises.find(({ unlistedType }) => unlistedType === type);
  if (disguise === undefined) {
    return target;
  }
  const { listedType, listedName, unlistedName, ownMembers } = disguise;
  const others = Object.entries(target).filter(([name]) => !Object.hasOwn(ownMembers, name));
  return rewriteTarget(Object.fromEntries(others), listedType, unlistedName, listedName);
}

function rewriteTarget(target: Members, type: string, from: string, to: string): Members {
  return mapMembers(target, ([name, value]) =>
    name === '@odata.type'
      ? [name, `#microsoft.graph.${type}`]
      : [name === from ? to : name, value],
  );
}

function typeNameOf(target: Members): string {
  return String(target['@odata.type']).replace(/^#?microsoft\.graph\./, '');
}

function mapMembers(
  members: Members,
  change: (entry: readonly [string, unknown]) => readonly [string, unknown],
): Members {
  return Object.fromEntries(Object.entries(members).map(change));
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
