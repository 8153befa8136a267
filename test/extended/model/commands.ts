import { expect } from '@jest/globals';
import type { AssignmentTargetInput, Platform, UserError } from '../../../src/generated/graphql.ts';
import {
  addAssignmentMutation,
  changing,
  everything,
  removeAssignmentMutation,
  updateMutation,
} from '../../support/documents.ts';
import type { Reply } from '../../support/testGateways.ts';
import type { Choices } from '../fuzz/randomCases.ts';
import { drawChanges, drawCount, drawFilter, drawOrder, drawTarget } from './draw.ts';
import {
  isLegalId,
  type Meant,
  type ModelGraph,
  type Outcome,
  type Revisions,
} from './modelGraph.ts';
import {
  type HeldCursor,
  isSameOrder,
  type ListRequest,
  pageOf,
  refusedArguments,
} from './modelList.ts';
import { allPlatforms, assignmentsOf, inputOf, type ModelPartner, shown } from './modelPartner.ts';
import { names } from './vocabulary.ts';

/** An operation, what it has to do to Graph, and how its answer is looked at. */
interface Operation {
  readonly document: string;
  readonly variables: object;
  readonly writes: number;
  readonly verify: (answer: Reply) => void;
}

type Draw = (choices: Choices, world: ModelGraph) => Operation;

const partner = '{ ...Everything revision }';
const addMutation = changing('Add', 'addComplianceManagementPartner');
const deleteMutation = changing(
  'Delete',
  'deleteComplianceManagementPartner',
  'deletedComplianceManagementPartnerId',
);
const aliases = ['p0', 'p1', 'p2'];
const readQuery = `
  query Read(${aliases.map((alias) => `$${alias}: ID!`)}) {
    ${aliases.map((alias) => `${alias}: complianceManagementPartner(id: $${alias}) ${partner}`)}
  } ${everything}`;
const listQuery = `
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

/** Ids that partners may be added with; some differ in their case only. */
const ownIds = ['own-a', 'OWN-A', 'own-b', '~own.c=', '0c65e46a-e46a-0c65-6ae4-650c6ae4650c'];
const illegalIds = ['..', 'a/b', '', "x')"];

const add: Draw = (choices, world) => {
  const ids = [...ownIds, ...ownIds, ...illegalIds];
  const id = choices.chance(10) ? null : choices.pick(ids);
  const input = {
    ...drawChanges(choices, world.generation),
    ...(choices.chance(30) && { id }),
    displayName: choices.pick(names),
  };
  return mutation(addMutation, input, world.add(input), world);
};

const update: Draw = (choices, world) => {
  const changes = choices.chance(8) ? {} : drawChanges(choices, world.generation);
  const input = { ...drawMeant(choices, world), ...changes };
  return mutation(updateMutation, input, world.update(input), world);
};

const changeAssignment =
  (isAddition: boolean): Draw =>
  (choices, world) => {
    const { generation } = world;
    const meant = drawMeant(choices, world);
    const platform = choices.pick(choices.chance(8) ? allPlatforms : generation.platforms);
    const given = { platform, target: drawTarget(choices, generation) };
    const held = choices.chance(isAddition ? 30 : 70) && drawHeld(choices, world.find(meant.id));
    const input = { ...meant, ...(held || given) };
    return isAddition
      ? mutation(addAssignmentMutation, input, world.addAssignment(input), world)
      : mutation(removeAssignmentMutation, input, world.removeAssignment(input), world);
  };

const remove: Draw = (choices, world) => {
  const input = drawMeant(choices, world);
  return mutation(deleteMutation, input, world.delete(input), world);
};

function mutation(
  document: string,
  input: { readonly id?: string | null },
  { partner: expected, problems, writes }: Outcome,
  { revisions }: ModelGraph,
): Operation {
  return {
    document,
    variables: { input },
    writes,
    verify(answer) {
      const { complianceManagementPartner: actual, userErrors, ...others } = dataOf(answer);
      const texts = (userErrors as UserError[]).map(
        ({ code, message, field }) => `${code} ${field?.join('.') ?? null}${message ? '' : '!'}`,
      );
      const meant = problems.map((any) => texts.find((text) => any.includes(text)) ?? any);
      expect(texts.sort()).toEqual(meant.sort());
      verifyPartner(actual, expected, revisions);
      // What only some payloads have.
      const isDone = writes === 1 && problems.length === 0;
      const told = {
        changed: isDone,
        deletedComplianceManagementPartnerId: isDone ? input.id : null,
      };
      expect(told).toMatchObject(others);
    },
  };
}

const read: Draw = (choices, world) => {
  const ids = aliases.map(() => drawId(choices, world));
  return {
    document: readQuery,
    variables: Object.fromEntries(ids.map((id, index) => [`p${index}`, id])),
    writes: 0,
    verify({ result: { data, errors = [] } }) {
      const illegal = aliases.filter((_alias, index) => !isLegalId(ids[index] ?? ''));
      const { code, argumentName } = { code: 'BAD_USER_INPUT', argumentName: 'id' };
      expect(errors).toMatchObject(
        illegal.map((alias) => ({ path: [alias], extensions: { code, argumentName } })),
      );
      for (const [index, id] of ids.entries()) {
        const found = isLegalId(id) ? world.find(id) : undefined;
        verifyPartner(data?.[`p${index}`], found ?? null, world.revisions);
      }
    },
  };
};

/** A list in which each row and each cursor is as it has to be. */
export function listOf(request: ListRequest, world: ModelGraph): Operation {
  const { orderBy, filter, ...others } = request;
  const [after, before] = [request.after, request.before].map((cursor) =>
    cursor === 'unknown' ? 'bm8gY3Vyc29y' : cursor?.text,
  );
  const refused = refusedArguments(request);
  return {
    document: listQuery,
    variables: { orderBy, filter, ...others, after, before },
    writes: 0,
    verify(answer) {
      if (refused.length > 0) {
        const { status, result, extensions } = answer;
        expect([status, result.errors?.length, extensions?.['code']]).toEqual([
          200,
          1,
          'BAD_USER_INPUT',
        ]);
        expect(refused).toContain(extensions?.['argumentName']);
        return;
      }
      const { rows, totalCount, ...flags } = pageOf(world.partners, request);
      const { edges, nodes, ...rest } = dataOf(answer) as unknown as Connection;
      const cursors = edges.map(({ cursor }) => cursor);
      const [startCursor, endCursor] = [cursors.at(0) ?? null, cursors.at(-1) ?? null];
      expect(rest).toEqual({ totalCount, pageInfo: { ...flags, startCursor, endCursor } });
      expect(edges.map(({ node }) => node)).toEqual(rows.map(({ id }) => ({ id })));
      expect(nodes.length).toBe(rows.length);
      expect(new Set(cursors).size).toBe(rows.length);
      for (const [index, row] of rows.entries()) {
        verifyPartner(nodes[index], row, world.revisions);
      }
      // The two ends, which clients go on from, and one in the middle.
      const kept = new Set([0, Math.floor(rows.length / 2), rows.length - 1]);
      const held = rows.flatMap((row, index): HeldCursor[] =>
        kept.has(index)
          ? [{ text: cursors[index] ?? '', row, orderBy, filter: filter ?? null }]
          : [],
      );
      world.cursors = [...held, ...world.cursors].slice(0, 12);
    },
  };
}

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: object }[];
  readonly nodes: readonly object[];
}

/** The arguments of a list; it may keep order and filter of the list that gave out its cursors. */
const list: Draw = (choices, world) => {
  const cursorAmong = (cursors: readonly HeldCursor[]): ListRequest['after'] => {
    const lot = choices.below(20);
    return lot < 10 ? undefined : lot === 19 ? 'unknown' : cursors[choices.below(cursors.length)];
  };
  const [first, last] = [drawCount(choices), drawCount(choices)];
  const keeps = choices.pick(['order', 'all', 'order', 'all', 'nothing']);
  const after = cursorAmong(world.cursors);
  const orderKept = keeps !== 'nothing' && typeof after === 'object' ? after.orderBy : undefined;
  const before = cursorAmong(
    world.cursors.filter(({ orderBy }) => !orderKept || isSameOrder(orderBy, orderKept)),
  );
  const kept =
    keeps === 'nothing' ? undefined : [after, before].find((one) => typeof one === 'object');
  const own = choices.chance(5) ? null : drawFilter(choices);
  const filter = kept && keeps === 'all' ? kept.filter : choices.chance(50) ? own : undefined;
  const orderBy = kept?.orderBy ?? drawOrder(choices);
  return listOf({ first, last, filter, orderBy, after, before }, world);
};

/** Draws an operation and does it to the model; the likely ones stand there more than once. */
export const drawOperation: Draw = (choices, world) =>
  choices.pick([
    add,
    add,
    add,
    update,
    update,
    update,
    remove,
    remove,
    read,
    read,
    ...[true, true, false, false].map(changeAssignment),
    list,
    list,
    list,
    list,
  ])(choices, world);

/** Gives the value of the one root field; fails if the operation had errors. */
function dataOf({ status, result, root }: Reply): Record<string, unknown> {
  expect(result.errors).toBeUndefined();
  expect(status).toBe(200);
  return root as Record<string, unknown>;
}

/** Fails unless a partner is shown as it has to be; learns its revision. */
function verifyPartner(actual: unknown, expected: ModelPartner | null, revisions: Revisions): void {
  const { revision, ...fields } = (actual ?? {}) as Record<string, unknown>;
  expect(actual && fields).toEqual(expected && shown(expected));
  if (expected !== null) {
    revisions.observe(expected, revision);
  }
}

function drawId(choices: Choices, { partners }: ModelGraph): string {
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
function drawMeant(choices: Choices, world: ModelGraph): Meant {
  const id = drawId(choices, world);
  const meant = world.find(id);
  const lot = choices.below(18);
  if (lot < 10) {
    return { id };
  }
  const which = lot < 14 ? 'current' : choices.pick(['stale', null, ''] as const);
  return { id, ifRevision: which && (meant ? world.revisions[which](meant) : 'of no partner') };
}

/** An entry that the partner has, as an input that means it in another spelling; undefined if there is none. */
function drawHeld(
  choices: Choices,
  holder: ModelPartner | undefined,
): { readonly platform: Platform; readonly target: AssignmentTargetInput } | undefined {
  const all = allPlatforms.flatMap((platform) =>
    (holder?.[assignmentsOf(platform)] ?? []).flatMap(({ target }) => {
      const input = target && inputOf(target);
      return input ? [{ platform, target: input }] : [];
    }),
  );
  if (all.length === 0) {
    return undefined;
  }
  const isOtherCase = choices.chance(50);
  const filter = choices.pick(['kept', undefined, null]);
  const text = JSON.stringify(choices.pick(all), (name, value) => {
    const isId = isOtherCase && typeof value === 'string' && /id$/i.test(name);
    return isId ? inOtherCase(value) : name === 'filter' && filter !== 'kept' ? filter : value;
  });
  return JSON.parse(text);
}
