import { isJsonObject } from '../shared/json.ts';
import type { EmulatorAnswer } from './http.ts';

/**
 * Ways to answer that no page of this resource promises and that a client still has to bear: Microsoft's own examples
 * write them, Intune has been seen to do them on neighbouring resources, or the versioning rules allow them without
 * notice.
 */
export type Quirk = (typeof oddities)[number];

export const oddities = [
  /** Types inside a partner are written without `#`, as in the response on the reference page. */
  'hash-less-types',
  /** A missing id reads as a blank partner with 200 and is deleted with 204: Intune has answered any GUID so. */
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

type Members = Readonly<Record<string, unknown>>;

/** Changes a success as oddities have it; what is stored stays as it is. */
export function applyAnswerQuirks(
  oddities: ReadonlySet<Quirk>,
  { method, isOne }: { readonly method: string; readonly isOne: boolean },
  answer: EmulatorAnswer,
): EmulatorAnswer {
  const { body } = answer;
  if (!isJsonObject(body)) {
    return answer;
  }
  if (method === 'PATCH' && oddities.has('no-content-update')) {
    return { status: 204 };
  }
  // Only a list has an array for its value; one partner has none.
  const { value: rows } = body;
  const disguised = Array.isArray(rows)
    ? { ...body, value: rows.map((row) => applyAll(disguises, oddities, row)) }
    : applyAll(disguises, oddities, body);
  if (method !== 'GET' || !isOne || !oddities.has('value-wrapper')) {
    return { ...answer, body: disguised };
  }
  // The context belongs to the answer and not to the partner, so it stays outside.
  const { '@odata.context': context, ...value } = disguised;
  return { ...answer, body: { '@odata.context': context, value } };
}

/**
 * Takes back what an oddity showed under another name, so that a client which writes what it has read changes nothing;
 * all else is left for the model to judge.
 */
export function recognizePartner(oddities: ReadonlySet<Quirk>, body: unknown): unknown {
  return isJsonObject(body) ? applyAll(recognitions, oddities, body) : body;
}

/** The state that no schema lists, and the one in whose place it is shown. */
const unlistedState = 'suspended';
const listedState = 'rejected';

/** A type of target without the end of its name, its own property, and constants beside that. */
type TargetShape = readonly [type: string, property: string, constants?: Members];

/** Types that the metadata lists, and types that only a page or a package of Microsoft's has. */
const targetDisguises: readonly (readonly [listed: TargetShape, unlisted: TargetShape])[] = [
  [
    ['exclusionGroup', 'groupId'],
    ['scopeTagGroup', 'entraObjectId', { targetType: 'user' }],
  ],
  [
    ['configurationManagerCollection', 'collectionId'],
    ['androidFotaDeployment', 'groupId'],
  ],
];

type Change = (members: Members) => Members;

const disguises: Readonly<Partial<Record<Quirk, Change>>> = {
  'unknown-enum-members': (partner) => replaceState(partner, listedState, unlistedState),
  'unknown-target-types': mapTargets((target) =>
    targetDisguises.reduce((one, [from, to]) => reshape(one, from, to), target),
  ),
  'hash-less-types': (partner) => mapAssignments(mapTargets(withoutHash)(partner), withoutHash),
};

const recognitions: typeof disguises = {
  'unknown-enum-members': (partner) => replaceState(partner, unlistedState, listedState),
  'unknown-target-types': mapTargets((target) =>
    targetDisguises.reduce((one, [to, from]) => reshape(one, from, to), target),
  ),
};

/** In the table's order and not in that of the set, so that the order of a configuration means nothing. */
function applyAll(
  changes: typeof disguises,
  oddities: ReadonlySet<Quirk>,
  partner: Members,
): Members {
  return Object.entries(changes)
    .filter(([oddity]) => oddities.has(oddity as Quirk))
    .reduce((changed, [, change]) => change(changed), partner);
}

function replaceState(partner: Members, from: string, to: string): Members {
  return partner['partnerState'] === from ? { ...partner, partnerState: to } : partner;
}

/** The lists of assignments are the only arrays that a partner has. */
function mapAssignments(partner: Members, change: Change): Members {
  const mapList = (list: unknown[]): unknown[] =>
    list.map((one) => (isJsonObject(one) ? change(one) : one));
  const entries = Object.entries(partner).map(([name, value]) => [
    name,
    Array.isArray(value) ? mapList(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function mapTargets(change: Change): Change {
  return (partner) =>
    mapAssignments(partner, (assignment) => {
      const { target } = assignment;
      return isJsonObject(target) ? { ...assignment, target: change(target) } : assignment;
    });
}

function withoutHash(typed: Members): Members {
  const { '@odata.type': type } = typed;
  return typeof type === 'string' ? { ...typed, '@odata.type': type.replace(/^#/, '') } : typed;
}

function reshape(
  target: Members,
  [type, property, constants = {}]: TargetShape,
  [newType, newProperty, newConstants]: TargetShape,
): Members {
  const name = String(target['@odata.type']).replace(/^#?microsoft\.graph\./, '');
  if (name !== `${type}AssignmentTarget`) {
    return target;
  }
  const kept = Object.entries(target)
    .filter(([member]) => !Object.hasOwn(constants, member))
    .map(([member, value]) => [member === property ? newProperty : member, value]);
  const odataType = { '@odata.type': `#microsoft.graph.${newType}AssignmentTarget` };
  return { ...Object.fromEntries(kept), ...odataType, ...newConstants };
}
