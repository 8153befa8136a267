import { isJsonObject } from '../shared/json.ts';
import type { EmulatorAnswer } from './http.ts';
import type { ProjectedPartner } from './operations.ts';
import { blankPartner, type PartnerStore } from './store.ts';

/**
 * Ways to answer that no page of this resource promises and that a client still has to bear: Microsoft's own examples
 * write them, Intune has been seen to do them on neighbouring resources, or the versioning rules allow them without
 * notice.
 */
export type Quirk = (typeof oddities)[number];

/** All of them. */
export const oddities = [
  /** Types inside a partner are written without `#`, as in the response on the reference page. */
  'hash-less-types',
  /** A read of what is not there gives a blank partner with 200, a deletion 204: Intune has answered any GUID so. */
  'missing-as-200',
  /** One partner is answered in `{"value": {…}}`, as in the example on Graph's page for the read. */
  'value-wrapper',
  /** Some states are none that the metadata lists; members may be added without notice. */
  'unknown-enum-members',
  /** Some targets are of types that the metadata does not list; clients must expect such. */
  'unknown-target-types',
  /** Each page with rows comes behind one without, which the paging rules allow. */
  'empty-pages',
  /** An update is answered 204 without the partner, which OData allows. */
  'no-content-update',
  /** An update is answered with the partner as it was before, as some Intune types do. */
  'old-entity-update',
  /** Reads show the rows as they were three seconds ago: Intune's lag behind its writes. */
  'lagging-reads',
  /** The names of groups and assignment filters are rejected, as without consent. */
  'names-forbidden',
  /** They are null beside their ids: what Graph shows of an object that a token may not read. */
  'names-withheld',
] as const;

/** What an answer is to. */
interface Asked {
  readonly method: string;
  readonly kind: 'collection' | 'partner';
}

/** Changes a success as oddities have it; what is stored, and a refusal, stay as they are. */
export function applyAnswerQuirks(
  oddities: ReadonlySet<Quirk>,
  { method, kind }: Asked,
  answer: EmulatorAnswer,
): EmulatorAnswer {
  const { body } = answer;
  if (answer.status >= 300 || body === undefined) {
    return answer;
  }
  if (method === 'PATCH' && oddities.has('no-content-update')) {
    return { status: 204 };
  }
  const disguised = disguiseBody(oddities, { ...body });
  const isWrapped = method === 'GET' && kind === 'partner' && oddities.has('value-wrapper');
  return { ...answer, body: isWrapped ? wrap(disguised) : disguised };
}

/** Only a list has an array for its value; one partner has none. */
function disguiseBody(oddities: ReadonlySet<Quirk>, body: ProjectedPartner): ProjectedPartner {
  const rows = body['value'];
  return Array.isArray(rows)
    ? { ...body, value: rows.map((row) => applyPartnerQuirks(oddities, row)) }
    : applyPartnerQuirks(oddities, body);
}

/** The context belongs to the answer and not to the partner, so it stays outside. */
function wrap(entity: ProjectedPartner): object {
  const { '@odata.context': context, ...value } = entity;
  return { '@odata.context': context, value };
}

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

const disguises: Readonly<Partial<Record<Quirk, (partner: Members) => Members>>> = {
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
function applyPartnerQuirks(
  oddities: ReadonlySet<Quirk>,
  partner: ProjectedPartner,
): ProjectedPartner {
  return applyAll(disguises, oddities, partner);
}

/**
 * Takes back what an oddity showed under another name, so that a client which writes what it has read changes nothing;
 * all else is left for the model to judge.
 */
export function recognizePartner(oddities: ReadonlySet<Quirk>, body: unknown): unknown {
  return isJsonObject(body) ? applyAll(recognitions, oddities, body) : body;
}

function applyAll(
  changes: typeof disguises,
  oddities: ReadonlySet<Quirk>,
  partner: Members,
): Members {
  // In the table's order and not in that of the set, so that the order of a configuration means nothing.
  return Object.entries(changes)
    .filter(([oddity]) => oddities.has(oddity as Quirk))
    .reduce((changed, [, change]) => change(changed), partner);
}

function replaceState(partner: Members, from: string, to: string): Members {
  return partner['partnerState'] === from ? { ...partner, partnerState: to } : partner;
}

/** The lists of assignments are the only arrays that a partner has. */
function mapAssignments(partner: Members, change: (assignment: Members) => Members): Members {
  return mapMembers(partner, ([name, value]) => [
    name,
    Array.isArray(value) ? value.map((one) => (isJsonObject(one) ? change(one) : one)) : value,
  ]);
}

function mapTarget(assignment: Members, change: (target: Members) => Members): Members {
  const target = assignment['target'];
  return isJsonObject(target) ? { ...assignment, target: change(target) } : assignment;
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

/** Looks at a store as if every id were taken: one that is not has a blank row, and can be deleted. */
export function storeWithoutGaps(store: PartnerStore): PartnerStore {
  return {
    ...store,
    get: (id) => store.get(id) ?? { ...blankPartner, id },
    delete(id) {
      store.delete(id);
      return true;
    },
  };
}
