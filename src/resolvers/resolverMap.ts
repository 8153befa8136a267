import { GraphQLJSONObject } from 'graphql-scalars';
import type { Resolvers } from '../generated/resolvers.ts';
import { Mutation } from '../partners/mutations.ts';
import { Query } from '../partners/queries.ts';
import { DateTimeOffset } from './DateTimeOffset.ts';
import { NonEmptyString } from './NonEmptyString.ts';
import { UUID } from './UUID.ts';

/**
 * All resolvers. Partners, assignments, targets and connections have none, because the mapping gives objects whose
 * properties are the schema's fields and whose `__typename` says the type: the resolver of properties counts all of them.
 */
export const resolverMap: Resolvers = {
  Query,
  Mutation,
  DateTimeOffset,
  NonEmptyString,
  UUID,
  JSONObject: GraphQLJSONObject,
};
