import type { GraphApiVersion } from '../graph/apiVersion.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/pipeline/pipeline.ts';
import type { PartnerLocks } from './partnerLocks.ts';
import type { PartnerReads } from './partnerReads.ts';

/** What the resolvers of one operation share. Made for each request; nothing but the locks outlives it. */
export interface RequestContext {
  readonly requestId: string;
  readonly graph: GraphClient;
  /** The version that the gateway is configured for, which decides what an input may hold. */
  readonly apiVersion: GraphApiVersion;
  /** Handed to every call of Graph. */
  readonly call: GraphCall;
  /** The reads of queries. Mutations read for themselves, because they want what is there now. */
  readonly reads: PartnerReads;
  /** Shared by all requests of this replica. */
  readonly locks: PartnerLocks;
}
