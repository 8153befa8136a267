import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { AddComplianceManagementPartnerInput, UserError } from '../generated/graphql.ts';
import type { MutationResolvers } from '../generated/resolvers.ts';
import { isGraphError } from '../graph/errors.ts';
import { idKeyOf, isSameId } from '../graph/request.ts';
import type { GraphApiVersion, NewPartnerResource } from '../graph/types.ts';
import { forEachUnit } from '../shared/loopShare.ts';
import { atMost } from '../shared/secret.ts';
import { authorize } from './caller.ts';
import {
  addAssignment,
  deletePartner,
  type Run,
  removeAssignment,
  updatePartner,
} from './changePartner.ts';
import type { Notice, RequestContext, SeenPartnerIds } from './context.ts';
import { GatewayError, gatewayErrorOf } from './errors.ts';
import {
  findAssignmentChangeProblems,
  findIdProblems,
  findKeyProblems,
  findPartnerProblems,
  payloadOf,
  refusedByGraph,
} from './inputRules.ts';
import { findDifferences } from './meaning.ts';
import type { PartnerModel } from './model.ts';
import { newPartnerToWire } from './partnerMapping.ts';

/** Maps, posts once, and looks once if the answer leaves the outcome in doubt. */
const addPartner: Run<AddComplianceManagementPartnerInput> = async (input, context, info) => {
  const newPartner = newPartnerToWire(input);
  const note = (notice: Omit<Notice, 'path'>): void => {
    context.notices.push({ ...notice, path: responsePathAsArray(info.path) });
  };
  try {
    const partner = await context.graph.add(newPartner, context.call);
    if (hasOtherId(newPartner, partner)) {
      const message =
        'Microsoft Graph added the partner under an id of its own instead of the one in the input. All else is as it was sent.';
      note({ code: 'ID_ASSIGNED_BY_GRAPH', message });
    }
    return payloadOf([], partner);
  } catch (error) {
    if (isGraphError(error) && error.mayHaveBeenApplied) {
      const found = await findUnconfirmedAdd(newPartner, context);
      if (found !== undefined) {
        const message =
          `${error.message} The gateway then looked once and found exactly one partner with everything that was sent, ` +
          'which it had not seen before: this one. It was found, not answered, and nothing was sent again.';
        const { graph } = gatewayErrorOf(error).extensions as Pick<Notice, 'graph'>;
        note({ code: 'FOUND_AFTER_UNCLEAR_ANSWER', message, ...(graph && { graph }) });
        return payloadOf([], found);
      }
    }
    // Only an id of the caller's own says with what it collided.
    const field =
      input.id != null && isGraphError(error) && error.code === 'conflict' ? ['input', 'id'] : null;
    return refusedByGraph(error, { sent: newPartner, field, id: input.id, context });
  }
};

/**
 * Looks once, after an add whose outcome is in doubt, whether it came to pass: gives the partner if exactly one fits
 * all that was sent and was not seen before. Undefined if none does, if several do, and if looking fails.
 */
export async function findUnconfirmedAdd(
  sent: NewPartnerResource,
  context: Pick<RequestContext, 'graph' | 'call' | 'seenPartnerIds' | 'maximumRows' | 'share'>,
): Promise<PartnerModel | undefined> {
  const { seenPartnerIds } = context;
  const fitting: PartnerModel[] = [];
  let rows = 0;
  try {
    for await (const page of context.graph.listPages(context.call)) {
      const candidates = page.filter(({ id }) => !seenPartnerIds.has(id));
      // In the same moment: the other of two adds that look now must not take one of these for its own as well.
      seenPartnerIds.note(page);
      await forEachUnit(context.share, candidates.length, (place) => {
        const candidate = candidates[place];
        if (candidate !== undefined && findDifferences(sent, candidate.wire).length === 0) {
          fitting.push(candidate);
        }
      });
      rows += page.length;
      if (rows > context.maximumRows || fitting.length > 1) {
        return undefined;
      }
    }
  } catch (error) {
    if (isGraphError(error) || error instanceof GatewayError) {
      return undefined;
    }
    throw error;
  }
  return fitting[0];
}

/** Whether an add gave an id and was answered under another one. */
function hasOtherId(sent: NewPartnerResource, answered: { readonly id: string }): boolean {
  return sent.id !== undefined && !isSameId(sent.id, answered.id);
}

/**
 * Whether an answer to an add is about what was sent: under another id than was given only if all else is as it was
 * sent, because Graph gives ids itself in all its examples. With any other difference it may be another partner.
 */
export function isAnswerToAdd(sent: NewPartnerResource, answered: PartnerModel): boolean {
  const { id: _id, ...rest } = sent;
  return !hasOtherId(sent, answered) || findDifferences(rest, answered.wire).length === 0;
}

const maximumIds = 50_000;

/**
 * Starts with knowing no id; forgets what was not seen for longest. Nothing is ever answered from it: it only tells,
 * after an add in doubt, what cannot be its result because it was there before.
 */
export function createSeenPartnerIds(): SeenPartnerIds {
  const ids = new LRUCache<string, true>(atMost(maximumIds));
  return {
    note(partners) {
      for (const { id } of partners) {
        ids.set(idKeyOf(id), true);
      }
    },
    has: (id) => ids.has(idKeyOf(id)),
  };
}

/**
 * Makes the resolver of a mutation: authorizes the caller, checks the input, and carries the mutation out, once for each
 * key. `findProblems` lists everything in the input that must not reach Graph, all of it at once. `look` looks for what
 * an earlier attempt may have written.
 */
function resolverOf<Input extends { readonly idempotencyKey?: string | null | undefined }>(
  findProblems: (input: Input, version: GraphApiVersion) => UserError[],
  run: Run<Input>,
  look?: (input: Input, context: RequestContext) => Promise<PartnerModel | undefined>,
) {
  const begin: Run<Input> = (input, context, info) => {
    const { idempotencyKey: key } = input;
    const problems = [...findProblems(input, context.apiVersion), ...findKeyProblems(key)];
    if (problems.length > 0) {
      return payloadOf(problems);
    }
    return key == null
      ? run(input, context, info)
      : context.idempotency.run({
          key,
          input,
          context,
          info,
          run: async (watched) => run(input, watched, info),
          look: look && (() => look(input, context)),
        });
  };
  return (
    _parent: unknown,
    { input }: { readonly input: Input },
    context: RequestContext,
    info: GraphQLResolveInfo,
  ) =>
    // Not an async function: a mutation without a key makes no promise more for it.
    context.authorizer === undefined
      ? begin(input, context, info)
      : authorize(context, 'WRITE').then(() => begin(input, context, info));
}

export const Mutation: MutationResolvers = {
  addComplianceManagementPartner: resolverOf(findPartnerProblems, addPartner, (input, context) =>
    findUnconfirmedAdd(newPartnerToWire(input), context),
  ),
  updateComplianceManagementPartner: resolverOf(findPartnerProblems, updatePartner),
  deleteComplianceManagementPartner: resolverOf(findIdProblems, deletePartner),
  addEnrollmentAssignment: resolverOf(findAssignmentChangeProblems, addAssignment),
  removeEnrollmentAssignment: resolverOf(findAssignmentChangeProblems, removeAssignment),
};
