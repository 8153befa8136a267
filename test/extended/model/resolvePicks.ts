import type { AssignmentTargetInput, Platform } from '../../../src/generated/graphql.ts';
import { allPlatforms } from './generations.ts';
import { type HeldCursor, isSameOrder, type ListRequest } from './modelList.ts';
import type { ModelPartner, ModelTarget } from './modelPartner.ts';
import type { CursorPick, EntryPick, IdPick, ListPick, RevisionPick } from './picks.ts';
import type { World } from './world.ts';

/** The arguments of a list, now that it is known which cursors there are. */
export function requestOf(pick: ListPick, world: World): ListRequest {
  const { first, last, keeps } = pick;
  const after = cursorAt(pick.after, world.cursors);
  const kept = typeof after === 'object' ? after : cursorAt(pick.before, world.cursors);
  const isKept = keeps !== 'nothing' && typeof kept === 'object';
  const orderBy = isKept ? kept.orderBy : pick.orderBy;
  const filter = isKept && keeps === 'orderAndFilter' ? kept.filter : pick.filter;
  const before = cursorAt(
    pick.before,
    isKept ? world.cursors.filter((cursor) => isSameOrder(cursor.orderBy, orderBy)) : world.cursors,
  );
  return {
    orderBy,
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
    ...(filter !== undefined && { filter }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  };
}

function cursorAt(
  pick: CursorPick,
  cursors: readonly HeldCursor[],
): HeldCursor | 'unknown' | undefined {
  if (typeof pick === 'number') {
    return cursors.length === 0 ? undefined : cursors[pick % cursors.length];
  }
  return pick === 'absent' ? undefined : pick;
}

/** The partner and the revision that a change is meant for. */
export function meant(
  { id: idPick, revision }: { readonly id: IdPick; readonly revision: RevisionPick },
  world: World,
): { readonly id: string; readonly ifRevision: { readonly ifRevision?: string | null } } {
  const id = idOf(idPick, world);
  const partner = world.graph.find(id);
  switch (revision) {
    case 'absent':
      return { id, ifRevision: {} };
    case 'null':
      return { id, ifRevision: { ifRevision: null } };
    case 'garbage':
      return { id, ifRevision: { ifRevision: '' } };
    case 'current':
    case 'stale': {
      const text = partner ? world.revisions[revision](partner) : 'of nobody';
      return { id, ifRevision: { ifRevision: text } };
    }
  }
}

/** An entry that the partner has, as an input that means it. */
export function entryMeant(
  { entry: pick }: { readonly entry: EntryPick | undefined },
  partner: ModelPartner | undefined,
): { readonly platform: Platform; readonly target: AssignmentTargetInput } | undefined {
  const all = allPlatforms.flatMap((platform) =>
    (partner?.assignments[platform] ?? []).flatMap(({ target }) =>
      target ? [{ platform, target }] : [],
    ),
  );
  const entry = pick && all[pick.index % all.length];
  const target = entry && inputOf(entry.target, pick);
  return target && { platform: entry.platform, target };
}

/** The id, now that it is known which partners there are. */
export function idOf(pick: IdPick, { graph: { partners } }: World): string {
  if (pick.kind === 'literal') {
    return pick.id;
  }
  const id = partners[pick.index % partners.length]?.id ?? 'nobody';
  return pick.isOtherCase ? inOtherCase(id) : id;
}

function inputOf(
  { __typename, filter, groupId, collectionId }: ModelTarget,
  pick: EntryPick,
): AssignmentTargetInput | undefined {
  const written = (id: string): string => (pick.isOtherCase ? inOtherCase(id) : id);
  const same = filter && { id: written(filter.id), type: filter.type };
  const given = pick.filter === 'absent' ? {} : { filter: pick.filter === 'same' ? same : null };
  switch (__typename) {
    case 'AllLicensedUsersAssignmentTarget':
      return { allLicensedUsers: given };
    case 'AllDevicesAssignmentTarget':
      return { allDevices: given };
    case 'GroupAssignmentTarget':
      return groupId ? { group: { groupId: written(groupId), ...given } } : undefined;
    case 'ExclusionGroupAssignmentTarget':
      return groupId ? { exclusionGroup: { groupId: written(groupId), ...given } } : undefined;
    default:
      return collectionId
        ? { configurationManagerCollection: { collectionId: written(collectionId), ...given } }
        : undefined;
  }
}

function inOtherCase(id: string): string {
  return id === id.toLowerCase() ? id.toUpperCase() : id.toLowerCase();
}
