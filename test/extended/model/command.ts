import { expect } from '@jest/globals';
import type fc from 'fast-check';
import type { AssignmentTargetInput, Platform } from '../../../src/generated/graphql.ts';
import type { GraphQLAnswer } from '../../support/testGateways.ts';
import {
  addAssignmentDocument,
  addDocument,
  deleteDocument,
  listDocument,
  readDocument,
  readSeveralDocument,
  removeAssignmentDocument,
  updateDocument,
} from './documents.ts';
import { allPlatforms } from './generations.ts';
import type { Outcome } from './modelGraph.ts';
import {
  type HeldCursor,
  isSameOrder,
  type ListRequest,
  pageOf,
  refusedArguments,
} from './modelList.ts';
import type { ModelPartner, ModelTarget } from './modelPartner.ts';
import type {
  CommandPick,
  CursorPick,
  EntryPick,
  IdPick,
  ListPick,
  RevisionPick,
} from './picks.ts';
import { isLegalId } from './refusals.ts';
import {
  type Connection,
  dataOf,
  verifyConnection,
  verifyPartner,
  verifyPayload,
  verifyRefused,
} from './verify.ts';
import { givenId, type Real, type World } from './world.ts';

/** The arguments of a list, now that it is known which cursors there are. */
function requestOf(pick: ListPick, world: World): ListRequest {
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
function meant(
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
function entryMeant(
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
function idOf(pick: IdPick, { graph: { partners } }: World): string {
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

/** An operation, what it has to do to Graph, and how its answer is looked at. */
interface Operation {
  readonly document: string;
  readonly variables: object;
  readonly writes: number;
  readonly verify: (answer: GraphQLAnswer) => void;
}

/** One operation, sent to the gateway and done to the model; both have to say the same. */
export class Command implements fc.AsyncCommand<World, Real> {
  readonly #pick: CommandPick;

  constructor(pick: CommandPick) {
    this.#pick = pick;
  }

  check(): boolean {
    return true;
  }

  async run(world: World, { gateway, takeWrites }: Real): Promise<void> {
    const { document, variables, writes, verify } = operationOf(this.#pick, world);
    world.sent.push(`${this.#pick.kind} ${JSON.stringify(variables)}`);
    verify(await gateway.run(document, variables));
    expect({ writes: takeWrites() }).toEqual({ writes });
  }

  toString(): string {
    return JSON.stringify(this.#pick);
  }
}

function operationOf(pick: CommandPick, world: World): Operation {
  switch (pick.kind) {
    case 'add':
      return add(pick.input, world);
    case 'update': {
      const { id, ifRevision } = meant(pick, world);
      const input = { id, ...pick.changes, ...ifRevision };
      return mutation(updateDocument, input, world.graph.update(input), {}, world);
    }
    case 'addAssignment':
    case 'removeAssignment': {
      const { id, ifRevision } = meant(pick, world);
      const { platform, target } = entryMeant(pick, world.graph.find(id)) ?? pick;
      const input = { id, platform, target, ...ifRevision };
      const isAddition = pick.kind === 'addAssignment';
      const outcome = isAddition
        ? world.graph.addAssignment(input)
        : world.graph.removeAssignment(input);
      const rest = { changed: outcome.writes === 1 && outcome.problems.length === 0 };
      const document = isAddition ? addAssignmentDocument : removeAssignmentDocument;
      return mutation(document, input, outcome, rest, world);
    }
    case 'delete': {
      const { id, ifRevision } = meant(pick, world);
      const input = { id, ...ifRevision };
      const outcome = world.graph.delete(id, input.ifRevision);
      const isDeleted = outcome.problems.length === 0;
      const rest = { deletedComplianceManagementPartnerId: isDeleted ? id : null };
      return mutation(deleteDocument, input, outcome, rest, world);
    }
    case 'read':
      return read(readDocument, [pick.id], world);
    case 'readSeveral':
      return read(readSeveralDocument, pick.ids, world);
    case 'list':
      return list(pick, world);
  }
}

function add(input: Extract<CommandPick, { kind: 'add' }>['input'], world: World): Operation {
  const outcome = world.graph.add(input, givenId(world.givenIds + 1));
  if (outcome.partner !== null && outcome.problems.length === 0) {
    const { id } = outcome.partner;
    world.givenIds += input.id == null ? 1 : 0;
    // A partner that comes back under its id is the same row to old cursors, which then stand where it stands now.
    if (world.formerIds.has(id)) {
      world.cursors = world.cursors.filter(({ orderBy }) => orderBy.length > 0);
    }
    world.formerIds.add(id);
  }
  return mutation(addDocument, input, outcome, {}, world);
}

function mutation(
  document: string,
  input: object,
  outcome: Outcome,
  rest: object,
  { revisions }: World,
): Operation {
  return {
    document,
    variables: { input },
    writes: outcome.writes,
    verify: (answer) => verifyPayload(dataOf(answer, 'payload'), outcome, rest, revisions),
  };
}

function read(document: string, picks: readonly IdPick[], world: World): Operation {
  const ids = picks.map((pick) => idOf(pick, world));
  const illegal = ids.flatMap((id, index) => (isLegalId(id) ? [] : [[`p${index}`]]));
  return {
    document,
    variables: Object.fromEntries(ids.map((id, index) => [`p${index}`, id])),
    writes: 0,
    verify({ result }) {
      const { data, errors = [] } = result;
      expect(errors.map(({ path }) => path)).toEqual(illegal);
      for (const { extensions } of errors) {
        expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', argumentName: 'id' });
      }
      for (const [index, id] of ids.entries()) {
        const partner = isLegalId(id) ? world.graph.find(id) : undefined;
        verifyPartner(data?.[`p${index}`], partner ?? null, world.revisions);
      }
    },
  };
}

function list(pick: ListPick, world: World): Operation {
  const request = requestOf(pick, world);
  const { first, last, filter, orderBy } = request;
  const [after, before] = [request.after, request.before].map((cursor) =>
    cursor === 'unknown' ? 'bm8gY3Vyc29y' : cursor?.text,
  );
  const refused = refusedArguments(request);
  return {
    document: listDocument,
    variables: { first, last, after, before, filter, orderBy },
    writes: 0,
    verify(answer) {
      if (refused.length > 0) {
        verifyRefused(answer, refused);
        return;
      }
      const page = pageOf(world.graph.partners, request);
      const connection = dataOf(answer, 'connection') as Connection;
      verifyConnection(connection, page, world.revisions);
      const held = page.rows.map((row, index): HeldCursor => {
        const text = connection.edges[index]?.cursor ?? '';
        return { text, row, orderBy, filter: filter ?? null };
      });
      // The two ends, which clients go on from, and one in the middle.
      const kept = [0, Math.floor(held.length / 2), held.length - 1];
      const ends = held.filter((_cursor, index) => kept.includes(index));
      world.cursors = [...ends, ...world.cursors].slice(0, 12);
    },
  };
}
