import type { GraphQLResolveInfo } from 'graphql';
import type { AssignmentFilterResolvers, DirectoryGroupResolvers } from '../generated/resolvers.ts';
import { knowsAssignmentFilters } from '../graph/types.ts';
import type { RequestContext } from './context.ts';
import type { DirectoryGroupModel } from './model.ts';

/** Values with a resolver of their own count for the bounds of the answer like all others. */
function counted<Value>(value: Value, { answer }: RequestContext, info: GraphQLResolveInfo): Value {
  answer.count?.(value, info);
  return value;
}

/** For both kinds of targets with a group. */
export const groupTarget = {
  group(
    { groupId }: { readonly groupId?: string | null | undefined },
    _args: object,
    context: RequestContext,
    info: GraphQLResolveInfo,
  ): DirectoryGroupModel | null {
    return counted(groupId == null ? null : { id: groupId }, context, info);
  },
};

export const DirectoryGroup: Pick<DirectoryGroupResolvers, 'displayName'> = {
  displayName: async ({ id }, _args, context, info) =>
    counted(await context.reads.names.group(id), context, info),
};

export const AssignmentFilter: Pick<AssignmentFilterResolvers, 'displayName'> = {
  displayName: async ({ id }, _args, context, info) =>
    counted(
      knowsAssignmentFilters(context.apiVersion) ? await context.reads.names.filter(id) : null,
      context,
      info,
    ),
};
