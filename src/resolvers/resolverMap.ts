import { GraphQLJSONObject } from 'graphql-scalars';
import type { Resolvers } from '../generated/resolvers.ts';
import type { PartnerResource } from '../graph/resource.ts';
import { revisionOf } from '../mapping/revision.ts';
import { DateTimeOffset } from './DateTimeOffset.ts';
import { Mutation } from './Mutation.ts';
import { NonEmptyString } from './NonEmptyString.ts';
import { Query } from './Query.ts';
import { UUID } from './UUID.ts';

/**
 * All resolvers. Partners, assignments, targets and connections have none, because the mapping gives objects whose
 * properties are the schema's fields and whose `__typename` says the type; only the revision is worth waiting for.
 */
export const resolverMap: Resolvers = {
  Query,
  Mutation,
  ComplianceManagementPartner: { revision: ({ resource }) => knownRevisionOf(resource) },
  DateTimeOffset,
  NonEmptyString,
  UUID,
  JSONObject: GraphQLJSONObject,
};

/** Of rows, which belong to one operation: aliases ask several times. */
const revisions = new WeakMap<PartnerResource, string>();

function knownRevisionOf(partner: PartnerResource): string {
  const revision = revisions.get(partner) ?? revisionOf(partner);
  revisions.set(partner, revision);
  return revision;
}
