import { expect } from '@jest/globals';
import type fc from 'fast-check';
import type { AssignmentTargetInput, Platform } from '../../../src/generated/graphql.ts';
import {
  addAssignmentMutation,
  changing,
  everything,
  removeAssignmentMutation,
  updateMutation,
} from '../../support/documents.ts';
import type { Reply } from '../../support/testGateways.ts';
import { type Choices, createChoices } from '../fuzz/randomCases.ts';
import { drawChanges, drawCount, drawFilter, drawOrder, drawTarget } from './drawInputs.ts';
import { isLegalId, type Outcome } from './modelGraph.ts';
import {
  type HeldCursor,
  isSameOrder,
  type ListRequest,
  pageOf,
  refusedArguments,
} from './modelList.ts';
import { allPlatforms, type ModelPartner, type ModelTarget } from './modelPartner.ts';
import {
  type Connection,
  dataOf,
  verifyConnection,
  verifyPartner,
  verifyPayload,
  verifyRefused,
} from './verify.ts';
import { names } from './vocabulary.ts';
import { givenId, type Real, type World } from './world.ts';

const partner = '{ ...Everything revision }';
const addMutation = changing('Add', 'addComplianceManagementPartner');
const deleteMutation = changing(
  'Delete',
  'deleteComplianceManagementPartner',
  'deletedComplianceManagementPartnerId',
);
const readQuery = `
  query Read($p0: ID!) { p0: complianceManagementPartner(id: $p0) ${partner} } ${everything}`;
const readSeveralQuery = `
  query ReadSeveral($p0: ID!, $p1: ID!, $p2: ID!) {
    p0: complianceManagementPartner(id: $p0) ${partner}
    p1: complianceManagementPartner(id: $p1) ${partner}
    p2: complianceManagementPartner(id: $p2) ${partner}
  } ${everything}`;
export const listQuery = `
  query List($first: Int, $after: String, $last: Int, $before: String,
      $filter: ComplianceManagementPartnerFilter, $orderBy: [ComplianceManagementPartnerOrder!]) {
    complianceManagementPartners(first: $first, after: $after, last: $last,
        before: $before, filter: $filter, orderBy: $orderBy) {
      edges { cursor node { id } }
      nodes ${partner}
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  } ${everything}`;

/** An operation, what it has to do to Graph, and how its answer is looked at. */
interface Operation {
  readonly document: string;
  readonly variables: object;
  readonly writes: number;
  readonly verify: (answer: Reply) => void;
}

/**
 * One operation, sent to the gateway and done to the model; both have to say the same. It is drawn from its bytes when its
 * turn comes, because only then it is known which partners, revisions and cursors there are.
 */
export class Command implements fc.AsyncCommand<World, Real> {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  check(): boolean {
    return true;
  }

  async run(world: World, { gateway, takeWrites }: Real): Promise<void> {
    const choices = createChoices(this.#bytes);
    const { document, variables, writes, verify } = choices.pick(likely)(choices, world);
    world.sent.push(`${/\w+ \w+/.exec(document)} ${JSON.stringify(variables)}`);
    verify(await gateway.run(document, variables));
    expect({ writes: takeWrites() }).toEqual({ writes });
  }
}

type Draw = (choices: Choices, world: World) => Operation;

/** Ids that partners may be added with; some differ in their case only. */
const ownIds = ['own-a', 'OWN-A', 'own-b', '~own.c=', '0c65e46a-e46a-0c65-6ae4-650c6ae4650c'];
const illegalIds = ['..', 'a/b', '', "x')"];

const add: Draw = (choices, world) => {
  const ids = [...ownIds, ...ownIds, ...illegalIds];
  const id = choices.chance(10) ? null : choices.pick(ids);
  const input = {
    ...drawChanges(choices, world.graph.generation),
    ...(choices.chance(30) && { id }),
    displayName: choices.pick(names),
  };
  const outcome = world.graph.add(input, givenId(world.givenIds + 1));
  if (outcome.partner !== null && outcome.problems.length === 0) {
    const { id: added } = outcome.partner;
    world.givenIds += input.id == null ? 1 : 0;
    // A partner that comes back under its id is the same row to old cursors, which then stand where it stands now.
    if (world.formerIds.has(added)) {
      world.cursors = world.cursors.filter(({ orderBy }) => orderBy.length > 0);
    }
    world.formerIds.add(added);
  }
  return mutation(addMutation, input, outcome, {}, world);
};

const update: Draw = (choices, world) => {
  const { id, ifRevision } = drawMeant(choices, world);
  const changes = choices.chance(8) ? {} : drawChanges(choices, world.graph.generation);
  const input = { id, ...changes, ...ifRevision };
  return mutation(updateMutation, input, world.graph.update(input), {}, world);
};

const changeAssignment =
  (isAddition: boolean): Draw =>
  (choices, world) => {
    const { graph } = world;
    const { id, ifRevision } = drawMeant(choices, world);
    const { generation } = graph;
    const platform = choices.pick(choices.chance(8) ? allPlatforms : generation.platforms);
    const given = { platform, target: drawTarget(choices, generation) };
    const held = choices.chance(isAddition ? 30 : 70) ? drawHeld(choices, graph.find(id)) : given;
    const input = { id, ...(held ?? given), ...ifRevision };
    const outcome = isAddition ? graph.addAssignment(input) : graph.removeAssignment(input);
    const rest = { changed: outcome.writes === 1 && outcome.problems.length === 0 };
    const document = isAddition ? addAssignmentMutation : removeAssignmentMutation;
    return mutation(document, input, outcome, rest, world);
  };

const remove: Draw = (choices, world) => {
  const { id, ifRevision } = drawMeant(choices, world);
  const input = { id, ...ifRevision };
  const outcome = world.graph.delete(id, input.ifRevision);
  const isDeleted = outcome.problems.length === 0;
  const rest = { deletedComplianceManagementPartnerId: isDeleted ? id : null };
  return mutation(deleteMutation, input, outcome, rest, world);
};

const read =
  (document: string, count: number): Draw =>
  (choices, world) => {
    const ids = Array.from({ length: count }, () => drawId(choices, world));
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
          const found = isLegalId(id) ? world.graph.find(id) : undefined;
          verifyPartner(data?.[`p${index}`], found ?? null, world.revisions);
        }
      },
    };
  };

const list: Draw = (choices, world) => {
  const request = drawRequest(choices, world);
  const { first, last, filter, orderBy } = request;
  const [after, before] = [request.after, request.before].map((cursor) =>
    cursor === 'unknown' ? 'bm8gY3Vyc29y' : cursor?.text,
  );
  const refused = refusedArguments(request);
  return {
    document: listQuery,
    variables: { first, last, after, before, filter, orderBy },
    writes: 0,
    verify(answer) {
      if (refused.length > 0) {
        verifyRefused(answer, refused);
        return;
      }
      const page = pageOf(world.graph.partners, request);
      const connection = dataOf(answer) as Connection;
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
};

/** The likely ones stand there more than once. */
const likely: readonly Draw[] = [
  ...[add, add, add, update, update, update, remove, remove],
  ...[read(readQuery, 1), read(readSeveralQuery, 3)],
  ...[true, true, false, false].map(changeAssignment),
  ...[list, list, list, list],
];

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
    verify: (answer) => verifyPayload(dataOf(answer), outcome, rest, revisions),
  };
}

function drawId(choices: Choices, { graph: { partners } }: World): string {
  const lot = choices.below(24);
  if (lot >= 20 || partners.length === 0) {
    return choices.pick(lot === 23 ? illegalIds : [...ownIds, 'absent']);
  }
  const { id } = choices.pick(partners);
  return choices.chance(50) ? inOtherCase(id) : id;
}

function inOtherCase(id: string): string {
  return id === id.toLowerCase() ? id.toUpperCase() : id.toLowerCase();
}

/** The partner and the revision that a change is meant for. */
function drawMeant(
  choices: Choices,
  world: World,
): { readonly id: string; readonly ifRevision: { readonly ifRevision?: string | null } } {
  const id = drawId(choices, world);
  const meant = world.graph.find(id);
  const lot = choices.below(18);
  if (lot < 10) {
    return { id, ifRevision: {} };
  }
  const which = lot < 14 ? 'current' : choices.pick(['stale', null, ''] as const);
  const text = which && (meant ? world.revisions[which](meant) : 'of no partner');
  return { id, ifRevision: { ifRevision: text } };
}

/** An entry that the partner has, as an input that means it; undefined where there is none. */
function drawHeld(
  choices: Choices,
  holder: ModelPartner | undefined,
): { readonly platform: Platform; readonly target: AssignmentTargetInput } | undefined {
  const all = allPlatforms.flatMap((platform) =>
    (holder?.assignments[platform] ?? []).flatMap((entry) => {
      const target = entry.target && inputOf(entry.target, choices);
      return target ? [{ platform, target }] : [];
    }),
  );
  return all.length === 0 ? undefined : choices.pick(all);
}

function inputOf(
  { __typename, filter, groupId, collectionId }: ModelTarget,
  choices: Choices,
): AssignmentTargetInput | undefined {
  const isOtherCase = choices.chance(50);
  const written = (id: string): string => (isOtherCase ? inOtherCase(id) : id);
  const same = filter && { id: written(filter.id), type: filter.type };
  const given = choices.pick([{ filter: same }, {}, { filter: null }]);
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

/** The arguments of a list; it may keep order and filter of the list that gave out its cursors. */
function drawRequest(choices: Choices, world: World): ListRequest {
  const cursorAmong = (cursors: readonly HeldCursor[]): HeldCursor | 'unknown' | undefined => {
    const lot = choices.below(20);
    return lot < 10 ? undefined : lot === 19 ? 'unknown' : cursors[choices.below(cursors.length)];
  };
  const [first, last] = [drawCount(choices), drawCount(choices)];
  const keeps = choices.pick([...['order', 'all', 'order', 'all'], 'nothing']);
  const after = cursorAmong(world.cursors);
  const orderKept = keeps !== 'nothing' && typeof after === 'object' ? after.orderBy : undefined;
  const before = cursorAmong(
    world.cursors.filter(({ orderBy }) => !orderKept || isSameOrder(orderBy, orderKept)),
  );
  const kept =
    keeps === 'nothing' ? undefined : [after, before].find((one) => typeof one === 'object');
  const own = choices.chance(5) ? null : drawFilter(choices);
  const filter = kept && keeps === 'all' ? kept.filter : choices.chance(50) ? own : undefined;
  return {
    orderBy: kept?.orderBy ?? drawOrder(choices),
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
    ...(filter !== undefined && { filter }),
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before }),
  };
}
