import type { GraphCallParts } from './graphCallParts.ts';
import { createReads, type GraphReads } from './reads.ts';
import { createWrites, type GraphWrites } from './writes.ts';

/** The operations on the resource. All of them throw the GraphError family and nothing else. */
export interface GraphClient extends GraphReads, GraphWrites {}

/** Builds the client over one way of sending. */
export function createGraphClient(parts: GraphCallParts): GraphClient {
  const reads = createReads(parts);
  return { ...reads, ...createWrites(parts, reads) };
}
