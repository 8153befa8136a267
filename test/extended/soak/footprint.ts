/** What a process holds at one moment, right after garbage was collected. */
export interface Footprint {
  readonly heapUsedBytes: number;
  /** Open files and sockets, by the system's count. */
  readonly descriptors: number;
  /** What keeps the event loop alive, by kind: sockets, servers, timers. */
  readonly resources: Readonly<Record<string, number>>;
}

/** Gives what there is more of than before; nothing where the second is no larger. */
export function findGrowth(before: Footprint, after: Footprint): readonly string[] {
  const kinds = Object.entries(after.resources).map(
    ([kind, count]) => [kind, before.resources[kind] ?? 0, count] as const,
  );
  return [...kinds, ['descriptors', before.descriptors, after.descriptors] as const]
    .filter(([, was, is]) => is > was)
    .map(([kind, was, is]) => `${kind}: ${was} before, ${is} after`);
}
