import type { GraphApiVersion } from '../graph/apiVersion.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/pipeline/pipeline.ts';

/** What the resolvers of one operation share. Made for each request; nothing in it outlives the request. */
export interface RequestContext {
  readonly requestId: string;
  readonly graph: GraphClient;
  /** The version that the gateway is configured for, which decides what an input may hold. */
  readonly apiVersion: GraphApiVersion;
  /** Handed to every call of Graph. */
  readonly call: GraphCall;
}
