import type {
  AssignmentResource,
  AssignmentTargetResource,
  NewAssignmentTargetResource,
  PartnerChanges,
  PartnerResource,
  WirePlatform,
} from '../graph/types.ts';
import { isGuid } from '../shared/forms.ts';
import { isJsonObject } from '../shared/json.ts';
import { digestOf } from '../shared/secret.ts';
import { instantKeyOf } from './dateTimeOffset.ts';
import { wirePlatforms } from './model.ts';

type FlagProperty = `${WirePlatform}Onboarded`;
type ListProperty = `${WirePlatform}EnrollmentAssignments`;

/** What a change of is a new revision: all that a user can change, neither the heartbeat nor the state. */
export type RevisedProperty = 'displayName' | FlagProperty | ListProperty;

export const revisedProperties: readonly RevisedProperty[] = [
  'displayName',
  ...wirePlatforms.map((platform): FlagProperty => `${platform}Onboarded`),
  ...wirePlatforms.map((platform): ListProperty => `${platform}EnrollmentAssignments`),
];

/**
 * Digests all that a user can change, by meaning and not by spelling, over what Graph wrote and not over what the schema
 * shows: a change inside a target that the schema does not recognize counts too.
 */
export function revisionOf(partner: PartnerResource): string {
  let state = '';
  for (const property of revisedProperties) {
    state += `${meaningOf(property, partner[property])};`;
  }
  return digestOf(state);
}

/** The properties of a body that a partner holds in another meaning than the body has them. */
export function findDifferences<Sent extends PartnerChanges>(
  sent: Sent,
  held: PartnerResource,
): (Exclude<keyof Sent, '@odata.type'> & ComparedProperty)[] {
  return (Object.keys(sent) as (keyof Sent & keyof PartnerResource)[]).filter(
    (property): property is Exclude<keyof Sent, '@odata.type'> & ComparedProperty =>
      property !== '@odata.type' &&
      meaningOf(property, sent[property]) !== meaningOf(property, held[property]),
  );
}

/** A property of a partner that can be compared by meaning. */
type ComparedProperty = Exclude<keyof PartnerResource, '@odata.type'>;

/**
 * Gives a text that is the same for all ways in which Graph may write one value of a property: absent, null, false and
 * an empty list are one, the order of assignments does not count, nor do the case of ids, `#` in a type, a filter of
 * `none`, an offset of a time, and OData's annotations. All else counts, in targets that the schema does not list too.
 */
export function meaningOf(property: ComparedProperty, value: unknown): string {
  if (value == null || value === false) {
    return '';
  }
  if (Array.isArray(value)) {
    return meaningOfList(value);
  }
  if (typeof value !== 'string') {
    return canonicalOf(value);
  }
  switch (property) {
    case 'id':
      return part(value.toLowerCase());
    case 'lastHeartbeatDateTime':
      return part(instantKeyOf(value) ?? value);
    default:
      return part(value);
  }
}

function meaningOfList(list: readonly unknown[]): string {
  return list.map(meaningOfEntry).sort().join();
}

const declaredType = 'compliancemanagementpartnerassignment';

/** A null entry is an assignment without a target. */
function meaningOfEntry(entry: unknown): string {
  if (!isJsonObject(entry)) {
    return entry == null ? '[]' : canonicalOf(entry);
  }
  const { target } = entry;
  let others: string[] | undefined;
  for (const name of Object.keys(entry)) {
    if (name === '@odata.type') {
      const type = typeNameOf(entry[name]);
      others = type === declaredType ? others : add(others, part(type));
    } else if (name !== 'target') {
      others = add(others, memberOf(name, entry[name]));
    }
  }
  const meaning = isJsonObject(target) ? meaningOfTarget(target) : '';
  return `[${meaning}${others === undefined ? '' : others.sort().join('')}]`;
}

type Target = Readonly<Record<string, unknown>>;

const filterIdName = 'deviceAndAppManagementAssignmentFilterId';
const filterTypeName = 'deviceAndAppManagementAssignmentFilterType';

/** A type's name without `#`, namespace and case; empty if there is none. */
export function typeNameOf(type: unknown): string {
  return typeof type === 'string' ? type.replace(/^#?microsoft\.graph\./i, '').toLowerCase() : '';
}

/** A target's filter, one text for all ways to write it; `none` if there is none. */
function filterOf(target: Target): string {
  const id = target[filterIdName];
  const type = loweredOf(target[filterTypeName] ?? '');
  return id == null || id === '' || type === '' || type === 'none'
    ? 'none'
    : `${type} ${loweredOf(id)}`;
}

/** Not `String`: JSON can hold an object whose `toString` is no function. */
function loweredOf(value: unknown): string {
  return (typeof value === 'string' ? value : canonicalOf(value)).toLowerCase();
}

function meaningOfTarget(target: Target): string {
  let ids = '';
  let others: string[] | undefined;
  for (const name of Object.keys(target)) {
    switch (name) {
      case '@odata.type':
      case filterIdName:
      case filterTypeName:
        break;
      case 'groupId':
      case 'collectionId': {
        // Ids of collections are no UUIDs, and have no case either.
        const value = target[name];
        const id = typeof value === 'string' ? value.toLowerCase() : value;
        const member = memberOf(name, id);
        ids = name === 'groupId' ? member + ids : ids + member;
        break;
      }
      default:
        others = add(others, memberOf(name, target[name]));
    }
  }
  const filter = filterOf(target);
  const rest = others === undefined ? '' : others.sort().join('');
  return (
    part(typeNameOf(target['@odata.type'])) + (filter === 'none' ? '' : part(filter)) + ids + rest
  );
}

function add(members: string[] | undefined, member: string): string[] {
  members?.push(member);
  return members ?? [member];
}

/** OData's annotations say how something is written, not what it is. */
function memberOf(name: string, value: unknown): string {
  return value == null || name.includes('@odata.') ? '' : part(name) + canonicalOf(value);
}

/** JSON with sorted members, and UUIDs in lower case. */
function canonicalOf(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalOf).join()}]`;
  }
  if (isJsonObject(value)) {
    return `{${Object.keys(value)
      .sort()
      .map((name) => memberOf(name, value[name]))
      .join('')}}`;
  }
  if (typeof value === 'string' && isGuid(value)) {
    return part(value.toLowerCase());
  }
  return JSON.stringify(value ?? null);
}

/** With its length in front, so that no two rows of parts give one text. */
function part(text: string): string {
  return `${text.length}:${text}`;
}

/** One entry of an assignment list, parsed and as JSON, byte for byte as it was written. */
export interface AssignmentSource {
  readonly assignment: AssignmentResource | null;
  readonly text: string;
}

/** What has to be done to a list of assignments: nothing, write these entries (JSON texts), or ask the user. */
type AssignmentPlan =
  | { readonly kind: 'done' }
  | { readonly kind: 'write'; readonly entries: readonly string[] }
  | { readonly kind: 'otherFilter' };

/** Plans to add a target. `newEntry` is its entry as JSON; all others stay byte for byte. */
export function planAddition(
  entries: readonly AssignmentSource[],
  target: NewAssignmentTargetResource,
  newEntry: string,
): AssignmentPlan {
  const same = entries.filter((entry) => hasTarget(entry, target));
  if (same.some((entry) => hasFilter(entry, target))) {
    return { kind: 'done' };
  }
  return same.length > 0
    ? { kind: 'otherFilter' }
    : { kind: 'write', entries: [...entries.map(({ text }) => text), newEntry] };
}

/** Plans to remove a target: all entries with it, or, if it has a filter, those with the same filter. */
export function planRemoval(
  entries: readonly AssignmentSource[],
  target: NewAssignmentTargetResource,
): AssignmentPlan {
  const isFilterCounted = filterOf({ ...target }) !== 'none';
  const others = entries.filter(
    (entry) => !hasTarget(entry, target) || (isFilterCounted && !hasFilter(entry, target)),
  );
  return others.length === entries.length
    ? { kind: 'done' }
    : { kind: 'write', entries: others.map(({ text }) => text) };
}

/** Whether Graph takes two targets for one: it goes by type and identity, ids in any case, types with or without `#`. */
function hasTarget({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return assignment?.target != null && identityOf(assignment.target) === identityOf(target);
}

/** Whether two targets are narrowed by the same filter, or both by none, for which Graph has several ways. */
function hasFilter({ assignment }: AssignmentSource, target: NewAssignmentTargetResource): boolean {
  return filterOf(assignment?.target ?? {}) === filterOf({ ...target });
}

function identityOf(target: AssignmentTargetResource | NewAssignmentTargetResource): string {
  const ids = [target.groupId, target.collectionId].map((id) =>
    typeof id === 'string' ? id.toLowerCase() : id,
  );
  return JSON.stringify([typeNameOf(target['@odata.type']), ...ids]);
}
