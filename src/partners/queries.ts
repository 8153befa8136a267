import type { GraphQLResolveInfo } from 'graphql';
import type { QueryResolvers, Resolvers } from '../generated/resolvers.ts';
import { isPartnerId, partnerIdForm } from '../graph/request.ts';
import { isJsonObject } from '../shared/json.ts';
import { authorize, readViewer } from './caller.ts';
import type { RequestContext } from './context.ts';
import { GatewayError } from './errors.ts';
import { readPageArguments } from './list/arguments.ts';
import { readPartnerConnection } from './list/page.ts';
import { knowsAssignmentFilters, type PartnerModel } from './model.ts';

export const Query: QueryResolvers = {
  complianceManagementPartner: (_parent, { id }, context) => readOne(id, context),

  node: (_parent, { id }, context) => readOne(id, context),

  async nodes(_parent, { ids }, context) {
    await authorize(context, 'READ');
    if (ids.length > maximumEntities) {
      throw badArgument(
        `The argument "ids" has ${ids.length} ids, and ${maximumEntities} are allowed. Ask in several operations.`,
        ['ids'],
      );
    }
    ids.forEach((id, index) => {
      requirePartnerId(id, ['ids', String(index)]);
    });
    // The generated types know no promise of null in a list.
    return ids.map((id) => context.reads().get(id) as Promise<PartnerModel>);
  },

  async complianceManagementPartners(_parent, args, context) {
    await authorize(context, 'READ');
    const page = readPageArguments(args);
    if ('problem' in page) {
      throw badArgument(page.problem, [page.argumentName]);
    }
    return readPartnerConnection(context.reads().rows, page);
  },

  viewer: (_parent, _args, context) => readViewer(context),
};

/** How many partners one operation may ask for by their ids: five calls of Graph. */
export const maximumEntities = 100;

async function readOne(id: string, context: RequestContext): Promise<PartnerModel | null> {
  await authorize(context, 'READ');
  requirePartnerId(id, ['id']);
  return context.reads().get(id);
}

function requirePartnerId(id: string, field: readonly [string, ...string[]]): void {
  if (!isPartnerId(id)) {
    throw badArgument(
      `The argument "${field.join('.')}" cannot be a partner's id: an id is ${partnerIdForm}.`,
      field,
    );
  }
}

/** `field` is the path of the value, the argument first. */
function badArgument(problem: string, field: readonly [string, ...string[]]): GatewayError {
  const [argumentName] = field;
  return new GatewayError('BAD_USER_INPUT', problem, { argumentName, field });
}

/** The one type that a router can ask for by key. */
export const entityName = 'ComplianceManagementPartner';

/**
 * Reads partners by what a router knows of them, in order, several ids in one call: null if Graph has none. What
 * fails for one is an error in its place; the others are still returned.
 */
export function readEntities(
  representations: readonly unknown[],
  context: RequestContext,
): readonly Promise<PartnerModel | null>[] {
  let allowed: Promise<void> | undefined;
  return representations.map(async (representation, index) => {
    const id = readKey(representation, index);
    allowed ??= authorize(context, 'READ');
    await allowed;
    return context.reads().get(id);
  });
}

/** @throws GatewayError that names the part of the representation that is wrong. */
function readKey(representation: unknown, index: number): string {
  const { __typename, id } = isJsonObject(representation) ? representation : {};
  const reject = (name: string, problem: string): never => {
    const field = ['representations', String(index), name];
    const message = `The representation ${index} has no ${problem}`;
    throw new GatewayError('BAD_USER_INPUT', message, { field });
  };
  if (__typename !== entityName) {
    const problem = `known "__typename": the one entity of this subgraph is ${entityName}.`;
    return reject('__typename', problem);
  }
  return typeof id === 'string' && isPartnerId(id)
    ? id
    : reject('id', `"id" that can be a partner's: an id is ${partnerIdForm}.`);
}

/** Values with a resolver of their own count for the bounds of the answer like all others. */
function counted<Value>(value: Value, { answer }: RequestContext, info: GraphQLResolveInfo): Value {
  answer.count?.(value, info);
  return value;
}

/** For both kinds of targets with a group. */
const groupTarget = {
  group(
    { groupId }: { readonly groupId?: string | null | undefined },
    _args: object,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): { readonly id: string } | null {
    return counted(groupId == null ? null : { id: groupId }, context, info);
  },
};

/** What has names behind its ids. */
export const nameResolvers: Pick<
  Resolvers,
  'AssignmentFilter' | 'DirectoryGroup' | 'ExclusionGroupAssignmentTarget' | 'GroupAssignmentTarget'
> = {
  GroupAssignmentTarget: groupTarget,
  ExclusionGroupAssignmentTarget: groupTarget,
  DirectoryGroup: {
    displayName: async ({ id }, _args, context, info) =>
      counted(await context.reads().names.group(id), context, info),
  },
  AssignmentFilter: {
    displayName: async ({ id }, _args, context, info) =>
      counted(
        knowsAssignmentFilters(context.apiVersion) ? await context.reads().names.filter(id) : null,
        context,
        info,
      ),
  },
};
